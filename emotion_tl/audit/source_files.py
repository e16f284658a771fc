"""The files the images came from, before they were cut square and resized: their sizes, modes and formats."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pandas as pd
from PIL import Image

from emotion_tl.config import DataConfig
from emotion_tl.data.decoding import FORMATS
from emotion_tl.data.progress import track
from emotion_tl.data.sources import load_source
from emotion_tl.data.sources.listing import choose_classes
from emotion_tl.errors import DataError

# Beyond these, a data set of photographs has as many sizes as images.
MAX_SIZES_TOLD = 8
COLUMNS = ["width", "height", "mode", "format"]


@dataclass(frozen=True, eq=False)
class SourceFiles:
    """What the headers of the files say; broken files are left out.

    Attributes:
        headers: one row a file; columns width, height (pixels, as stored in the file), mode (Pillow's), format.
        note: why there are none; None where there are.
        image_size: side of the square images that are made of them.
    """

    headers: pd.DataFrame = field(repr=False)
    note: str | None
    image_size: int

    def summary(self) -> dict[str, Any]:
        """Returns the figures, for JSON."""
        if self.note is not None:
            return {"note": self.note}
        sizes = self.headers["width"].astype(str) + " x " + self.headers["height"].astype(str)
        counts = sizes.value_counts()
        sides = self.headers[["width", "height"]]
        return {
            "num_files": len(self.headers),
            "num_sizes": len(counts),
            "most_frequent_sizes": counts.head(MAX_SIZES_TOLD).to_dict(),
            "smallest_side": int(sides.to_numpy().min()),
            "largest_side": int(sides.to_numpy().max()),
            "num_not_square": int((sides["width"] != sides["height"]).sum()),
            "num_enlarged": int((sides.min(axis=1) < self.image_size).sum()),
            "modes": self.headers["mode"].value_counts().to_dict(),
            "formats": self.headers["format"].value_counts().to_dict(),
        }


def read_source_files(config: DataConfig) -> SourceFiles:
    """Reads the headers of the files of a source, with a progress bar; no pixel is decoded."""
    empty = pd.DataFrame(columns=COLUMNS)
    try:
        with load_source(config.source).open_listing(config) as all_images:
            listing = choose_classes(all_images, config.classes)
            if listing.files is None:
                return SourceFiles(empty, listing.note, config.image_size)
            headers = read_headers(listing.files, len(listing.table))
    except DataError as error:
        # Packed images outlive the files they were made of.
        return SourceFiles(empty, f"The files could not be looked at: {error}", config.image_size)
    note = None if len(headers) else "None of the files could be read."
    return SourceFiles(headers, note, config.image_size)


def read_headers(files: Iterable[Callable[[], BinaryIO]], num_files: int) -> pd.DataFrame:
    """Returns width, height, mode and format of the files that are images."""
    rows = []
    for open_file in track(files, num_files, "Looking at the files"):
        try:
            with open_file() as file, Image.open(file, formats=FORMATS) as image:
                rows.append((image.width, image.height, image.mode, image.format))
        # What cannot be opened was rejected while packing, which tells the reason. Decoders raise almost anything.
        except Exception:
            continue
    return pd.DataFrame(rows, columns=COLUMNS)
