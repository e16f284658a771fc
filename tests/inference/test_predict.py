"""Predictions on files with awkward names, and the settings of the command."""

import numpy as np
import pandas as pd
import pytest

from emotion_tl.errors import DataError
from emotion_tl.inference.predict import find_images, print_for_person, print_table, tabulate


def test_square_brackets_in_a_file_name_are_no_markup(tmp_path, capsys):
    paths = [tmp_path / "1.jpg", tmp_path / "2.jpg"]
    table = tabulate(paths, [None, "damaged [x]"], np.array([[0.25, 0.75]], dtype="float32"), ("angry", "happy"))
    table["image"] = ["photo[old].jpg", "a[/b].jpg"]
    print_for_person(table)
    told = capsys.readouterr()
    assert "photo[old].jpg" in told.out
    assert "happy 75%" in told.out
    assert "a[/b].jpg: damaged [x]" in told.err


def test_square_brackets_in_the_name_of_a_class_are_no_markup(tmp_path, capsys):
    probabilities = np.array([[0.3, 0.7]], dtype="float32")
    print_for_person(tabulate([tmp_path / "1.jpg"], [None], probabilities, ("[/]", "[unsure]")))
    told = capsys.readouterr().out
    assert "[unsure] 70%" in told
    assert "[/] 30%" in told


@pytest.mark.parametrize("output", ["table", "csv", "jsonl"])
def test_a_file_name_that_is_not_utf_8_is_told_all_the_same(output, tmp_path, capsys):
    paths = [tmp_path / "caf\udce9.jpg", tmp_path / "b.jpg"]
    table = tabulate(paths, [None, "empty"], np.array([[0.3, 0.7]], dtype="float32"), ("angry", "happy"))
    print_table(table, output, first=True)
    # As JSON has it, with the backslash doubled.
    expected = r"caf\\udce9.jpg" if output == "jsonl" else r"caf\udce9.jpg"
    assert expected in capsys.readouterr().out.replace("\n", "")


def test_bad_files_stand_in_the_table_without_a_prediction(tmp_path):
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]], dtype="float32")
    paths = [tmp_path / name for name in ("1.png", "2.png", "3.png")]
    table = tabulate(paths, [None, "empty", None], probabilities, ("angry", "happy"))
    assert table["predicted"].fillna("").tolist() == ["angry", "", "happy"]
    assert table["confidence"].tolist()[::2] == pytest.approx([0.9, 0.8])
    assert pd.isna(table.loc[1, "probability_angry"])


def test_folder_without_images_is_an_error_that_names_it(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(DataError, match="holds none"):
        find_images(tmp_path)
    with pytest.raises(DataError, match="not there"):
        find_images(tmp_path / "missing")


def test_the_files_of_a_folder_are_those_that_a_training_would_look_at(tmp_path):
    (tmp_path / "deep" / ".cache").mkdir(parents=True)
    for name in ("b.JFIF", "a.jpg", "deep/scan", "deep/c.gif", ".hidden.jpg", "deep/.cache/d.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    names = [path.relative_to(tmp_path).as_posix() for path in find_images(tmp_path)]
    assert names == ["a.jpg", "b.JFIF", "deep/c.gif", "deep/scan"]
