"""Optimizers in half precision, and what plain Keras does where this package goes round it.

As in `test_trainer.py`, a test that fails names what can be removed.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.models.test_gan import points
from tests.models.test_trainer import can_go


def test_keras_steps_no_optimizer_without_the_others():
    weights = [keras.Variable([1.0], name=name) for name in ("generator", "discriminator")]
    first, second = keras.optimizers.SGD(1.0), keras.optimizers.SGD(1.0)
    by_name = keras.optimizers.OptimizerMap(first, {"discriminator": second})
    optimizer = keras.optimizers.MultiOptimizer(by_name)
    optimizer.build(weights)
    with pytest.raises(ValueError, match="must match trainable variables one-to-one"):
        optimizer.apply([np.ones(1)], weights[:1])
        pytest.fail(can_go("`OptimizerGroup`, but `MultiOptimizer`"))


def test_loss_scaling_of_keras_sees_the_overflows_of_the_first_replica_only(two_replicas):
    with two_replicas.scope():
        weight = keras.Variable([1.0])
        optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1.0))
        optimizer.build([weight])

    @tf.function
    def step():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        gradient = tf.where(tf.equal(replica, 1), [np.float32(np.inf)], [1.0])
        optimizer.apply([gradient], [weight])

    two_replicas.run(step)
    assert not np.isfinite(weight.numpy()).all(), can_go("`overflow_everywhere`")


def test_keras_accumulates_no_gradients_on_replicas(two_replicas):
    with two_replicas.scope():
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.1, gradient_accumulation_steps=2), "mse")
    x = np.zeros((8, 2), "float32")
    with pytest.raises(RuntimeError, match="merge"):
        model.fit(x, x[:, :1], batch_size=4, verbose=0)
        pytest.fail(can_go("the refusal of `gradient_accumulation_steps`"))


def test_keras_makes_an_optimizer_of_its_own_unless_told_not_to():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile()
    assert model.optimizer is not None, can_go("`optimizer=None` in `compile`")


@pytest.mark.parametrize("bad_replica", [0, 1])
def test_overflow_on_any_replica_skips_the_step_on_all(two_replicas, bad_replica):
    with two_replicas.scope():
        keras.config.set_dtype_policy("mixed_float16")
        gan = points()
        gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
    before = gan.generator.get_weights()

    @tf.function
    def step():
        def minimize():
            replica = tf.distribute.get_replica_context().replica_id_in_sync_group
            scale = tf.where(tf.equal(replica, bad_replica), np.float32(np.inf), 1.0)
            latents = gan.draw_latents(4)

            def loss():
                return kg.models.LossResult({"sum": scale * tf.reduce_sum(gan.generator(latents))})

            gan.minimize("g_optimizer", loss)

        two_replicas.run(minimize)

    step()
    for weight, value in zip(gan.generator.trainable_variables, before, strict=True):
        for copy in two_replicas.experimental_local_results(weight.value):
            np.testing.assert_array_equal(copy, value)
