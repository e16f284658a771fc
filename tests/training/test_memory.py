import pytest

from emotion_tl.errors import DeviceMemoryError
from emotion_tl.training.memory import explain_memory_errors
from tests import tiny


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 123 bytes."),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        ValueError("OOM when allocating tensor with shape[64,64,112,112]"),
    ],
)
def test_out_of_memory_names_the_batch_size_and_what_to_try(error):
    config = tiny.make_config()
    config.trainer.batch_size = 64
    with pytest.raises(DeviceMemoryError) as told, explain_memory_errors(config, "phase frozen"):
        raise error
    for part in ("phase frozen", "trainer.batch_size=64", "Try trainer.batch_size=32", "image_size=24"):
        assert part in str(told.value)
    assert told.value.__cause__ is error


def test_other_errors_pass_as_they_are():
    with pytest.raises(ValueError, match="shapes"), explain_memory_errors(tiny.make_config(), "phase frozen"):
        raise ValueError("shapes differ")
