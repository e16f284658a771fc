import numpy as np
import pytest
from scipy.special import softmax

from emotion_tl.analysis.ensembles import fit_vote_weights, plain_vote, soft_vote, stack
from emotion_tl.analysis.model_comparison import compare_models
from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.errors import DataError
from tests.analysis.simulated_models import one_seed

NAMES = ("angry", "happy", "sad")


def draw(seed: int, skills: tuple[float, ...], num_seeds: int = 2, num_images: int = 600) -> list[ModelPredictions]:
    """Returns models of given skill whose errors are independent."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(num_images) % 3)
    has_copy = np.arange(num_images) % 10 == 0
    return [
        ModelPredictions(
            f"model {position}",
            tuple(range(num_seeds)),
            labels,
            softmax(skill * np.eye(3)[labels] + rng.standard_normal((num_seeds, num_images, 3)), axis=2),
            has_copy,
            NAMES,
        )
        for position, skill in enumerate(skills)
    ]


def log_loss(model: ModelPredictions) -> float:
    return float(-np.log(model.probabilities[:, np.arange(model.num_images), model.labels]).mean())


def test_plain_vote_is_the_mean():
    members = draw(0, (1.0, 1.5))
    ensemble = plain_vote(members)
    np.testing.assert_allclose(ensemble.test.probabilities, (members[0].probabilities + members[1].probabilities) / 2)
    assert ensemble.weights == {"model 0": 0.5, "model 1": 0.5}
    np.testing.assert_array_equal(ensemble.test.has_copy, members[0].has_copy)


def test_weights_of_a_mixture_are_recovered():
    # Labels drawn from 0.7 of the first and 0.3 of the second: no other weights have a smaller expected loss.
    rng = np.random.default_rng(0)
    members = softmax(3 * rng.standard_normal((2, 40_000, 3)), axis=2)
    mixture = np.tensordot([0.7, 0.3], members, axes=1)
    labels = (rng.random((40_000, 1)) > mixture.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    np.testing.assert_allclose(fit_vote_weights(labels, members), [0.7, 0.3], atol=0.015)


def test_weights_are_a_distribution_and_leave_out_what_does_not_help():
    val, test = draw(0, (1.5, 1.5, -1.0)), draw(1, (1.5, 1.5, -1.0))
    ensemble = soft_vote(val, test)
    assert list(ensemble.weights) == ["model 0", "model 1", "model 2"]
    assert sum(ensemble.weights.values()) == pytest.approx(1)
    assert min(ensemble.weights.values()) >= 0
    assert ensemble.weights["model 2"] == pytest.approx(0, abs=1e-6)
    assert ensemble.weights["model 0"] == pytest.approx(0.5, abs=0.15)
    assert log_loss(ensemble.test) < log_loss(plain_vote(test).test)


def test_each_run_of_the_ensemble_is_made_of_one_run_of_each_member():
    val, test = draw(0, (1.0, 1.5), num_seeds=3), draw(1, (1.0, 1.5), num_seeds=3)
    whole = soft_vote(val, test)
    assert whole.test.seeds == (0, 1, 2)
    for position in range(3):
        alone = soft_vote([one_seed(m, position) for m in val], [one_seed(m, position) for m in test])
        np.testing.assert_allclose(whole.test.probabilities[position], alone.test.probabilities[0], atol=1e-6)
    fewer = plain_vote([test[0], one_seed(test[1], 0)])
    assert fewer.test.num_seeds == 1


def test_stacking_uses_what_a_vote_cannot():
    # The second model calls every angry face happy and the reverse. A vote can only ignore it; stacking turns it round.
    skills = (1.0, 2.5)
    val, test = draw(0, skills), draw(1, skills)
    turned = []
    for first, second in (val, test):
        swapped = ModelPredictions(
            second.name, second.seeds, second.labels, second.probabilities[:, :, [1, 0, 2]], second.has_copy, NAMES
        )
        turned.append([first, swapped])
    stacked, voted = stack(*turned), soft_vote(*turned)
    assert stacked.weights is None
    assert stacked.test.right.mean() > voted.test.right.mean() + 0.1
    assert log_loss(stacked.test) < log_loss(test[1])
    comparison = compare_models(stacked.test, test[0], 50)
    assert comparison.accuracy.low > 0


def test_a_class_that_val_lacks_gets_no_probability():
    val, test = draw(0, (1.0, 1.5)), draw(1, (1.0, 1.5))
    kept = val[0].labels != 1
    val = [
        ModelPredictions(m.name, m.seeds, m.labels[kept], m.probabilities[:, kept], m.has_copy[kept], NAMES)
        for m in val
    ]
    stacked = stack(val, test)
    assert (stacked.test.probabilities[:, :, 1] == 0).all()
    np.testing.assert_allclose(stacked.test.probabilities.sum(axis=2), 1)


def test_members_that_do_not_fit_are_refused():
    val, test = draw(0, (1.0, 1.5)), draw(1, (1.0, 1.5))
    with pytest.raises(DataError, match="two or more models"):
        plain_vote(test[:1])
    with pytest.raises(DataError, match="of different names"):
        plain_vote([test[0], test[0]])
    with pytest.raises(DataError, match="same runs of the same models on val and test"):
        soft_vote(val[::-1], test)
    with pytest.raises(DataError, match="same runs of the same models"):
        stack([one_seed(val[0], 0), val[1]], test)
    with pytest.raises(DataError, match="same images"):
        plain_vote([test[0], val[1]])
    few = draw(0, (1.0, 1.5), num_images=4)
    with pytest.raises(DataError, match="two or more val images of each class"):
        stack(few, few)
