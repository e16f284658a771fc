"""A whole report."""

import re
from collections.abc import Sequence
from pathlib import Path

from emotion_tl.files import replace_file
from emotion_tl.html_report.blocks import Section
from emotion_tl.html_report.templates import render


def write_page(path: Path, title: str, subtitle: str, sections: Sequence[Section]) -> None:
    """Writes a report, whole or not at all; its folder is made where it is missing."""
    html = render_page(title, subtitle, sections)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, lambda partial: partial.write_text(html, encoding="utf-8"))


def render_page(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """Returns a report as one HTML file: no other file, and no network, is needed to read it.

    Args:
        title: of the window and the page.
        subtitle: what the report is about and when it was made, in one line.
        sections: in their order; those without blocks are left out.
    """
    chapters = [
        (section.title, anchor_of(section.title), [block.html() for block in section.blocks])
        for section in sections
        if section.blocks
    ]
    return str(render("page.html", title=title, subtitle=subtitle, chapters=chapters))


def anchor_of(title: str) -> str:
    """Returns the name by which a section is linked to."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
