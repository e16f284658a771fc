"""Curves that are told apart by colour, marker and dashes."""

from itertools import combinations

from emotion_tl.analysis.figures.curves import Curve, Panel, curves_figure, line_style


def test_curves_are_told_apart_beyond_the_sixth():
    styles = [line_style(style) for style in range(36)]
    assert all(first[:2] != second[:2] for first, second in combinations(styles, 2))
    # On a grey print.
    assert all(first[1:] != second[1:] for first, second in combinations(styles, 2))


def test_a_curve_is_drawn_in_its_style():
    curves = [Curve(f"model {style}", [1, 2], [style, style + 1], style=style) for style in (1, 7)]
    (axis,) = curves_figure([Panel(curves, "", "epoch")], "", "").axes
    drawn = [(line.get_color(), line.get_marker()) for line in axis.get_lines()]
    assert drawn == [line_style(style)[:2] for style in (1, 7)]
