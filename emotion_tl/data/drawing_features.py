"""The parts of a drawn face, each one function."""

import math

import cv2
import numpy as np

from emotion_tl.data.drawing_canvas import (
    ALONG,
    ARCH,
    CIRCLE,
    Canvas,
    Color,
    Pose,
    band,
    both_sides,
    curve,
    ellipse,
    mirrored,
    mix,
)
from emotion_tl.data.drawing_parameters import ActionUnits, Person

BLACK: Color = (18, 12, 12)
WHITE: Color = (236, 234, 228)
INSIDE_MOUTH: Color = (62, 18, 22)
TONGUE: Color = (168, 76, 78)
EYE_LEVEL = -0.2


def draw_person(canvas: Canvas, person: Person, units: ActionUnits) -> None:
    """Draws head and shoulders, from the back to the front: soft shapes first, which are then blurred, lines last."""
    draw_hair_behind(canvas, person)
    draw_neck(canvas, person)
    draw_head(canvas, person, units)
    draw_beard(canvas, person, units)
    softness = 0.06 * canvas.pose.scale * len(canvas.pixels)
    cv2.GaussianBlur(canvas.pixels, (0, 0), softness, dst=canvas.pixels)
    draw_forehead(canvas, person, units)
    draw_nose(canvas, person, units)
    draw_nose_wrinkles(canvas, person, units)
    draw_eyes(canvas, person, units)
    draw_eye_folds(canvas, person, units)
    draw_brows(canvas, person, units)
    draw_cheek_folds(canvas, person, units)
    draw_chin(canvas, person, units)
    draw_mouth(canvas, person, units)
    draw_hair(canvas, person)
    draw_glasses(canvas, person)


# === Head ===


def head_outline(person: Person, units: ActionUnits, pose: Pose) -> np.ndarray:
    """Returns the outline of the head, complex (48,); the jaw follows the turn and the opening of the mouth."""
    angle = np.linspace(0.0, 2 * np.pi, 48, endpoint=False)
    x, y = np.cos(angle), np.sin(angle)
    below = np.maximum(y, 0.0)
    x = x * (1 - (1 - person.jaw_width) * below**2) + 0.25 * math.sin(pose.yaw) * below
    return x + 1j * y * np.where(y > 0, person.chin + 0.18 * units.jaw_drop, 1.2)


def draw_neck(canvas: Canvas, person: Person) -> None:
    """Draws neck and shoulders."""
    neck = np.array([-0.5 + 0.6j, 0.5 + 0.6j, 0.55 + 1.7j, -0.55 + 1.7j])
    shoulders = np.array([-0.5 + 1.4j, 1.6j, 0.5 + 1.4j, 2.2 + 1.9j, 2.2 + 4j, -2.2 + 4j, -2.2 + 1.9j])
    canvas.fill(neck, mix(person.skin, BLACK, 0.3))
    canvas.fill(shoulders, person.clothing)


def draw_head(canvas: Canvas, person: Person, units: ActionUnits) -> None:
    """Draws ears and head, darker at the rim and around the eyes, lighter on the cheeks."""
    outline = head_outline(person, units, canvas.pose)
    turn = math.sin(canvas.pose.yaw)
    canvas.fill(both_sides(ellipse(1 + 0.02j, 0.14, 0.24)) - 0.2 * turn, mix(person.skin, BLACK, 0.18))
    canvas.fill(outline, mix(person.skin, BLACK, 0.16))
    canvas.fill(0.88 * outline + 0.2 * turn, person.skin)
    socket = ellipse(complex(person.eye_distance, EYE_LEVEL - 0.03), 0.28, 0.2)
    cheek = ellipse(complex(0.52, 0.32 - 0.06 * units.cheek_raiser), 0.2, 0.17)
    canvas.fill_on_face(both_sides(socket), mix(person.skin, BLACK, 0.12))
    canvas.fill_on_face(both_sides(cheek), mix(person.skin, WHITE, 0.08 + 0.14 * units.cheek_raiser))


def draw_beard(canvas: Canvas, person: Person, units: ActionUnits) -> None:
    """Draws a beard, from a shadow to a full one, on the lower part of the head."""
    if person.beard > 0:
        outline = head_outline(person, units, canvas.pose)
        upper_edge = 0.86 * ALONG + 1j * (0.48 - 0.3 * ALONG**4)
        lower_edge = outline[outline.imag > 0.2]
        canvas.fill(np.concatenate([canvas.pose.turn(upper_edge, -0.2), lower_edge]), person.jaw)


# === Brows and forehead ===


def draw_brows(canvas: Canvas, person: Person, units: ActionUnits) -> None:
    """Draws the brows: AU1 lifts their inner ends, AU2 the outer ones, AU4 lowers and draws them together."""
    inner_raise, outer_raise, lowering = units.inner_brow_raiser, units.outer_brow_raiser, units.brow_lowerer
    level, center = EYE_LEVEL - person.brow_height, person.eye_distance
    # Where AU1 and AU4 act together, the inner end goes up.
    frown = lowering * (1 - 0.9 * inner_raise) + 0.5 * units.nose_wrinkler
    inner = level - person.brow_slope - 0.18 * inner_raise + 0.18 * frown
    middle = level - 0.06 - 0.1 * inner_raise - 0.14 * outer_raise + 0.12 * lowering + 0.05 * units.nose_wrinkler
    outer = level + 0.03 + person.brow_slope - 0.16 * outer_raise + 0.05 * lowering
    inner_end = complex(center - 0.24 - 0.07 * lowering, inner)
    brow = curve(inner_end, complex(center, middle), complex(center + 0.3, outer))
    canvas.stroke(both_sides(brow), person.brow_thickness * (0.65 - 0.35 * ALONG), person.brow)


def draw_forehead(canvas: Canvas, person: Person, units: ActionUnits) -> None:
    """Draws the lines across the forehead over raised brows and those between lowered ones."""
    raising = (units.inner_brow_raiser + units.outer_brow_raiser) / 2
    if raising > 0.3:
        reach = 0.25 + 0.3 * units.outer_brow_raiser
        lines = curve(0.03j - reach, 0, 0.03j + reach) + np.array([[-0.78j], [-0.9j]])
        canvas.stroke(lines, 0.035 * raising, mix(person.skin, BLACK, 0.4 * raising))
    if units.brow_lowerer > 0.3:
        line = curve(0.07 - 0.58j, 0.05 - 0.47j, 0.08 - 0.36j)
        canvas.stroke(both_sides(line), 0.04, mix(person.skin, BLACK, 0.6 * units.brow_lowerer))


# === Eyes ===


def draw_eyes(canvas: Canvas, person: Person, units: ActionUnits) -> None:
    """Draws the eyes: AU5 lifts the upper lids; AU6, AU7 and AU9 narrow the eyes, mostly from below."""
    squint = 0.9 * units.cheek_raiser + 0.5 * units.lid_tightener + 0.5 * units.nose_wrinkler
    above = person.eye_opening * max(1.0 + 0.8 * units.upper_lid_raiser - 0.35 * squint, 0.25)
    below = person.eye_opening * max(0.75 + 0.15 * units.upper_lid_raiser - 0.6 * squint, 0.0)
    droop = 0.05 * units.inner_brow_raiser * (1 - units.upper_lid_raiser) * ALONG
    center = complex(person.eye_distance, EYE_LEVEL)
    x = center.real + person.eye_width * ALONG
    upper = center.imag + droop - above * ARCH**0.7
    lower = center.imag + droop + below * ARCH**0.7
    canvas.fill_on_face(both_sides(band(x, upper, lower)), mix(WHITE, person.skin, 0.12))
    for radius, color in ((0.105, person.iris), (0.05, BLACK)):
        discs = both_sides(center + radius * CIRCLE) + canvas.pose.gaze
        distance = np.abs(discs.real)
        height = np.clip(discs.imag, np.interp(distance, x, upper), np.interp(distance, x, lower))
        canvas.fill_on_face(discs.real + 1j * height, color)
    lashes, crease = 1.06 * x - 0.06 * center.real + 1j * upper, x + 1j * (upper - 0.1 * above - 0.06)
    canvas.stroke(both_sides(lashes), 0.05, mix(person.skin, BLACK, 0.85))
    canvas.stroke(both_sides(x + 1j * lower), 0.02, mix(person.skin, BLACK, 0.5))
    canvas.stroke(both_sides(crease), 0.02, mix(person.skin, BLACK, 0.35))


def draw_eye_folds(canvas: Canvas, person: Person, units: ActionUnits) -> None:
    """Draws the folds under the eyes and, for AU6, the lines at their outer corners."""
    squint = max(units.cheek_raiser, 0.8 * units.lid_tightener, 0.6 * units.nose_wrinkler)
    color = mix(person.skin, BLACK, 0.12 + 0.35 * squint)
    center = complex(person.eye_distance, EYE_LEVEL)
    fold = center + 1j * (0.15 - 0.04 * squint) + curve(-0.18 - 0.01j, 0.04j, 0.2 - 0.03j)
    canvas.stroke(both_sides(fold), 0.025, color)
    if units.cheek_raiser > 0.4:
        corner = center + person.eye_width
        for end in (0.17 - 0.07j, 0.17 + 0.05j):
            canvas.stroke(both_sides(np.array([corner + 0.4 * end, corner + end])), 0.025, color)


# === Nose and cheeks ===


def draw_nose(canvas: Canvas, person: Person, units: ActionUnits) -> None:
    """Draws the nose; AU9 pulls it up and widens it."""
    wrinkling = units.nose_wrinkler
    width = person.nose_width * (1 + 0.15 * wrinkling)
    tip = 1j * (EYE_LEVEL + person.nose_length - 0.06 * wrinkling)
    wing = tip + curve(0.6 * width - 0.12j, width - 0.03j, 0.6 * width + 0.04j)
    nostril = ellipse(tip + 0.45 * width + 0.03j, 0.05, 0.025)
    bridge = curve(0.08 + 1j * EYE_LEVEL, tip + 0.09 - 0.25j, tip + 0.7 * width - 0.1j)
    canvas.stroke(both_sides(wing), 0.03, mix(person.skin, BLACK, 0.3 + 0.25 * wrinkling), relief=0.1)
    canvas.fill_on_face(both_sides(nostril), mix(person.skin, BLACK, 0.7), relief=0.15)
    towards_us = bridge if canvas.pose.yaw > 0 else mirrored(bridge)
    canvas.stroke(towards_us, 0.03, mix(person.skin, BLACK, 0.2), relief=0.1)
    canvas.fill_on_face(ellipse(tip - 0.05j, 0.06, 0.06), mix(person.skin, WHITE, 0.25), relief=0.2)


def draw_nose_wrinkles(canvas: Canvas, person: Person, units: ActionUnits) -> None:
    """Draws the lines of AU9 across the bridge of the nose and down its sides."""
    if units.nose_wrinkler > 0.25:
        color = mix(person.skin, BLACK, 0.5 * units.nose_wrinkler)
        across = curve(-0.09, -0.04j, 0.09) + np.array([[-0.3j], [-0.2j]])
        canvas.stroke(across, 0.03, color, relief=0.08)
        for start in (0.07 - 0.1j, 0.07 + 0j):
            canvas.stroke(both_sides(np.array([start, start + 0.1 + 0.05j])), 0.03, color, relief=0.05)


def draw_cheek_folds(canvas: Canvas, person: Person, units: ActionUnits) -> None:
    """Draws the folds from the nose to the corners of the mouth, deepened by AU9, AU10 and AU12."""
    depth = max(0.15, units.nose_wrinkler, 0.9 * units.upper_lip_raiser, 0.75 * units.lip_corner_puller)
    width = person.mouth_width * (1 + 0.3 * units.lip_corner_puller)
    top = complex(person.nose_width + 0.04, EYE_LEVEL + person.nose_length - 0.06)
    bottom = complex(width + 0.08, person.mouth_height - 0.08 - 0.12 * units.lip_corner_puller)
    fold = curve(top, 0.5 * (top + bottom) + 0.05 - 0.03j, bottom)
    color = mix(mix(person.skin, person.jaw, 0.5), BLACK, 0.4 * depth * (1 - 0.6 * person.beard))
    canvas.stroke(both_sides(fold), 0.035 * (0.4 + 0.6 * ARCH), color)


# === Mouth ===


def draw_mouth(canvas: Canvas, person: Person, units: ActionUnits) -> None:
    """Draws lips, teeth and tongue.

    AU12 pulls the corners up and apart, AU15 down, AU20 apart; AU10 lifts the upper lip, AU17 pushes up the lower one;
    AU23 makes the lips thin; AU25 and AU26 open the mouth.
    """
    smile, drop = units.lip_corner_puller, units.jaw_drop
    widening = 0.3 * smile + 0.3 * units.lip_stretcher - 0.18 * units.lip_tightener - 0.38 * drop * (1 - smile)
    corners = person.resting_corners - 0.2 * smile + 0.17 * units.lip_corner_depressor + 0.05 * units.lip_stretcher
    lift = 0.06 * units.chin_raiser + 0.05 * units.upper_lip_raiser
    x = person.mouth_width * (1 + widening) * ALONG
    line = person.mouth_height + 0.1 * drop + corners * (ALONG**2 - 0.4) - lift * ARCH
    squareness = np.clip(units.lip_stretcher + units.upper_lip_raiser + drop - smile, 0, 1)
    gap = (0.16 * units.lips_part + 0.4 * drop) * ARCH ** (1 - 0.55 * squareness)
    top = line - 0.3 * (1 - smile) * gap - 0.06 * units.upper_lip_raiser * ARCH
    bottom = line + (0.7 + 0.3 * smile) * gap
    lip = person.lip_thickness * (1 - 0.65 * units.lip_tightener) * ARCH**0.6
    canvas.fill_on_face(band(x, top - lip, bottom + 1.2 * lip), person.lips, relief=0.05)
    if gap.max() > 0.05:
        teeth = np.minimum((0.45 + 0.4 * smile) * (bottom - top), 0.1 * (1 - 0.8 * drop))
        draw_inside_mouth(canvas, x, top, bottom, teeth)
    else:
        canvas.stroke(1.05 * x + 1j * line, 0.045, mix(person.lips, BLACK, 0.75), relief=0.05)


def draw_inside_mouth(canvas: Canvas, x: np.ndarray, top: np.ndarray, bottom: np.ndarray, teeth: np.ndarray) -> None:
    """Draws an open mouth: the dark, the upper teeth and, in a wide one, the tongue."""
    canvas.fill_on_face(band(x, top, bottom), INSIDE_MOUTH, relief=0.05)
    opening = bottom - top
    if opening.max() > 0.25:
        canvas.fill_on_face(band(0.6 * x, bottom - 0.35 * opening, bottom - 0.02), TONGUE, relief=0.05)
    canvas.fill_on_face(band(0.9 * x, top, top + teeth), WHITE, relief=0.05)


def draw_chin(canvas: Canvas, person: Person, units: ActionUnits) -> None:
    """Draws the hollow under the lower lip, deepened by AU17."""
    height = person.mouth_height + 0.2 + 0.4 * units.jaw_drop + 0.1 * units.lips_part
    hollow = 1j * height + curve(-0.17 + 0.04j, 0, 0.17 + 0.04j)
    canvas.stroke(hollow, 0.04, mix(person.jaw, BLACK, 0.15 + 0.35 * units.chin_raiser))


# === Hair and glasses ===


def draw_hair_behind(canvas: Canvas, person: Person) -> None:
    """Draws what is seen of the hair behind head and neck."""
    volume = person.hair_volume
    if person.hair_style == "long":
        half = np.array([-1.25j - 1j * volume, 0.6 - 1.15j - 1j * volume, 1.06 - 0.7j, 1.25 + 0.2j, 1.2 + 1.7j])
        both = np.concatenate([half, mirrored(half)[::-1]])
        canvas.fill(both * (1 + 0.5 * volume), mix(person.hair, BLACK, 0.25))
    if person.hair_style == "curly":
        for angle in np.linspace(-2.1, 2.1, 9):
            center = complex((1.0 + volume / 2) * math.sin(angle), -1.1 * math.cos(angle) - 0.1)
            canvas.fill(ellipse(center, 0.3 + volume, 0.3 + volume), person.hair)


def hairline(person: Person) -> np.ndarray:
    """Returns the lower edge of the hair on the forehead, complex (13,)."""
    x = 0.92 * ALONG
    y = person.hairline + 0.6 * ALONG**6
    if person.hair_style == "parted":
        y = y + 0.35 * np.abs(x - 0.35) - 0.12
    if person.hair_style == "fringe":
        y = np.maximum(y, -0.66 + 0.05 * np.cos(9 * x))
    if person.hair_style == "curly":
        y = y + 0.06 * np.cos(12 * x)
    return x + 1j * np.minimum(y, -0.1)


def draw_hair(canvas: Canvas, person: Person) -> None:
    """Draws the hair on top of the head, with some light on it."""
    if person.hair_style != "bald":
        angle = -1.65 * ALONG
        top = (1.04 + 0.5 * person.hair_volume) * np.sin(angle) - 1j * (1.2 + person.hair_volume) * np.cos(angle)
        canvas.fill(np.concatenate([canvas.pose.turn(hairline(person), -0.3), top]), person.hair)
        shine = curve(-0.6 - 1.02j, -0.1 - 1.2j, 0.4 - 1.12j)
        canvas.stroke(shine, 0.08 * ARCH + 0.01, mix(person.hair, WHITE, 0.15), relief=-0.5)


def draw_glasses(canvas: Canvas, person: Person) -> None:
    """Draws glasses."""
    if person.has_glasses:
        color = mix(person.clothing, BLACK, 0.7)
        center = complex(person.eye_distance, EYE_LEVEL + 0.02)
        inner, outer = center - 0.29, center + 0.29
        canvas.stroke(both_sides(ellipse(center, 0.29, 0.24)), 0.04, color, relief=0.1)
        canvas.stroke(both_sides(np.array([outer, complex(0.95, EYE_LEVEL - 0.05)])), 0.04, color, relief=-0.1)
        canvas.stroke(curve(-inner.conjugate(), 1j * (EYE_LEVEL - 0.03), inner), 0.04, color, relief=0.15)
