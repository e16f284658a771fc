import base64
import io
import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from emotion_tl.html_report.embedding import embed_figure, embed_image


def draw(title: str) -> Figure:
    figure = Figure(figsize=(4, 2))
    figure.subplots().plot([1, 2, 3], [3, 1, 2], marker="o")
    figure.suptitle(title)
    return figure


def test_equal_figures_are_equal_in_every_report():
    assert embed_figure(draw("loss")) == embed_figure(draw("loss"))


def test_figures_of_one_page_share_no_id_and_find_their_own():
    first, second = (embed_figure(draw(title)) for title in ("loss", "accuracy"))
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (first, second)]
    assert not ids[0] & ids[1]
    for own, svg in zip(ids, (first, second), strict=True):
        used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))
        assert used
        assert used <= own


@pytest.mark.parametrize("num_channels", [1, 3])
@pytest.mark.parametrize(
    ("height", "width", "expected"), [(448, 448, (192, 192)), (300, 604, (192, 95)), (48, 48, (48, 48))]
)
def test_no_image_is_larger_than_a_sharp_screen_shows_it(num_channels, height, width, expected):
    image = np.full((height, width, num_channels), 80, np.uint8)
    image[: height // 2] = 160
    opening, content = embed_image(image, shown_width=96).split(",")
    shown = Image.open(io.BytesIO(base64.b64decode(content)))
    assert opening == f"data:image/{shown.format.lower()};base64"
    assert (shown.format == "PNG") == (width == 48)
    assert shown.size == expected
    assert shown.mode == ("L" if num_channels == 1 else "RGB")
    assert np.asarray(shown)[0, 0].max() == pytest.approx(160, abs=1)
    assert np.asarray(shown)[-1, -1].max() == pytest.approx(80, abs=1)
