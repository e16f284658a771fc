"""A search space for KerasTuner."""

import keras_tuner
from keras_tuner.engine import hyperparameters

from emotion_tl.override_text import value_text
from emotion_tl.tuning.activity import conditions_of, in_order
from emotion_tl.tuning_config import ParameterConfig, SpaceConfig


def build_hyperparameters(space: SpaceConfig) -> keras_tuner.HyperParameters:
    """Returns a space that passed `check_space` as KerasTuner's hyperparameters.

    The names are those of the parameters. Choices are text, as `trial_overrides` expects them. Parents stand before
    what depends on them, as KerasTuner's oracles have to find them.
    """
    built = keras_tuner.HyperParameters()
    # Its conditional_scope cannot nest two parents that do not depend on each other, so the conditions are given as a
    # saved space has them.
    built.merge([hyperparameters.deserialize(described(space, name)) for name in in_order(space)])
    return built


def described(space: SpaceConfig, name: str) -> dict:
    """Returns one parameter as KerasTuner writes it into its files."""
    parameter = space.parameters[name]
    class_name = "Choice" if parameter.choices is not None else "Int" if parameter.integer else "Float"
    conditions = [
        {"class_name": "Parent", "config": {"name": parent, "values": texts}}
        for parent, texts in conditions_of(space, name).items()
    ]
    values = described_choices(parameter) if parameter.choices is not None else described_range(parameter)
    return {"class_name": class_name, "config": {"name": name, "conditions": conditions, **values}}


def described_choices(parameter: ParameterConfig) -> dict:
    """Returns the values of a choice."""
    return {"values": [value_text(choice) for choice in parameter.choices or []]}


def described_range(parameter: ParameterConfig) -> dict:
    """Returns the ends of a range, and how values are taken from it."""
    number = int if parameter.integer else float
    ends = {"min_value": number(parameter.low or 0), "max_value": number(parameter.high or 0)}
    step = None if parameter.step is None else number(parameter.step)
    if isinstance(step, float) and parameter.sampling == "linear":
        # KerasTuner counts the steps with //, and 0.5 // 0.1 is 4. Its values are whole steps from the lower end.
        ends["max_value"] += step / 1000
    return ends | {"step": step, "sampling": parameter.sampling}
