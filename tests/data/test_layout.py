"""Splits and classes read off the names of folders."""

import io
import unicodedata

import pytest

from emotion_tl.data.sources.layout import read_layout
from emotion_tl.data.sources.trees import FileTree
from emotion_tl.errors import DataError


def tree(*files: str, folders: tuple[str, ...] = ()) -> FileTree:
    return FileTree(sorted(files), sorted(folders), lambda name: io.BytesIO(name.encode()))


def summary(*files: str, folders: tuple[str, ...] = ()) -> list[tuple[str, str, str | None]]:
    layout = read_layout(tree(*files, folders=folders), "faces")
    return [(image.image_id, image.class_name, image.split) for image in layout.images]


def test_classes_without_splits():
    assert summary("sad/a.jpg", "happy/b.png") == [("happy/b.png", "happy", None), ("sad/a.jpg", "sad", None)]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("Training", "train"),
        ("VAL", "val"),
        ("valid", "val"),
        ("validation", "val"),
        ("test", "test"),
        ("Testing", "test"),
    ],
)
def test_names_of_splits(name, split):
    assert summary(f"{name}/happy/a.jpg") == [(f"{name}/happy/a.jpg", "happy", split)]


def test_folders_around_everything_are_passed_through():
    files = ("Depression Data/data/train/sad/a.jpg", "Depression Data/data/test/sad/a.jpg")
    assert [entry[0] for entry in summary(*files)] == ["test/sad/a.jpg", "train/sad/a.jpg"]
    assert [entry[0] for entry in summary("faces/sad/a.jpg", "faces/happy/a.jpg")] == ["happy/a.jpg", "sad/a.jpg"]


def test_a_split_that_holds_everything_stays_a_split():
    assert summary("train/sad/a.jpg", "train/happy/a.jpg")[0] == ("train/happy/a.jpg", "happy", "train")


def test_images_may_lie_deeper_than_their_class():
    assert summary("sad/person/a.jpg", "happy/b.jpg")[1] == ("sad/person/a.jpg", "sad", None)


def test_what_is_no_image_is_left_out():
    files = (
        "sad/a.jpg",
        "sad/Thumbs.db",
        "sad/.DS_Store",
        "sad/._a.jpg",
        "notes.txt",
        "__MACOSX/sad/a.jpg",
        "happy/b.JPG",
    )
    assert [entry[0] for entry in summary(*files)] == ["happy/b.JPG", "sad/a.jpg"]


def test_formats_that_are_not_read_are_listed_so_that_they_are_reported():
    assert len(summary("sad/a.gif", "happy/b.heic", "happy/c")) == 3


def test_images_without_a_class_are_left_out_and_told(caplog):
    assert len(summary("train/a.jpg", "train/sad/b.jpg", "extra/sad/c.jpg")) == 1
    assert "2 images that stand in no class folder" in caplog.text


def test_an_empty_class_folder_is_a_class():
    layout = read_layout(tree("x/sad/a.jpg", "x/happy/a.jpg", folders=("x", "x/angry", "x/.git", "x/sad")), "faces")
    assert layout.class_names == ("angry", "happy", "sad")


def test_names_that_are_not_utf_8_become_readable():
    raws = [name.decode("utf-8", "surrogateescape") for name in (b"caf\xe8/a.jpg", b"caf\xe9/a.jpg")]
    layout = read_layout(tree(*raws, "sad/a.jpg"), "faces")
    assert [(image.name, image.image_id) for image in layout.images[:2]] == [
        (raws[0], r"caf\udce8/a.jpg"),
        (raws[1], r"caf\udce9/a.jpg"),
    ]
    assert layout.class_names == (r"caf\udce8", r"caf\udce9", "sad")


def test_class_names_of_macos_are_those_that_are_typed():
    of_macos = unicodedata.normalize("NFD", "\u00e4ngstlich")
    image = read_layout(tree(f"train/{of_macos}/a.jpg", "train/sad/a.jpg"), "faces").images[0]
    assert image.class_name == "\u00e4ngstlich" != of_macos
    assert image.name == f"train/{of_macos}/a.jpg"


@pytest.mark.parametrize("files", [(), ("a.jpg", "b.jpg"), ("train/a.jpg", "test/b.jpg"), ("readme.txt",)])
def test_no_class_folders_is_an_error(files):
    with pytest.raises(DataError, match=r"faces: expected images in <split>/<class>/"):
        summary(*files)


def test_classes_that_differ_in_upper_and_lower_case_are_an_error():
    with pytest.raises(DataError, match=r"faces: expected one spelling of each class. Received: Happy and happy\."):
        summary("train/Happy/a.jpg", "test/happy/b.jpg", "train/sad/a.jpg")
    summary("happy/a.jpg", "sad/a.jpg", folders=("Happy",))


@pytest.mark.parametrize("split", ["", "train/"])
def test_people_in_the_place_of_classes_are_an_error(split):
    files = [f"{split}{person}/{name}/a.jpg" for person in ("anna", "ben") for name in ("happy", "Sad")]
    with pytest.raises(DataError, match=r"faces: anna, ben are taken for the classes.*: Sad, happy\. Expected"):
        summary(*files)


@pytest.mark.parametrize(
    ("classes", "told"), [(("happy", "Sad"), "data.person_pattern="), (("c1", "c2"), "have to stand above")]
)
def test_the_same_folders_below_several_classes_are_told(classes, told, caplog):
    assert len(summary(*(f"{name}/{person}/a.jpg" for name in classes for person in ("anna", "ben")))) == 4
    assert "are taken for the classes, and the same folders stand below them: anna, ben. If those are" in caplog.text
    assert told in caplog.text


def test_people_who_were_put_into_splits_need_no_word(caplog):
    files = (
        f"{split}/{name}/{number}/a.jpg" for split in ("train", "test") for name in ("happy", "sad") for number in "12"
    )
    summary(*files)
    assert caplog.text == ""


@pytest.mark.parametrize(
    "files",
    [("happy/anna/a.jpg", "sad/ben/a.jpg"), ("happy/new/a.jpg", "sad/new/a.jpg"), ("happy/a/1.jpg", "sad/2.jpg")],
)
def test_folders_that_are_not_the_same_below_several_classes_need_no_word(files, caplog):
    summary(*files)
    assert caplog.text == ""
