"""The chapter of the linear probes: where in a network the features transfer from."""

import logging
from collections.abc import Sequence
from typing import Any

import pandas as pd

from emotion_tl.analysis.compared_model import ComparedModel, best_on_val_first
from emotion_tl.analysis.comparison import Comparison
from emotion_tl.analysis.figures.probes import probes_figure
from emotion_tl.analysis.logged_probes import LoggedProbes, read_probes
from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.errors import ModelNotFoundError
from emotion_tl.evaluation.told import told_level
from emotion_tl.html_report.blocks import Block, BulletList, Column, DataTable, Notice, Paragraph, Plot, Row, Section
from emotion_tl.tracking.run_record import find_probes

logger = logging.getLogger(__name__)


def depth_section(comparison: Comparison) -> Section:
    """Returns the probes of each network on the same test images, or how to make them.

    Empty where there are neither probes nor pretrained models: then nothing transfers.
    """
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
    elif any(model.is_pretrained for model in comparison.models):
        blocks.append(Paragraph(told_how_to_probe(comparison.models)))
    for backbone, run in probes.items():
        try:
            found = read_probes(run)
        except ModelNotFoundError as error:
            warning = f"The probes of {backbone} are left out: {error}"
            logger.warning("%s", warning)
            blocks.append(Notice(warning))
        else:
            blocks += probe_blocks(found, first.test)
    return Section("Where in the network the features transfer from", blocks)


def told_how_to_probe(models: Sequence[ComparedModel]) -> str:
    """Returns that no network was probed on these test images, and the command that does it for the best one on val."""
    best = next(model for model in best_on_val_first(models) if model.is_pretrained)
    backbone, source = best.settings["backbone"]["name"], best.settings["data"]["source"]
    return (
        f"No network was probed on these test images. `python -m emotion_tl probe backbone={backbone} data={source}`, "
        "with the data settings of these runs, tries a linear classifier on each block of it; after that "
        "`python -m emotion_tl compare` shows here where the features transfer from."
    )


def probe_blocks(probes: LoggedProbes, test: ModelPredictions) -> list[Block]:
    """Returns what the probes of one network found."""
    subject, findings = probes.subject, probes.findings
    largest_class = pd.Series(test.labels).value_counts(normalize=True).max()
    figure = probes_figure(probes.table, subject, float(largest_class), probes.confidence_level)
    rows: list[Any] = probes.table.to_dict("records")
    level = told_level(probes.confidence_level)
    return [
        BulletList(findings),
        Plot(figure, f"Accuracy of linear probes over the blocks of {subject}. {' '.join(findings)}"),
        DataTable(rows, columns(), f"Linear probes on {subject}, accuracy on test in %, with {level} intervals"),
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
