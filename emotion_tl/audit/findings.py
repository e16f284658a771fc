"""What an audit found, in sentences: the worst first, each with what can be done about it."""

from collections.abc import Iterator
from dataclasses import dataclass

from emotion_tl.audit.counts import measure_imbalance
from emotion_tl.audit.result import AuditResult
from emotion_tl.data.persons import SPLITS_BEFORE, seen_before

BAD, WARNING = "bad", "warning"
# Of the test images: below, a leak moves a score by less than its interval.
NOTABLE_SHARE = 0.01
# Times as many images in the largest class as in the smallest: above, accuracy says little of the small ones.
NOTABLE_IMBALANCE = 3.0
# Of all labels. Test sets that people looked through hold 3.3 % of errors on average, the worst 10 %: Northcutt,
# Athalye, Mueller 2021, arXiv:2103.14749.
MANY_DOUBTED = 0.1


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a data set.

    Attributes:
        level: BAD where it distorts a score, WARNING where it may.
        text: what was found.
        remedy: what to do.
    """

    level: str
    text: str
    remedy: str


def list_findings(result: AuditResult) -> list[Finding]:
    """Returns what was found, the worst first; nothing where nothing was."""
    found = [
        *find_leaks(result),
        *find_persons_on_both_sides(result),
        *find_contradictions(result),
        *find_useless_images(result),
        *find_near_leaks(result),
        *find_doubted_labels(result),
        *find_imbalance(result),
    ]
    return sorted(found, key=lambda finding: finding.level != BAD)


def nothing_found(result: AuditResult) -> str:
    """Returns what is told where there are no findings, with what was not looked for."""
    parts = {"near_duplicates=false": result.near_duplicates, "label_issues=false": result.label_issues}
    left_out = " ".join(setting for setting, part in parts.items() if part is None)
    return f"Nothing was found to be wrong with these images.{f' Not looked at: {left_out}.' if left_out else ''}"


def find_leaks(result: AuditResult) -> Iterator[Finding]:
    """Yields what exact copies do to the scores."""
    copies, sizes = result.exact_copies, result.counts.sum()
    num_leaked = result.num_seen_before("test")
    if num_leaked:
        share = num_leaked / sizes["test"]
        by_split = copies.between_splits["test"]
        where = max(by_split, key=by_split.__getitem__)
        shares = copies.by_class[where]
        counts = ", ".join(f"{num_images:,} in {split}" for split, num_images in by_split.items() if num_images)
        yield Finding(
            BAD if share >= NOTABLE_SHARE else WARNING,
            f"Test images that also stand in train or val: {num_leaked:,} of {sizes['test']:,} ({share:.1%}); "
            f"{counts}. Class {shares.idxmax()} is hit hardest: {shares.max():.1%} of its test images stand in "
            f"{where}.",
            "Read the leak-free score, which every run reports; or train with data.dedup=drop_train_copies.",
        )
    num_chosen_by = result.num_seen_before("val")
    if num_chosen_by:
        yield Finding(
            WARNING,
            f"Val images that also stand in train: {num_chosen_by:,} of {sizes['val']:,} "
            f"({num_chosen_by / sizes['val']:.1%}). The best epoch is chosen in part by what was learnt by heart.",
            "data.dedup=drop_train_copies leaves them out of train.",
        )


def find_persons_on_both_sides(result: AuditResult) -> Iterator[Finding]:
    """Yields who is in test, or val, and in a split before it: a model may know the face in place of the expression."""
    persons = result.dataset.persons
    if persons is None:
        return
    for split, before in SPLITS_BEFORE.items():
        shared = seen_before(persons, split)
        if shared.empty:
            continue
        num_persons, num_images = int((persons[split] > 0).sum()), int(persons[split].sum())
        share = shared[split].sum() / num_images
        yield Finding(
            BAD if split == "test" and share >= NOTABLE_SHARE else WARNING,
            f"People in {split} who are also in {' or '.join(before)}: {len(shared):,} of {num_persons:,}, with "
            f"{shared[split].sum():,} of the {num_images:,} {split} images ({share:.1%}), the first {shared.index[0]}. "
            "The leak-free score does not leave them out.",
            "Put each person into one split; or give the images without split folders, which keeps people together. "
            "persons.csv lists them.",
        )


def find_contradictions(result: AuditResult) -> Iterator[Finding]:
    """Yields equal images with different labels."""
    copies = result.exact_copies
    if copies.num_conflicting_groups:
        num_images = int(copies.members["labels_differ"].sum())
        yield Finding(
            WARNING,
            f"Groups of identical images with different labels: {copies.num_conflicting_groups:,} ({num_images:,} "
            "images). At most one label of each group can be right.",
            "data.dedup=clean leaves them out of train and val; exact_copies.csv lists them.",
        )
    if copies.num_redundant_copies:
        yield Finding(
            WARNING,
            f"Images that repeat another one: {copies.num_redundant_copies:,}, in {copies.num_groups:,} groups; "
            f"{copies.num_unique_images:,} of {len(result.images):,} are different.",
            "data.dedup=clean keeps one of each in train.",
        )


def find_useless_images(result: AuditResult) -> Iterator[Finding]:
    """Yields images without a picture in them, and files that could not be read."""
    if num_constant := len(result.constant_images):
        yield Finding(
            WARNING,
            f"Images of one constant value, without a face: {num_constant:,}.",
            "data.dedup=clean leaves them out of train and val; constant_images.csv lists them.",
        )
    if num_rejected := len(result.dataset.rejected):
        yield Finding(
            WARNING,
            f"Files that could not be used: {num_rejected:,}, the first {result.dataset.rejected['image'].iloc[0]} "
            f"({result.dataset.rejected['reason'].iloc[0]}).",
            "Repair or remove them; rejected_images.csv lists them with their reasons.",
        )


def find_near_leaks(result: AuditResult) -> Iterator[Finding]:
    """Yields what images that show almost the same do to the scores."""
    near = result.near_duplicates
    if near is None or near.pairs.empty:
        return
    num_leaked = near.between_splits["test"]["train"]
    yield Finding(
        WARNING,
        f"Pairs of images that show almost the same: {near.told_number()}; {near.num_mirrored_pairs:,} mirrored. "
        f"Test images with such a counterpart in train, and no exact copy there: {num_leaked:,} "
        f"({num_leaked / result.counts['test'].sum():.1%}); the leak-free score does not leave them out.",
        "No setting removes them: look at them in the report; near_duplicates.csv lists them.",
    )
    if near.num_conflicting_pairs:
        yield Finding(
            WARNING,
            f"Of these pairs, with different labels: {near.num_conflicting_pairs:,}. One photograph, two opinions.",
            "near_duplicates.csv lists them, with labels_differ.",
        )


def find_doubted_labels(result: AuditResult) -> Iterator[Finding]:
    """Yields the labels that a classifier speaks against."""
    issues = result.label_issues
    if issues is None or issues.candidates.empty:
        return
    share = len(issues.candidates) / len(result.images)
    caution = (
        " Where so many are doubted, most are mistakes of the classifier: the list is an order in which to look."
        if share > MANY_DOUBTED
        else ""
    )
    yield Finding(
        WARNING,
        f"Labels doubted by a classifier that agrees with {issues.accuracy:.1%} of all: {len(issues.candidates):,} "
        f"({share:.1%}).{caution}",
        "Look at label_issues.csv from the top on; remove nothing unseen.",
    )


def find_imbalance(result: AuditResult) -> Iterator[Finding]:
    """Yields classes of very unequal size."""
    imbalance = measure_imbalance(result.counts)["train"]
    if imbalance >= NOTABLE_IMBALANCE:
        counts = result.counts["train"]
        yield Finding(
            WARNING,
            f"The largest class of train, {counts.idxmax()}, has {imbalance:.1f} times as many images as the smallest, "
            f"{counts.idxmin()} ({counts.max():,} and {counts.min():,}).",
            "Read macro-F1 beside accuracy; imbalance=class_weight or logit_adjust weighs the classes.",
        )
