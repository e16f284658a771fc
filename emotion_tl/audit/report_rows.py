"""From a pandas table to the rows of a report's table."""

from typing import Any

import pandas as pd


def to_rows(table: pd.DataFrame, index_name: str | None = None) -> list[dict[str, Any]]:
    """Returns a mapping for each row, from the name of a column to the value.

    Args:
        index_name: the key under which the index stands; None leaves it out.
    """
    named = table if index_name is None else table.rename_axis(index_name).reset_index()
    return [{str(key): value for key, value in row.items()} for row in named.to_dict("records")]
