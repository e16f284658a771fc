"""Tables of paths and of grey values."""

import numpy as np
import pytest

from emotion_tl.config import DataConfig
from emotion_tl.data.dataset import Dataset, load_dataset
from emotion_tl.errors import DataError
from tests.data.conftest import make_image, save_image

NUM_ROWS = 30


def write(path, header: str, rows: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]), encoding="utf-8")


def load(tmp_path, name: str = "table.csv", **settings) -> Dataset:
    config = DataConfig(**{"name": "t", "source": "csv", "path": str(tmp_path / name), "image_size": 12} | settings)
    return load_dataset(config, tmp_path / "cache")


def grey_values(seed: int) -> str:
    return " ".join(map(str, make_image(seed).ravel()))


def write_paths(tmp_path, header: str = "path,label", line: str = "images/{0}.png,{1}") -> None:
    for number in range(NUM_ROWS):
        save_image(tmp_path / "images" / f"{number}.png", make_image(number))
    labels = ["sad", "happy"]
    write(tmp_path / "table.csv", header, [line.format(number, labels[number % 2]) for number in range(NUM_ROWS)])


def test_paths_start_at_the_table(tmp_path, monkeypatch):
    write_paths(tmp_path)
    monkeypatch.chdir("/")
    dataset = load(tmp_path)
    assert dataset.class_names == ("happy", "sad")
    position = dataset.train.image_ids.tolist().index("images/6.png")
    assert dataset.train.labels[position] == 1
    np.testing.assert_array_equal(dataset.train.read([position])[0, ..., 0], make_image(6))


@pytest.mark.parametrize("header", ["FileName,Emotion", " image , class ", "\ufefffile,expression"])
def test_usual_names_of_columns_are_found(tmp_path, header):
    write_paths(tmp_path, header)
    assert sum(len(split) for split in load(tmp_path).splits().values()) == NUM_ROWS


def test_named_columns_and_absolute_paths(tmp_path):
    write_paths(tmp_path, "label,photo,feeling", f"x,{tmp_path}/images/{{0}}.png,{{1}}")
    dataset = load(tmp_path, path_column="photo", label_column="feeling")
    assert dataset.class_names == ("happy", "sad")


@pytest.mark.parametrize("line", ["images/{0}.png,{1}", "images\\{0}.png,{1}"], ids=["posix", "windows"])
def test_a_changed_image_is_seen_through_the_table(tmp_path, line):
    write_paths(tmp_path, line=line)
    first = load(tmp_path).fingerprint
    save_image(tmp_path / "images" / "3.png", make_image(99, 13))
    assert load(tmp_path).fingerprint != first


def test_missing_images_are_rejected_by_name(tmp_path):
    write_paths(tmp_path)
    (tmp_path / "images" / "3.png").unlink()
    dataset = load(tmp_path, max_bad_fraction=0.1)
    assert dataset.rejected["image"].tolist() == ["images/3.png"]
    assert "is not there" in dataset.rejected["reason"][0]


def test_grey_values_in_the_place_of_paths_are_rejected(tmp_path):
    write_paths(tmp_path)
    with (tmp_path / "table.csv").open("a") as table:
        table.write(f"\n{grey_values(0) * 10},sad")
    assert "is not there" in load(tmp_path, max_bad_fraction=0.1).rejected["reason"][0]


def test_grey_values_with_usage(tmp_path):
    usages = ["Training", "PublicTest", "PrivateTest"]
    rows = [f"{number % 2},{grey_values(number)},{usages[number // 10]}" for number in range(NUM_ROWS)]
    write(tmp_path / "table.csv", "emotion, pixels, Usage", rows)
    dataset = load(tmp_path)
    assert dataset.class_names == ("0", "1")
    assert [len(split) for split in dataset.splits().values()] == [10, 10, 10]
    np.testing.assert_array_equal(dataset.val.read([2])[0, ..., 0], make_image(12))
    assert dataset.val.image_ids[2] == "table.csv/000012"


def test_tabs_and_numbers_as_labels_in_their_order(tmp_path):
    rows = [f"{(number % 3 + 1) * 5}\t{grey_values(number)}" for number in range(NUM_ROWS)]
    write(tmp_path / "table.tsv", "label\tpixels", rows)
    assert load(tmp_path, "table.tsv").class_names == ("5", "10", "15")


def test_labels_of_macos_are_those_that_are_typed(tmp_path):
    labels = ["a\u0308ngstlich", "froh"]
    rows = [f"{labels[number % 2]},{grey_values(number)}" for number in range(NUM_ROWS)]
    write(tmp_path / "table.csv", "label,pixels", rows)
    assert load(tmp_path, classes=["froh", "\u00e4ngstlich"]).class_names == ("froh", "\u00e4ngstlich")


def test_chosen_classes_of_a_table(tmp_path):
    rows = [f"{'abc'[number % 3]},{grey_values(number)}" for number in range(NUM_ROWS)]
    write(tmp_path / "table.csv", "label,pixels", rows)
    dataset = load(tmp_path, classes=["c", "a"])
    assert dataset.class_names == ("c", "a")
    first = dataset.train.image_ids[0]
    np.testing.assert_array_equal(dataset.train.read([0])[0, ..., 0], make_image(int(first[-6:])))


def test_rows_may_end_in_a_comma(tmp_path):
    rows = [f"{number},{'ab'[number % 2]},{grey_values(number)}," for number in range(NUM_ROWS)]
    write(tmp_path / "table.csv", "id,label,pixels", rows)
    dataset = load(tmp_path)
    assert dataset.class_names == ("a", "b")
    first = dataset.train.image_ids[0]
    np.testing.assert_array_equal(dataset.train.read([0])[0, ..., 0], make_image(int(first[-6:])))


def test_broken_grey_values_are_rejected(tmp_path):
    rows = [f"{number % 2},{grey_values(number)}" for number in range(NUM_ROWS)] + ["0,1 2 3"]
    write(tmp_path / "table.csv", "label,pixels", rows)
    rejected = load(tmp_path, max_bad_fraction=0.1).rejected
    assert rejected["image"].tolist() == ["table.csv/000030"]


@pytest.mark.parametrize(
    ("header", "rows", "settings", "message"),
    [
        ("a,b", ["1,2"], {}, r"Found: a, b\. Name the right one with data\.label_column"),
        ("label,b", ["1,2"], {}, r"Found: label, b\. Name .* data\.path_column or data\.pixels_column"),
        (
            "label,path",
            ["1,2"],
            {"path_column": "photo"},
            r"a column data\.path_column='photo'\. Found: label, path",
        ),
        ("label,path", ["Happy,a.png", "happy,b.png"], {}, r"one spelling of each class\. Received: Happy and happy"),
        ("path;label", ["a.png;x"], {}, r"expected commas between the columns of a \.csv\. Received: semicolons"),
        ("path\tlabel", ["a.png\tx"], {"label_column": "label"}, r"expected commas .* Received: tabs"),
        ("label,path", [",a.png"], {}, r"row 2 has no label in column 'label'"),
        (
            "label,path,split",
            ["x,a.png,holdout"],
            {},
            r"expected splits named .* in column 'split'\. Received: 'holdout'",
        ),
        ("label,path", ["x,a.png", "x,a.png"], {}, r"1 repeated rows, the first is a\.png"),
        ("label,path", [], {}, r"expected images\. There are none"),
        ("", [], {}, r"expected a table"),
    ],
)
def test_wrong_tables_are_errors(tmp_path, header, rows, settings, message):
    write(tmp_path / "table.csv", header, rows)
    with pytest.raises(DataError, match=message):
        load(tmp_path, **settings)


def test_what_is_no_table(tmp_path):
    (tmp_path / "table.csv").write_bytes(bytes(range(128, 256)) * 10)
    with pytest.raises(DataError, match="expected a table"):
        load(tmp_path)
    with pytest.raises(DataError, match=r"away\.csv, which is not there"):
        load(tmp_path, "away.csv")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="expected a table"):
        load(tmp_path, "folder")
