import re

from matplotlib.figure import Figure

from emotion_tl.html_report.embedding import embed_figure


def draw(title: str) -> Figure:
    figure = Figure(figsize=(4, 2))
    figure.subplots().plot([1, 2, 3], [3, 1, 2], marker="o")
    figure.suptitle(title)
    return figure


def test_equal_figures_are_equal_in_every_report():
    assert embed_figure(draw("loss")) == embed_figure(draw("loss"))


def test_figures_of_one_page_share_no_id_and_find_their_own():
    first, second = (embed_figure(draw(title)) for title in ("loss", "accuracy"))
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (first, second)]
    assert not ids[0] & ids[1]
    for own, svg in zip(ids, (first, second), strict=True):
        used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))
        assert used
        assert used <= own
