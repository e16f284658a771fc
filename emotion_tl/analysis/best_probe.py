"""Which block of a network transfers best: val chooses it, among the weights that the probes are about."""

from collections.abc import Hashable
from typing import Any

import pandas as pd


def main_probes(table: pd.DataFrame) -> pd.DataFrame:
    """Returns the rows of the weights that stand first in a table of probes; the others are what they are compared to.

    Args:
        table: as `tabulate_probes` returns it.
    """
    return table[table["weights"] == table["weights"].iloc[0]]


def best_probe(table: pd.DataFrame) -> dict[Hashable, Any]:
    """Returns the row of the block that val chooses, so that its figures on test are not those of the luckiest.

    Of equal ones it is the first. The random network beside the pretrained one is never chosen.

    Args:
        table: as `tabulate_probes` returns it.
    """
    return main_probes(table).nlargest(1, "val_accuracy").to_dict("records")[0]
