"""The typed configuration of a training: its phases, and how they are computed."""

from dataclasses import dataclass, field

from omegaconf import MISSING


@dataclass
class PhaseConfig:
    """One stretch of training with one set of trainable layers and one optimizer.

    Attributes:
        epochs: the most epochs this phase takes.
        trainable_blocks: 0 trains the head alone, n the last n blocks of the backbone as well, None everything.
        train_batch_norm: let the BatchNormalization layers of the trainable blocks learn. False keeps the statistics
            they came with; None does so with pretrained weights and lets them learn with random ones.
        optimizer: "adam", "adamw" or "sgd" (with Nesterov momentum).
        learning_rate: peak learning rate.
        learning_rate_schedule: "constant", "cosine" (after a warm-up, to zero) or "plateau" (lowered when val stalls).
        warmup_epochs: cosine: epochs of linear warm-up; may be a fraction.
        plateau_patience, plateau_factor: plateau: epochs without improvement, and the factor then applied.
        weight_decay: decoupled weight decay of kernels; biases and normalisation parameters are left out.
        momentum: of sgd.
        gradient_clip_norm: largest global norm of a gradient; None does not clip.
        label_smoothing: share of the label spread over all classes.
        layer_decay: factor of the learning rate from a block to the one below (Howard, Ruder 2018, arXiv:1801.06146).
            Weight decay goes by the learning rate of the head in all blocks.
        ema_momentum: of a moving average of the weights, which is then what is evaluated and kept; None keeps none.
        early_stopping_patience: epochs without improvement after which the phase ends; None never ends it early.
        monitor: metric of early stopping and plateau; None is the schedule's.
    """

    epochs: int = MISSING
    trainable_blocks: int | None = MISSING
    train_batch_norm: bool | None = None
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    learning_rate_schedule: str = "constant"
    warmup_epochs: float = 0.0
    plateau_patience: int = 2
    plateau_factor: float = 0.3
    weight_decay: float = 0.0
    momentum: float = 0.9
    gradient_clip_norm: float | None = None
    label_smoothing: float = 0.0
    layer_decay: float = 1.0
    ema_momentum: float | None = None
    early_stopping_patience: int | None = None
    monitor: str | None = None


# Metrics an epoch can be chosen by, and whether the largest or the smallest is best.
MONITORS = {"val_accuracy": "max", "val_macro_f1": "max", "val_log_loss": "min", "val_loss": "min"}


@dataclass
class ScheduleConfig:
    """The phases of a training, in their order.

    Attributes:
        name: what the schedule is called in runs.
        monitor: val metric by which the best epoch over all phases is chosen, one of `MONITORS`.
        phases: the phases by name. A dict, so that one key of one phase can be overridden and a phase be deleted.
    """

    name: str = MISSING
    monitor: str = "val_accuracy"
    phases: dict[str, PhaseConfig] = field(default_factory=dict)


@dataclass
class TrainerConfig:
    """How the training is computed.

    Attributes:
        backend: Keras backend: "tensorflow", "jax" or "torch".
        precision: "float32", "mixed_bfloat16" or "mixed_float16".
        require_gpu: fail before anything is computed where there is no GPU.
        jit_compile: compile the step with XLA; None chooses by backend and device.
        deterministic: TensorFlow gives the same numbers for the same command, at some cost in speed on a GPU.
        devices: "one", or "all" that are visible: each takes an equal part of every batch.
        batch_size, evaluation_batch_size: images of a training and of an evaluation step, over all devices.
        gradient_accumulation_steps: batches whose gradients are averaged before the weights are changed.
        steps_per_execution: batches between two looks at the progress; None chooses by the cost of a step.
        cache: "auto" computes what a phase keeps frozen once and keeps it on disk; "off" computes it in every epoch.
        cache_views: forms of each training image that are cached where the images are augmented: 1 the image, 2 its
            mirror too, k another k - 2 augmentations of it, the same in all epochs.
        cache_size_limit: GiB that cached activations may take up below `cache_dir`; the least recently used go first.
    """

    backend: str = "tensorflow"
    precision: str = "float32"
    require_gpu: bool = False
    jit_compile: bool | None = None
    deterministic: bool = True
    devices: str = "one"
    batch_size: int = 64
    evaluation_batch_size: int = 256
    gradient_accumulation_steps: int = 1
    steps_per_execution: int | None = None
    cache: str = "auto"
    cache_views: int = 2
    cache_size_limit: float = 20.0
