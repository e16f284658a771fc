"""Writes the tables of README.md anew from the results.

python -m benchmarks.tables
"""

import json
import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from benchmarks.arguments import RESULTS

README = RESULTS.parent / "README.md"
# A table stands between <!-- name --> and <!-- /name -->.
MARKED = re.compile(r"<!-- (?P<name>\w+) -->\n.*?<!-- /(?P=name) -->", re.DOTALL)
PEERS = {"fastai_fine_tune": "fastai", "gpu_throughput": "PyTorch", "head_search": "KerasTuner alone"}
DEFAULT_PEER = "plain Keras"
SCALING_PLOT = "![Time, memory and concurrent runs as the work grows](images/scaling.png)"
NOT_MEASURED = "Not measured yet."

Result = dict[str, Any]


def main() -> None:
    parser = ArgumentParser("python -m benchmarks.tables", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the result files")
    parser.add_argument("--readme", type=Path, default=README)
    arguments = parser.parse_args()
    results = [json.loads(path.read_text()) for path in sorted(arguments.results.glob("*.json"))]
    arguments.readme.write_text(fill(arguments.readme.read_text(), results))


def fill(text: str, results: list[Result]) -> str:
    """Returns the text with the tables of these results between their markers.

    Raises:
        SystemExit: where a result has no place.
    """
    places = {found["name"] for found in MARKED.finditer(text)}
    homeless = {result["benchmark"] for result in results} - places
    if homeless:
        raise SystemExit(f"The README has no marker <!-- {sorted(homeless)[0]} --> for the results of that name.")

    def table_of(found: re.Match[str]) -> str:
        name = found["name"]
        tables = [render(result) for result in results if result["benchmark"] == name]
        return f"<!-- {name} -->\n" + "\n\n".join(tables or [NOT_MEASURED]) + f"\n<!-- /{name} -->"

    return MARKED.sub(table_of, text)


def render(result: Result) -> str:
    """Returns a table in Markdown and a line on what it was measured with."""
    if result["benchmark"] == "scaling":
        return f"{scaling_table(result['summary'])}\n\n{caption(result)}\n\n{SCALING_PLOT}"
    peer = PEERS.get(result["benchmark"], DEFAULT_PEER)
    return f"{comparison_table(result['summary'], peer)}\n\n{caption(result)}"


def comparison_table(rows: list[dict[str, Any]], peer: str) -> str:
    """Returns rows of `benchmarks.summaries` as a table; a side's spread over its runs stands in parentheses."""
    header = ["", "emotion_tl", peer, "better by", "target", "runs"]
    lines = [
        [
            row["what"] + (f", {row['unit']}" if row["unit"] else ""),
            row.get("instead") or spread_text(row["ours"]),
            peer_text(row),
            advantage_text(row),
            mark_text(row),
            num_runs_text(row),
        ]
        for row in rows
    ]
    if not any(row.get("peer") for row in rows):
        header, *lines = [[*cells[:2], *cells[4:]] for cells in (header, *lines)]
    return markdown(header, lines)


def scaling_table(rows: list[dict[str, Any]]) -> str:
    """Returns the rows of `benchmarks.scaling` as a table."""
    header = [
        *("training images", "runs at once", "until all ended, s", "training, s", "of it outside the epochs, s"),
        *("CPU time of all, s", "peak memory of one, GiB", "caches on disk, GiB", "runs"),
    ]
    lines = [
        [
            f"{row['num_images']:,.0f}",
            str(row["at_once"]),
            f"{number(row['wall_seconds'])} ({number(row['wall_range'][0])}–{number(row['wall_range'][1])})",
            number(row["training_seconds"]),
            number(row["seconds_outside_epochs"]),
            number(row["cpu_seconds"]),
            number(row["peak_memory_mib"] / 1024),
            number(row["cache_mib"] / 1024),
            str(row["num_runs"]),
        ]
        for row in rows
    ]
    return markdown(header, lines)


def markdown(header: list[str], lines: list[list[str]]) -> str:
    """Returns a table, numbers to the right."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *lines))


def spread_text(side: dict[str, float] | None) -> str:
    """Returns the median and, of several runs, the lowest and the highest."""
    if side is None:
        return ""
    if side["num_runs"] == 1:
        return number(side["median"])
    return f"{number(side['median'])} ({number(side['lowest'])}–{number(side['highest'])})"


def peer_text(row: dict[str, Any]) -> str:
    """Returns the peer's median; a tilde where it was extrapolated."""
    text = spread_text(row.get("peer"))
    return f"~{text}" if row.get("extrapolated") and text else text


def advantage_text(row: dict[str, Any]) -> str:
    """Returns the ratio, or the difference in points."""
    if "advantage" not in row:
        return ""
    low, high = row["advantage_range"]
    single = low == high
    if row["by"] == "difference":
        text = f"{row['advantage']:+.1f} points"
        return text if single else f"{text} ({low:+.1f} to {high:+.1f})"
    text = f"{number(row['advantage'])}×"
    return text if single else f"{text} ({number(low)}–{number(high)})"


def mark_text(row: dict[str, Any]) -> str:
    """Returns the target, and whether it was reached."""
    reached = {True: ", reached", False: ", **missed**", None: ""}[row.get("reached")]
    if row.get("limit") is not None:
        return f"{number(row['limit'])} {row['unit']}{reached}"
    if row.get("mark") is None:
        return ""
    return f"{row['mark']:+g} points{reached}" if row["by"] == "difference" else f"{number(row['mark'])}×{reached}"


def num_runs_text(row: dict[str, Any]) -> str:
    """Returns the number of runs, of both sides where they differ."""
    numbers = [side["num_runs"] for side in (row["ours"], row.get("peer")) if side]
    return " and ".join(str(count) for count in dict.fromkeys(numbers))


def number(value: float) -> str:
    """Returns a number with three digits that count."""
    if abs(value) >= 100 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.{1 if abs(value) >= 10 else 2}f}"


def caption(result: Result) -> str:
    """Returns on what machine, at which commits, when and with which settings a result was measured."""
    machine, runs = result["machine"], result["runs"]
    where = f"{machine['num_cores']} cores of {machine['processor']}, {machine['memory_gib']} GiB, GPU {machine['gpu']}"
    # A peer with an environment of its own tells its versions itself.
    peers = {name: version for run in runs for name, version in run.get("versions", {}).items()}
    known = {name: machine[name] for name in ("python", "keras", "tensorflow", "jax") if name in machine} | peers
    versions = ", ".join(f"{name} {version}" for name, version in known.items())
    days = sorted({run["date"] for run in runs})
    when = " to ".join(dict.fromkeys([days[0], days[-1]])) if days else ""
    commits = ", ".join(dict.fromkeys(run["commit"] for run in runs))
    settings = ", ".join(f"{name} {as_text(value)}" for name, value in result["settings"].items() if value is not None)
    is_extrapolated = any(row.get("extrapolated") for row in result["summary"])
    tilde = " ~: extrapolated from fewer epochs or images." if is_extrapolated else ""
    return f"{where}; {versions}; {when}, commit {commits}. Settings: {settings}.{tilde}"


def as_text(value: Any) -> str:
    """Returns a setting as words."""
    return " ".join(str(entry) for entry in value) if isinstance(value, list) else str(value)


if __name__ == "__main__":
    main()
