"""The page of a report as text, and as a browser shows it."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from emotion_tl.html_report.blocks import (
    BulletList,
    Column,
    DataTable,
    Details,
    ImageGrid,
    KeyFigure,
    KeyFigures,
    Notice,
    Paragraph,
    Plot,
    Section,
)
from emotion_tl.html_report.page import render_page, write_page
from tests.browser import NARROW, WIDE, open_page

MODELS = [
    {"name": "vgg16 <script>alert(1)</script>", "accuracy": 0.5},
    {"name": "inceptionv3", "accuracy": 0.629},
    {"name": "failed", "accuracy": float("nan")},
    {"name": "baseline_cnn", "accuracy": 0.0895},
]
TABLE = DataTable(
    MODELS,
    [
        Column("model", lambda row: row["name"]),
        Column(
            "accuracy, %",
            lambda row: None if np.isnan(row["accuracy"]) else f"{100 * row['accuracy']:.1f}",
            lambda row: row["accuracy"],
        ),
    ],
    "Models",
)


def draw_figure(title: str) -> Figure:
    figure = Figure(figsize=(6, 3))
    axis = figure.subplots()
    axis.plot([1, 2, 3], [3, 1, 2], marker="o")
    axis.set_title(title)
    return figure


def make_sections() -> list[Section]:
    images = np.random.default_rng(0).integers(0, 256, (3, 12, 12, 1), dtype=np.uint8)
    return [
        Section(
            "What was found & what not",
            [
                Paragraph("The <b>first</b> thing to read.", lead=True),
                Notice("One model failed.", "bad"),
                KeyFigures([KeyFigure("62.9 %", "best accuracy", "61.3–64.5")]),
                BulletList(["one", "two"]),
            ],
        ),
        Section("Models", [TABLE, Plot(draw_figure("a < b"), "A line that falls and rises.", "Some line.")]),
        Section("Nothing to say"),
        Section(
            "Faces",
            [
                Plot(draw_figure("again"), "Another line."),
                ImageGrid(images, ["a", "b", "c"], "Noise."),
                Details("More", [Paragraph("folded")]),
            ],
        ),
    ]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "new" / "report.html"
    write_page(path, "A report", "about nothing", make_sections())
    return path


def test_text_is_escaped_and_empty_sections_are_left_out(report):
    html = report.read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "&lt;b&gt;first&lt;/b&gt;" in html
    assert "Nothing to say" not in html


def test_no_id_stands_twice_and_what_is_referred_to_is_there(report):
    html = report.read_text(encoding="utf-8")
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', html)) <= {(name, "") for name in ids} | {
        ("", name) for name in ids
    }


def test_a_value_that_is_missing_shows_as_a_dash_and_sorts_last():
    assert [cells[1] for cells in cells_of(TABLE.html())] == [
        ("0.5", "50.0"),
        ("0.629", "62.9"),
        ("", "–"),
        ("0.0895", "8.9"),
    ]


def test_a_text_that_is_missing_sorts_last_too():
    table = DataTable([{"of": "b"}, {"of": None}], [Column("name", lambda row: row["of"])], "Texts")
    assert cells_of(table.html()) == [[("b", "b")], [("", "–")]]


def cells_of(html: str) -> list[list[tuple[str, str]]]:
    rows = html.split("<tbody>")[1].split("</tr>")[:-1]
    return [re.findall(r'data-sort="([^"]*)"[^>]*>([^<]*)<', row) for row in rows]


def test_the_same_report_gives_the_same_page():
    first, second = (re.sub(r"figure\d+-", "", render_page("A", "b", make_sections())) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_browser_shows_it_without_a_word_and_without_a_request(report, size):
    with open_page(report, size) as watched:
        assert watched.console == []
        assert watched.requests == []
        assert not watched.overflows()
        assert watched.page.locator("section").count() == 3
        plot = watched.page.get_by_role("img", name="A line that falls and rises.")
        assert plot.bounding_box()["height"] > 100


def test_a_click_on_a_heading_sorts_and_another_turns_it_round(report):
    with open_page(report) as watched:
        heading = watched.page.get_by_role("columnheader", name="accuracy, %")
        names = watched.page.locator("tbody th")
        heading.get_by_role("button").click()
        assert names.all_inner_texts() == ["inceptionv3", MODELS[0]["name"], "baseline_cnn", "failed"]
        assert heading.get_attribute("aria-sort") == "descending"
        heading.get_by_role("button").click()
        assert names.all_inner_texts() == ["baseline_cnn", MODELS[0]["name"], "inceptionv3", "failed"]
        watched.page.get_by_role("columnheader", name="model").get_by_role("button").press("Enter")
        assert names.first.inner_text() == "baseline_cnn"


def test_what_is_folded_away_is_printed(report):
    with open_page(report) as watched:
        folded = watched.page.get_by_text("folded")
        assert not folded.is_visible()
        watched.page.emulate_media(media="print")
        assert folded.is_visible()
        assert not watched.page.get_by_role("navigation").is_visible()
