"""What is drawn: the expression as facial action units, and the person who shows it.

Reference: P. Ekman and W. V. Friesen, Facial Action Coding System, 1978; the combinations of units follow the emotion
prototypes in P. Ekman, W. V. Friesen and J. C. Hager, FACS Investigator's Guide, 2002.
"""

from dataclasses import astuple, dataclass
from typing import Self

import numpy as np

from emotion_tl.data.drawing_canvas import Color, mix


@dataclass(frozen=True)
class ActionUnits:
    """How strongly each group of facial muscles pulls: 0 is at rest, 1 as far as the drawing goes."""

    inner_brow_raiser: float = 0.0  # AU1
    outer_brow_raiser: float = 0.0  # AU2
    brow_lowerer: float = 0.0  # AU4
    upper_lid_raiser: float = 0.0  # AU5
    cheek_raiser: float = 0.0  # AU6
    lid_tightener: float = 0.0  # AU7
    nose_wrinkler: float = 0.0  # AU9
    upper_lip_raiser: float = 0.0  # AU10
    lip_corner_puller: float = 0.0  # AU12
    lip_corner_depressor: float = 0.0  # AU15
    chin_raiser: float = 0.0  # AU17
    lip_stretcher: float = 0.0  # AU20
    lip_tightener: float = 0.0  # AU23
    lips_part: float = 0.0  # AU25
    jaw_drop: float = 0.0  # AU26

    @classmethod
    def sample(cls, class_name: str, generator: np.random.Generator) -> Self:
        """Returns one way to show an expression, from weak to full, with stray pulls of other muscles.

        Every expression takes the same numbers from the generator.
        """
        variants = EXPRESSION_UNITS[class_name]
        full = np.array(astuple(variants[int(generator.random() * len(variants))]))
        strength = 0.4 + 0.65 * generator.beta(2.5, 1.4)
        pulls = full * strength * generator.uniform(0.75, 1.25, full.size)
        stray = np.maximum(generator.normal(-0.04, 0.09, full.size), 0.0)
        return cls(*np.minimum(pulls + stray, 1.0).tolist())


# Each expression at full strength, in the ways in which people show it.
EXPRESSION_UNITS: dict[str, tuple[ActionUnits, ...]] = {
    "angry": (
        ActionUnits(brow_lowerer=1, upper_lid_raiser=0.5, lid_tightener=0.8, lip_tightener=1, chin_raiser=0.4),
        ActionUnits(
            brow_lowerer=1,
            upper_lid_raiser=0.6,
            lid_tightener=0.7,
            upper_lip_raiser=0.5,
            lip_tightener=0.6,
            lips_part=1,
        ),
    ),
    "disgust": (
        ActionUnits(nose_wrinkler=1, lid_tightener=0.4, lip_corner_depressor=0.7, chin_raiser=0.8),
        ActionUnits(nose_wrinkler=1, upper_lip_raiser=1, lip_corner_depressor=0.5, lips_part=0.5),
    ),
    "fear": (
        ActionUnits(1, 0.5, 0.6, upper_lid_raiser=1, lip_stretcher=1, lips_part=0.7),
        ActionUnits(1, 0.5, 0.6, upper_lid_raiser=1, lip_stretcher=0.9, lips_part=0.5, jaw_drop=0.25),
    ),
    "happy": (
        ActionUnits(cheek_raiser=0.7, lip_corner_puller=0.9),
        ActionUnits(cheek_raiser=0.9, lip_corner_puller=1, lips_part=0.8),
        ActionUnits(cheek_raiser=1, lip_corner_puller=1, lips_part=1, jaw_drop=0.35),
    ),
    "neutral": (ActionUnits(),),
    "sad": (
        ActionUnits(inner_brow_raiser=1, brow_lowerer=0.5, lip_corner_depressor=1, chin_raiser=0.3),
        ActionUnits(inner_brow_raiser=0.9, brow_lowerer=0.7, lip_corner_depressor=0.8, chin_raiser=0.8),
    ),
    "surprise": (
        ActionUnits(inner_brow_raiser=1, outer_brow_raiser=1, upper_lid_raiser=0.9, lips_part=0.4, jaw_drop=1),
        ActionUnits(inner_brow_raiser=0.9, outer_brow_raiser=1, upper_lid_raiser=0.7, lips_part=0.4, jaw_drop=0.75),
    ),
}

SKIN_COLORS: tuple[Color, ...] = (
    (244, 214, 192), (232, 190, 160), (214, 164, 126), (186, 132, 94), (142, 94, 64), (98, 64, 46),
)  # fmt: skip
HAIR_COLORS: tuple[Color, ...] = (
    (28, 22, 20), (46, 32, 24), (76, 48, 30), (120, 80, 46), (196, 158, 98), (128, 58, 32), (170, 166, 160),
)  # fmt: skip
IRIS_COLORS: tuple[Color, ...] = ((52, 34, 22), (86, 60, 34), (70, 94, 60), (74, 104, 140))
HAIR_STYLES = ("bald", "short", "parted", "fringe", "long", "curly")


@dataclass(frozen=True)
class Person:
    """What the expression does not change: colours 0 to 255, lengths in half head widths.

    Attributes:
        hair_volume: how far the hair stands off the head.
        hairline: height of the hairline.
        beard: from 0, none, to 1, full.
        jaw_width: of the jaw, as a fraction of the width of the head.
        chin: height of the chin.
        eye_opening: from the middle of the eye to the upper lid.
        brow_height: of the brow over the eye.
        brow_slope: of the brow at rest; positive rises to the nose.
        mouth_height: height of the mouth.
        mouth_width: half of it.
        resting_corners: how far the corners of the mouth hang at rest.
    """

    skin: Color
    hair: Color
    iris: Color
    lips: Color
    clothing: Color
    hair_style: str
    hair_volume: float
    hairline: float
    has_glasses: bool
    beard: float
    jaw_width: float
    chin: float
    eye_distance: float
    eye_width: float
    eye_opening: float
    brow_height: float
    brow_thickness: float
    brow_slope: float
    nose_length: float
    nose_width: float
    mouth_height: float
    mouth_width: float
    lip_thickness: float
    resting_corners: float

    @property
    def brow(self) -> Color:
        """The colour of the brows: darker than hair and skin."""
        return mix(mix(self.hair, self.skin, 0.25), (0, 0, 0), 0.5)

    @property
    def jaw(self) -> Color:
        """The colour around the mouth: that of the skin, or of the beard."""
        return mix(self.skin, self.hair, self.beard)

    @classmethod
    def sample(cls, generator: np.random.Generator) -> Self:
        """Returns a person."""
        uniform = generator.uniform
        skin = sample_skin(generator)
        return cls(
            skin=skin,
            hair=sample_shade(HAIR_COLORS[generator.integers(len(HAIR_COLORS))], generator),
            iris=IRIS_COLORS[generator.integers(len(IRIS_COLORS))],
            lips=mix(mix(skin, (160, 44, 52), uniform(0.25, 0.6)), (0, 0, 0), 0.12),
            clothing=sample_muted(generator),
            hair_style=HAIR_STYLES[generator.integers(len(HAIR_STYLES))],
            hair_volume=uniform(0.06, 0.24),
            hairline=uniform(-0.98, -0.78),
            has_glasses=bool(generator.random() < 0.2),
            beard=uniform(0.25, 0.85) * (generator.random() < 0.2),
            jaw_width=uniform(0.7, 0.9),
            chin=uniform(1.15, 1.3),
            eye_distance=uniform(0.39, 0.47),
            eye_width=uniform(0.19, 0.24),
            eye_opening=uniform(0.085, 0.125),
            brow_height=uniform(0.27, 0.36),
            brow_thickness=uniform(0.045, 0.11),
            brow_slope=uniform(-0.05, 0.05),
            nose_length=uniform(0.42, 0.54),
            nose_width=uniform(0.15, 0.23),
            mouth_height=uniform(0.68, 0.77),
            mouth_width=uniform(0.33, 0.43),
            lip_thickness=uniform(0.05, 0.1),
            resting_corners=generator.normal(0.0, 0.025),
        )


def sample_skin(generator: np.random.Generator) -> Color:
    """Returns a skin colour: one between two neighbouring tones, a little lighter or darker."""
    tone, share = divmod(generator.uniform(0, len(SKIN_COLORS) - 1), 1)
    return sample_shade(mix(SKIN_COLORS[int(tone)], SKIN_COLORS[int(tone) + 1], share), generator)


def sample_shade(color: Color, generator: np.random.Generator) -> Color:
    """Returns a colour a little lighter or darker."""
    return mix(color, (0, 0, 0), 0.15 * generator.random())


def sample_muted(generator: np.random.Generator) -> Color:
    """Returns any colour of clothes and walls."""
    red, green, blue = generator.uniform(20, 235) + generator.normal(0, 18, 3)
    return float(red), float(green), float(blue)
