"""Optimizers and learning rates of a phase."""

import keras

from emotion_tl.config import PhaseConfig

OPTIMIZERS: dict[str, type[keras.optimizers.Optimizer]] = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "sgd": keras.optimizers.SGD,
}


def build_optimizer(
    phase: PhaseConfig, steps_per_epoch: int, learning_rate_multipliers: dict[str, float]
) -> keras.optimizers.Optimizer:
    """Returns a fresh optimizer for a phase.

    Args:
        learning_rate_multipliers: factor of the learning rate by the path of a variable; absent is 1.
    """
    arguments = {
        "learning_rate": build_learning_rate(phase, steps_per_epoch),
        "global_clipnorm": phase.gradient_clip_norm,
        "weight_decay": phase.weight_decay,
    }
    if phase.ema_momentum is not None:
        arguments |= {"use_ema": True, "ema_momentum": phase.ema_momentum}
    if phase.optimizer == "sgd":
        arguments |= {"momentum": phase.momentum, "nesterov": True}
    optimizer_class = OPTIMIZERS[phase.optimizer]
    if any(factor != 1 for factor in learning_rate_multipliers.values()):
        optimizer_class = layerwise(optimizer_class, learning_rate_multipliers)
    optimizer = optimizer_class(**arguments)
    # AdamW takes no None; with it, unlike with 0, the optimizer leaves the decay out of the step.
    optimizer.weight_decay = phase.weight_decay or None
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def build_learning_rate(
    phase: PhaseConfig, steps_per_epoch: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Returns a constant, or the cosine from the peak to zero after a linear warm-up from zero."""
    if phase.learning_rate_schedule != "cosine":
        return phase.learning_rate
    num_steps = phase.epochs * steps_per_epoch
    warmup_steps = min(round(phase.warmup_epochs * steps_per_epoch), num_steps - 1)
    if not warmup_steps:
        return keras.optimizers.schedules.CosineDecay(phase.learning_rate, num_steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0, num_steps - warmup_steps, warmup_target=phase.learning_rate, warmup_steps=warmup_steps
    )


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
