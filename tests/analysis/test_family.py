import math

import numpy as np
import pytest

from emotion_tl.analysis.family import BETTER, NOT_SHOWN, WORSE, correct_family, holm
from emotion_tl.analysis.model_comparison import compare_models
from tests.analysis.simulated_models import Scene, draw_models

# Benjamini and Hochberg 1995, Journal of the Royal Statistical Society B 57, 289-300, section 4: 15 hypotheses on
# treatments of myocardial infarction.
PUBLISHED = (
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459),
    *(0.324, 0.4262, 0.5719, 0.6528, 0.759, 1.0),
)


def test_holm_on_a_published_family():
    adjusted = holm(PUBLISHED)
    # 15 times the smallest, 14 times the second, ...; the first three stay below 0.05, as they do there.
    assert adjusted[:4] == pytest.approx((15 * 0.0001, 14 * 0.0004, 13 * 0.0019, 12 * 0.0095))
    assert sum(p_value < 0.05 for p_value in adjusted) == 3
    assert list(adjusted) == sorted(adjusted)
    assert max(adjusted) == 1


def test_holm_keeps_the_order_and_passes_over_nan():
    assert holm([0.03, math.nan, 0.01]) == pytest.approx((0.03, math.nan, 0.02), nan_ok=True)
    assert holm([]) == ()
    assert math.isnan(holm([math.nan])[0])


def comparisons(*differences: float) -> dict:
    """Returns comparisons of single runs on 1,000 images, with true differences."""
    models = [
        draw_models(Scene(1, 1, 0, 0, difference, 1000), np.random.default_rng(position))
        for position, difference in enumerate(differences)
    ]
    return {f"model {position}": compare_models(*pair, 20) for position, pair in enumerate(models)}


def test_verdicts_follow_the_adjusted_p_values():
    family = correct_family(comparisons(0.2, 0.0, -0.2))
    assert [row.verdict for row in family.values()] == [BETTER, NOT_SHOWN, WORSE]
    assert list(family) == ["model 0", "model 1", "model 2"]
    alone = [row.comparison.p_value for row in family.values()]
    assert [row.adjusted_p_value for row in family.values()] == pytest.approx(holm(alone))
    for row in family.values():
        assert (row.num_comparisons, row.level) == (3, pytest.approx(0.05))
        assert row.smallest_difference == pytest.approx(row.comparison.smallest_difference_at(0.05 / 3))
        assert row.smallest_difference > row.comparison.smallest_difference_at(0.05)


def test_what_is_shown_alone_may_not_be_shown_in_a_family():
    one = comparisons(0.05)
    (p_value,) = (row.p_value for row in one.values())
    level = 1.5 * p_value
    (alone,) = correct_family(one, level).values()
    assert alone.verdict == BETTER
    family = correct_family(one | {"other": next(iter(comparisons(0.0).values()))}, level)
    assert family["model 0"].verdict == NOT_SHOWN


@pytest.mark.slow
def test_a_family_of_equal_models_is_seldom_called_different():
    # Three standard errors of a share of 1,000 trials above 0.05.
    rng = np.random.default_rng(0)
    num_trials, num_wrong, num_wrong_uncorrected = 1000, 0, 0
    for _ in range(num_trials):
        p_values = rng.random(5)
        num_wrong += min(holm(p_values)) < 0.05
        num_wrong_uncorrected += min(p_values) < 0.05
    assert num_wrong / num_trials <= 0.071
    assert num_wrong_uncorrected / num_trials > 0.2
