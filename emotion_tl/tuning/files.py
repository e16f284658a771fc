"""The files of a search: each is written as a whole or not at all."""

import json
from pathlib import Path
from typing import Any


def write_json(path: str | Path, content: Any) -> None:
    """Writes a JSON file so that a killed process leaves the old one or the new one."""
    path = Path(path)
    partial = path.with_name(f"partial.{path.name}")
    partial.write_text(json.dumps(content, indent=2))
    partial.replace(path)


def read_json(path: Path) -> Any:
    """Returns the content of a JSON file."""
    return json.loads(path.read_text())
