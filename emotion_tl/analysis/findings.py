"""All that a comparison finds beyond the models themselves; what the runs do not allow to be asked is left out."""

from collections.abc import Sequence
from dataclasses import dataclass

from emotion_tl.analysis.calibration_gain import CalibrationGain, find_calibration_gains
from emotion_tl.analysis.comparison import Comparison, ModelResult
from emotion_tl.analysis.ensemble_results import Ensembles, try_ensembles
from emotion_tl.analysis.imbalance import Treatments, find_treatments
from emotion_tl.analysis.transfer_gain import TransferGain, find_transfer_gains
from emotion_tl.analysis.variants import over_train_fractions


@dataclass(frozen=True, eq=False)
class FractionCurve:
    """One model over the share of the training images: (share, result), the smallest share first."""

    name: str
    points: Sequence[tuple[float, ModelResult]]


@dataclass(frozen=True, eq=False)
class Findings:
    """What was found."""

    transfer_gains: Sequence[TransferGain]
    fraction_curves: Sequence[FractionCurve]
    treatments: Sequence[Treatments]
    calibration_gains: Sequence[CalibrationGain]
    ensembles: Ensembles


def find_all(comparison: Comparison) -> Findings:
    """Asks everything that the runs of a comparison allow to be asked."""
    return Findings(
        transfer_gains=find_transfer_gains(comparison),
        fraction_curves=[
            FractionCurve(
                variants.name,
                [(fraction, comparison.result_of(model.name)) for fraction, model in variants.members],
            )
            for variants in over_train_fractions(comparison.models)
        ],
        treatments=find_treatments(comparison),
        calibration_gains=find_calibration_gains(comparison.models),
        ensembles=try_ensembles(comparison),
    )
