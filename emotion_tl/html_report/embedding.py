"""Figures and images as parts of a page, so that nothing is loaded from elsewhere."""

import base64
import hashlib
import io
import re
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from PIL import Image

# Text stays text: it can be searched, read aloud and copied. Verdana is as wide as DejaVu Sans, by which it is placed.
SVG_STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "emotion_tl"}
FONTS = "'DejaVu Sans', Verdana, sans-serif"
# Size and colours are the page's; matplotlib's date would make two equal reports differ.
METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
PIXELS_PER_POINT = 96 / 72
JPEG_QUALITY = 88


def embed_figure(figure: Figure) -> Markup:
    """Returns a figure as an SVG element that fills the width it is given, up to its own at 96 dots an inch."""
    buffer = io.StringIO()
    with matplotlib.rc_context(SVG_STYLE):
        figure.savefig(buffer, format="svg", metadata=METADATA)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    width, height = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups()  # type: ignore[union-attr]
    size = f'viewBox="0 0 {width} {height}" style="max-width: {float(width) * PIXELS_PER_POINT:.0f}px"'
    opening = f'<svg {size} aria-hidden="true" focusable="false">'
    svg = re.sub(r"^<svg[^>]*>", opening, svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = svg.replace("'DejaVu Sans'", FONTS).replace("xlink:href", "href")
    return Markup(with_own_ids(svg))


def with_own_ids(svg: str) -> str:
    """Returns the SVG with ids that no other figure has: they begin with a hash of what it shows."""
    prefix = f"figure{hashlib.blake2b(svg.encode(), digest_size=6).hexdigest()}-"
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{prefix}", svg)


def embed_image(image: np.ndarray, shown_width: int) -> str:
    """Returns an image as the address of its own content, shrunk where it is wider than a sharp screen shows.

    Args:
        image: uint8 (height, width, channels) of 1 or 3 channels, RGB.
        shown_width: pixels of the page, of which a sharp screen has two.
    """
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    is_too_wide = picture.width > 2 * shown_width
    if is_too_wide:
        picture.thumbnail((2 * shown_width, picture.height), Image.Resampling.LANCZOS)
    # Where the pixels are no longer those of the image, PNG would keep them at five times the size.
    name = "jpeg" if is_too_wide else "png"
    buffer = io.BytesIO()
    picture.save(buffer, format=name, optimize=True, quality=JPEG_QUALITY)
    return f"data:image/{name};base64,{base64.b64encode(buffer.getvalue()).decode()}"
