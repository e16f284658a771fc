"""The JSON files of a search."""

import json
from pathlib import Path
from typing import Any

from emotion_tl.files import replace_file


def write_json(path: str | Path, content: Any) -> None:
    """Writes a JSON file so that a killed process leaves the old one or the new one."""
    text = json.dumps(content, indent=2)
    replace_file(Path(path), lambda partial: partial.write_text(text, encoding="utf-8"))


def read_json(path: Path) -> Any:
    """Returns the content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))
