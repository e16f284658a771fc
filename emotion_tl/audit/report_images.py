"""The parts of a report that show what the classes are like: counts, brightness, mean images, contact sheets."""

import numpy as np
from matplotlib.figure import Figure

from emotion_tl.audit.brightness import FIGURES, average_images
from emotion_tl.audit.counts import measure_imbalance
from emotion_tl.audit.report_rows import to_rows
from emotion_tl.audit.result import AuditResult
from emotion_tl.evaluation.figure_style import BLUE, INK, WIDTH, entitle, shortened, styled
from emotion_tl.evaluation.figures import class_distribution
from emotion_tl.html_report.blocks import Column, DataTable, Details, ImageGrid, Paragraph, Plot, Section


def classes_section(result: AuditResult) -> Section:
    """Returns the images of each class in each split."""
    counts = result.counts
    rows = to_rows(counts, "class")
    columns = [
        Column("class", lambda row: row["class"]),
        *(counts_column(str(split), int(column.sum())) for split, column in counts.items()),
    ]
    imbalance = ", ".join(f"{split} {factor:.1f}" for split, factor in measure_imbalance(counts).items())
    figure = class_distribution(
        {str(split): column.tolist() for split, column in counts.items()}, result.dataset.class_names
    )
    description = "; ".join(f"{name} {counts.loc[name, 'train']:,} in train" for name in counts.index)
    return Section(
        "Classes and splits",
        [
            Plot(figure, f"Images of each class: {description}."),
            DataTable(rows, columns, "Images of each class, and their share of the split"),
            Paragraph(f"The largest class is so many times as large as the smallest: {imbalance}."),
        ],
    )


def counts_column(split: str, size: int) -> Column:
    """Returns a column with the count and the share of a class in a split."""
    return Column(split, lambda row: f"{row[split]:,} ({row[split] / size:.1%})", lambda row: row[split])


def brightness_section(result: AuditResult) -> Section:
    """Returns how bright the classes are, and the mean image of each."""
    names = list(result.dataset.class_names)
    darkest = result.brightness["brightness"].idxmin()
    brightest = result.brightness["brightness"].idxmax()
    gap = result.brightness["brightness"].max() - result.brightness["brightness"].min()
    deviation = result.brightness["brightness_deviation"].mean()
    told = (
        f"On average {brightest} is the brightest class and {darkest} the darkest, {gap:.0f} of 255 grey levels apart; "
        f"within a class images differ by {deviation:.0f} (standard deviation)."
    )
    return Section(
        "Brightness",
        [
            Paragraph(told),
            Plot(brightness_figure(result), f"Brightness and contrast of the images of each class. {told}"),
            ImageGrid(average_images(result.images), names, "The mean image of each class", shown_width=112),
        ],
    )


@styled
def brightness_figure(result: AuditResult) -> Figure:
    """Draws brightness and contrast of the images of each class as boxes from the 5th to the 95th percentile."""
    table, names = result.images.table, result.dataset.class_names
    figure = Figure(figsize=(WIDTH, 0.42 * len(names) + 1.6), layout="constrained")
    entitle(figure, "How bright the classes are")
    axes = figure.subplots(1, len(FIGURES), sharey=True)
    for axis, name in zip(axes, FIGURES, strict=True):
        values = [table.loc[table["label"] == label, name].to_numpy() for label in range(len(names))]
        axis.boxplot(
            values,
            orientation="horizontal",
            whis=(5, 95),
            showfliers=False,
            widths=0.55,
            patch_artist=True,
            boxprops={"facecolor": BLUE, "alpha": 0.35, "edgecolor": BLUE},
            medianprops={"color": INK},
            whiskerprops={"color": BLUE},
            capprops={"color": BLUE},
        )
        axis.set_yticks(range(1, len(names) + 1), [shortened(str(class_name)) for class_name in names])
        axis.set_xlabel(f"{name} of an image, grey levels")
        axis.grid(axis="x")
    axes[0].invert_yaxis()
    axes[0].set_title("Boxes: the middle half of the images; whiskers: all but the outer 5 % on each side")
    return figure


def contact_sheets_section(result: AuditResult, num_images: int, seed: int) -> Section:
    """Returns images of each class, drawn at random."""
    table, generator = result.images.table, np.random.default_rng(seed)
    sheets = []
    for label, name in enumerate(result.dataset.class_names):
        numbers = np.flatnonzero(table["label"] == label)
        drawn = np.sort(generator.choice(numbers, min(num_images, len(numbers)), replace=False))
        labels = table.loc[drawn, "split"].tolist()
        grid = ImageGrid(result.images.read(drawn), labels, f"{len(drawn)} of {len(numbers):,}, drawn at random", 72)
        sheets.append(Details(str(name), [grid]))
    return Section("Contact sheets", sheets)
