"""The chapter of the models: what each is worth on the test images."""

from matplotlib.figure import Figure

from emotion_tl.analysis.comparison import Comparison, ModelResult
from emotion_tl.analysis.figures.intervals import IntervalLine, interval_figure
from emotion_tl.analysis.leak_free import leak_free_caveat, num_leak_free, told_absence
from emotion_tl.analysis.report.columns import spread_column
from emotion_tl.analysis.told import told_deviation, told_spread
from emotion_tl.evaluation.figure_style import BLUE, GREY
from emotion_tl.evaluation.told import told_level
from emotion_tl.html_report.blocks import Column, DataTable, Notice, Paragraph, Plot, Row, Section


def models_section(comparison: Comparison) -> Section:
    """Returns the table of the models and a figure of their accuracy."""
    level = told_level(comparison.config.confidence_level)
    caveat = leak_free_caveat([model.test for model in comparison.models])
    return Section(
        "Models",
        [
            Paragraph(
                f"Means over the seeds with {level} intervals. With several seeds they tell how the figure would move "
                "with another training and other test images; with one seed, with other test images alone. Leak-free "
                "are the test images of which no copy stands in train or val."
            ),
            Plot(
                accuracy_figure(comparison),
                "Accuracy on test of each model with its interval: "
                + "; ".join(f"{result.name} {told_spread(result.summary.accuracy)} %" for result in comparison.results),
            ),
            *([Notice(caveat)] if caveat else []),
            DataTable([row_of(result) for result in comparison.results], columns(), "Figures on test, in %"),
        ],
    )


def accuracy_figure(comparison: Comparison) -> Figure:
    """Draws the accuracy of each model with its interval and its seeds."""
    lines = []
    reference = None
    for result in comparison.results:
        accuracy = result.summary.accuracy
        is_baseline = result.name == comparison.baseline
        if is_baseline:
            reference = 100 * accuracy.mean
        lines.append(IntervalLine.of_spread(result.name, accuracy, GREY if is_baseline else BLUE))
    subtitle = "The dot is the mean over the seeds, a tick each seed, the dashed line the baseline"
    return interval_figure(lines, "Accuracy of each model", subtitle, "accuracy on test, %", reference)


def row_of(result: ModelResult) -> Row:
    """Returns what the table tells of a model."""
    return {
        "name": result.name,
        "seeds": len(result.model.runs),
        "summary": result.summary,
        "leak_free": result.leak_free_summary,
        "num_leak_free": num_leak_free(result.model.test),
    }


def columns() -> list[Column]:
    """Returns the columns of the table."""

    def figure(heading: str, part: str, metric: str) -> Column:
        return spread_column(
            heading,
            lambda row: row[part] and getattr(row[part], metric),
            lambda row: told_absence(row["num_leak_free"]),
        )

    return [
        Column("model", lambda row: row["name"]),
        Column("seeds", lambda row: row["seeds"], lambda row: row["seeds"]),
        figure("accuracy", "summary", "accuracy"),
        Column(
            "s.d. over seeds",
            lambda row: told_deviation(row["summary"].accuracy),
            lambda row: row["summary"].accuracy.standard_deviation or float("nan"),
        ),
        figure("macro-F1", "summary", "macro_f1"),
        figure("accuracy, leak-free", "leak_free", "accuracy"),
        figure("macro-F1, leak-free", "leak_free", "macro_f1"),
    ]
