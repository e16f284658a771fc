"""Which search goes on in a folder, and which is refused."""

import json
import subprocess
import sys

import pytest

from emotion_tl.errors import ConfigurationError
from emotion_tl.tuning.same_search import SEARCH_FILE, OpenSearch, open_search
from tests.runs import REPOSITORY
from tests.tuning.searches import compose_search

HEADS = ("tuner/space=head", "backbone=simple_cnn")


def opened(folder, *overrides: str, dataset: str = "faces") -> OpenSearch:
    config = compose_search(*HEADS, *overrides)
    config.tune.output_dir = str(folder)
    with open_search(config, dataset) as search:
        return search


def refusal(folder, *overrides: str, **options: str) -> str:
    with pytest.raises(ConfigurationError, match=r"tune\.name") as caught:
        opened(folder, *overrides, **options)
    return str(caught.value)


@pytest.mark.parametrize("named", [(), ("tune.name=mine",)])
@pytest.mark.parametrize(
    "override", ["cache_dir=elsewhere", "+data.path=elsewhere", "tuner.max_trials=77", "tune.num_workers=2"]
)
def test_it_goes_on_wherever_the_files_lie_and_with_more_trials(tmp_path, named, override):
    assert opened(tmp_path, *named).search_id == opened(tmp_path, *named, override).search_id


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("trainer.batch_size=7", "trainer.batch_size=64, received 7"),
        ("tuner.seed=5", "tuner.seed=0, received 5"),
        ("tuner.space.parameters.dropout.high=0.5", "tuner.space.parameters.dropout.high=0.7, received 0.5"),
    ],
)
def test_other_settings_are_another_search_and_what_differs_is_named(tmp_path, override, told):
    opened(tmp_path, "tune.name=mine", "trainer.batch_size=64")
    assert told in refusal(tmp_path, "tune.name=mine", "trainer.batch_size=64", override)
    assert opened(tmp_path).name != opened(tmp_path, override).name


def test_other_images_are_another_search(tmp_path):
    opened(tmp_path, "tune.name=mine")
    assert "dataset=faces, received others" in refusal(tmp_path, "tune.name=mine", dataset="others")


def test_weights_are_known_by_their_content(tmp_path):
    weights, copy = tmp_path / "mine.weights.h5", tmp_path / "copy.weights.h5"
    weights.write_bytes(b"first")
    copy.write_bytes(b"first")
    first = opened(tmp_path, "tune.name=mine", f"backbone.weights={weights}")
    assert opened(tmp_path, "tune.name=mine", f"backbone.weights={copy}").search_id == first.search_id
    weights.write_bytes(b"second")
    assert "backbone.weights" in refusal(tmp_path, "tune.name=mine", f"backbone.weights={weights}")


def test_another_version_of_keras_is_told(tmp_path):
    search = opened(tmp_path, "tune.name=mine")
    file = search.folder.path / SEARCH_FILE
    held = json.loads(file.read_text())
    held["about"]["versions"]["keras"] = "2.0"
    file.write_text(json.dumps(held))
    assert "versions.keras=2.0, received 3" in refusal(tmp_path, "tune.name=mine")


def test_a_search_of_an_earlier_version_is_refused(tmp_path):
    search = opened(tmp_path, "tune.name=mine")
    (search.folder.path / SEARCH_FILE).write_text(json.dumps({"key": "0", "tuner": {}, "fixed": []}))
    assert "earlier version" in refusal(tmp_path, "tune.name=mine")


def test_a_folder_that_was_deleted_comes_back_as_another_search(tmp_path):
    search = opened(tmp_path)
    (search.folder.path / SEARCH_FILE).unlink()
    again = opened(tmp_path)
    assert again.name == search.name
    assert again.search_id != search.search_id


def test_a_second_process_is_refused_as_long_as_the_first_is_at_work(tmp_path):
    holding = (
        "import sys; from filelock import FileLock; lock = FileLock(sys.argv[1]); "
        "lock.acquire(timeout=0); print('held', flush=True); sys.stdin.read()"
    )
    lock = opened(tmp_path, "tune.name=mine").folder.path / ".running"
    command = [sys.executable, "-c", holding, str(lock)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=REPOSITORY, **pipes) as first:
        assert first.stdout.readline() == "held\n"
        assert "under way in another process" in refusal(tmp_path, "tune.name=mine")
        first.stdin.close()
    assert opened(tmp_path, "tune.name=mine").name == "mine"
