"""The HTML of a report: one file a block."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

environment = Environment(
    loader=PackageLoader("emotion_tl.html_report", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **values: Any) -> Markup:
    """Returns a template of this folder as HTML."""
    return Markup(environment.get_template(template).render(values))
