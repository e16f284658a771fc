"""The chapter that shows faces: each figure that the runs drew, with words for whoever cannot see it."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from emotion_tl.analysis.comparison import compare_records
from emotion_tl.analysis.report.images import FIGURES, images_section
from emotion_tl.command_config import CompareConfig
from emotion_tl.config import TrackingConfig
from emotion_tl.html_report.blocks import Details, ImageGrid
from emotion_tl.tracking.run_record import read_records
from tests.analysis.simulated_runs import log_run, store

SHADES = {"explanations": 40, "mean_activation_maps": 80, "surest_mistakes": 120}


def draw_figures(folder, run_id: str, shift: int, *names: str) -> None:
    """Puts figures of one shade each among the artifacts of a run."""
    figures = next((folder / "mlartifacts").rglob(f"{run_id}/artifacts")) / "figures"
    figures.mkdir()
    for name in names:
        Image.fromarray(np.full((12, 30, 4), SHADES[name] + shift, np.uint8), "RGBA").save(figures / f"{name}.png")


@pytest.fixture(scope="module")
def blocks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    best = log_run(folder, ["backbone=inceptionv3"], 0.8)
    draw_figures(folder, best, 0, *FIGURES)
    draw_figures(folder, log_run(folder, ["backbone=vgg16"], 0.5), 100, *FIGURES)
    # Its network gives no class activation maps.
    baseline = log_run(folder, ["backbone=baseline_cnn"], 0.6)
    draw_figures(folder, baseline, 7, "explanations", "surest_mistakes")
    config = CompareConfig(num_bootstrap_resamples=50, tracking=TrackingConfig(uri=store(folder)))
    return images_section(compare_records(read_records(config.tracking, None, []), config, "simulated")).blocks


def test_all_figures_of_the_best_pretrained_model_and_of_the_baseline_are_shown(blocks):
    assert all(isinstance(block, Details) for block in blocks)
    transfer, scratch = "inceptionv3-frozen_then_unfrozen", "baseline_cnn-from_scratch"
    expected = [f"{transfer}: {title}" for title in FIGURES.values()]
    expected += [f"{scratch}: {FIGURES[name]}" for name in ("explanations", "surest_mistakes")]
    assert [block.summary for block in blocks] == expected


def test_each_figure_is_the_one_that_its_heading_names(blocks):
    shades = []
    for block in blocks:
        (content,) = re.findall(r'<img src="data:image/png;base64,([^"]+)"', block.html())
        image = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))
        assert image.shape == (12, 30, 3)
        shades.append(int(image[0, 0, 0]))
    assert shades == [40, 80, 120, 47, 127]


def test_each_figure_has_a_text_alternative_of_its_own(blocks):
    told = [re.findall(r'<img [^>]*alt="([^"]+)"', block.html()) for block in blocks]
    assert [len(each) for each in told] == [1] * 5
    assert len({alternative for (alternative,) in told}) == 5
    assert told[0] == [f"{FIGURES['explanations']}: inceptionv3-frozen_then_unfrozen, seed 0"]
    assert all(isinstance(grid, ImageGrid) for block in blocks for grid in block.blocks)
