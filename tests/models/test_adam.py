"""Adam with a β₂ that follows a schedule, against NumPy in float64."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans.models.adam import Adam
from keras_gans.models.optimizers import reset, update_in_one_operation
from keras_gans.models.schedules import HalfCosine
from tests.models.test_gan import points

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


class TestOneOperation:
    """Against Adam of Keras, which is written out in its operations."""

    def optimizers(self, make=keras.optimizers.Adam, **kwargs):
        kwargs = {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.8, **kwargs}
        plain, other = make(**kwargs), make(**kwargs)
        update_in_one_operation(other)
        assert "update_step" in vars(other)
        return plain, other

    @pytest.mark.parametrize(
        ("make", "kwargs"),
        [
            (keras.optimizers.Adam, {"clipnorm": 0.5}),
            (keras.optimizers.Adam, {"gradient_accumulation_steps": 2}),
            (keras.optimizers.Adam, {"learning_rate": HalfCosine(0.1, 0.01, 4)}),
            (keras.optimizers.AdamW, {"weight_decay": 0.1}),
            (Adam, {"beta_2": HalfCosine(0.5, 0.9, 4), "use_ema": True}),
        ],
    )
    @pytest.mark.parametrize("jit_compile", [False, True])
    def test_updates(self, make, kwargs, jit_compile):
        found, expected = [
            applied(optimizer, GRADIENTS, keras.Variable(START, dtype="float32"), jit_compile)
            for optimizer in self.optimizers(make, **kwargs)
        ]
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        assert np.abs(found - START).max() > 0.1

    def test_inside_a_loss_scale_and_in_eager_mode(self):
        plain, other = self.optimizers()
        scaled = keras.optimizers.LossScaleOptimizer(other, initial_scale=8.0)
        variables = keras.Variable(START), keras.Variable(START)
        for gradient in GRADIENTS:
            plain.apply([tf.constant(gradient)], [variables[0]])
            scaled.apply([tf.constant(8 * gradient)], [variables[1]])
        np.testing.assert_allclose(variables[1], variables[0], rtol=1e-5)

    def test_of_rows_of_an_embedding(self):
        """Of those that are looked up twice, and of those that are not."""
        found = []
        for optimizer in self.optimizers():
            keras.utils.set_random_seed(0)
            table = keras.Variable(np.arange(8.0).reshape(4, 2))
            optimizer.build([table])
            for _ in range(3):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum(tf.gather(table.value, [1, 1, 3]) ** 2)
                gradient = tape.gradient(loss, table.value)
                assert isinstance(gradient, tf.IndexedSlices)
                optimizer.apply([gradient], [table])
            found.append(table.numpy())
        np.testing.assert_array_equal(*found)

    def test_on_replicas(self, two_replicas):
        with two_replicas.scope():
            variable, (_, optimizer) = keras.Variable(START), self.optimizers()
            optimizer.build([variable])
        step = tf.function(lambda g: two_replicas.run(lambda: optimizer.apply([g / 2], [variable])))
        for gradient in GRADIENTS:
            step(tf.constant(gradient))
        expected = applied(self.optimizers()[0], GRADIENTS)
        np.testing.assert_allclose(variable, expected, rtol=1e-5)

    def test_others_are_left_alone(self):
        class Own(keras.optimizers.Adam):
            def update_step(self, gradient, variable, learning_rate):
                self.assign_sub(variable, gradient)

        for optimizer in (keras.optimizers.SGD(), keras.optimizers.Adam(amsgrad=True), Own()):
            update_in_one_operation(optimizer)
            assert "update_step" not in vars(optimizer)

    def test_it_is_in_the_graph_of_a_models_step(self):
        model = points()
        model.compile(keras.optimizers.Adam(1e-3), "adam")
        step = tf.function(model.train_step).get_concrete_function(tf.TensorSpec((8, 2)))
        kinds = [operation.type for operation in step.graph.get_operations()]
        weights = [*model.generator.trainable_weights, *model.discriminator.trainable_weights]
        assert kinds.count("ResourceApplyAdam") == len(weights)
