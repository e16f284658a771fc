"""Optimizers and learning rates of a phase."""

from typing import Any

import keras

from emotion_tl.errors import ConfigurationError
from emotion_tl.training_config import PhaseConfig

OPTIMIZERS: dict[str, type[keras.optimizers.Optimizer]] = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "sgd": keras.optimizers.SGD,
}


def build_optimizer(
    phase: PhaseConfig,
    steps_per_epoch: int,
    learning_rate_multipliers: dict[str, float],
    gradient_accumulation_steps: int = 1,
) -> keras.optimizers.Optimizer:
    """Returns a fresh optimizer for a phase.

    With accumulation, the mean gradient of that many batches makes one update: it is what is clipped, and learning
    rate, weight decay and moving average go by updates. An accumulation that the end of an epoch interrupts goes on in
    the next epoch; one that the end of the phase interrupts is dropped. Keras moves the average at every batch, so its
    momentum is spread over the batches of an update, which lets it lag by less than one update.

    Args:
        steps_per_epoch: batches of an epoch.
        learning_rate_multipliers: factor of the learning rate by the path of a variable; absent is 1.
        gradient_accumulation_steps: batches of an update.

    Raises:
        ConfigurationError: where the phase ends before its first update.
    """
    check_accumulation(phase.epochs * steps_per_epoch, gradient_accumulation_steps)
    optimizer_class = OPTIMIZERS[phase.optimizer]
    if any(factor != 1 for factor in learning_rate_multipliers.values()):
        optimizer_class = layerwise(optimizer_class, learning_rate_multipliers)
    optimizer = optimizer_class(
        learning_rate=build_learning_rate(phase, steps_per_epoch, gradient_accumulation_steps),
        **optimizer_arguments(phase, gradient_accumulation_steps),
    )
    # AdamW takes no None; with it, unlike with 0, the optimizer leaves the decay out of the step.
    optimizer.weight_decay = phase.weight_decay or None
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def check_accumulation(num_batches: int, gradient_accumulation_steps: int) -> None:
    """Checks that a phase of so many batches changes the weights at all.

    Raises:
        ConfigurationError: where it does not.
    """
    if num_batches < gradient_accumulation_steps:
        raise ConfigurationError(
            f"trainer.gradient_accumulation_steps: expected at most {num_batches}, the batches of the phase over all "
            f"its epochs. Received: {gradient_accumulation_steps}, with which the weights would never change."
        )


def optimizer_arguments(phase: PhaseConfig, gradient_accumulation_steps: int) -> dict[str, Any]:
    """Returns the arguments of the optimizer of a phase, but for its learning rate."""
    arguments: dict[str, Any] = {"global_clipnorm": phase.gradient_clip_norm, "weight_decay": phase.weight_decay}
    if gradient_accumulation_steps > 1:
        arguments["gradient_accumulation_steps"] = gradient_accumulation_steps
    if phase.ema_momentum is not None:
        arguments |= {"use_ema": True, "ema_momentum": phase.ema_momentum ** (1 / gradient_accumulation_steps)}
    if phase.optimizer == "sgd":
        arguments |= {"momentum": phase.momentum, "nesterov": True}
    return arguments


def build_learning_rate(
    phase: PhaseConfig, steps_per_epoch: int, gradient_accumulation_steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Returns a constant, or the cosine from the peak to zero after a linear warm-up from zero."""
    if phase.learning_rate_schedule != "cosine":
        return phase.learning_rate
    num_updates = phase.epochs * steps_per_epoch // gradient_accumulation_steps
    warmup_updates = min(round(phase.warmup_epochs * steps_per_epoch / gradient_accumulation_steps), num_updates - 1)
    if warmup_updates:
        cosine = keras.optimizers.schedules.CosineDecay(
            0.0, num_updates - warmup_updates, warmup_target=phase.learning_rate, warmup_steps=warmup_updates
        )
    else:
        cosine = keras.optimizers.schedules.CosineDecay(phase.learning_rate, num_updates)
    return PerUpdate(cosine, gradient_accumulation_steps) if gradient_accumulation_steps > 1 else cosine


class PerUpdate(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule over updates, for an optimizer that accumulates: Keras tells a schedule the number of batches."""

    def __init__(self, schedule: keras.optimizers.schedules.LearningRateSchedule, batches_per_update: int):
        """Takes the schedule over updates."""
        self.schedule = schedule
        self.batches_per_update = batches_per_update

    def __call__(self, step):
        """Returns the learning rate of the update that a batch is part of."""
        return self.schedule(step // self.batches_per_update)


def layerwise(
    optimizer_class: type[keras.optimizers.Optimizer], multipliers: dict[str, float]
) -> type[keras.optimizers.Optimizer]:
    """Returns an optimizer class whose learning rate depends on the variable, which Keras has no argument for."""

    class LayerwiseOptimizer(optimizer_class):
        """The optimizer with a learning rate for each variable."""

        def build(self, variables):
            super().build(variables)
            self.factors = tuple(multipliers.get(variable.path, 1.0) for variable in variables)

        def update_step(self, gradient, variable, learning_rate):
            # By position, as Keras' own optimizers find their slots: TensorFlow passes a tf.Variable without a path.
            factor = self.factors[self._get_variable_index(variable)]
            super().update_step(gradient, variable, learning_rate * factor)

    LayerwiseOptimizer.__name__ = f"Layerwise{optimizer_class.__name__}"
    return LayerwiseOptimizer
