"""Faces drawn by the program, each with one of seven expressions.

An expression is a set of facial action units (`drawing_parameters`); a person, a pose and a light are sampled around
it; the features are drawn with OpenCV at twice the size and averaged down.
"""

import cmath
import math

import cv2
import numpy as np

from emotion_tl.data.drawing_canvas import Canvas, Pose
from emotion_tl.data.drawing_features import draw_person
from emotion_tl.data.drawing_parameters import EXPRESSION_UNITS, ActionUnits, Person, sample_muted
from emotion_tl.errors import ConfigurationError

EXPRESSIONS: tuple[str, ...] = tuple(EXPRESSION_UNITS)
SUPERSAMPLING = 2


def draw_face(class_name: str, generator: np.random.Generator, size: int = 48) -> np.ndarray:
    """Draws a face with an expression.

    The generator decides everything else: the same state of it gives the same bytes, and with another expression the
    same person in the same pose and light.

    Args:
        class_name: one of `EXPRESSIONS`.
        generator: source of the person, the pose, the light and of how the expression is shown.
        size: side of the picture in pixels.

    Returns:
        uint8 (size, size, 3), RGB.

    Raises:
        ConfigurationError: where the expression is not one of the seven.
    """
    if class_name not in EXPRESSION_UNITS:
        raise ConfigurationError(f"Expected an expression, one of {', '.join(EXPRESSIONS)}. Received: {class_name!r}")
    units, person, pose = ActionUnits.sample(class_name, generator), Person.sample(generator), Pose.sample(generator)
    canvas = Canvas(draw_background(generator, SUPERSAMPLING * size), pose)
    draw_person(canvas, person, units)
    pixels = cv2.resize(canvas.pixels, (size, size), interpolation=cv2.INTER_AREA)
    return photograph(pixels, generator)


def draw_background(generator: np.random.Generator, side: int) -> np.ndarray:
    """Returns a wall of one colour that fades into another, with up to three rectangles, uint8 (side, side, 3)."""
    corners = np.array([[sample_muted(generator), sample_muted(generator)]] * 2)
    if generator.random() < 0.5:
        corners = corners.transpose(1, 0, 2)
    pixels = cv2.resize(np.clip(corners, 0, 255).astype(np.uint8), (side, side), interpolation=cv2.INTER_LINEAR)
    for _ in range(generator.integers(4)):
        left, top, right, bottom = (generator.uniform(-0.2, 1.2, 4) * side).astype(int).tolist()
        cv2.rectangle(pixels, (left, top), (right, bottom), sample_muted(generator), cv2.FILLED)
    return pixels


def photograph(pixels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Returns the picture as a camera takes it: lit from one side, out of focus, exposed somehow, with grain."""
    size = len(pixels)
    blur = generator.uniform(0.0, 0.7) * size / 48
    if blur > 0.3:
        pixels = cv2.GaussianBlur(pixels, (0, 0), blur)
    direction = cmath.rect(generator.uniform(0.0, 0.5), generator.uniform(0, 2 * math.pi))
    across = np.linspace(-1.0, 1.0, size, dtype=np.float32)
    light = 1 + np.float32(direction.real) * across + np.float32(direction.imag) * across[:, None]
    contrast, brightness = generator.uniform(0.7, 1.2), generator.uniform(90, 160)
    grain = generator.standard_normal((size, size), dtype=np.float32) * np.float32(generator.uniform(1, 6))
    exposed = (pixels * light[..., None] - 128) * np.float32(contrast) + (brightness + grain)[..., None]
    return np.clip(exposed, 0, 255).astype(np.uint8)
