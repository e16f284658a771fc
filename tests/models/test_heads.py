import keras
import numpy as np
import pytest

from emotion_tl.config import HeadConfig
from emotion_tl.models.heads import apply_head

FEATURES = (3, 3, 8)


def build(config: HeadConfig, num_classes: int = 5) -> keras.Model:
    features = keras.Input(FEATURES)
    return keras.Model(features, apply_head(features, config, num_classes, seed=0))


def layer_types(model: keras.Model) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]


@pytest.mark.parametrize(
    ("pooling", "reduce"),
    [
        ("avg", lambda features: features.mean(axis=(1, 2))),
        ("max", lambda features: features.max(axis=(1, 2))),
        ("flatten", lambda features: features.reshape(len(features), -1)),
    ],
)
def test_linear_head_is_one_matrix_on_the_pooled_features(pooling, reduce):
    model = build(HeadConfig(pooling=pooling, dropout=0.5))
    features = np.random.default_rng(0).normal(size=(4, *FEATURES)).astype("float32")
    kernel, bias = model.get_weights()
    logits = keras.ops.convert_to_numpy(model(features))
    np.testing.assert_allclose(logits, reduce(features) @ kernel + bias, atol=1e-5)


def test_mlp_layers_and_their_order():
    model = build(HeadConfig(units=[16, 12], dropout=0.3, batch_norm=True))
    hidden = ["Dense", "BatchNormalization", "Activation", "Dropout"]
    assert layer_types(model) == ["InputLayer", "GlobalAveragePooling2D", *hidden, *hidden, "Dense"]
    assert [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)] == [16, 12, 5]
    assert [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)] == [0.3, 0.3]
    # BatchNormalization brings its own bias.
    assert [layer.use_bias for layer in model.layers if isinstance(layer, keras.layers.Dense)] == [False, False, True]


def test_mlp_without_batch_norm_and_dropout_has_neither():
    model = build(HeadConfig(units=[16]))
    assert layer_types(model) == ["InputLayer", "GlobalAveragePooling2D", "Dense", "Activation", "Dense"]


def test_dropout_is_active_in_training_alone():
    model = build(HeadConfig(dropout=0.5))
    features = np.ones((4, *FEATURES), "float32")
    assert len(np.unique(keras.ops.convert_to_numpy(model(features, training=True))[:, 0])) > 1
    assert len(np.unique(keras.ops.convert_to_numpy(model(features, training=False))[:, 0])) == 1


@pytest.mark.parametrize("num_classes", [2, 7])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_logits_are_float32(num_classes, policy, dtype_policy):
    dtype_policy(policy)
    model = build(HeadConfig(units=[16], batch_norm=True), num_classes)
    assert model.output.shape == (None, num_classes)
    assert model.output.dtype == "float32"
