"""Weight clipping, alone and by an optimizer."""

import keras
import numpy as np
import pytest

from keras_gans.constraints import ClipConstraint


def test_clips():
    values = np.array([-5.0, -0.01, 0.0, 0.005, 0.02], "float32")
    np.testing.assert_allclose(ClipConstraint()(values), [-0.01, -0.01, 0, 0.005, 0.01])
    np.testing.assert_allclose(ClipConstraint(2.0)(values), [-2, -0.01, 0, 0.005, 0.02])


def test_config_round_trip():
    config = keras.saving.serialize_keras_object(ClipConstraint(0.25))
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is ClipConstraint
    assert again.clip_value == 0.25


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_the_value_must_be_positive(value):
    with pytest.raises(ValueError, match="`clip_value` must be a number in"):
        ClipConstraint(value)


def test_the_value_must_be_a_number():
    with pytest.raises(TypeError, match=r"`clip_value` must be a number.*'big'"):
        ClipConstraint("big")


def trained_dense():
    dense = keras.layers.Dense(
        2, kernel_constraint=ClipConstraint(0.1), bias_constraint=ClipConstraint(0.05)
    )
    model = keras.Sequential([keras.Input((3,)), dense])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(np.ones((4, 3)), 10 * np.ones((4, 2)), batch_size=4, verbose=0)
    return dense


def test_weights_are_clipped_after_the_update():
    dense = trained_dense()
    np.testing.assert_allclose(dense.kernel, np.full((3, 2), 0.1))
    np.testing.assert_allclose(dense.bias, np.full(2, 0.05))


def test_weights_are_clipped_on_every_replica(two_replicas):
    with two_replicas.scope():
        dense = trained_dense()
    for variable, expected in ((dense.kernel, 0.1), (dense.bias, 0.05)):
        copies = two_replicas.experimental_local_results(variable.value)
        assert len(copies) == 2
        for copy in copies:
            np.testing.assert_allclose(copy, np.full(copy.shape, expected))
