import numpy as np
import pytest

from emotion_tl.config import ImbalanceConfig
from emotion_tl.training.batches import EvaluationBatches, TrainingBatches
from emotion_tl.training.phase import build_metrics
from emotion_tl.training.rows import activation_rows, image_rows
from tests.tiny import make_split


def number_of(image: np.ndarray, images: np.ndarray) -> int:
    """Returns which of the images this is; noise makes all of them different."""
    return int(np.flatnonzero((images == image).all(axis=(1, 2, 3)))[0])


def make_batches(split, batch_size=8, treatment="none", seed=0, **settings) -> TrainingBatches:
    return TrainingBatches(image_rows(split), 3, batch_size, ImbalanceConfig(name=treatment, **settings), seed)


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


def test_each_image_is_seen_in_each_of_its_views_and_with_its_label():
    labels = make_split("train", [16, 16, 16]).labels
    # The activation of image i in view v is 100 v + i.
    views = [np.arange(48, dtype="float16")[:, None] + 100 * number for number in range(3)]
    batches = TrainingBatches(activation_rows(labels, views), 3, 16, ImbalanceConfig(), seed=0)
    seen = set()
    for epoch in range(12):
        batches.draw_order(epoch)
        activations, one_hot = (np.concatenate(parts) for parts in zip(*(batches[i] for i in range(3)), strict=True))
        view, image = np.divmod(activations[:, 0].astype(int), 100)
        assert sorted(image) == list(range(48))
        np.testing.assert_array_equal(one_hot.argmax(axis=1), labels[image])
        seen |= set(zip(view.tolist(), image.tolist(), strict=True))
    # An image misses one of three views twelve times in 2 % of the cases.
    assert len(seen) > 0.95 * 3 * 48


def test_evaluation_batches_are_all_images_in_their_order():
    split = make_split("val", [4, 4, 3])
    batches = EvaluationBatches(image_rows(split), 3, batch_size=4)
    images, labels, weights = (
        np.concatenate(parts) for parts in zip(*(batches[index] for index in range(len(batches))), strict=True)
    )
    assert [len(batches[index][0]) for index in range(len(batches))] == [4, 4, 4]
    np.testing.assert_array_equal(images[:11], split.images)
    np.testing.assert_array_equal(labels[:11].argmax(axis=1), split.labels)
    # The copy that fills the last batch does not count, and the weighted sum over 12 rows is the mean over 11.
    np.testing.assert_allclose(weights, [12 / 11] * 11 + [0])


def test_evaluation_batches_of_a_small_split_are_not_filled_up():
    split = make_split("val", [2, 1])
    batches = EvaluationBatches(image_rows(split), 2, batch_size=256)
    assert len(batches) == 1
    np.testing.assert_array_equal(batches[0][2], [1, 1, 1])


def test_metrics_count_images_not_weights():
    labels = np.eye(3, dtype="float32")[[0, 1, 2, 2]]
    logits = 5 * np.eye(3, dtype="float32")[[0, 1, 0, 1]]
    weights = np.array([3, 0.5, 1, 0], "float32")
    for metric, unweighted in zip(build_metrics(), build_metrics(), strict=True):
        metric.update_state(labels, logits, weights)
        unweighted.update_state(labels[:3], logits[:3])
        assert float(metric.result()) == pytest.approx(float(unweighted.result())), metric.name
