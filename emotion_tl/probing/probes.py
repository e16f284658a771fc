"""Where in a network the features transfer from: the whole story on one screen."""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from emotion_tl.analysis.best_probe import best_probe
from emotion_tl.analysis.figures.probes import probes_figure
from emotion_tl.command_config import COMPARED_WEIGHTS, ProbeConfig
from emotion_tl.data.dataset import Dataset, load_dataset
from emotion_tl.evaluation.figure_style import save_figure
from emotion_tl.probing.checks import check_probe_config
from emotion_tl.probing.findings import tell_findings
from emotion_tl.probing.probe_networks import draw_subset, probe_network
from emotion_tl.probing.probe_table import tabulate_probes
from emotion_tl.runtime import configure
from emotion_tl.tracking.run import track_run
from emotion_tl.tracking.runs import KIND_TAG


@dataclass(frozen=True)
class ProbeResult:
    """What the probes found.

    Attributes:
        run_id: id of their MLflow run.
        output_dir: their folder: probes.csv, probes.png.
        table: see `tabulate_probes`.
        figure: accuracy over depth.
        findings: sentences.
    """

    run_id: str
    output_dir: Path
    table: pd.DataFrame
    figure: Figure
    findings: list[str]


def run_probes(config: ProbeConfig) -> ProbeResult:
    """Probes every block of a network, and logs that as an MLflow run of its own.

    Each probe is chosen on val. The test images are predicted once by each, after that.

    Raises:
        EmotionTLError: one of its kinds, for everything the user can mend; the message says how.
    """
    check_probe_config(config)
    configure(config.trainer, config.seed)
    dataset = load_dataset(config.data, Path(config.cache_dir).expanduser())
    dataset = replace(dataset, train=draw_subset(dataset.train, config.num_train_images, config.seed))
    # As MLflow is told of the images that are there, under the same name.
    config = replace(config, num_train_images=len(dataset.train))
    folder = Path(config.output_dir).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    name = f"probes of {config.backbone.name}"
    with track_run(config.tracking, dataset.name, name, folder) as run:
        run.log_config(config)
        run.log_dataset(dataset, config.data)
        compared = [each for each in COMPARED_WEIGHTS if each in config.weights_compared]
        networks = {each: probe_network(config, each, dataset) for each in compared}
        table = tabulate_probes(networks, dataset.test, config)
        findings = tell_findings(networks, table, dataset.test, config)
        figure = draw_probes(table, dataset, config)
        write_probes(table, findings, figure, folder)
        run.log_tags(
            {
                KIND_TAG: "probe",
                "backbone": config.backbone.name,
                "weights": networks[compared[0]].weights,
                "dataset": dataset.name,
                "test_fingerprint": dataset.test.fingerprint,
            }
        )
        run.log_metrics(headline(table))
    return ProbeResult(run.run_id, folder, table, figure, findings)


def draw_probes(table: pd.DataFrame, dataset: Dataset, config: ProbeConfig) -> Figure:
    """Returns the accuracy over depth, beside that of always answering with the largest class of test."""
    largest_class = float(dataset.test.class_counts(dataset.num_classes).max() / len(dataset.test))
    subject = f"{config.backbone.name} on {dataset.name}"
    return probes_figure(table, subject, largest_class, config.confidence_level)


def write_probes(table: pd.DataFrame, findings: list[str], figure: Figure, folder: Path) -> None:
    """Writes what the probes found into their folder."""
    table.to_csv(folder / "probes.csv", index=False)
    save_figure(figure, folder / "probes.png")
    (folder / "findings.txt").write_text("\n".join(findings) + "\n", encoding="utf-8")


def headline(table: pd.DataFrame) -> dict[str, float]:
    """Returns the metrics by which MLflow lists the run: those of the best block."""
    best = best_probe(table)
    return {"test_accuracy": float(best["accuracy"]), "val_accuracy": float(best["val_accuracy"])}
