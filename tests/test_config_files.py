"""Mistakes in the YAML of a chosen file."""

import errno
import re
from pathlib import Path

import pytest

from emotion_tl.cli.config_files import check_config_files, chosen_files
from emotion_tl.errors import ConfigurationError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "tuner" / "space").mkdir(parents=True)
    (tmp_path / "study" / "right.yaml").write_text("name: right\n")
    (tmp_path / "study" / "twice.yaml").write_text("name: a\nname: b\n")
    (tmp_path / "tuner" / "space" / "open.yaml").write_text("name: [a\n")
    return tmp_path


@pytest.mark.parametrize(
    ("argument", "files"),
    [
        ("study=right", ["study/right.yaml"]),
        ("+study=right,twice", ["study/right.yaml", "study/twice.yaml"]),
        ("tuner/space=open", ["tuner/space/open.yaml"]),
        ("study=missing", []),
        ("study.seeds=[0]", []),
        ("data.path=/etc/right", []),
        ("--cfg", []),
    ],
)
def test_files_of_the_chosen_options_are_looked_at(argument, files, folder):
    assert list(chosen_files([folder], [argument])) == [folder / file for file in files]


@pytest.mark.parametrize("option", [["--config-dir", "{}"], ["-cd", "{}"], ["--config-dir={}"]])
def test_mistake_is_told_with_the_file_and_the_line(option, folder):
    arguments = [text.format(folder) for text in option]
    check_config_files("study", [*arguments, "study=right"])
    with pytest.raises(ConfigurationError, match=r"twice.yaml, line 2: expected YAML. Received: found duplicate key"):
        check_config_files("study", [*arguments, "study=twice"])
    with pytest.raises(ConfigurationError, match=r"open.yaml, line \d"):
        check_config_files("tune", [*arguments, "tuner/space=open"])


def test_mistake_in_the_settings_of_a_machine_is_told_though_nobody_has_chosen_them(folder):
    (folder / "local").mkdir()
    (folder / "local" / "default.yaml").write_text("seed: 1\n")
    check_config_files("train", ["--config-dir", str(folder)])
    (folder / "local" / "default.yaml").write_text("seed: 1\nseed: 2\n")
    with pytest.raises(ConfigurationError, match=r"local/default.yaml, line 2: expected YAML. Received: found dupl"):
        check_config_files("train", ["--config-dir", str(folder)])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("name: é\n".encode("latin-1"), r": expected YAML in UTF-8\. Save it in that encoding\. Received: .*0xe9"),
        ("name: é\n".encode("utf-16"), r": expected YAML in UTF-8\."),
        (b"seed: 1\x01\n", r": expected keys with their values\. Received: unacceptable character #x0001"),
        (b"42\n", r": expected keys with their values\. Received: .*int"),
        (b"- seed: 1\n", r": expected keys with their values\. Received: a list"),
        (
            b"data:\n  path: ${oc.env\n",
            r": data\.path: expected \$\{key\}, or \\\$\{ where no key is meant\. Received: ",
        ),
    ],
    ids=["latin", "utf-16", "control character", "number", "list", "open interpolation"],
)
def test_file_that_cannot_be_read_is_told_with_what_is_expected(folder, content, told):
    (folder / "local").mkdir()
    (folder / "local" / "default.yaml").write_bytes(content)
    with pytest.raises(ConfigurationError, match=f"local/default.yaml{told}"):
        check_config_files("train", ["--config-dir", str(folder)])


def test_file_that_may_not_be_read_is_told(folder, monkeypatch):
    def refuse(file):
        raise PermissionError(errno.EACCES, "Permission denied", str(file))

    monkeypatch.setattr("emotion_tl.cli.config_files.OmegaConf.load", refuse)
    with pytest.raises(ConfigurationError, match=r"\.yaml: expected a file that this user may read.*Permission"):
        check_config_files("study", ["--config-dir", str(folder), "study=right"])


def test_shipped_files_are_found_by_themselves():
    conf = Path(__file__).parent.parent / "conf"
    assert list(chosen_files([conf], ["study=quick", "data=fer2013"])) == [
        conf / "study/quick.yaml",
        conf / "data/fer2013.yaml",
    ]
    check_config_files("train", ["data=fer2013"])


def test_what_is_shown_is_quoted_for_the_shell():
    """Bash makes two words of {backbone:vgg16,schedule:full}; zsh looks for files `seeds=[0]` and users `~study`."""
    repository = Path(__file__).parent.parent
    files = [repository / "README.md", *(repository / "docs").glob("*.md"), *(repository / "conf").rglob("*.yaml")]
    special = r"""(.)[+~]*(?:(?<=~)[a-z_]+[./]|study\.arms\.\w+=\{|[a-z_.]+=\[)"""
    shown = [(file.name, found) for file in files for found in re.findall(special, file.read_text())]
    assert shown
    assert {found for _, found in shown} == {"'"}, shown
