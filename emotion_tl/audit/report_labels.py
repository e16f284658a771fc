"""The part of a report about labels that are doubted."""

from emotion_tl.audit.report_rows import to_rows
from emotion_tl.audit.result import AuditResult
from emotion_tl.html_report.blocks import Block, Column, DataTable, ImageGrid, Paragraph, Section

# Of pairs of classes: those after it hold few candidates each.
MAX_CONFUSIONS = 15


def label_issues_section(result: AuditResult, num_images: int) -> Section:
    """Returns the doubted labels: the most doubtful as images, then by class; no blocks where none were judged."""
    issues = result.label_issues
    if issues is None:
        return Section("Doubted labels")
    blocks: list[Block] = [
        Paragraph(
            f"A classifier on {issues.features} agrees with {issues.accuracy:.1%} of the labels of images it has not "
            f"seen. Of the others, confident learning doubts {len(issues.candidates):,}, "
            f"{len(issues.candidates) / len(result.images):.1%} of all. The weaker the classifier, the more of these "
            "are its own mistakes: the list is an order in which to look."
        )
    ]
    if issues.candidates.empty:
        return Section("Doubted labels", blocks)
    blocks += [
        most_doubtful(result, num_images),
        DataTable(
            to_rows(issues.by_class, "class"),
            [
                Column("labelled", lambda row: row["class"]),
                Column("doubted", lambda row: f"{row['num_candidates']:,}", lambda row: row["num_candidates"]),
                Column("of the class", lambda row: f"{row['share']:.1%}", lambda row: row["share"]),
            ],
            "Doubted labels by class",
        ),
        DataTable(
            to_rows(issues.confusions.head(MAX_CONFUSIONS)),
            [
                Column("labelled", lambda row: row["label"]),
                Column("suggested", lambda row: row["suggested"]),
                Column("images", lambda row: f"{row['num_candidates']:,}", lambda row: row["num_candidates"]),
            ],
            "What they are labelled as and what is suggested, the most frequent first",
        ),
    ]
    return Section("Doubted labels", blocks)


def most_doubtful(result: AuditResult, num_images: int) -> ImageGrid:
    """Returns the images whose labels are doubted most."""
    assert result.label_issues is not None
    shown = result.label_issues.candidates.head(num_images)
    names = result.dataset.class_names
    labels = [
        f"{label} → {names[suggested]} {probability:.0%}"
        for label, suggested, probability in zip(
            result.images.table.loc[shown["number"], "class_name"],
            shown["suggested"],
            shown["suggested_probability"],
            strict=True,
        )
    ]
    caption = "The most doubtful: the label, and what the classifier says with which probability"
    return ImageGrid(result.images.read(shown["number"]), labels, caption, shown_width=96)
