"""Several networks as one: what it computes, holds, and how it is saved."""

import keras
import numpy as np

from keras_gans.models.side_by_side import SideBySide
from tests.shared import assert_same_weights

INPUTS = [np.ones((4, 2), "float32"), [np.ones((5, 3), "float32"), np.ones((5, 1), "float32")]]


def networks():
    """Two of the same name, the second with two inputs."""
    inputs = [keras.Input((3,)), keras.Input((1,))]
    joined = keras.layers.Concatenate()(inputs)
    return [
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)], name="same"),
        keras.Model(inputs, keras.layers.Dense(2)(joined), name="same"),
    ]


def test_each_network_gets_its_inputs():
    first, second = networks()
    outputs = SideBySide([first, second])(INPUTS)
    np.testing.assert_array_equal(outputs[0], first(INPUTS[0]))
    np.testing.assert_array_equal(outputs[1], second(INPUTS[1]))


def test_it_has_the_weights_of_all_and_respects_frozen_ones():
    first, second = networks()
    both = SideBySide([first, second])
    assert [w.path for w in both.weights] == [w.path for w in (*first.weights, *second.weights)]
    second.trainable = False
    assert both.trainable_variables == first.trainable_variables


def test_copies_and_files_give_the_same(tmp_path):
    both = SideBySide(networks())
    both.save(tmp_path / "both.keras")
    copy = keras.models.clone_model(both)
    copy.set_weights(both.get_weights())
    for again in (copy, keras.models.load_model(tmp_path / "both.keras")):
        assert_same_weights(again, both)
        for found, expected in zip(again(INPUTS), both(INPUTS), strict=True):
            np.testing.assert_array_equal(found, expected)
