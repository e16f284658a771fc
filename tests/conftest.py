"""Shared by all tests: the Keras backend, and fixtures of a tiny experiment (see `tests.tiny`)."""

from emotion_tl.runtime import select_backend

# Keras reads its backend when it is first imported, which the test modules do.
select_backend("tensorflow")

import keras  # noqa: E402
import pytest  # noqa: E402

from tests import runs, tiny  # noqa: E402


@pytest.fixture(scope="session")
def dataset():
    """48 grey images of 24 pixels in three classes, 24 for val; its test images cannot be read."""
    return tiny.make_dataset()


@pytest.fixture
def dtype_policy():
    """Sets Keras' dtype policy for one test."""
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


@pytest.fixture(autouse=True)
def nothing_is_left_running():
    """Ends the programs that a test has started."""
    yield
    runs.kill_started()
