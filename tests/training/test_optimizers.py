import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from emotion_tl.errors import ConfigurationError
from emotion_tl.training.optimizers import build_optimizer
from tests.tiny import make_phase
from tests.training import accumulation

REPOSITORY = Path(__file__).parent.parent.parent

CLASSES = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW, "sgd": keras.optimizers.SGD}


def make_network(seed: int = 0) -> keras.Model:
    """Returns a network with a kernel, a bias and the parameters of a normalisation, all of them away from 0."""
    inputs = keras.Input((4,))
    features = keras.layers.BatchNormalization(name="norm")(keras.layers.Dense(5, name="low")(inputs))
    network = keras.Model(inputs, keras.layers.Dense(3, name="high")(features))
    generator = np.random.default_rng(seed)
    for variable in network.trainable_variables:
        variable.assign(generator.uniform(0.5, 1.5, variable.shape))
    return network


def step(phase, gradient: float = 1.0, multipliers: dict[str, float] | None = None, num_steps: int = 1):
    """Returns how far steps on a constant gradient moved each variable, by path, and the optimizer."""
    network = make_network()
    optimizer = build_optimizer(phase, 10, multipliers or {})
    variables = network.trainable_variables
    before = [keras.ops.convert_to_numpy(variable) for variable in variables]
    optimizer.build(variables)
    for _ in range(num_steps):
        optimizer.apply([keras.ops.full(variable.shape, gradient) for variable in variables])
    after = [keras.ops.convert_to_numpy(variable) for variable in variables]
    return {v.path: new - old for v, new, old in zip(variables, after, before, strict=True)}, before, optimizer


@pytest.mark.parametrize("name", list(CLASSES))
def test_each_optimizer_is_the_one_it_is_called(name):
    moved, _, optimizer = step(make_phase(optimizer=name, learning_rate=0.01))
    assert type(optimizer) is CLASSES[name]
    assert float(optimizer.learning_rate) == pytest.approx(0.01)
    # A first step on a gradient of 1: Adam goes one learning rate, SGD with Nesterov momentum 1 + 0.9 of it.
    expected = -0.019 if name == "sgd" else -0.01
    for path, difference in moved.items():
        np.testing.assert_allclose(difference, expected, rtol=1e-3, err_msg=path)


def test_sgd_takes_the_momentum():
    _, _, optimizer = step(make_phase(optimizer="sgd", momentum=0.5))
    assert optimizer.momentum == 0.5
    assert optimizer.nesterov


@pytest.mark.parametrize("name", list(CLASSES))
def test_weight_decay_is_decoupled_and_leaves_biases_and_normalisation_alone(name):
    moved, before, optimizer = step(
        make_phase(optimizer=name, learning_rate=0.1, weight_decay=0.2), gradient=0.0, num_steps=1
    )
    for (path, difference), value in zip(moved.items(), before, strict=True):
        expected = -0.1 * 0.2 * value if path.endswith("kernel") else 0
        np.testing.assert_allclose(difference, expected, atol=1e-6, err_msg=path)
    assert {path.split("/")[1] for path in moved} == {"kernel", "bias", "gamma", "beta"}
    assert optimizer.weight_decay == 0.2


@pytest.mark.parametrize("name", list(CLASSES))
def test_without_weight_decay_nothing_decays(name):
    moved, _, _ = step(make_phase(optimizer=name, learning_rate=0.1), gradient=0.0)
    assert all((difference == 0).all() for difference in moved.values())


@pytest.mark.parametrize("name", list(CLASSES))
def test_layer_decay_scales_the_step(name):
    phase = make_phase(optimizer=name, learning_rate=0.01)
    multipliers = {"low/kernel": 0.25, "low/bias": 0.25, "norm/gamma": 0.5}
    even, _, _ = step(phase, num_steps=3)
    scaled, _, _ = step(phase, multipliers=multipliers, num_steps=3)
    for path, difference in scaled.items():
        expected = multipliers.get(path, 1.0) * even[path]
        np.testing.assert_allclose(difference, expected, rtol=1e-3, err_msg=path)


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_layer_decay_inside_fit(name):
    images = np.random.default_rng(1).normal(size=(8, 4)).astype("float32")
    labels = np.eye(3, dtype="float32")[np.arange(8) % 3]
    moved = {}
    for factor in (1.0, 0.1):
        network = make_network()
        before = keras.ops.convert_to_numpy(network.get_layer("low").kernel)
        phase = make_phase(optimizer=name, learning_rate=0.01)
        network.compile(build_optimizer(phase, 1, {"low/kernel": factor}), "mse", jit_compile=False)
        network.fit(images, labels, batch_size=8, verbose=0)
        moved[factor] = keras.ops.convert_to_numpy(network.get_layer("low").kernel) - before
    assert np.abs(moved[1.0]).max() > 1e-4
    np.testing.assert_allclose(moved[0.1], 0.1 * moved[1.0], rtol=1e-2, atol=1e-6)


def test_gradient_clip_bounds_the_norm_over_all_variables():
    phase = make_phase(optimizer="sgd", momentum=0.0, learning_rate=1.0, gradient_clip_norm=0.5)
    moved, _, _ = step(phase, gradient=100.0)
    norm = np.sqrt(sum((difference**2).sum() for difference in moved.values()))
    assert norm == pytest.approx(0.5, rel=1e-4)
    moved, _, _ = step(phase, gradient=0.01)
    assert all(np.allclose(difference, -0.01, rtol=1e-3) for difference in moved.values())


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_ema_momentum_reaches_the_optimizer(momentum):
    _, _, optimizer = step(make_phase(ema_momentum=momentum))
    assert optimizer.use_ema
    assert optimizer.ema_momentum == momentum
    _, _, optimizer = step(make_phase())
    assert not optimizer.use_ema


# === Learning rates over the steps ===


def rates(**settings) -> list[float]:
    """Returns the learning rate at each of 4 epochs of 10 steps, and one more."""
    phase = make_phase(epochs=4, learning_rate=0.2, **settings)
    schedule = build_optimizer(phase, 10, {}).learning_rate
    optimizer = build_optimizer(phase, 10, {})
    result = []
    for number in range(41):
        optimizer.iterations.assign(number)
        result.append(float(keras.ops.convert_to_numpy(optimizer.learning_rate)))
    assert result[0] == pytest.approx(float(schedule))
    return result


@pytest.mark.parametrize("schedule", ["constant", "plateau"])
def test_constant(schedule):
    assert rates(learning_rate_schedule=schedule) == pytest.approx([0.2] * 41)


def test_cosine_falls_from_the_peak_to_zero():
    values = rates(learning_rate_schedule="cosine")
    expected = 0.2 * (1 + np.cos(np.pi * np.arange(41) / 40)) / 2
    np.testing.assert_allclose(values, expected, atol=1e-6)


@pytest.mark.parametrize(("warmup_epochs", "warmup_steps"), [(1.0, 10), (0.5, 5)])
def test_cosine_with_warmup(warmup_epochs, warmup_steps):
    values = rates(learning_rate_schedule="cosine", warmup_epochs=warmup_epochs)
    np.testing.assert_allclose(values[: warmup_steps + 1], 0.2 * np.arange(warmup_steps + 1) / warmup_steps, atol=1e-6)
    rest = np.arange(41 - warmup_steps) / (40 - warmup_steps)
    np.testing.assert_allclose(values[warmup_steps:], 0.1 * (1 + np.cos(np.pi * rest)), atol=1e-6)
    assert max(values) == values[warmup_steps]


def test_warmup_as_long_as_the_phase_still_ends():
    values = rates(learning_rate_schedule="cosine", warmup_epochs=4.0)
    assert np.isfinite(values).all()
    assert values[39] == pytest.approx(0.2)


# === Gradient accumulation ===


def check_same_training(whole: dict, accumulated: dict) -> None:
    """Checks that accumulated batches gave the weights and the learning rates of the large one they make up."""
    for one, other in zip(whole["weights"], accumulated["weights"], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(whole["rates"], accumulated["rates"], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("case", list(accumulation.CASES))
def test_accumulated_batches_are_one_large_batch(case):
    """Layer decay in all cases; also momentum, cosine with warm-up, Adam, weight decay, clipping, moving average."""
    settings = accumulation.CASES[case]
    whole, accumulated = accumulation.compare(settings)
    check_same_training(whole, accumulated)
    expected = [0.1, 0.05, 0.0] if "learning_rate_schedule" in settings else [0.1] * 3
    assert accumulated["rates"] == pytest.approx(expected, abs=1e-7)
    unmoved = accumulation.fit(64, 1, **settings | {"learning_rate": 1e-9})
    assert np.abs(np.subtract(unmoved["weights"][0], whole["weights"][0])).max() > 1e-3


def test_accumulated_batches_are_one_large_batch_on_jax():
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")
    command = [sys.executable, "-m", "tests.training.accumulation", "jax"]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    for whole, accumulated in json.loads(done.stdout.splitlines()[-1]).values():
        check_same_training(whole, accumulated)


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_the_weights_change_with_the_last_batch_of_an_accumulation(schedule):
    """Three batches an update over epochs of four: an update goes on in the next epoch, the last batch is dropped."""
    optimizer = build_optimizer(make_phase(epochs=4, learning_rate_schedule=schedule), 4, {}, 3)
    variable = keras.Variable(np.ones(2, "float32"), name="kernel")
    optimizer.build([variable])
    changed = []
    for _ in range(16):
        before = keras.ops.convert_to_numpy(variable)
        optimizer.apply([keras.ops.ones(2)])
        changed.append(not np.array_equal(before, keras.ops.convert_to_numpy(variable)))
    assert [number for number, has_changed in enumerate(changed, start=1) if has_changed] == [3, 6, 9, 12, 15]
    if schedule == "cosine":
        assert float(optimizer.learning_rate) == pytest.approx(0, abs=1e-9)


def test_the_moving_average_goes_by_updates():
    """It lags by less than an update: by the batch before the next one it is what it is without accumulation."""
    averages = []
    for steps in (1, 4):
        optimizer = build_optimizer(make_phase(epochs=20, optimizer="sgd", ema_momentum=0.8), 1, {}, steps)
        variable = keras.Variable(np.ones(1, "float32"), name="kernel")
        optimizer.build([variable])
        for _ in range(3 * steps + steps - 1):
            optimizer.apply([keras.ops.ones(1)])
        (average,) = optimizer._model_variables_moving_average
        averages.append(float(keras.ops.convert_to_numpy(average)[0]))
    assert averages[0] < 1
    assert averages[1] == pytest.approx(averages[0], rel=1e-6)


def test_a_phase_too_short_for_an_update_is_refused():
    with pytest.raises(ConfigurationError, match=r"gradient_accumulation_steps: expected at most 6.*Received: 7"):
        build_optimizer(make_phase(epochs=2), 3, {}, gradient_accumulation_steps=7)
