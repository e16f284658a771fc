"""From an image file of any kind to the square uint8 array that is stored.

The steps: EXIF orientation is applied; 16-bit and floating point grey levels become 8-bit; transparent pixels are
shown on white, as a browser shows them; colour becomes grey by ITU-R 601 luma (or grey becomes RGB); the largest
centred square is cut out, since faces stand in the middle and padding would add edges that a network can learn; it is
shrunk by averaging areas, or enlarged cubically.
"""

import errno
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from emotion_tl.config import DataConfig

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF")
PILLOW_MODES = {"grayscale": "L", "rgb": "RGB"}

# `check_size` refuses large images as the configuration says, before a pixel is decoded.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class RejectedImageError(Exception):
    """An image that cannot be used; the message is the reason that stands in the report."""


class UnreadImageError(RejectedImageError):
    """An image that could not be read for a reason that lies outside of it, and that may be gone the next time."""


def open_file(path: Path) -> BinaryIO:
    """Opens a file on the disk as `decode_image` takes it; others lie in archives."""
    return path.open("rb")


def decode_image(open_image: Callable[[], BinaryIO], config: DataConfig) -> np.ndarray:
    """Decodes an image file.

    Returns:
        uint8 (image_size, image_size, channels), channels 1 or 3 (RGB order).

    Raises:
        RejectedImageError: where the file is broken, empty, truncated, no image or too large.
        UnreadImageError: where it may not be read, its drive fails or there is too little memory.
    """
    try:
        with open_image() as file:
            if not file.read(1):
                raise RejectedImageError("empty file (0 bytes)")
            file.seek(0)
            with Image.open(file, formats=FORMATS) as image:
                check_size(image.width, image.height, config)
                return to_stored(image, config)
    except RejectedImageError:
        raise
    except UnidentifiedImageError as error:
        raise RejectedImageError(f"not an image: the content is none of {', '.join(FORMATS)}") from error
    except Image.DecompressionBombError as error:
        raise RejectedImageError(f"too large: {error}") from error
    except MemoryError as error:
        raise UnreadImageError("too little memory; a smaller data.max_image_pixels leaves large images out") from error
    # Damaged files make the decoders raise almost anything: OSError, SyntaxError, ValueError, struct.error ...
    except Exception as error:
        if isinstance(error, OSError) and is_of_system(error):
            raise UnreadImageError(str(error)) from error
        raise RejectedImageError(f"damaged or truncated: {error or type(error).__name__}") from error


def is_of_system(error: OSError) -> bool:
    """Returns whether the operating system raised this, and not a decoder, whose errors carry no number."""
    # A damaged file may send its decoder to a place before its start: an invalid argument.
    return error.errno not in (None, errno.EINVAL)


def check_size(width: int, height: int, config: DataConfig) -> None:
    """Raises RejectedImageError for a decompression bomb."""
    if width * height > config.max_image_pixels:
        raise RejectedImageError(
            f"too large: {width} x {height} = {width * height:,} pixels, more than "
            f"data.max_image_pixels={config.max_image_pixels:,}"
        )


def to_stored(image: Image.Image, config: DataConfig) -> np.ndarray:
    """Converts an opened Pillow image of any mode; see the text at the top of the module."""
    mode = PILLOW_MODES[config.color_mode]
    # A JPEG decoder can shrink by 2, 4 or 8 while it decodes, which saves most of the time on a large photograph. Twice
    # the stored size leaves the final averaging something to average.
    image.draft(mode, (2 * config.image_size, 2 * config.image_size))
    image = ImageOps.exif_transpose(image)
    if image.mode == "F" or image.mode.startswith("I"):
        image = Image.fromarray(to_8_bit(np.asarray(image), image.mode))
    if image.has_transparency_data:
        image = on_white(image)
    pixels = np.asarray(image.convert(mode))
    return fit_square(pixels, config.image_size)


def to_8_bit(pixels: np.ndarray, mode: str) -> np.ndarray:
    """Scales grey levels of 16 or 32 bits to 0..255.

    Integers of 16 bits ("I;16") span 0..65535. Other modes do not tell their range; it is 0..1, 0..255 or 0..65535,
    whichever is the first to hold all values.

    Raises:
        RejectedImageError: where values are negative, not finite or larger than 65535.
    """
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0 and high <= 65535):
        raise RejectedImageError(f"grey levels from {low:g} to {high:g}; expected 0..1, 0..255 or 0..65535")
    largest = 65535.0 if mode.startswith("I;16") or high > 255 else 255.0
    if mode == "F" and high <= 1:
        largest = 1.0
    return np.rint(pixels * (255.0 / largest)).astype(np.uint8)


def on_white(image: Image.Image) -> Image.Image:
    """Returns a picture with transparency laid on white, as RGB."""
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def fit_square(pixels: np.ndarray, image_size: int) -> np.ndarray:
    """Cuts out the largest centred square and resizes it.

    Args:
        pixels: uint8 (height, width) or (height, width, 3).

    Returns:
        uint8 (image_size, image_size, 1 or 3).
    """
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = pixels[top : top + side, left : left + side]
    if side != image_size:
        interpolation = cv2.INTER_AREA if side > image_size else cv2.INTER_CUBIC
        square = cv2.resize(square, (image_size, image_size), interpolation=interpolation)
    return np.ascontiguousarray(square.reshape(image_size, image_size, -1))


def decode_grey_values(text: str, config: DataConfig) -> np.ndarray:
    """Decodes a square grey image written as numbers from 0 to 255 with spaces between them, row by row.

    Returns:
        uint8 (image_size, image_size, channels).

    Raises:
        RejectedImageError: where these are no numbers, out of range, or not as many as a square has.
    """
    try:
        values = np.fromstring(text, dtype=np.int64, sep=" ")
    except (TypeError, ValueError) as error:
        raise RejectedImageError("the pixels are no whole numbers with spaces between them") from error
    side = math.isqrt(values.size)
    if values.size == 0 or side * side != values.size:
        raise RejectedImageError(f"{values.size} grey values; a square image has 1, 4, 9, ... 2304 ...")
    check_size(side, side, config)
    if not (values.min() >= 0 and values.max() <= 255):
        raise RejectedImageError(f"grey values from {values.min()} to {values.max()}; expected 0..255")
    image = Image.fromarray(values.astype(np.uint8).reshape(side, side))
    return fit_square(np.asarray(image.convert(PILLOW_MODES[config.color_mode])), config.image_size)
