"""Heads that stay traced from one trial to the next: a new trial of the same architecture takes new numbers only.

To trace and to optimize the step of a head takes as long as two epochs of it.
"""

import gc
import json
from dataclasses import asdict, dataclass, field, replace

import keras

from emotion_tl.config import ExperimentConfig
from emotion_tl.distribution import num_devices_in_scope
from emotion_tl.models.transfer_model import TransferModel
from emotion_tl.training.adjustable import AdjustableDropout, AdjustableLoss, make_weight_decay_adjustable
from emotion_tl.training.inputs import PhaseInputs
from emotion_tl.training.state import assign_variables, read_variables
from emotion_tl.training_config import PhaseConfig

# Each takes a dozen megabytes.
MOST_KEPT = 24


class RetunedNetwork(keras.Model):
    """A network that is traced once: each further `compile` takes the numbers of optimizer and loss, and no more.

    It is for the caller to see to it that nothing else differs.
    """

    def compile(self, optimizer, loss, **settings):
        """Compiles the first time; then brings the optimizer to its start and takes the new numbers."""
        make_weight_decay_adjustable(optimizer)
        optimizer.build(self.trainable_variables)
        if self.compiled:
            assign_variables(self.optimizer.variables, read_variables(optimizer.variables))
            self.loss.adjust(loss)
        else:
            super().compile(optimizer, AdjustableLoss(loss, self.output.shape[-1]), **settings)


@dataclass(frozen=True, eq=False)
class KeptHead:
    """A head whose dropout can be adjusted, and the networks on its layers that phases fit."""

    head: TransferModel
    networks: dict[str, keras.Model] = field(default_factory=dict)

    def take(self, fresh: TransferModel) -> None:
        """Makes the head exactly what a fresh one is: weights, states of the random generators, dropout rates."""
        assign_variables(self.head.network.variables, read_variables(fresh.network.variables))
        for mine, other in zip(self.head.network.layers, fresh.network.layers, strict=True):
            if isinstance(mine, AdjustableDropout):
                mine.adjust(other.rate)

    def feed(self, inputs: PhaseInputs, phase: PhaseConfig) -> PhaseInputs:
        """Returns the inputs of a phase on this head, with a network that may have been fitted before."""
        key = describe_phase(phase)
        if key not in self.networks:
            network = inputs.network
            self.networks[key] = RetunedNetwork(network.input, network.output, name=network.name)
        return KeptInputs(inputs.feed, inputs.table, inputs.train, inputs.val, self.networks[key])


@dataclass(frozen=True)
class KeptInputs(PhaseInputs):
    """What a phase is fed, and the network that it fits again."""

    fitted: keras.Model

    @property
    def network(self) -> keras.Model:
        """Returns the network from what is fed to the logits."""
        return self.fitted


class KeptHeads:
    """The heads that were used last, ready to be trained again."""

    def __init__(self, most: int = MOST_KEPT):
        """Takes how many heads are kept."""
        self.most = most
        self.heads: dict[str, KeptHead] = {}

    def find(self, fresh: TransferModel, config: ExperimentConfig) -> KeptHead:
        """Returns a head that is traced like a fresh one would be, and has its values."""
        key = describe_trial(config)
        kept = self.heads.pop(key, None)
        if kept is None:
            self.make_room()
            kept = KeptHead(make_adjustable(fresh))
        # The one that was used last stands last.
        self.heads[key] = kept
        kept.take(fresh)
        return kept

    def make_room(self) -> None:
        """Forgets half of the heads where there are too many, those that were not used for longest."""
        if len(self.heads) < self.most:
            return
        for key in list(self.heads)[: (self.most + 1) // 2]:
            del self.heads[key]
        # Networks refer to themselves. To find that out takes a while, so it is not done for each of them.
        gc.collect()


def can_keep(config: ExperimentConfig) -> bool:
    """Returns whether a head of this experiment can be trained again as if it were new.

    On JAX a compiled step does not see its numbers change, and on torch nothing is traced. Under mixed_float16 the
    scale of the loss is a state of its own.
    """
    is_traced = keras.config.backend() == "tensorflow" and num_devices_in_scope() == 1
    return is_traced and config.trainer.precision != "mixed_float16"


def make_adjustable(fresh: TransferModel) -> TransferModel:
    """Returns a head like a fresh one, whose dropout can be adjusted."""

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        kind = AdjustableDropout if isinstance(layer, keras.layers.Dropout) else type(layer)
        return kind.from_config(layer.get_config())

    network = keras.models.clone_model(fresh.network, clone_function=clone)
    return replace(fresh, network=network, head=tuple(layer for layer in network.layers if layer.weights))


def describe_trial(config: ExperimentConfig) -> str:
    """Returns what decides how a head and its training are traced.

    Whatever is not known to be a mere number, now or in a later version, stands in it.
    """
    head = replace(config.head, name="", dropout=float(config.head.dropout > 0))
    # Sample weights and the order of the images are data, and a logit adjustment is numbers.
    focal_gamma = config.imbalance.focal_gamma if config.imbalance.name == "focal" else None
    phases = [describe_phase(phase) for phase in config.schedule.phases.values()]
    return json.dumps([asdict(head), focal_gamma, phases, asdict(config.trainer)])


def describe_phase(phase: PhaseConfig) -> str:
    """Returns what decides how a phase is traced."""
    phase = replace(phase, label_smoothing=0.0, weight_decay=float(phase.weight_decay > 0))
    if phase.learning_rate_schedule != "cosine":
        # The optimizer holds the rate in a variable, and the number of epochs is no part of a step.
        phase = replace(phase, learning_rate=0.0, epochs=0)
    return json.dumps(asdict(phase))
