"""Zip archives that must not be read."""

import zipfile
from pathlib import Path

import pytest

from emotion_tl.data.sources import archives
from emotion_tl.data.sources.archives import open_archive
from emotion_tl.errors import DataError


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_an_honest_archive_opens(tmp_path):
    path = write_zip(tmp_path / "good.zip", {"train/happy/..x.jpg": b"face", "train/a..b/y.jpg": b"face"})
    with open_archive(path) as archive:
        assert archive.read("train/happy/..x.jpg") == b"face"


@pytest.mark.parametrize(
    "name", ["../out.jpg", "a/../../out.jpg", "/etc/out.jpg", "C:/out.jpg", "C:\\out.jpg", "..\\out.jpg"]
)
def test_members_outside_the_folder_are_refused(tmp_path, name):
    path = write_zip(tmp_path / "evil.zip", {"happy/a.jpg": b"face", name: b"face"})
    with pytest.raises(DataError, match=r"evil.zip is refused: its member .* would land outside"):
        open_archive(path)


def test_a_member_of_absurd_ratio_is_refused(tmp_path):
    path = write_zip(tmp_path / "bomb.zip", {"happy/a.jpg": bytes(5_000_000)})
    with pytest.raises(DataError, match=r"zip bomb: its member 'happy/a.jpg' claims 5,000,000 bytes"):
        open_archive(path)


def test_many_small_members_of_absurd_ratio_are_refused_together(tmp_path):
    members = {f"happy/{number}.jpg": bytes(1_000_000) for number in range(20)}
    with pytest.raises(DataError, match=r"zip bomb: its members claim 20,000,000 bytes"):
        open_archive(write_zip(tmp_path / "bomb.zip", members))


def test_a_blank_bitmap_is_no_bomb(tmp_path):
    open_archive(write_zip(tmp_path / "blank.zip", {"happy/a.bmp": bytes(500_000)})).close()


def test_a_member_of_absurd_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBER_BYTES", 1000)
    path = write_zip(tmp_path / "large.zip", {"happy/a.jpg": bytes(range(256)) * 4})
    with pytest.raises(DataError, match="zip bomb"):
        open_archive(path)


def test_an_encrypted_archive_is_refused(tmp_path):
    path = write_zip(tmp_path / "locked.zip", {"happy/a.jpg": b"face"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"locked.zip is encrypted"):
        open_archive(path)


def test_a_truncated_archive_is_refused(tmp_path):
    path = write_zip(tmp_path / "half.zip", {f"happy/{number}.jpg": b"face" for number in range(100)})
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DataError, match=r"half.zip: expected a folder or a whole zip archive"):
        open_archive(path)
