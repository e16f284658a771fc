"""Text files are UTF-8 on every machine: what the locale would make of an é, another machine cannot read."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "emotion_tl"


def test_text_is_read_and_written_with_its_encoding():
    calls = [
        (f"{file.relative_to(PACKAGE)}:{node.lineno}", node)
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".read_text", ".write_text"))
    ]
    assert len(calls) > 10
    assert [place for place, call in calls if "encoding" not in {keyword.arg for keyword in call.keywords}] == []
