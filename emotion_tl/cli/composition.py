"""Finds `conf/` and composes it."""

from dataclasses import dataclass, fields
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.conf import HydraConf
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError

from emotion_tl.config import ExperimentConfig, to_typed
from emotion_tl.console import shown
from emotion_tl.errors import ConfigurationError
from emotion_tl.override_text import override_text

SEARCH_PATH = "hydra.searchpath"
# Where Hydra has its own files and those of the command from.
HYDRAS_OWN = ("hydra", "main", "schema")


def config_folder(command: str) -> Path:
    """Returns the folder of the YAML files: inside an installed package, or beside the package in a checkout.

    Raises:
        ConfigurationError: where neither is there, which means a broken installation.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "conf", package.parent / "conf"):
        if (folder / f"{command}.yaml").is_file():
            return folder
    raise ConfigurationError(f"Expected the configuration files in {package / 'conf'}. Install the package again.")


def own_settings(schema: type, composed: DictConfig) -> DictConfig:
    """Returns the settings a command knows: conf/local may hold others, which are for `train`."""
    return OmegaConf.masked_copy(composed, [entry.name for entry in fields(schema)])


def further_places(config: HydraConf) -> tuple[str, ...]:
    """Returns where the user has Hydra look beside conf/, by --config-dir and hydra.searchpath, as Hydra writes it."""
    own = [source for source in config.runtime.config_sources if source.provider not in HYDRAS_OWN]
    return tuple(f"{source.schema}://{source.path}" for source in own)


def file_of_option(config: HydraConf, group: str) -> str:
    """Returns the file of the option that was chosen of a group, as it would be typed."""
    name = f"{group}/{config.runtime.choices.get(group)}.yaml"
    return next((str(shown(folder / name)) for folder in own_folders(config) if (folder / name).is_file()), name)


def own_folders(config: HydraConf) -> list[Path]:
    """Returns the folders with YAML files: conf/, and what the user has Hydra look into beside it."""
    return [Path(source.path).absolute() for source in config.runtime.config_sources if source.schema == "file"]


@dataclass(frozen=True)
class ExperimentComposer:
    """Composes the experiments of a search in whatever process it is sent to.

    They are composed as the search is: a space may choose options of other groups, as `head` does the schedule.

    Attributes:
        overrides: of the search.
        further: places of the user's that Hydra looks into beside conf/, see `further_places`.
    """

    overrides: tuple[str, ...]
    further: tuple[str, ...] = ()

    def __call__(self, overrides: list[str]) -> ExperimentConfig:
        """Returns the experiment with further overrides.

        Raises:
            ConfigurationError: where it cannot be composed.
        """
        composed = self.compose(overrides)
        return to_typed(ExperimentConfig, own_settings(ExperimentConfig, composed))

    def choices(self, overrides: list[str]) -> dict[str, str | None]:
        """Returns the option of each group with further overrides."""
        return dict(self.compose(overrides).hydra.runtime.choices)

    def compose(self, overrides: list[str]) -> DictConfig:
        """Returns the composed configuration, Hydra's own included.

        Raises:
            ConfigurationError: where it cannot be composed.
        """
        if not GlobalHydra.instance().is_initialized():
            initialize_config_dir(str(config_folder("tune")), version_base="1.3")
        places = [override_text(SEARCH_PATH, self.further)] if self.further else []
        try:
            return compose("tune", [*self.overrides, *overrides, *places], return_hydra_config=True)
        except HydraException as error:
            raise ConfigurationError(reason_of_composition(error)) from error


def reason_of_composition(error: HydraException) -> str:
    """Returns in one line why Hydra could not compose an experiment."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file and error.options:
        group, _, option = error.missing_cfg_file.rpartition("/")
        return f"{group}: expected one of {', '.join(error.options)}. Received: {option}"
    cause = error.__cause__
    if isinstance(cause, ConfigKeyError | ConfigAttributeError):
        return f"{cause.full_key}: expected a setting of the experiment that the others make. It has none of this name."
    return " ".join(str(cause or error).split()).partition(" Config search path:")[0]
