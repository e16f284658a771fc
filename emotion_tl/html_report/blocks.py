"""What a section of a report is made of. Each block knows its own HTML; whatever is text is escaped."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from emotion_tl.html_report.embedding import embed_figure, embed_image
from emotion_tl.html_report.templates import render

Row = Mapping[str, Any]

ABSENT = "–"
"""What stands in a cell where there is no value."""


class Block(Protocol):
    """A part of a section."""

    def html(self) -> Markup:
        """Returns the block as HTML."""


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str

    def html(self) -> Markup:
        """Returns the block as HTML."""
        return Markup("<h3>{}</h3>").format(self.text)


@dataclass(frozen=True)
class Paragraph:
    """Text; `lead` makes it the one that is read first."""

    text: str
    lead: bool = False

    def html(self) -> Markup:
        """Returns the block as HTML."""
        return Markup('<p class="{}">{}</p>').format("lead" if self.lead else "", self.text)


@dataclass(frozen=True)
class Notice:
    """What must not be overlooked.

    Attributes:
        level: "good", "warning" or "bad"; told by a word as well as by a colour.
    """

    text: str
    level: str = "warning"

    def html(self) -> Markup:
        """Returns the block as HTML."""
        word = {"good": "Good: ", "warning": "Note: ", "bad": "Problem: "}[self.level]
        return Markup('<p class="notice {}" role="note"><strong>{}</strong>{}</p>').format(self.level, word, self.text)


@dataclass(frozen=True)
class BulletList:
    """Sentences, one below the other."""

    items: Sequence[str]

    def html(self) -> Markup:
        """Returns the block as HTML."""
        return Markup("<ul>{}</ul>").format(Markup("").join(Markup("<li>{}</li>").format(item) for item in self.items))


@dataclass(frozen=True)
class KeyFigure:
    """A number that is read at a glance: the number, what it is, and a remark in small print."""

    value: str
    label: str
    remark: str = ""


@dataclass(frozen=True)
class KeyFigures:
    """Numbers side by side."""

    figures: Sequence[KeyFigure]

    def html(self) -> Markup:
        """Returns the block as HTML."""
        return render("key_figures.html", figures=self.figures)


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: what stands above it.
        text: returns what is read, from a row; None or a float that is not finite shows as a dash.
        value: returns what is sorted by, from a row, and makes the column one of numbers; None sorts by the text.
    """

    heading: str
    text: Callable[[Row], Any]
    value: Callable[[Row], float] | None = None


@dataclass(frozen=True)
class DataTable:
    """A table whose rows can be sorted by a click on a heading.

    Attributes:
        rows: mappings that the columns read.
        columns: from left to right; the first one names the row.
        caption: what the table is about.
    """

    rows: Sequence[Row]
    columns: Sequence[Column]
    caption: str

    def html(self) -> Markup:
        """Returns the block as HTML."""
        rows = [[(cell_text(column, row), sort_value(column, row)) for column in self.columns] for row in self.rows]
        return render("table.html", table=self, rows=rows)


def cell_text(column: Column, row: Row) -> str:
    """Returns what is read in a cell."""
    text = column.text(row)
    is_absent = text is None or (isinstance(text, float) and not math.isfinite(text))
    return ABSENT if is_absent else str(text)


def sort_value(column: Column, row: Row) -> str:
    """Returns what a cell is sorted by; empty where there is nothing, which sorts last."""
    if column.value is None:
        text = cell_text(column, row)
        return "" if text == ABSENT else text
    value = column.value(row)
    return "" if value is None or not math.isfinite(value) else repr(float(value))


@dataclass(frozen=True)
class Plot:
    """A figure of matplotlib, as SVG.

    Attributes:
        figure: is not changed.
        description: what a person who cannot see it is told.
        caption: what stands below it.
    """

    figure: Figure
    description: str
    caption: str = ""

    def html(self) -> Markup:
        """Returns the block as HTML."""
        return render("plot.html", plot=self, svg=embed_figure(self.figure))


@dataclass(frozen=True)
class ImageGrid:
    """Images side by side, each with a line below it.

    Attributes:
        images: uint8 (n, height, width, channels) of 1 or 3 channels, RGB.
        labels: n lines, also read to a person who cannot see the images.
        caption: what stands below all of them.
        shown_width: of each image, in pixels of the page.
    """

    images: np.ndarray
    labels: Sequence[str]
    caption: str = ""
    shown_width: int = 96

    def html(self) -> Markup:
        """Returns the block as HTML."""
        sources = [embed_image(image, self.shown_width) for image in self.images]
        return render("image_grid.html", grid=self, images=list(zip(sources, self.labels, strict=True)))


@dataclass(frozen=True)
class Details:
    """Blocks that are folded away under a heading until somebody wants to see them; printed they are open."""

    summary: str
    blocks: Sequence[Block]

    def html(self) -> Markup:
        """Returns the block as HTML."""
        return render("details.html", summary=self.summary, blocks=[block.html() for block in self.blocks])


@dataclass(frozen=True)
class Section:
    """A chapter of a report; sections without blocks are left out of the page."""

    title: str
    blocks: Sequence[Block] = field(default_factory=list)
