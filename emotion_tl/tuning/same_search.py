"""Which search a folder holds: the same one goes on there; another is refused, and so is a second process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from emotion_tl.config import to_plain
from emotion_tl.errors import ConfigurationError
from emotion_tl.files import read_json, write_json
from emotion_tl.identity import describe_differences, determining_content, flatten, hash_content
from emotion_tl.locks import acquire_if_free
from emotion_tl.tracking.running import LOCK_FILE
from emotion_tl.tuning.search_folder import SearchFolder
from emotion_tl.tuning_config import TuneConfig

SEARCH_FILE = "search.json"
# Settings of a search that change nothing in a trial that was run: it may go on with others.
MAY_CHANGE = ("max_trials",)


@dataclass(frozen=True)
class OpenSearch:
    """A search that this process alone works on.

    Attributes:
        name: of the search and of its folder.
        search_id: random; a folder that was deleted comes back with another one.
        folder: where its files lie.
    """

    name: str
    search_id: str
    folder: SearchFolder


@contextmanager
def open_search(config: TuneConfig, dataset_fingerprint: str) -> Iterator[OpenSearch]:
    """Opens the folder of a search, where it may have been begun, and keeps other processes out inside the block.

    A search without a name is known by what it is about, so that the same command goes on with it.

    Raises:
        ConfigurationError: where another search has the name, or another process works on this one.
    """
    content = search_content(config, dataset_fingerprint)
    key = hash_content(content)[:8]
    name = config.tune.name or f"{config.data.name}-{config.tuner.space.name}-{config.tuner.name}-{key}"
    folder = SearchFolder((Path(config.tune.output_dir).expanduser() / name).absolute())
    lock = acquire_if_free(folder.path / LOCK_FILE)
    if lock is None:
        raise ConfigurationError(
            f"tune.name: this search is under way in another process, in {folder.path}. Wait for its end, or give this "
            "one a name of its own."
        )
    with lock:
        yield OpenSearch(name, known_id(folder, content) or begin(folder, content), folder)


def search_content(config: TuneConfig, dataset_fingerprint: str) -> dict[str, Any]:
    """Returns what can change the result of a trial, as the identity of a run has it, and how trials are picked."""
    settings = to_plain(config)
    tuner = {key: value for key, value in settings["tuner"].items() if key not in MAY_CHANGE}
    experiment = {section: content for section, content in settings.items() if section not in ("tune", "tuner")}
    content = determining_content(experiment, dataset_fingerprint)
    return content.pop("settings") | content | {"tuner": tuner}


def known_id(folder: SearchFolder, content: dict[str, Any]) -> str | None:
    """Returns the id of the search that a folder holds; None where it holds none.

    Raises:
        ConfigurationError: where it is another search, naming what differs.
    """
    file = folder.path / SEARCH_FILE
    if not file.is_file():
        return None
    held = read_json(file)
    way_out = "Choose another name, or delete the folder."
    if "id" not in held:
        raise ConfigurationError(f"tune.name: {folder.path} holds a search of an earlier version. {way_out}")
    if differences := describe_differences(flatten(held["about"]), flatten(content)):
        raise ConfigurationError(f"tune.name: {folder.path} holds another search: {differences}. {way_out}")
    return str(held["id"])


def begin(folder: SearchFolder, content: dict[str, Any]) -> str:
    """Notes what a new search is about, and returns its id."""
    search_id = uuid4().hex
    write_json(folder.path / SEARCH_FILE, {"id": search_id, "about": content})
    return search_id
