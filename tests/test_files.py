import pytest

from emotion_tl.files import replace_file, sha256_of


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "entry.json"
    for text in ("one", "two"):
        replace_file(path, lambda partial, text=text: partial.write_text(text), must_outlive_power=True)

    def run_out_of_room(partial):
        partial.write_text("thr")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        replace_file(path, run_out_of_room)
    assert path.read_text() == "two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_known_by_its_content(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1.
    assert sha256_of(tmp_path / "file") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
