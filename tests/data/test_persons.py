"""Splits that keep each person on one side, and who stands on both where they are given."""

import logging

import numpy as np
import pandas as pd
import pytest

from emotion_tl.config import DataConfig
from emotion_tl.data.dataset import load_dataset
from emotion_tl.data.persons import (
    count_images_of_persons,
    draw_groups,
    find_persons,
    group_with_copies,
    seen_before,
)
from emotion_tl.data.sources import check_data_config
from emotion_tl.data.splitting import assign_splits
from emotion_tl.errors import ConfigurationError, DataError
from tests.data.conftest import make_image, save_image

PATTERN = r"([^/_]+)_\d+\.png$"


def config(**settings) -> DataConfig:
    return DataConfig(name="faces", source="image_folder", path="faces", **settings)


def table_of_people(num_people: int, num_images: int, num_classes: int = 2) -> pd.DataFrame:
    """A table in which each person has images of every class."""
    people = np.repeat(np.arange(num_people), num_images)
    labels = np.tile(np.arange(num_images) % num_classes, num_people)
    rows = [f"{row:05d}" for row in range(len(labels))]
    images = [f"class{label}/p{person}_{row}.png" for label, person, row in zip(labels, people, rows, strict=True)]
    table = pd.DataFrame({"image": images, "label": labels, "pixel_hash": rows})
    return table.assign(split=pd.Series([None] * len(table), dtype=object))


def test_the_group_of_the_pattern_is_the_person():
    images = pd.Series(["happy/anna_1.png", "sad/ben_lee_12.png"])
    assert find_persons(images, PATTERN).tolist() == ["anna", "lee"]
    assert find_persons(images, r"/(.+)_\d+\.png$").tolist() == ["anna", "ben_lee"]


def test_a_name_without_a_person_is_told():
    with pytest.raises(DataError, match=r"Nobody is found in 2 of 3 names, the first sad/12\.png"):
        find_persons(pd.Series(["happy/anna_1.png", "sad/12.png", "sad/_3.png"]), r"/(\w*)_\d+\.png$")


@pytest.mark.parametrize("pattern", ["anna", "(a)(b)", "(", ""])
def test_a_pattern_without_exactly_one_group_is_refused(pattern):
    with pytest.raises(ConfigurationError, match=r"data\.person_pattern: expected null, or a regular expression"):
        check_data_config(config(person_pattern=pattern))
    check_data_config(config(person_pattern=PATTERN))


@pytest.mark.parametrize("seed", range(4))
def test_nobody_is_on_both_sides_of_a_split(seed):
    table = table_of_people(num_people=60, num_images=10)
    splits = assign_splits(table, config(person_pattern=PATTERN, test_fraction=0.2, val_fraction=0.25, split_seed=seed))
    persons = find_persons(table["image"], PATTERN)
    assert splits.groupby(persons).nunique().max() == 1
    shares = splits.value_counts(normalize=True)
    assert shares["test"] == pytest.approx(0.2, abs=0.03)
    assert shares["val"] == pytest.approx(0.2, abs=0.03)
    # Stratified: half of the images are of each class, in every split.
    assert table["label"].groupby(splits).mean().tolist() == pytest.approx([0.5] * 3, abs=0.02)


def test_without_a_pattern_people_are_torn_apart():
    table = table_of_people(num_people=60, num_images=10)
    splits = assign_splits(table, config())
    assert splits.groupby(find_persons(table["image"], PATTERN)).nunique().max() > 1


def test_the_seed_decides_who_is_in_test():
    sizes = np.arange(20, 60)
    people = np.repeat(np.arange(40), sizes)
    labels, groups = pd.Series(np.arange(len(people)) % 3), pd.Series(people)
    drawn = [frozenset(groups[draw_groups(labels, groups, 0.15, seed)]) for seed in (0, 0, 1, 2, 3)]
    assert len(set(drawn)) == 4
    for people_of_test in drawn:
        share = sum(sizes[person] for person in people_of_test) / sizes.sum()
        assert share == pytest.approx(0.15, abs=0.03)


def test_the_largest_person_goes_to_train():
    groups = pd.Series(np.repeat(np.arange(8), [400, *[100] * 7]))
    labels = pd.Series(np.arange(len(groups)) % 2)
    drawn = [set(groups[draw_groups(labels, groups, 0.1, seed)]) for seed in range(5)]
    assert all(len(people) == 1 and people != {0} for people in drawn)


def test_a_share_that_cannot_be_met_is_told(caplog):
    table = table_of_people(num_people=4, num_images=6)
    with caplog.at_level(logging.WARNING):
        assign_splits(table, config(person_pattern=PATTERN, test_fraction=0.1))
    assert "data.test_fraction=0.1: test got 25 % of the images" in caplog.text


def test_people_who_share_an_image_stay_together():
    persons, hashes = pd.Series(["a", "b", "b", "c", "d"]), pd.Series(["1", "1", "2", "2", "3"])
    groups = group_with_copies(persons, hashes).tolist()
    assert groups[0] == groups[1] == groups[2] == groups[3] != groups[4]


def test_three_people_are_enough():
    table = table_of_people(num_people=3, num_images=6)
    splits = assign_splits(table, config(person_pattern=PATTERN))
    assert splits.value_counts().to_dict() == {"train": 6, "val": 6, "test": 6}


def test_two_people_are_too_few():
    with pytest.raises(DataError, match="expected three people or more"):
        assign_splits(table_of_people(num_people=2, num_images=6), config(person_pattern=PATTERN))


def test_a_fraction_of_almost_all_leaves_somebody():
    labels, groups = pd.Series([0, 1] * 10), pd.Series(np.repeat(np.arange(10), 2))
    assert len(draw_groups(labels, groups, 0.99, seed=0)) == 18


def test_official_splits_are_kept_and_who_is_on_both_sides_is_counted():
    table = table_of_people(num_people=4, num_images=2)
    table["split"] = ["train", "test", "train", "train", "test", "test", "val", "test"]
    splits = assign_splits(table, config(person_pattern=PATTERN))
    assert splits.tolist() == table["split"].tolist()
    counts = count_images_of_persons(find_persons(table["image"], PATTERN), splits)
    assert counts.loc["p0"].to_dict() == {"train": 1, "val": 0, "test": 1}
    assert seen_before(counts, "test").index.tolist() == ["p0", "p3"]
    assert seen_before(counts, "val").empty


def test_a_folder_of_people_below_their_classes(tmp_path, folder_config, caplog):
    for number, person in enumerate("abcdefgh"):
        for label, class_name in enumerate(("happy", "sad")):
            for image in range(4):
                pixels = make_image(100 * number + 10 * label + image)
                save_image(tmp_path / "faces" / class_name / person / f"{image}.png", pixels)
    settings = folder_config(tmp_path / "faces", person_pattern="^[^/]+/([^/]+)/")
    with caplog.at_level(logging.WARNING):
        dataset = load_dataset(settings, tmp_path / "cache")
    assert caplog.text == ""
    assert dataset.persons is not None
    assert dataset.persons.index.tolist() == list("abcdefgh")
    assert ((dataset.persons > 0).sum(axis=1) == 1).all()
    assert dataset.persons.sum().to_dict() == {name: len(split) for name, split in dataset.splits().items()}
