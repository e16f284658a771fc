"""The errors a user can cause and mend. The command line prints them without a traceback."""


class EmotionTLError(Exception):
    """Base of every error that is told to the user as one message: what was expected, what came, what to do."""


def reason_of(error: BaseException) -> str:
    """Returns why something failed: the message of our own errors, which say it all; others with their kind."""
    return str(error) if isinstance(error, EmotionTLError) else f"{type(error).__name__}: {str(error).strip()}"


class ConfigurationError(EmotionTLError):
    """A setting, or two settings together, that cannot be run."""


class DataError(EmotionTLError):
    """Images or labels that are missing, unreadable or not what the configuration says."""


class WeightsError(EmotionTLError):
    """Pretrained weights that cannot be had or do not fit the backbone."""


class DeviceError(EmotionTLError):
    """A device or a Keras backend that was asked for and is not there."""


class TrainingDivergedError(EmotionTLError):
    """A loss that became infinite, NaN or far larger than guessing would give."""


class DeviceMemoryError(EmotionTLError):
    """A training step that did not fit into the memory of the device."""


class FullDiskError(EmotionTLError):
    """A disk without room for what a training has to write."""


class StorageError(EmotionTLError):
    """A file or folder that the system does not let this user read or write."""


class ModelNotFoundError(EmotionTLError):
    """A model, a run or a file of a run that is not where the user pointed."""


class JobFailedError(EmotionTLError):
    """A run in a process of its own that failed, with the reason that process gave."""
