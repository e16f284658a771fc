"""How much each parameter of a search matters for the score."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.inspection import permutation_importance
from sklearn.metrics import r2_score
from sklearn.model_selection import RepeatedKFold

from emotion_tl.override_text import value_text
from emotion_tl.tuning_config import ParameterConfig, SpaceConfig

MIN_TRIALS = 12
NUM_FOLDS = 5
NUM_FOLD_REPEATS = 2
NUM_TREES = 50
NUM_SHUFFLES = 4


@dataclass(frozen=True)
class Importances:
    """How much each parameter matters.

    Attributes:
        table: a row a parameter, the most important first: parameter, importance (share of the variance of the score
            that goes back to it, alone or together with others) and spread (its standard deviation over the folds).
            Empty where there are not enough trials.
        explained: R2 of the forest on trials it has not seen: how far the importances are to be trusted.
        note: what there is to say about them, in a sentence.
    """

    table: pd.DataFrame
    explained: float
    note: str


def parameter_importances(trials: pd.DataFrame, space: SpaceConfig, seed: int = 0) -> Importances:
    """Returns how much each parameter matters among the finished trials.

    A forest of extremely randomized trees learns the score from the parameters. On trials it has not seen
    (cross-validation) the values of one parameter are shuffled: half of the squared error that this adds, as a share of
    the variance of the score, is the part of the variance the parameter has a hand in, as far as the forest has
    learned it; with few trials it is too small. Ranges with sampling "log" go in as logarithms, choices by their place
    in the list. A trial that does not have a parameter gets the value of one that has, drawn at random, so that having
    it speaks for the parent alone.

    Args:
        trials: as in `print_leaderboard`.
        space: what was searched.
        seed: of the forests and the folds.

    Reference:
        Geurts et al. 2006, Extremely randomized trees, doi:10.1007/s10994-006-6226-1. Breiman 2001, Random Forests,
        doi:10.1023/A:1010933404324, for the shuffling. Gregorutti et al. 2017, Correlation and variable importance in
        random forests, arXiv:1310.5726, for the half.
    """
    finished = trials[(trials["status"] == "finished") & trials["value"].notna()]
    generator = np.random.default_rng(seed)
    columns = {name: as_numbers(finished, name, parameter, generator) for name, parameter in space.parameters.items()}
    varied = {name: numbers for name, numbers in columns.items() if len(np.unique(numbers)) > 1}
    scores = finished["value"].to_numpy(dtype=float)
    num_needed = max(MIN_TRIALS, 2 * len(space.parameters))
    if len(finished) < num_needed:
        return Importances(
            empty_table(), np.nan, f"Importance: needs {num_needed} finished trials, {len(finished)} are."
        )
    if not varied or np.ptp(scores) == 0:
        return Importances(empty_table(), np.nan, "All trials are the same, or score the same: nothing to compare.")
    return learned_importances(np.column_stack(list(varied.values())), scores, list(varied), seed)


def empty_table() -> pd.DataFrame:
    """Returns a table of importances without rows."""
    return pd.DataFrame({"parameter": pd.Series(dtype=str), "importance": [], "spread": []})


def as_numbers(
    trials: pd.DataFrame, name: str, parameter: ParameterConfig, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Returns the values of a parameter as numbers in a sensible order, one drawn where a trial does not have it."""
    if name not in trials or trials[name].isna().all():
        return np.zeros(len(trials))
    if parameter.choices is not None:
        places = {value_text(choice): place for place, choice in enumerate(parameter.choices)}
        numbers = trials[name].map(places).to_numpy(dtype=float)
    else:
        numbers = trials[name].to_numpy(dtype=float)
        numbers = np.log(numbers) if parameter.sampling == "log" else numbers
    missing = np.isnan(numbers)
    return np.where(missing, generator.choice(numbers[~missing], len(numbers)), numbers)


def learned_importances(
    values: NDArray[np.float64], scores: NDArray[np.float64], names: list[str], seed: int
) -> Importances:
    """Returns the importances of the columns of `values` for the scores, by cross-validation."""
    folds = RepeatedKFold(n_splits=NUM_FOLDS, n_repeats=NUM_FOLD_REPEATS, random_state=seed)
    shares, predicted, known = [], [], []
    for fitted, held_out in folds.split(values):
        forest = ExtraTreesRegressor(NUM_TREES, random_state=seed).fit(values[fitted], scores[fitted])
        shuffled = permutation_importance(
            forest,
            values[held_out],
            scores[held_out],
            scoring="neg_mean_squared_error",
            n_repeats=NUM_SHUFFLES,
            random_state=seed,
        )
        shares.append(shuffled.importances_mean / (2 * scores.var()))
        predicted.append(forest.predict(values[held_out]))
        known.append(scores[held_out])
    table = pd.DataFrame({"parameter": names, "importance": np.mean(shares, 0), "spread": np.std(shares, 0)})
    explained = float(r2_score(np.concatenate(known), np.concatenate(predicted)))
    table = table.sort_values("importance", ascending=False, ignore_index=True)
    return Importances(table, explained, told(explained, len(scores)))


def told(explained: float, num_trials: int) -> str:
    """Returns how far the importances can be trusted."""
    if explained < 0.1:
        return f"The parameters hardly explain the scores of these {num_trials} trials: no more than a hint."
    return f"The parameters explain {explained:.0%} of the variance of the scores of {num_trials} trials."
