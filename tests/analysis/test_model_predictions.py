import numpy as np
import pytest

from emotion_tl.analysis.model_predictions import ModelPredictions, check_same_images
from emotion_tl.errors import DataError

LABELS = np.array([0, 1, 2, 1])
RUN = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.5, 0.4, 0.1]])


def model(**changes) -> ModelPredictions:
    values = {
        "name": "vgg16",
        "seeds": (0, 4),
        "labels": LABELS,
        "probabilities": np.stack([RUN, RUN[:, [1, 0, 2]]]),
        "has_copy": np.array([False, True, False, True]),
        "class_names": ("angry", "happy", "sad"),
    }
    return ModelPredictions(**(values | changes))


def test_right_is_told_for_each_run():
    np.testing.assert_array_equal(model().right, [[1, 1, 0, 0], [0, 0, 0, 1]])
    assert (model().num_images, model().num_seeds) == (4, 2)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"probabilities": RUN}, r"\(2, n, 3\) of vgg16.*got \(4, 3\)"),
        ({"seeds": (0,)}, r"each seed of \[0\], got \(2, 4, 3\)"),
        ({"seeds": (), "probabilities": np.empty((0, 4, 3))}, r"each seed of \[\]"),
        ({"has_copy": np.zeros(3, dtype=bool)}, r"has_copy of vgg16 to be \(4,\).*got \(3,\)"),
        ({"class_names": ("angry", "happy")}, r"probabilities \(n, 2\)"),
        ({"probabilities": np.stack([RUN, 2 * RUN])}, "sums from 2 to 2"),
        ({"labels": LABELS + 1}, "from 0 to 2"),
    ],
)
def test_what_does_not_fit_is_told(changes, told):
    with pytest.raises(DataError, match=told):
        model(**changes)


def test_other_images_and_other_classes_are_refused():
    check_same_images(model(), model(name="resnet50"))
    with pytest.raises(DataError, match=r"'joy', 'sad'\] of resnet50"):
        check_same_images(model(), model(name="resnet50", class_names=("angry", "joy", "sad")))
    with pytest.raises(DataError, match="4 test images of vgg16, got other labels for 4 images of resnet50"):
        check_same_images(model(), model(name="resnet50", labels=LABELS[::-1]))
    fewer = model(labels=LABELS[:2], probabilities=model().probabilities[:, :2], has_copy=np.zeros(2, dtype=bool))
    with pytest.raises(DataError, match="for 2 images of vgg16"):
        check_same_images(model(), fewer)
