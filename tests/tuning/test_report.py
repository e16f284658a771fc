"""What is told of the best trial."""

import numpy as np
import pandas as pd
import pytest

from emotion_tl.tuning.report import at_the_end_of_their_range
from emotion_tl.tuning_config import ParameterConfig, SpaceConfig

SPACE = SpaceConfig(
    "test",
    {
        "rate": ParameterConfig("a", low=1e-4, high=1e-2, sampling="log"),
        "dropout": ParameterConfig("b", low=0.0, high=0.5),
        "units": ParameterConfig("c", choices=[1, 2]),
    },
)


@pytest.mark.parametrize(
    ("rate", "dropout", "told"),
    [
        (1e-2, 0.25, ["rate"]),
        (1.02e-4, 0.25, ["rate"]),
        # In the middle of its logarithms, though close to the lower end of its values.
        (5e-4, 0.25, []),
        (1e-3, 0.498, ["dropout"]),
        (1e-3, np.nan, []),
    ],
)
def test_values_at_an_end_of_their_range_are_told(rate, dropout, told):
    assert at_the_end_of_their_range(pd.Series({"rate": rate, "dropout": dropout, "units": "2"}), SPACE) == told
