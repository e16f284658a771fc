"""The surface that faces are drawn on, and the pose in which they are drawn.

A point is a complex number: x to the right is its real part, y down its imaginary one, so that turning and scaling is
one product and shifting one sum. A face has its middle at 0 and is 2 wide; all lengths are in half head widths. Points
are complex arrays (..., n): the n points of each of several curves, such as those of the left and of the right brow.
"""

import cmath
import math
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

Color = tuple[float, float, float]

# The fractional bits of the coordinates that OpenCV is given.
SUBPIXEL_BITS = 4

# Along a curve, from its one end to its other.
ALONG = np.linspace(-1.0, 1.0, 13)
ARCH = 1.0 - ALONG**2
CIRCLE = np.exp(1j * np.linspace(0.0, 2 * np.pi, 21))
PARABOLA = np.stack([ALONG * (ALONG - 1) / 2, ARCH, ALONG * (ALONG + 1) / 2], axis=1)


@dataclass(frozen=True)
class Pose:
    """Where the head is and how it is turned.

    Attributes:
        roll: rotation in the plane of the picture in radians.
        yaw: turn to the side in radians; positive moves the features to the right.
        pitch: nod in radians; positive looks down.
        scale: half a head width as a fraction of the side of the picture.
        shift: from the middle of the picture to that of the head, as fractions of the side.
        gaze: from the middle of an eye to its iris.
    """

    roll: float
    yaw: float
    pitch: float
    scale: float
    shift: complex
    gaze: complex

    @classmethod
    def sample(cls, generator: np.random.Generator) -> Self:
        """Returns a pose near the frontal one."""
        roll, yaw, pitch = np.clip(generator.normal(0.0, (0.11, 0.15, 0.08)), -0.35, 0.35).tolist()
        shift, gaze = generator.uniform(-1.0, 1.0, (2, 2)).tolist()
        return cls(
            roll=roll,
            yaw=yaw,
            pitch=pitch,
            scale=generator.uniform(0.36, 0.44),
            shift=complex(0.05 * shift[0], 0.05 * shift[1] + 0.01),
            gaze=complex(0.07 * gaze[0], 0.02 * gaze[1]),
        )

    def turn(self, points: np.ndarray, relief: float = 0.0) -> np.ndarray:
        """Returns points of the front of the face, complex (..., n), where yaw and pitch move them.

        The front is a paraboloid: the closer to its middle, the farther a point moves, so that the features on the far
        side come closer together. `relief` is how far the points stand out of it.
        """
        depth = 0.9 - 0.35 * points.real**2 - 0.15 * points.imag**2 + relief
        return points + complex(math.sin(self.yaw), math.sin(self.pitch)) * depth


@dataclass(frozen=True)
class Canvas:
    """A picture, uint8 RGB (side, side, 3), and the pose in which a face is drawn into it."""

    pixels: np.ndarray
    pose: Pose

    def fill(self, points: np.ndarray, color: Color) -> None:
        """Fills polygons, complex (..., n), that yaw and pitch do not move."""
        side = len(self.pixels)
        # OpenCV counts from the middle of the first pixel.
        middle = (self.pose.shift + (0.5 + 0.5j)) * side - (0.5 + 0.5j)
        placed = points * cmath.rect(self.pose.scale * side, self.pose.roll) + middle
        coordinates = placed.view(np.float64).reshape(-1, points.shape[-1], 2)
        fixed_point = np.rint(coordinates * 2**SUBPIXEL_BITS).astype(np.int32)
        cv2.fillPoly(self.pixels, list(fixed_point), color, cv2.LINE_AA, SUBPIXEL_BITS)

    def fill_on_face(self, points: np.ndarray, color: Color, relief: float = 0.0) -> None:
        """Fills polygons on the front of the face."""
        self.fill(self.pose.turn(points, relief), color)

    def stroke(self, points: np.ndarray, width: float | np.ndarray, color: Color, relief: float = 0.0) -> None:
        """Draws curves on the front of the face; `width` is one number or one for each of the n points."""
        turned = self.pose.turn(points, relief)
        along = np.empty_like(turned)
        along[..., 1:-1] = turned[..., 2:] - turned[..., :-2]
        along[..., 0], along[..., -1] = turned[..., 1] - turned[..., 0], turned[..., -1] - turned[..., -2]
        offset = along * (0.5j * width / np.abs(along))
        self.fill(np.concatenate([turned + offset, (turned - offset)[..., ::-1]], axis=-1), color)


def curve(start: complex, middle: complex, end: complex) -> np.ndarray:
    """Returns the parabola through three points, complex (13,)."""
    return PARABOLA @ np.array([start, middle, end])


def ellipse(center: complex, width: float, height: float) -> np.ndarray:
    """Returns the outline of an ellipse of these half axes, complex (21,)."""
    return center + width * CIRCLE.real + 1j * height * CIRCLE.imag


def band(x: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Returns the outline of the area between two curves over the same x, float (n,), as complex (2n,)."""
    return np.concatenate([x + 1j * top, (x + 1j * bottom)[::-1]])


def mirrored(points: np.ndarray) -> np.ndarray:
    """Returns points with left and right exchanged."""
    return -points.conjugate()


def both_sides(points: np.ndarray) -> np.ndarray:
    """Returns a curve of the right half of the picture and its mirror image, complex (2, n)."""
    return np.stack([points, mirrored(points)])


def mix(first: Color, second: Color, share: float) -> Color:
    """Returns the colour that is `share` (0 to 1) of the way from the first to the second."""
    (r1, g1, b1), (r2, g2, b2) = first, second
    return (r1 + share * (r2 - r1), g1 + share * (g2 - g1), b1 + share * (b2 - b1))
