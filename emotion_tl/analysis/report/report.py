"""The report of a comparison as one HTML file."""

from datetime import datetime
from pathlib import Path

from emotion_tl.analysis.comparison import Comparison
from emotion_tl.analysis.findings import Findings
from emotion_tl.analysis.report.depth import depth_section
from emotion_tl.analysis.report.differences import differences_section
from emotion_tl.analysis.report.images import images_section
from emotion_tl.analysis.report.method import method_section
from emotion_tl.analysis.report.models import models_section
from emotion_tl.analysis.report.opening import best_pretrained, opening_section
from emotion_tl.analysis.report.transfer import transfer_section
from emotion_tl.analysis.report.treatments import treatments_section
from emotion_tl.analysis.report.use import use_section
from emotion_tl.html_report.page import write_page

TRANSFER_TITLE = "Does transfer beat training from scratch?"
OTHER_TITLE = "Which model reads these faces best?"


def write_report(comparison: Comparison, findings: Findings, path: Path) -> None:
    """Writes the report; chapters about which the runs say nothing are left out."""
    count = sum(len(result.model.runs) for result in comparison.results)
    images = comparison.results[0].model.test.num_images
    dataset = comparison.results[0].model.tags.get("dataset", "")
    sections = [
        opening_section(comparison, findings),
        models_section(comparison),
        differences_section(comparison),
        transfer_section(comparison, findings),
        depth_section(comparison),
        treatments_section(findings),
        use_section(comparison, findings),
        *([images_section(comparison)] if comparison.config.show_images else []),
        method_section(comparison),
    ]
    subtitle = (
        f"{comparison.title}: {len(comparison.results)} models in {count} runs on {images:,} test images of {dataset}"
    )
    write_page(path, title_of(comparison), f"{subtitle}; {datetime.now():%d %B %Y}", sections)


def title_of(comparison: Comparison) -> str:
    """Returns the question that the comparison asks: that of transfer where pretrained meets trained from scratch."""
    best = best_pretrained(comparison)
    return TRANSFER_TITLE if best is not None and comparison.is_against_scratch(best) else OTHER_TITLE
