"""The last chapter: how the figures came about, and which runs they come from."""

from emotion_tl.analysis.comparison import Comparison
from emotion_tl.analysis.interval_ends import MIN_CLASS_IMAGES
from emotion_tl.analysis.report.columns import duration_column
from emotion_tl.analysis.training_time import seconds_outside_epochs, training_seconds
from emotion_tl.command_config import CompareConfig
from emotion_tl.evaluation.told import told_level
from emotion_tl.html_report.blocks import BulletList, Column, DataTable, Details, Section


def method_section(comparison: Comparison) -> Section:
    """Returns how to read the report, and where its figures come from."""
    table = runs_table(comparison)
    return Section(
        "How this was computed",
        [BulletList(told_methods(comparison.config)), Details(f"The {len(table.rows)} runs", [table])],
    )


def told_methods(config: CompareConfig) -> list[str]:
    """Returns how the figures were computed, and what they do not tell."""
    return [
        "The best epoch was chosen on val over all phases of a run; test was predicted once, after that. "
        "Which of several models is called the best is decided on val too.",
        f"Intervals, level {told_level(config.confidence_level)}: over the test images, by "
        f"{config.num_bootstrap_resamples:,} resamples, and where there are several, over the seeds, by "
        "their spread. Differences: the same images for both. Recall and F1 of a class with fewer than "
        f"{MIN_CLASS_IMAGES} test images have none.",
        "With one seed a model, McNemar's exact test (McNemar 1947) compares two trained networks, and "
        "says nothing of other seeds. With several, the test takes the spread over the seeds into account. "
        "The correction for many comparisons is Holm's (1979), within each chapter for itself; macro-F1 and recall "
        "under several treatments of class imbalance have simultaneous intervals (Bonferroni's, Dunn 1961).",
        "Leak-free: test images whose exact pixels stand in neither train nor val. Near copies are not "
        "removed; `python -m emotion_tl audit` finds them.",
        "Expected calibration error: 15 bins of equal width (Guo et al. 2017, arXiv:1706.04599).",
    ]


def runs_table(comparison: Comparison) -> DataTable:
    """Returns the runs of all models, a row each."""
    return DataTable(
        [{"name": result.name, "run": run} for result in comparison.results for run in result.model.runs],
        [
            Column("model", lambda row: row["name"]),
            Column("seed", lambda row: row["run"].seed, lambda row: row["run"].seed),
            Column(
                "test accuracy, %",
                lambda row: f"{100 * row['run'].metrics['test_accuracy']:.1f}",
                lambda row: row["run"].metrics["test_accuracy"],
            ),
            duration_column("training", lambda row: [training_seconds(row["run"])]),
            duration_column("outside epochs", lambda row: [seconds_outside_epochs(row["run"])]),
            Column("weights", lambda row: row["run"].tags.get("weights")),
            Column("commit", lambda row: row["run"].tags.get("git_commit", "")[:9]),
            Column("MLflow run", lambda row: row["run"].run_id),
        ],
        "Runs",
    )
