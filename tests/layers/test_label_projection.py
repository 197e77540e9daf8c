"""LabelProjection: the inner product of equation 3."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans.layers import LabelProjection
from tests.shared import LayerTests


class TestLabelProjection(LayerTests):
    inputs = [
        np.random.default_rng(0).normal(size=(6, 5)).astype("float32"),
        np.int32([0, 2, 1, 1, 0, 2]),
    ]
    mixed_output_dtype = "float32"

    def make_layer(self):
        return LabelProjection(3)


def test_equals_numpy():
    features = np.random.default_rng(0).normal(size=(4, 5))
    labels = np.array([2, 0, 0, 1])
    layer = LabelProjection(3, embeddings_initializer="normal", dtype="float64")
    outputs = layer([features, labels])
    embeddings = layer.embeddings.numpy()
    assert outputs.dtype == tf.float64
    expected = [[embeddings[y] @ x] for x, y in zip(features, labels, strict=True)]
    np.testing.assert_allclose(outputs, expected, rtol=1e-12)


def test_float64_is_symbolic_float64():
    inputs = [keras.Input((5,), dtype="float64"), keras.Input((), dtype="int32")]
    assert LabelProjection(3, dtype="float64")(inputs).dtype == "float64"


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0]])
def test_labels_out_of_range_are_refused(labels):
    with pytest.raises(ValueError, match=r"`labels` must lie in \[0, 3\)"):
        LabelProjection(3)([np.ones((2, 5), "float32"), np.array(labels)])


def test_float_labels_are_refused():
    with pytest.raises(TypeError, match=r"`labels` must be integers.*float32"):
        LabelProjection(3)([np.ones((2, 5), "float32"), np.float32([0, 1])])


def test_images_are_refused():
    with pytest.raises(ValueError, match="expected ndim=2"):
        LabelProjection(3)([np.ones((2, 4, 4, 5), "float32"), np.array([0, 1])])


def test_the_number_of_classes_is_kept():
    assert LabelProjection(7).num_classes == 7
    with pytest.raises(ValueError, match=r"`num_classes`.*num_classes=0"):
        LabelProjection(0)
