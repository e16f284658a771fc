"""Gradients of logits with respect to activations: the one thing Keras has no backend-neutral way for.

The backend is imported inside the function that needs it, so that none but the one in use has to be installed.
"""

from collections.abc import Callable

import keras
import numpy as np

GradientFunction = Callable[[np.ndarray, np.ndarray], np.ndarray]


def logit_gradients(network: keras.Model) -> GradientFunction:
    """Returns the function that differentiates one logit of each image with respect to the network's input.

    Args:
        network: activations (batch, ...) to logits (batch, num_classes); it is run as outside of training.

    Returns:
        A function of the activations and of `chosen`, float32 (batch, num_classes), which has a 1 at the logit that is
        differentiated and 0 elsewhere. It returns float32 gradients of the shape of the activations.
    """
    return BACKENDS[keras.config.backend()](network)


def with_tensorflow(network: keras.Model) -> GradientFunction:
    """Records the operations on a tape."""
    import tensorflow

    def gradients(activations: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        inputs = tensorflow.convert_to_tensor(activations)
        with tensorflow.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(inputs)
            score = tensorflow.reduce_sum(network(inputs, training=False) * chosen)
        return np.asarray(tape.gradient(score, inputs), dtype="float32")

    return gradients


def with_jax(network: keras.Model) -> GradientFunction:
    """Transforms the network as a function without state, compiled."""
    import jax

    weights = [
        [variable.value for variable in variables]
        for variables in (network.trainable_variables, network.non_trainable_variables)
    ]

    @jax.jit
    @jax.grad
    def differentiate(inputs: jax.Array, chosen: jax.Array, weights: list[list[jax.Array]]) -> jax.Array:
        logits, _ = network.stateless_call(*weights, inputs, training=False)
        return (logits * chosen).sum()

    def gradients(activations: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        return np.asarray(differentiate(activations, chosen, weights), dtype="float32")

    return gradients


def with_torch(network: keras.Model) -> GradientFunction:
    """Goes back through the graph that torch has built."""
    import torch

    def gradients(activations: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        inputs = keras.ops.convert_to_tensor(activations).requires_grad_()
        score = (network(inputs, training=False) * keras.ops.convert_to_tensor(chosen)).sum()
        (found,) = torch.autograd.grad(score, inputs)
        return keras.ops.convert_to_numpy(found).astype("float32")

    return gradients


BACKENDS: dict[str, Callable[[keras.Model], GradientFunction]] = {
    "tensorflow": with_tensorflow,
    "jax": with_jax,
    "torch": with_torch,
}
