"""PrependReference and DropReference: a reference batch that travels with the batch."""

import keras
import numpy as np
import pytest

from keras_gans.layers import DropReference, PrependReference
from tests.shared import LayerTests

REFERENCE = np.random.default_rng(7).normal(size=(3, 5, 2)).astype("float32")


class TestBoth(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 5, 2)).astype("float32")

    def make_layer(self):
        return DropReference(3)

    def model(self):
        dense = keras.layers.Dense(3)
        return keras.Sequential(
            [keras.Input((5, 2)), PrependReference(REFERENCE), dense, self.make_layer()]
        )

    def test_output_shape_is_the_computed_one(self):
        shape = PrependReference(REFERENCE).compute_output_shape(self.inputs.shape)
        assert shape == (7, 5, 2)
        assert DropReference(3).compute_output_shape(shape) == (4, 5, 2)
        assert PrependReference(REFERENCE).compute_output_shape((None, 5, 2)) == (None, 5, 2)
        assert DropReference(3).compute_output_shape((None, 5, 2)) == (None, 5, 2)


def test_the_reference_comes_first_and_goes_again():
    x = np.ones((4, 5, 2), "float32")
    both = PrependReference(REFERENCE)(x)
    np.testing.assert_array_equal(both, np.concatenate([REFERENCE, x]))
    np.testing.assert_array_equal(DropReference(3)(both), x)


def test_the_configuration_holds_the_shape_and_the_weights_the_values():
    layer = PrependReference(REFERENCE, name="head")
    config = layer.get_config()
    assert config["reference_shape"] == (3, 5, 2)
    again = PrependReference.from_config(config)
    assert again.get_config() == config
    np.testing.assert_array_equal(again.get_weights()[0], np.zeros((3, 5, 2)))
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again.get_weights()[0], REFERENCE)
    assert not layer.trainable_weights


def test_float64_is_kept():
    reference = np.array([[1 / 3]])
    outputs = PrependReference(reference, dtype="float64")(np.array([[2 / 3]]))
    np.testing.assert_array_equal(outputs, [[1 / 3], [2 / 3]])


@pytest.mark.parametrize(
    "reference", [1.0, np.ones(3), np.ones((0, 2)), "data", [["a"]], None, np.ones((2, 2), bool)]
)
def test_what_is_no_batch_of_numbers_is_refused(reference):
    kinds = (ValueError, TypeError)
    with pytest.raises(kinds, match=r"`reference_batch` must be an array of numbers"):
        PrependReference(reference)


def test_numbers_must_be_finite():
    with pytest.raises(ValueError, match=r"`reference_batch` must hold finite numbers only"):
        PrependReference(np.array([[np.nan, 1.0]]))


@pytest.mark.parametrize("shape", [(4, 5, 3), (4, 5), (4, 5, 2, 1)])
def test_inputs_must_look_like_the_reference(shape):
    with pytest.raises(ValueError, match=r"`reference_batch` holds examples of shape \(5, 2\)"):
        PrependReference(REFERENCE)(np.ones(shape, "float32"))


def test_the_number_must_be_positive():
    with pytest.raises(ValueError, match=r"`num_reference`.*num_reference=0"):
        DropReference(0)
