"""Explains planted patches on a backend: `python -m tests.explanation.backend_run jax FILE`, which gets the maps.

A process can run Keras on one backend only, and that of the tests is TensorFlow.
"""

import sys

from emotion_tl.runtime import select_backend

select_backend(sys.argv[1])

import numpy as np  # noqa: E402

from emotion_tl.explanation.feature_maps import cut_at_feature_map  # noqa: E402
from emotion_tl.explanation.grad_cam import grad_cam  # noqa: E402
from tests.explanation.networks import CORNERS, brightness_network, draw_patches  # noqa: E402

if __name__ == "__main__":
    network = cut_at_feature_map(brightness_network(), "simple_cnn")
    np.save(sys.argv[2], grad_cam(network, draw_patches(CORNERS), [1] * len(CORNERS)).maps)
