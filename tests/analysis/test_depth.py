"""The linear probes in the report of a comparison on the same test images."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emotion_tl.analysis.comparison import compare_records
from emotion_tl.analysis.report.depth import depth_section
from emotion_tl.command_config import CompareConfig, ProbeConfig
from emotion_tl.config import BackboneConfig, TrackingConfig
from emotion_tl.html_report.blocks import DataTable, Notice, Plot
from emotion_tl.tracking.run import track_run
from emotion_tl.tracking.run_record import read_records
from emotion_tl.tracking.runs import KIND_TAG
from tests.analysis.simulated_runs import log_run, store

ACCURACIES = {"pretrained": [0.4, 0.6, 0.5], "random": [0.35, 0.35, 0.3]}


def log_probes(
    folder,
    backbone: str,
    test_fingerprint: str,
    finding: str,
    confidence_level: float = 0.9,
    num_train_images: int = 3000,
) -> Path:
    """Logs a run as `run_probes` does and returns the folder of its artifacts."""
    rows = []
    for weights, accuracies in ACCURACIES.items():
        for depth, accuracy in enumerate(accuracies):
            is_main = weights == "pretrained"
            gain = accuracy - ACCURACIES["random"][depth] if is_main else np.nan
            rows.append(
                {"weights": weights, "block": f"block{depth}", "depth": depth, "val_accuracy": accuracy}
                | {"accuracy": accuracy, "accuracy_low": accuracy - 0.02, "accuracy_high": accuracy + 0.02}
                | {"gain": gain, "gain_low": gain - 0.03, "gain_high": gain + 0.03, "adjusted_p_value": 0.001}
            )
    probe_folder = folder / f"probe of {backbone} {finding}"
    probe_folder.mkdir()
    pd.DataFrame(rows).to_csv(probe_folder / "probes.csv", index=False)
    (probe_folder / "findings.txt").write_text(f"{finding}\n")
    with track_run(TrackingConfig(uri=store(folder)), "probes", "probes", probe_folder) as run:
        probed = BackboneConfig(name=backbone, image_size=96)
        run.log_config(
            ProbeConfig(confidence_level=confidence_level, num_train_images=num_train_images, backbone=probed)
        )
        tags = {"backbone": backbone, "dataset": "faces", "test_fingerprint": test_fingerprint, KIND_TAG: "probe"}
        run.log_tags(tags)
    return next((folder / "mlartifacts").rglob(f"{run.run_id}/artifacts"))


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    folder = tmp_path_factory.mktemp("probed")
    log_run(folder, ["backbone=baseline_cnn"], 0.6)
    log_probes(folder, "inceptionv3", "the same", "an earlier finding")
    log_probes(folder, "inceptionv3", "the same", "block1 is best")
    log_probes(folder, "inceptionv3", "the same", "of a try with few images", num_train_images=30)
    log_probes(folder, "vgg16", "others", "on other images")
    (log_probes(folder, "resnet50", "the same", "without its table") / "probes.csv").unlink()
    (log_probes(folder, "mobilenetv2", "the same", "with half a table") / "probes.csv").write_text("block,weights\n")
    (log_probes(folder, "efficientnetb0", "the same", "with an empty table") / "probes.csv").write_text("")
    (log_probes(folder, "vgg19", "the same", "no text") / "findings.txt").write_bytes(b"\xff\xfe\xff")
    config = CompareConfig(
        experiment_name="simulated", num_bootstrap_resamples=50, tracking=TrackingConfig(uri=store(folder))
    )
    return compare_records(read_records(config.tracking, "simulated", []), config, "simulated")


@pytest.fixture(scope="module")
def blocks(comparison):
    return depth_section(comparison).blocks


def test_the_latest_probes_of_most_images_on_the_same_test_images_are_shown(blocks):
    html = "".join(block.html() for block in blocks)
    assert "block1 is best" in html
    assert "+25.0 (+22.0 to +28.0)" in html
    assert "an earlier finding" not in html
    assert "of a try with few images" not in html
    (table,) = [block for block in blocks if isinstance(block, DataTable)]
    assert table.caption.startswith("Linear probes on inceptionv3 at 96 px on 3,000 images of faces, accuracy")
    assert "vgg16" not in html


def test_the_intervals_have_the_level_of_the_probes_and_not_that_of_the_comparison(blocks, comparison):
    assert comparison.config.confidence_level == 0.95
    (plot,) = [block for block in blocks if isinstance(block, Plot)]
    assert "90 % bootstrap interval" in plot.figure.axes[0].get_title(loc="left")
    (table,) = [block for block in blocks if isinstance(block, DataTable)]
    assert table.caption.endswith("with 90 % intervals")


def test_probes_that_cannot_be_read_are_left_out_with_a_note_that_names_them(blocks):
    notes = [block.text for block in blocks if isinstance(block, Notice)]
    told = {"resnet50": "probes.csv", "mobilenetv2": "lacks accuracy", "efficientnetb0": "Empty", "vgg19": "decode"}
    assert len(notes) == len(told)
    for backbone, reason in told.items():
        (note,) = [note for note in notes if note.startswith(f"The probes of {backbone} are left out: Expected ")]
        assert reason in note


def test_where_nothing_was_probed_it_says_how(tmp_path):
    log_run(tmp_path, ["backbone=vgg16"], 0.6)
    log_run(tmp_path, ["backbone=inceptionv3"], 0.7)
    log_run(tmp_path, ["backbone=baseline_cnn"], 0.8)
    config = CompareConfig(num_bootstrap_resamples=50, tracking=TrackingConfig(uri=store(tmp_path)))
    comparison = compare_records(read_records(config.tracking, None, []), config, "simulated")
    (paragraph,) = depth_section(comparison).blocks
    # The best pretrained one, on val.
    assert "`python -m emotion_tl probe backbone=inceptionv3 data=synthetic_faces`" in paragraph.text
    assert "No network was probed on these test images" in paragraph.text


def test_where_nothing_is_pretrained_nothing_is_said_of_probes(tmp_path):
    log_run(tmp_path, ["backbone=baseline_cnn"], 0.6)
    config = CompareConfig(num_bootstrap_resamples=50, tracking=TrackingConfig(uri=store(tmp_path)))
    assert depth_section(compare_records(read_records(config.tracking, None, []), config, "simulated")).blocks == []


def test_probes_are_no_models_of_the_comparison(comparison):
    assert [result.name for result in comparison.results] == ["baseline_cnn-from_scratch"]
