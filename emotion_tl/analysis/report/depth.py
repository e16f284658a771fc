"""The chapter of the linear probes: where in a network the features transfer from."""

from typing import Any

import pandas as pd

from emotion_tl.analysis.comparison import Comparison
from emotion_tl.analysis.figures.probes import probes_figure
from emotion_tl.html_report.blocks import Block, BulletList, Column, DataTable, Paragraph, Plot, Row, Section
from emotion_tl.tracking.run_record import RunRecord, find_probes


def depth_section(comparison: Comparison) -> Section:
    """Returns the latest probes of each network on the same test images; empty where none were made."""
    first = comparison.models[0]
    probes = find_probes(comparison.config.tracking, first.tags.get("test_fingerprint", ""))
    blocks: list[Block] = []
    if probes:
        blocks.append(
            Paragraph(
                "A linear classifier on the averaged output of each block, with pretrained and with random weights: "
                "whoever looks at the last block alone may miss the better ones."
            )
        )
    for run in probes.values():
        blocks += probe_blocks(run, comparison)
    return Section("Where in the network the features transfer from", blocks)


def probe_blocks(run: RunRecord, comparison: Comparison) -> list[Block]:
    """Returns what the probes of one network found."""
    table = pd.read_csv(run.file("probes.csv"))
    test = comparison.models[0].test
    largest_class = pd.Series(test.labels).value_counts(normalize=True).max()
    subject = f"{run.tags['backbone']} on {run.tags['dataset']}"
    figure = probes_figure(table, subject, float(largest_class), comparison.config.confidence_level)
    rows: list[Any] = table.to_dict("records")
    findings = run.file("findings.txt").read_text(encoding="utf-8").splitlines()
    return [
        BulletList(findings),
        Plot(figure, f"Accuracy of linear probes over the blocks of {subject}. {' '.join(findings)}"),
        DataTable(rows, columns(), f"Linear probes on {subject}, accuracy on test in %"),
    ]


def columns() -> list[Column]:
    """Returns the columns of the table of the probes."""

    def interval(row: Row) -> str:
        return f"{100 * row['accuracy']:.1f} ({100 * row['accuracy_low']:.1f}–{100 * row['accuracy_high']:.1f})"

    def gain(row: Row) -> str | None:
        if pd.isna(row["gain"]):
            return None
        return f"{100 * row['gain']:+.1f} ({100 * row['gain_low']:+.1f} to {100 * row['gain_high']:+.1f})"

    return [
        Column("block", lambda row: row["block"]),
        Column("weights", lambda row: row["weights"]),
        Column("accuracy", interval, lambda row: row["accuracy"]),
        Column("gain over random weights, points", gain, lambda row: row["gain"]),
    ]
