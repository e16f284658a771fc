"""How the folders of an image data set are read: root/<split>/<class>/* or root/<class>/*."""

import logging
import unicodedata
from collections import Counter
from dataclasses import dataclass

from emotion_tl.data.sources.candidates import is_candidate
from emotion_tl.data.sources.split_names import parse_split_name
from emotion_tl.data.sources.trees import FileTree
from emotion_tl.errors import DataError

logger = logging.getLogger(__name__)

# What classes of faces are called, to tell them from people.
EXPRESSIONS = {"angry", "anger", "disgust", "disgusted", "fear", "fearful", "happy", "happiness", "sad", "sadness"}
EXPRESSIONS |= {"surprise", "surprised", "neutral", "contempt", "calm"}
MAX_NAMES = 4


@dataclass(frozen=True)
class ImageFile:
    """An image file in its place.

    Attributes:
        name: as the tree knows it.
        image_id: the name below the folder that holds the splits or the classes.
        class_name: the folder that names its class.
        split: "train", "val", "test", or None where the folders name no split.
    """

    name: str
    image_id: str
    class_name: str
    split: str | None


@dataclass(frozen=True)
class Layout:
    """The image files of a tree and their classes, also those without a file, in alphabetical order."""

    images: list[ImageFile]
    class_names: tuple[str, ...]


def read_layout(tree: FileTree, path: str, people_known: bool = False) -> Layout:
    """Reads classes and splits off the names of the folders.

    A folder that alone holds everything, as archives often have, is passed through; images may lie deeper than in the
    folder of their class; upper and lower case in the names of the splits do not matter.

    Args:
        path: of the tree, for messages.
        people_known: whether it is known who is on the images, so that nobody has to be told of it.

    Raises:
        DataError: where there is no such layout, or one that does not say what the classes are.
    """
    names = [name for name in tree.files if is_candidate(name)]
    wrapper = find_wrapper(names)
    has_splits = any(parse_split_name(name[len(wrapper) :].split("/")[0]) for name in names)
    placed = [place(name, wrapper, has_splits) for name in names]
    images = [image for image in placed if image is not None]
    if not images:
        raise DataError(describe_missing(tree, path))
    if len(images) < len(names):
        logger.warning("%s: %d images that stand in no class folder are left out.", path, len(names) - len(images))
    empty = [place(f"{name}/", wrapper, has_splits) for name in tree.folders if is_candidate(name)]
    classes = {image.class_name for image in [*images, *empty] if image is not None}
    check_spelling({image.class_name for image in images}, path)
    check_depth(images, path, people_known)
    return Layout(images, tuple(sorted(classes)))


def check_spelling(classes: set[str], path: str) -> None:
    """Raises a DataError where the names of two classes differ in upper and lower case alone."""
    known: dict[str, str] = {}
    for name in sorted(classes):
        other = known.setdefault(name.casefold(), name)
        if other != name:
            raise DataError(f"{path}: expected one spelling of each class. Received: {other} and {name}.")


def check_depth(images: list[ImageFile], path: str, people_known: bool) -> None:
    """Tells where the same folders stand below several classes: what stands above or below may be people.

    Raises:
        DataError: where the folders below are named after expressions and those taken for classes are not.
    """
    below = folders_below(images)
    counts = Counter(name for names in below.values() for name in names)
    shared = sorted(name for name, count in counts.items() if count > 1)
    if len(shared) < 2:
        return
    classes, folders = (", ".join(names[:MAX_NAMES]) for names in (sorted(below), shared))
    told = f"{path}: {classes} are taken for the classes, and the same folders stand below them: {folders}."
    if EXPRESSIONS.issuperset(map(str.casefold, below)):
        if not people_known and any(image.split is None for image in images):
            logger.warning(
                "%s If those are people, they leak unless data.person_pattern='^[^/]+/([^/]+)/' keeps each together.",
                told,
            )
    elif EXPRESSIONS.issuperset(map(str.casefold, shared)):
        raise DataError(
            f"{told} Expected <class>/<person>/, or <split>/<class>/ with splits called train, val and test. If these "
            "are the classes, give a table of the images with data=csv."
        )
    else:
        logger.warning("%s If those are the classes, they have to stand above: <class>/<person>/.", told)


def folders_below(images: list[ImageFile]) -> dict[str, set[str]]:
    """Returns the names of the folders that stand in the folder of each class."""
    below: dict[str, set[str]] = {}
    for image in images:
        class_name, *inside = image.image_id.split("/")[1 if image.split else 0 :]
        below.setdefault(class_name, set()).update(inside[:-1][:1])
    return below


def find_wrapper(names: list[str]) -> str:
    """Returns the folders that hold everything and are neither split nor class, ending in a slash; "" for none."""
    wrapper = ""
    while names:
        top = names[0][len(wrapper) :].split("/")[0]
        inner = f"{wrapper}{top}/"
        if parse_split_name(top) or not all(name.startswith(inner) and "/" in name[len(inner) :] for name in names):
            break
        wrapper = inner
    return wrapper


def place(name: str, wrapper: str, has_splits: bool) -> ImageFile | None:
    """Returns split and class of a file; None where its folders name none."""
    if not name.startswith(wrapper):
        return None
    image_id = readable_name(name[len(wrapper) :])
    # macOS writes an umlaut as two characters, which nobody types into data.classes.
    parts = unicodedata.normalize("NFC", image_id).split("/")
    split = parse_split_name(parts[0])
    if not has_splits:
        return ImageFile(name, image_id, parts[0], None) if len(parts) >= 2 else None
    return ImageFile(name, image_id, parts[1], split) if len(parts) >= 3 and split else None


def readable_name(name: str) -> str:
    """Returns the name of a file for reports and tables, which could not hold it where it is not UTF-8.

    Python has a lone surrogate for each byte that it cannot read.
    """
    return name.encode("utf-8", "backslashreplace").decode()


def describe_missing(tree: FileTree, path: str) -> str:
    """Returns the message for a tree without class folders."""
    found = ", ".join(tree.files[:3] or tree.folders[:3]) or "nothing"
    return (
        f"{path}: expected images in <split>/<class>/ (splits train, val, test) or in <class>/. Found: {found}"
        f"{' ...' if len(tree.files) > 3 else ''}. Give data.path the folder that holds the class folders."
    )
