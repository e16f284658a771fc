import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emotion_tl.command_config import PredictConfig
from emotion_tl.inference.explaining import Explainer, draw
from emotion_tl.inference.model_file import ModelDescription
from emotion_tl.inference.predict import find_images, predict_files
from tests import tiny
from tests.explanation.networks import build, draw_patches


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for name, pixels in zip(("a.jpg", "a.png", "sub/a.png"), draw_patches([(1, 1), (9, 9), (15, 15)]), strict=True):
        Image.fromarray(pixels[..., 0]).save(folder / name)
    (folder / "bad.png").write_text("x")
    return folder


@pytest.mark.parametrize("method", ["grad_cam", "class_activation_map"])
def test_a_picture_for_each_image_that_could_be_read(method, photos, tmp_path):
    model = build("simple_cnn", tiny.IMAGE_SIZE).probabilities()
    explainer = Explainer(model, "simple_cnn", method, photos, tmp_path / "explanations")
    description = ModelDescription(tiny.CLASSES, "grayscale", "simple_cnn", "random")
    config = PredictConfig(batch_size=3)
    table = pd.concat(predict_files(model, description, find_images(photos), config, explainer))
    table = table.set_index(table["image"].str.removeprefix(f"{photos.as_posix()}/"))["explanation"]
    assert pd.isna(table["bad.png"])
    expected = ["a.jpg.png", "a.png.png", "sub/a.png.png"]
    assert sorted(table.dropna()) == [f"{tmp_path.as_posix()}/explanations/{name}" for name in expected]
    assert all(Image.open(path).size == (490, 240) for path in table.dropna())
    assert sorted(path.name for path in photos.rglob("*")) == ["a.jpg", "a.png", "a.png", "bad.png", "sub"]


def test_a_name_that_is_not_utf_8_has_its_picture(tmp_path):
    photo = tmp_path / "photos" / "caf\udce9.png"
    photo.parent.mkdir()
    pixels = draw_patches([(9, 9)])
    model = build("simple_cnn", tiny.IMAGE_SIZE).probabilities()
    explainer = Explainer(model, "simple_cnn", "grad_cam", photo.parent, tmp_path / "explanations")
    (told,) = explainer.write([photo], pixels, np.array([0]))
    assert told == rf"{tmp_path.as_posix()}/explanations/caf\udce9.png.png"
    assert Image.open(tmp_path / "explanations" / "caf\udce9.png.png").size == (490, 240)


def test_colours_are_in_the_order_of_a_png_file():
    red = np.zeros((24, 24, 3), np.uint8)
    red[..., 0] = 200
    shown = cv2.imdecode(np.frombuffer(draw(red, np.zeros((24, 24), "float32")), np.uint8), cv2.IMREAD_COLOR)
    assert shown[5, 5].tolist() == [0, 0, 200]
