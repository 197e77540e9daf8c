"""FadeIn: exactly one tensor, exactly the other, and the line between them."""

import keras
import numpy as np
import pytest

from keras_gans.layers import FadeIn
from tests.shared import LayerTests

OLD, NEW = np.random.default_rng(0).normal(size=(2, 4, 3, 3, 2)).astype("float32")


class TestFadeIn(LayerTests):
    inputs = [OLD, NEW]

    def make_layer(self):
        return FadeIn(2)


def test_interpolates_exactly():
    layer = FadeIn()
    np.testing.assert_array_equal(layer([OLD, NEW]), NEW)
    layer.alpha.assign(0.0)
    np.testing.assert_array_equal(layer([OLD, NEW]), OLD)
    layer.alpha.assign(0.25)
    np.testing.assert_allclose(layer([OLD, NEW]), 0.75 * OLD + 0.25 * NEW, rtol=1e-6, atol=1e-6)


def test_half_precision_does_not_round_alpha():
    """In bfloat16 1 − 2⁻¹⁰ is 1, and nothing of the old tensor would be left."""
    layer = FadeIn(dtype="mixed_bfloat16")
    layer([OLD, NEW])
    layer.alpha.assign(1 - 2**-10)
    outputs = layer([np.full((1,), 1024.0), np.zeros(1)])
    np.testing.assert_array_equal(keras.ops.cast(outputs, "float32"), [1.0])


def test_alpha_is_a_weight_that_no_gradient_trains():
    layer = FadeIn(3)
    layer([OLD, NEW])
    assert layer.trainable_weights == []
    assert [w.path.split("/")[-1] for w in layer.weights] == ["alpha"]
    assert layer.level == 3


def test_inputs_must_be_two_of_one_shape():
    with pytest.raises(ValueError, match="`inputs` must be a list of two tensors of one shape"):
        FadeIn()([OLD, NEW[:, :2]])
    with pytest.raises(ValueError, match="`inputs` must be a list of two tensors of one shape"):
        FadeIn()(OLD)
    with pytest.raises(ValueError, match=r"`level`.*level=0"):
        FadeIn(0)
