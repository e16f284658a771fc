"""What the system refuses is told with its place and with what to do; a mistake of ours is not hidden."""

import errno
import os
from pathlib import Path

import pytest

from emotion_tl.cli.commands import told
from emotion_tl.errors import StorageError
from emotion_tl.files import NO_ROOM
from emotion_tl.system_errors import REMEDIES, system_errors_told

FULL = Path("/dev/full")


@pytest.mark.parametrize("code", REMEDIES)
def test_what_the_system_refuses_is_told_with_a_remedy(code):
    with pytest.raises(StorageError) as error, system_errors_told():
        raise OSError(code, os.strerror(code), "/full/outputs")
    assert str(error.value).startswith(f"/full/outputs: {os.strerror(code)}. ")
    assert "hydra.run.dir=" in str(error.value)


def test_room_is_asked_for_wherever_a_training_would_have_none_and_a_drive_with_locks_where_one_is_refused():
    assert all(REMEDIES[code].startswith("Make room there") for code in NO_ROOM)
    assert all(REMEDIES[code].startswith("A drive with locks") for code in (errno.ENOLCK, errno.EOPNOTSUPP))


@pytest.mark.skipif(not FULL.exists(), reason="Linux alone has a device that is always full")
def test_full_disk_names_no_file_and_is_told_too():
    with (
        pytest.raises(StorageError, match=r"^No space left on device\. Make room there, or choose"),
        system_errors_told(),
        FULL.open("w", encoding="utf-8") as file,
    ):
        file.write("text")


@pytest.mark.parametrize("mistake", [FileNotFoundError(errno.ENOENT, "gone", "x"), OSError("42"), ValueError("x")])
def test_other_errors_are_left_as_they_are(mistake):
    with pytest.raises(type(mistake)) as error, system_errors_told():
        raise mistake
    assert error.value is mistake


def test_command_ends_with_one_message_and_exit_code_1(capsys):
    @told
    def command(_):
        raise PermissionError(errno.EACCES, "Permission denied", "/theirs/mlflow.db")

    with pytest.raises(SystemExit) as ended:
        command(None)
    assert ended.value.code == 1
    shown = " ".join(capsys.readouterr().err.split())
    assert shown.startswith("error: /theirs/mlflow.db: Permission denied. Ask its owner for access, or choose another")
