"""Images of every kind, whole and broken."""

import errno
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion_tl.config import DataConfig
from emotion_tl.data.decoding import RejectedImageError, UnreadImageError, decode_grey_values, decode_image
from tests.data.conftest import make_image


def config(image_size: int = 12, **settings) -> DataConfig:
    return DataConfig(name="faces", source="image_folder", image_size=image_size, **settings)


def encode(image: Image.Image, file_format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def decode(content: bytes, settings: DataConfig | None = None) -> np.ndarray:
    return decode_image(lambda: io.BytesIO(content), settings or config())


@pytest.mark.parametrize(
    ("file_format", "options"), [("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True}), ("TIFF", {})]
)
def test_lossless_formats_keep_every_pixel(file_format, options):
    pixels = make_image(0)
    decoded = decode(encode(Image.fromarray(pixels), file_format, **options))
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded[..., 0], pixels)


def test_jpeg_is_what_pillow_decodes():
    content = encode(Image.fromarray(make_image(0, 48)), "JPEG")
    np.testing.assert_array_equal(decode(content, config(48))[..., 0], np.asarray(Image.open(io.BytesIO(content))))


def test_rgb_keeps_the_order_of_the_channels():
    pixels = np.zeros((12, 12, 3), np.uint8)
    pixels[..., 0] = 200
    np.testing.assert_array_equal(decode(encode(Image.fromarray(pixels), "PNG"), config(color_mode="rgb")), pixels)


def test_grey_becomes_rgb_and_colour_becomes_luma():
    grey = make_image(1)
    decoded = decode(encode(Image.fromarray(grey), "PNG"), config(color_mode="rgb"))
    np.testing.assert_array_equal(decoded, np.repeat(grey[..., None], 3, axis=2))
    green = Image.new("RGB", (12, 12), (0, 255, 0))
    assert np.all(decode(encode(green, "PNG")) == round(0.587 * 255))


def test_16_bit_grey_spans_the_whole_range():
    pixels = np.linspace(0, 65535, 144).reshape(12, 12).astype(np.uint16)
    for file_format in ("PNG", "TIFF"):
        decoded = decode(encode(Image.fromarray(pixels), file_format))
        np.testing.assert_array_equal(decoded[..., 0], np.rint(pixels / 257).astype(np.uint8))


@pytest.mark.parametrize(("largest", "dtype"), [(1.0, np.float32), (255.0, np.float32), (65535, np.int32)])
def test_range_of_floats_and_32_bit_integers_is_told_by_the_values(largest, dtype):
    pixels = np.linspace(0, largest, 144).reshape(12, 12).astype(dtype)
    decoded = decode(encode(Image.fromarray(pixels), "TIFF"))[..., 0]
    np.testing.assert_allclose(decoded, pixels.astype(float) / largest * 255, atol=0.51)


def test_negative_grey_levels_are_rejected():
    pixels = np.full((12, 12), -1.0, np.float32)
    with pytest.raises(RejectedImageError, match="grey levels from -1"):
        decode(encode(Image.fromarray(pixels), "TIFF"))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_are_white(mode):
    image = Image.new(mode, (12, 12), 0)
    assert np.all(decode(encode(image, "PNG")) == 255)


def test_palette_and_transparent_palette():
    image = Image.new("P", (12, 12), 1)
    image.putpalette([0, 0, 0, 90, 90, 90])
    assert np.all(decode(encode(image, "PNG")) == 90)
    assert np.all(decode(encode(image, "PNG", transparency=1)) == 255)


def test_one_bit_and_cmyk():
    assert np.all(decode(encode(Image.new("1", (12, 12), 1), "PNG")) == 255)
    red = Image.new("CMYK", (12, 12), (0, 255, 255, 0))
    decoded = decode(encode(red, "JPEG", quality=100), config(color_mode="rgb"))
    np.testing.assert_allclose(decoded[0, 0], [255, 0, 0], atol=3)


def test_exif_orientation_is_applied():
    pixels = make_image(2)
    exif = Image.Exif()
    exif[0x0112] = 6
    decoded = decode(encode(Image.fromarray(pixels), "PNG", exif=exif))
    np.testing.assert_array_equal(decoded[..., 0], np.rot90(pixels, -1))


@pytest.mark.parametrize("shape", [(12, 20), (20, 12)])
def test_largest_centred_square_is_kept(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    top, left = (shape[0] - 12) // 2, (shape[1] - 12) // 2
    decoded = decode(encode(Image.fromarray(pixels), "PNG"))
    np.testing.assert_array_equal(decoded[..., 0], pixels[top : top + 12, left : left + 12])


def test_shrinking_averages_areas():
    pixels = make_image(3, 36)
    means = pixels.reshape(12, 3, 12, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(decode(encode(Image.fromarray(pixels), "PNG"))[..., 0], means, atol=0.51)


def test_large_jpeg_is_averaged_too():
    gradient = np.tile(np.linspace(0, 255, 960).astype(np.uint8), (960, 1))
    decoded = decode(encode(Image.fromarray(gradient), "JPEG"))[..., 0]
    expected = gradient.reshape(12, 80, 12, 80).mean(axis=(1, 3))
    np.testing.assert_allclose(decoded, expected, atol=2)


def test_enlarging_stays_in_range_and_smooth():
    decoded = decode(encode(Image.fromarray(np.array([[0, 255], [0, 255]], np.uint8)), "PNG"))[..., 0]
    assert decoded.shape == (12, 12)
    assert np.all(np.diff(decoded[0].astype(int)) >= 0)
    assert len(np.unique(decoded)) > 4


def whole(file_format: str) -> bytes:
    return encode(Image.fromarray(make_image(4, 64)), file_format)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", r"empty file \(0 bytes\)"),
        (b"I am a text.\n" * 20, "not an image"),
        (whole("GIF"), "not an image: the content is none of JPEG, PNG, BMP, WEBP, TIFF"),
        (whole("JPEG")[:-200], "damaged or truncated"),
        (whole("PNG")[:-200], "damaged or truncated"),
        (whole("BMP")[:-200], "damaged or truncated"),
        (whole("TIFF")[:300], "damaged or truncated"),
        (whole("WEBP")[:-200], "damaged or truncated|not an image"),
        (b"\xff\xd8\xff\xe0" + bytes(300), "not an image|damaged or truncated"),
    ],
)
def test_broken_files_are_rejected_with_a_reason(content, reason):
    with pytest.raises(RejectedImageError, match=reason):
        decode(content)


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.filterwarnings("ignore:Image size")
@pytest.mark.parametrize(("width", "height"), [(8000, 8000), (10_000, 10_000), (60_000, 60_000)])
def test_decompression_bombs_are_rejected_before_they_are_decoded(width, height):
    with pytest.raises(RejectedImageError, match="too large"):
        decode(png_that_claims(width, height))


def test_largest_size_is_a_setting():
    content = encode(Image.fromarray(make_image(5, 20)), "PNG")
    decode(content, config(max_image_pixels=400))
    with pytest.raises(RejectedImageError, match=r"20 x 20 = 400 pixels, more than data.max_image_pixels=399"):
        decode(content, config(max_image_pixels=399))


def test_files_that_cannot_be_opened_are_told_from_damaged_ones(tmp_path: Path):
    with pytest.raises(UnreadImageError, match="No such file"):
        decode_image(lambda: (tmp_path / "away.png").open("rb"), config())


class FailingFile(io.BytesIO):
    """A file whose second read fails."""

    def __init__(self, error: Exception):
        super().__init__(encode(Image.fromarray(make_image(0)), "PNG"))
        self._errors = iter([None, error])

    def read(self, size: int | None = -1) -> bytes:
        if error := next(self._errors, None):
            raise error
        return super().read(size)


@pytest.mark.parametrize(
    ("error", "is_unread"),
    [
        (OSError(errno.EIO, "Input/output error"), True),
        (MemoryError(), True),
        (OSError("image file is truncated"), False),
        (OSError(errno.EINVAL, "Invalid argument"), False),
    ],
)
def test_only_what_comes_from_outside_the_file_may_pass(error, is_unread):
    with pytest.raises(RejectedImageError) as caught:
        decode_image(lambda: FailingFile(error), config())
    assert isinstance(caught.value, UnreadImageError) == is_unread
    assert str(caught.value).startswith("damaged or truncated") != is_unread


def test_grey_values_are_read_row_by_row():
    pixels = make_image(6)
    text = " ".join(map(str, pixels.ravel()))
    np.testing.assert_array_equal(decode_grey_values(text, config())[..., 0], pixels)
    assert decode_grey_values(text, config(color_mode="rgb")).shape == (12, 12, 3)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "0 grey values"),
        ("1 2 3", "3 grey values"),
        ("1 2 3 256", "from 1 to 256"),
        ("1 2 3 -1", "from -1 to 3"),
        ("a b c d", "no whole numbers"),
        ("1 2 3 x", "no whole numbers"),
    ],
)
def test_wrong_grey_values_are_rejected(text, reason):
    with pytest.raises(RejectedImageError, match=reason):
        decode_grey_values(text, config())
