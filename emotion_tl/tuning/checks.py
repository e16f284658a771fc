"""Checks a search before its first trial, without Keras: the tuner, the space, and trials at its corners."""

from emotion_tl.config import Compose, ExperimentConfig
from emotion_tl.errors import ConfigurationError
from emotion_tl.tuning.combinations import TrialValues, alternatives, corners
from emotion_tl.tuning.composition import TrialComposer
from emotion_tl.tuning.overrides import override
from emotion_tl.tuning.space_checks import check_space, parameter_error
from emotion_tl.tuning_config import TUNERS, SpaceConfig, TuneConfig, TunerConfig, TuneSettings
from emotion_tl.validation import NAME, check_choice, check_experiment_config, check_positive, check_range


def check_search(config: TuneConfig, compose: Compose, source: str) -> list[ExperimentConfig]:
    """Checks a search, and returns the configurations of trials that have each value, and each pair of values, of it.

    Args:
        config: the search.
        compose: returns the experiment with further overrides, or raises a ConfigurationError.
        source: the file of the space, for the messages.

    Raises:
        ConfigurationError: naming the file, the parameter and its key.
    """
    check_tuner(config.tuner)
    check_tune_settings(config.tune)
    space = config.tuner.space
    check_space(space, config.tuner.name, source)
    composer = TrialComposer(config.tuner, compose, source)
    trials = list(corners(space))
    configs = [checked(composer, trial) for trial in trials]
    check_comparable(space, trials, configs, source)
    return configs


def check_tuner(config: TunerConfig) -> None:
    """Checks how the trials are picked."""
    check_choice("tuner.name", config.name, TUNERS)
    if config.max_trials is not None:
        check_range("tuner.max_trials", config.max_trials, 1)
    elif config.name in ("random", "bayesian"):
        raise ConfigurationError(f"tuner.max_trials: expected a number, {config.name} has no end. Received: null")
    check_range("tuner.seed", config.seed, 0, 2**32 - 1)
    if config.num_initial_points is not None:
        check_range("tuner.num_initial_points", config.num_initial_points, 1)
    check_positive("tuner.alpha", config.alpha)
    check_range("tuner.beta", config.beta, 0)
    check_range("tuner.max_epochs", config.max_epochs, 1)
    check_range("tuner.factor", config.factor, 2)
    check_range("tuner.hyperband_iterations", config.hyperband_iterations, 1)


def check_tune_settings(config: TuneSettings) -> None:
    """Checks what becomes of the trials."""
    check_range("tune.num_best", config.num_best, 1)
    check_range("tune.num_workers", config.num_workers, 1)
    if config.name is not None and not NAME.fullmatch(config.name):
        raise ConfigurationError(f"tune.name: expected the name of a folder, without slashes. Received: {config.name}")
    if not config.output_dir:
        raise ConfigurationError("tune.output_dir: expected a folder, as in outputs/tune. Received: none")


def checked(composer: TrialComposer, trial: TrialValues) -> ExperimentConfig:
    """Returns the configuration of a trial as it is run.

    Raises:
        ConfigurationError: where no run can start with it, naming the parameters to blame.
    """
    config, _ = composer.experiment(trial)
    try:
        check_experiment_config(config)
    except ConfigurationError as error:
        reason = f"{composer.source}: {blamed(composer, trial, str(error))}. {error}"
        last_phase = next(reversed(config.schedule.phases), None)
        if composer.tuner.name == "hyperband" and str(error).startswith(f"schedule.phases.{last_phase}."):
            reason += f" With hyperband, this phase has tuner.max_epochs={composer.tuner.max_epochs} epochs."
        raise ConfigurationError(reason) from error
    return config


def blamed(composer: TrialComposer, trial: TrialValues, reason: str) -> str:
    """Returns which parameters are to blame for a trial that cannot start.

    They are those with another value that would mend it; where two things are wrong at once, those the reason is about.
    """
    space = composer.space
    others = {name: alternatives(space, trial, name) for name in trial}
    names = [name for name in trial if any(can_start(composer, other) for other in others[name])]
    names = names or [name for name in trial if reason.startswith(f"{space.parameters[name].key}:")]
    if not names:
        return "no trial can start with the settings that are fixed"
    values = ", ".join(override(space.parameters[name], trial[name]) for name in names)
    return f"parameter{'s' if len(names) > 1 else ''} {', '.join(names)}: no trial can start with {values}"


def can_start(composer: TrialComposer, trial: TrialValues) -> bool:
    """Returns whether a run can start with a trial."""
    try:
        check_experiment_config(composer.experiment(trial)[0])
    except ConfigurationError:
        return False
    return True


def check_comparable(
    space: SpaceConfig, trials: list[TrialValues], configs: list[ExperimentConfig], source: str
) -> None:
    """Checks that all trials are judged by the same metric on the same images.

    Raises:
        ConfigurationError: naming the parameter that changes one of them.
    """
    for trial, config in zip(trials, configs, strict=True):
        for what, value, expected, remedy in (
            ("data", config.data, configs[0].data, ""),
            ("schedule.monitor", config.schedule.monitor, configs[0].schedule.monitor, ""),
            ("val_loss", loss_settings(config), loss_settings(configs[0]), " Or use schedule.monitor=val_log_loss."),
        ):
            if value != expected:
                name = next(name for name in trial if trial[name] != trials[0].get(name))
                reason = f"expected a key that leaves {what} as it is, or the scores of the trials cannot be compared."
                raise parameter_error(source, name, space.parameters[name].key, f"{reason}{remedy}")


def loss_settings(config: ExperimentConfig) -> tuple[object, ...]:
    """Returns what decides how the val_loss is computed, where the trials are judged by it.

    Class weights and oversampling are about the training images alone.
    """
    if config.schedule.monitor != "val_loss":
        return ()
    imbalance = config.imbalance if config.imbalance.name in ("focal", "logit_adjust") else None
    return imbalance, {phase.label_smoothing for phase in config.schedule.phases.values()}
