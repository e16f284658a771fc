"""What spares TensorFlow from tracing a step twice, and lets it forget the step when the network is gone.

Both cost seconds and tens of megabytes for each phase and each trial. The other backends need neither.
"""

import keras
import numpy as np

from emotion_tl.distribution import num_devices_in_scope


def ease_tracing(network: keras.Model) -> None:
    """Readies a network that was compiled for its first step, if it has taken none. Changes no result."""
    is_traced = keras.config.backend() == "tensorflow" and num_devices_in_scope() == 1
    if is_traced and network.train_function is None:
        build_step_variables(network)
        leave_gradients_unsummed(network.optimizer)


def build_step_variables(network: keras.Model) -> None:
    """Creates the variables of the optimizer and of the metrics, for which Keras waits until the first step.

    TensorFlow traces a step a second time where the first trace created variables.
    """
    if not network.optimizer.built:
        network.optimizer.build(network.trainable_variables)
    labels, logits = np.zeros((2, 1, network.output.shape[-1]), dtype="float32")
    network.compute_metrics(None, labels, logits, sample_weight=np.ones(1, dtype="float32"))
    network.reset_metrics()


def leave_gradients_unsummed(optimizer: keras.optimizers.Optimizer) -> None:
    """Takes out the sum of the gradients over the devices, of which there is one.

    TensorFlow registers a gradient of that sum for each trace and never forgets it, and through it the whole graph of
    the step: 20 MB for a head on 2048 features (seen in 2.21).
    """
    # Under mixed_float16 Keras wraps the optimizer in one that scales the loss.
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    inner._all_reduce_sum_gradients = list
