"""The chapter that shows faces: what the models look at, and the mistakes they are surest of."""

import numpy as np
from PIL import Image

from emotion_tl.analysis.comparison import Comparison
from emotion_tl.analysis.report.opening import best_pretrained
from emotion_tl.errors import ModelNotFoundError
from emotion_tl.html_report.blocks import Block, Details, ImageGrid, Section
from emotion_tl.tracking.run_record import RunRecord

FIGURES = {
    "explanations": "What it looks at, in right and in wrong answers (Grad-CAM)",
    "mean_activation_maps": "What it looks at by class, on average",
    "surest_mistakes": "The mistakes it is surest of",
}
SHOWN_WIDTH = 980


def images_section(comparison: Comparison) -> Section:
    """Returns the figures that the runs drew of the best pretrained model and of the baseline."""
    best = best_pretrained(comparison)
    names = [name for name in ([best.name, best.baseline] if best else [comparison.baseline]) if name is not None]
    blocks: list[Block] = []
    for name in names:
        run = comparison.result_of(name).model.runs[0]
        figures = [(title, read_figure(run, figure)) for figure, title in FIGURES.items()]
        blocks += [
            Details(f"{name}: {title}", [shown(image, f"{title}: {name}, seed {run.seed}")])
            for title, image in figures
            if image is not None
        ]
    return Section("Faces", blocks)


def shown(image: np.ndarray, text: str) -> ImageGrid:
    """Returns a figure with a line that says what it shows, of which model."""
    return ImageGrid(image[None], [text], shown_width=SHOWN_WIDTH)


def read_figure(run: RunRecord, name: str) -> np.ndarray | None:
    """Returns a figure of a run: uint8 (height, width, 3); None where it drew none."""
    try:
        path = run.file(f"figures/{name}.png")
    except ModelNotFoundError:
        return None
    return np.asarray(Image.open(path).convert("RGB"))
