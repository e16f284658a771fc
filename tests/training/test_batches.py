import numpy as np
import pytest

from emotion_tl.config import ImbalanceConfig
from emotion_tl.training.batches import EvaluationBatches, TrainingBatches
from tests.tiny import make_split


def number_of(image: np.ndarray, images: np.ndarray) -> int:
    """Returns which of the images this is; noise makes all of them different."""
    return int(np.flatnonzero((images == image).all(axis=(1, 2, 3)))[0])


def make_batches(split, batch_size=8, treatment="none", seed=0, **settings) -> TrainingBatches:
    return TrainingBatches(split, 3, batch_size, ImbalanceConfig(name=treatment, **settings), seed)


def read_epoch(batches: TrainingBatches, split) -> list[int]:
    """Returns the numbers of the images of an epoch, and checks that each came with its label."""
    numbers = []
    for index in range(len(batches)):
        images, one_hot = batches[index][:2]
        assert images.dtype == np.uint8
        assert images.shape == (batches.batch_size, *split.images.shape[1:])
        assert one_hot.dtype == np.float32
        drawn = [number_of(image, split.images) for image in images]
        np.testing.assert_array_equal(one_hot, np.eye(3)[split.labels[drawn]])
        numbers += drawn
    return numbers


def test_every_image_at_most_once_an_epoch_and_the_rest_sits_out():
    split = make_split("train", [7, 8, 6])
    batches = make_batches(split)
    assert len(batches) == 2
    numbers = read_epoch(batches, split)
    assert len(numbers) == len(set(numbers)) == 16


def test_over_the_epochs_every_image_is_seen():
    split = make_split("train", [7, 8, 6])
    batches = make_batches(split)
    seen = set()
    for epoch in range(8):
        batches.draw_order(epoch)
        seen |= set(read_epoch(batches, split))
    assert seen == set(range(21))


def test_order_depends_on_seed_and_epoch_alone():
    split = make_split("train", [16, 16, 16])
    orders = {}
    for seed in (0, 1):
        for epoch in (0, 1):
            batches = make_batches(split, seed=seed)
            batches.draw_order(epoch)
            orders[seed, epoch] = tuple(batches.order)
    assert len(set(orders.values())) == 4
    again = make_batches(split, batch_size=5)
    assert tuple(again.order) == orders[0, 0]
    for epoch in (1, 0, 1):
        again.draw_order(epoch)
    assert tuple(again.order) == orders[0, 1]


def test_a_split_smaller_than_the_batch_is_one_batch():
    split = make_split("train", [2, 2, 1])
    batches = make_batches(split, batch_size=64)
    assert len(batches) == 1
    assert sorted(read_epoch(batches, split)) == list(range(5))


def test_class_weights_come_as_sample_weights():
    split = make_split("train", [10, 5, 5])
    _, one_hot, weights = make_batches(split, batch_size=20, treatment="class_weight")[0]
    # 20 images, 3 classes: each class weighs 20 / 3 in all.
    by_class = np.array([20 / 3 / 10, 20 / 3 / 5, 20 / 3 / 5])
    np.testing.assert_allclose(weights, by_class[one_hot.argmax(axis=1)], rtol=1e-6)


@pytest.mark.parametrize("treatment", ["none", "oversample", "focal", "logit_adjust"])
def test_other_treatments_bring_no_sample_weights(treatment):
    assert len(make_batches(make_split("train", [6, 4, 3]), treatment=treatment)[0]) == 2


@pytest.mark.parametrize(
    ("power", "shares"),
    # Counts 80, 15, 5: share in proportion to count ** (1 - power).
    [(1.0, [1 / 3, 1 / 3, 1 / 3]), (0.5, np.sqrt([80, 15, 5]) / np.sqrt([80, 15, 5]).sum()), (0.0, [0.8, 0.15, 0.05])],
)
def test_oversampling_draws_rare_classes_as_often_as_it_should(power, shares):
    split = make_split("train", [80, 15, 5])
    batches = make_batches(split, batch_size=100, treatment="oversample", power=power)
    drawn = np.zeros(3)
    for epoch in range(50):
        batches.draw_order(epoch)
        assert len(batches.order) == 100
        drawn += np.bincount(split.labels[batches.order], minlength=3)
    # 5,000 draws: a standard error of 0.7 % at most.
    np.testing.assert_allclose(drawn / drawn.sum(), shares, atol=0.025)


def test_evaluation_batches_are_all_images_in_their_order():
    split = make_split("val", [4, 4, 3])
    batches = EvaluationBatches(split, 3, batch_size=4)
    assert [len(batches[index][0]) for index in range(len(batches))] == [4, 4, 3]
    images = np.concatenate([batches[index][0] for index in range(len(batches))])
    labels = np.concatenate([batches[index][1] for index in range(len(batches))])
    np.testing.assert_array_equal(images, split.images)
    np.testing.assert_array_equal(labels.argmax(axis=1), split.labels)
