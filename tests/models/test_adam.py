"""Adam with a β₂ that follows a schedule, against NumPy in float64."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans.models.adam import Adam
from keras_gans.models.optimizers import reset
from keras_gans.models.schedules import HalfCosine

GRADIENTS = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
START = np.array([1.0, -2.0, 3.0])


def scheduled(**kwargs):
    return Adam(0.1, 0.5, HalfCosine(0.5, 0.9, steps=4), epsilon=1e-8, **kwargs)


def in_numpy(gradients):
    """β₂ = 0.5 + 0.4 · sin²(πt/8) in update t = 0, 1, …, 4 and beyond."""
    w, m, v = START.copy(), 0.0, 0.0
    for t, g in enumerate(gradients.astype("float64")):
        beta_2 = 0.5 + 0.4 * np.sin(np.pi * min(t, 4) / 8) ** 2
        m = 0.5 * m + 0.5 * g
        v = beta_2 * v + (1 - beta_2) * g**2
        corrected = m / (1 - 0.5 ** (t + 1)) / np.sqrt(v / (1 - beta_2 ** (t + 1)))
        w = w - 0.1 * corrected
    return w


def applied(optimizer, gradients, variable=None, jit_compile=False):
    variable = keras.Variable(START) if variable is None else variable
    optimizer.build([variable])
    step = tf.function(lambda g: optimizer.apply([g], [variable]), jit_compile=jit_compile)
    for gradient in gradients:
        step(tf.constant(gradient))
    return variable


@pytest.mark.parametrize("jit_compile", [False, True])
def test_updates_are_those_of_the_present_beta_2(jit_compile):
    found = applied(scheduled(), GRADIENTS, jit_compile=jit_compile)
    np.testing.assert_allclose(found, in_numpy(GRADIENTS), rtol=1e-4)


def test_with_a_number_it_is_that_of_keras():
    arguments = {"learning_rate": 0.1, "beta_1": 0.0, "beta_2": 0.8}
    found = applied(Adam(**arguments), GRADIENTS)
    expected = applied(keras.optimizers.Adam(**arguments), GRADIENTS)
    np.testing.assert_array_equal(found, expected)
    assert Adam(**arguments, name="a").get_config() == (
        keras.optimizers.Adam(**arguments, name="a").get_config()
    )


def test_replicas_share_it(two_replicas):
    with two_replicas.scope():
        variable, optimizer = keras.Variable(START), scheduled()
        optimizer.build([variable])
    step = tf.function(lambda g: two_replicas.run(lambda: optimizer.apply([g / 2], [variable])))
    for gradient in GRADIENTS:
        step(tf.constant(gradient))
    np.testing.assert_allclose(variable, in_numpy(GRADIENTS), rtol=1e-4)


def test_it_is_saved_and_goes_on():
    optimizer = scheduled()
    variable = applied(optimizer, GRADIENTS[:2])
    config = keras.saving.serialize_keras_object(optimizer)
    again = keras.saving.deserialize_keras_object(config)
    assert again.get_config() == optimizer.get_config()
    again.build([variable])
    for new, old in zip(again.variables, optimizer.variables, strict=True):
        new.assign(old)
    assert float(again.beta_2) == float(optimizer.beta_2) != 0.5
    np.testing.assert_allclose(
        applied(again, GRADIENTS[2:], variable), in_numpy(GRADIENTS), rtol=1e-4
    )


def test_it_is_reset_to_its_start():
    optimizer = scheduled()
    variable = applied(optimizer, GRADIENTS)
    reset(optimizer, [variable])
    assert float(optimizer.beta_2) == 0.5
