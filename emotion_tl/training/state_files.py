"""The files that a training goes on from: its process may die while they are written, and damage is told.

<output_dir>/state/
    state.json           everything but arrays, and the checksums of the other two; replaced last and in one step
    epoch-12.npz         arrays
    best-7.weights.h5    the best weights at that time: a hard link to a file that later epochs replace, not change
"""

import json
import os
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emotion_tl.errors import EmotionTLError
from emotion_tl.files import STATE_FOLDER, force_to_disk, replace_file

CONTENT_FILE = "state.json"
# To be raised when what an older version wrote can no longer be read.
FORMAT = 1


class TrainingStateError(EmotionTLError):
    """A kept state from which a training cannot go on: missing, damaged, or of another training."""

    def __init__(self, path: Path, problem: str) -> None:
        """Takes the file or folder, and what was expected and what came in one or more sentences."""
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        """Returns the message for the user."""
        return f"{self.path}: {self.problem} Start the training anew, which needs no state."


@dataclass(frozen=True, eq=False)
class StateFiles:
    """What stands in the files.

    Attributes:
        content: as JSON.
        arrays: by name.
        best_weights: weights file of the best epoch; None where no epoch was one.
    """

    content: dict[str, Any]
    arrays: dict[str, np.ndarray]
    best_weights: Path | None


def has_state(output_dir: Path) -> bool:
    """Returns whether a training left something to go on from in its folder, and this user may look there."""
    try:
        return (output_dir / STATE_FOLDER / CONTENT_FILE).is_file()
    except OSError:
        return False


def remove_state(output_dir: Path) -> None:
    """Removes what a training left to go on from. Its history and its best weights stay."""
    shutil.rmtree(output_dir / STATE_FOLDER, ignore_errors=True)


def write_state(output_dir: Path, name: str, best_name: str, files: StateFiles) -> None:
    """Writes the files; whenever the process dies, those from before or the new ones are there in full.

    Args:
        output_dir: folder of the training.
        name: of the array file, without its ending; another one than that of the state before.
        best_name: of the link to the weights, without its ending.
        files: what is to stand in them. Of the weights a link is made, or a copy where the file system has no links.
    """
    folder = output_dir / STATE_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    paths = {"arrays": folder / f"{name}.npz"}
    replace_file(paths["arrays"], lambda partial: write_arrays(partial, files.arrays), must_outlive_power=True)
    if files.best_weights is not None:
        paths["best_weights"] = folder / f"{best_name}.weights.h5"
        link_file(files.best_weights, paths["best_weights"])
    entries = {kind: {"file": path.name, "crc32": compute_checksum(path)} for kind, path in paths.items()}
    described = {"format": FORMAT, "files": entries, "content": files.content}
    text = json.dumps({"crc32": checksum_of_json(described), **described}, indent=1)
    replace_file(
        folder / CONTENT_FILE, lambda partial: partial.write_text(text, encoding="utf-8"), must_outlive_power=True
    )
    keep_only(folder, {CONTENT_FILE, *(path.name for path in paths.values())})


def read_state(output_dir: Path) -> StateFiles:
    """Reads and checks the files.

    Raises:
        TrainingStateError: where there are none, or one of them is not as it was written; it is named.
    """
    folder = output_dir / STATE_FOLDER
    described = read_content(folder / CONTENT_FILE)
    paths = {}
    for kind, entry in described["files"].items():
        paths[kind] = folder / entry["file"]
        if not paths[kind].is_file() or compute_checksum(paths[kind]) != entry["crc32"]:
            raise TrainingStateError(paths[kind], "expected the file as it was written. Received: a damaged one.")
    with np.load(paths["arrays"], allow_pickle=False) as arrays:
        return StateFiles(described["content"], dict(arrays), paths.get("best_weights"))


def read_content(path: Path) -> dict[str, Any]:
    """Reads and checks the file that names the others.

    Raises:
        TrainingStateError: where it is missing, damaged, or written by another version.
    """
    if not path.is_file():
        raise TrainingStateError(path, "expected what a training kept to go on from. Received: no such file.")
    try:
        described = json.loads(path.read_bytes())
        is_whole = described.pop("crc32") == checksum_of_json(described)
    except (ValueError, KeyError, TypeError, AttributeError):
        is_whole = False
    if not is_whole:
        raise TrainingStateError(path, "expected the file as it was written. Received: a damaged one.")
    if described["format"] != FORMAT:
        raise TrainingStateError(
            path, f"expected format {FORMAT}. Received: {described['format']}, of another version."
        )
    return described


def copy_state(source: Path, destination: Path) -> None:
    """Makes the state of one training that of another too, by links where there are any."""
    described = read_content(source / STATE_FOLDER / CONTENT_FILE)
    (destination / STATE_FOLDER).mkdir(parents=True, exist_ok=True)
    names = [*(entry["file"] for entry in described["files"].values()), CONTENT_FILE]
    for name in names:
        link_file(source / STATE_FOLDER / name, destination / STATE_FOLDER / name)
    keep_only(destination / STATE_FOLDER, set(names))


def link_file(source: Path, target: Path) -> None:
    """Gives a file a second name in one step; copies it where the file system has no links or another one begins."""
    # A name that nobody opens to write: what a killed process leaves there is the source itself.
    partial = target.with_name(f"linked.{target.name}")
    partial.unlink(missing_ok=True)
    try:
        os.link(source, partial)
    except OSError:
        shutil.copyfile(source, partial)
    force_to_disk(partial)
    # Renaming one name of a file to another of the same file leaves both.
    partial.replace(target)
    partial.unlink(missing_ok=True)


def keep_only(folder: Path, names: set[str]) -> None:
    """Removes all other files of a folder."""
    for path in folder.iterdir():
        if path.name not in names:
            path.unlink()


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes arrays by name."""
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def compute_checksum(path: Path) -> int:
    """Returns the CRC-32 of a file."""
    # An empty file cannot be mapped.
    return zlib.crc32(np.memmap(path, mode="r").data) if path.stat().st_size else 0


def checksum_of_json(content: Any) -> int:
    """Returns the CRC-32 of nested dicts, lists and scalars."""
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())
