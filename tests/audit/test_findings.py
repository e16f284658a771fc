"""What is told of a data set, and when nothing is."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from emotion_tl.audit.findings import BAD, WARNING, list_findings, nothing_found
from emotion_tl.audit.near_duplicates import describe_near_duplicates, find_similar_pairs
from emotion_tl.audit.result import audit_exactly
from tests.audit.planted import draw_faces, make_dataset, plain_dataset, with_images


def test_of_a_clean_data_set_nothing_is_told():
    assert list_findings(audit_exactly(plain_dataset())) == []


def test_what_was_not_looked_at_is_told_where_nothing_was_found():
    result = audit_exactly(plain_dataset())
    assert nothing_found(result).endswith("Not looked at: near_duplicates=false label_issues=false.")
    near = describe_near_duplicates(result.images.table, find_similar_pairs(result.images, 0.95), 0.95)
    assert nothing_found(replace(result, near_duplicates=near)).endswith("Not looked at: label_issues=false.")


def test_a_leak_names_the_class_that_is_hit_hardest():
    dataset = plain_dataset()
    (leak, *others) = list_findings(audit_exactly(with_images(dataset, {31: dataset.train.images[1]})))
    assert leak.level == BAD
    assert (
        "1 of 6 (16.7%); 1 in train. Class happy is hit hardest: 50.0% of its test images stand in train." in leak.text
    )
    assert "data.dedup=drop_train_copies" in leak.remedy
    assert all(other.level == WARNING for other in others)


def test_a_leak_into_val_alone_says_nothing_of_train():
    dataset = plain_dataset()
    (leak, *_) = list_findings(audit_exactly(with_images(dataset, {32: dataset.train.images[25]})))
    assert "1 of 6 (16.7%); 1 in val. Class sad is hit hardest: 50.0% of its test images stand in val." in leak.text
    assert "in train." not in leak.text


@pytest.mark.parametrize(("num_of_largest", "is_told"), [(11, False), (12, True)])
def test_classes_three_times_as_large_as_others(num_of_largest, is_told):
    labels = [0] * num_of_largest + [1] * 4 + [2] * 4 + [0, 1, 2, 0, 1, 2]
    splits = ["train"] * (num_of_largest + 8) + ["val"] * 3 + ["test"] * 3
    findings = list_findings(audit_exactly(make_dataset(draw_faces(len(labels)), labels, splits)))
    assert bool(findings) == is_told
    if is_told:
        assert "angry, has 3.0 times as many images" in findings[0].text


def test_copies_with_different_labels_are_told_apart_from_other_copies():
    dataset = plain_dataset()
    images = dataset.train.images
    told = [
        finding.text for finding in list_findings(audit_exactly(with_images(dataset, {3: images[0], 5: images[1]})))
    ]
    assert told[0].startswith("Groups of identical images with different labels: 1 (2 images)")
    assert told[1].startswith("Images that repeat another one: 2, in 2 groups; 34 of 36")


def test_constant_images_are_told():
    dataset = plain_dataset()
    constant = np.full_like(dataset.train.images[0], 3)
    told = [finding.text for finding in list_findings(audit_exactly(with_images(dataset, {9: constant})))]
    assert told == ["Images of one constant value, without a face: 1."]


def test_people_on_both_sides_of_test_are_a_leak():
    persons = pd.DataFrame({"train": [3, 2, 0], "val": [0, 1, 0], "test": [1, 0, 5]}, index=["anna", "ben", "cem"])
    findings = list_findings(audit_exactly(replace(plain_dataset(), persons=persons)))
    assert [finding.level for finding in findings] == [BAD, WARNING]
    of_test, of_val = (finding.text for finding in findings)
    assert of_test.startswith(
        "People in test who are also in train or val: 1 of 2, with 1 of the 6 test images (16.7%)"
    )
    assert "the first anna" in of_test
    assert of_val.startswith("People in val who are also in train: 1 of 1")


def test_people_who_are_each_in_one_split_are_no_finding():
    persons = pd.DataFrame({"train": [3, 0], "val": [0, 1], "test": [0, 0]}, index=["anna", "ben"])
    result = audit_exactly(replace(plain_dataset(), persons=persons))
    assert list_findings(result) == []
    assert result.summary()["persons"] == {
        "num_persons": 2,
        "by_split": {"train": 1, "val": 1, "test": 0},
        "seen_before": {split: {"num_persons": 0, "num_images": 0} for split in ("val", "test")},
    }
