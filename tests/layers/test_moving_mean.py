"""MovingMean: the mean of what passed, of all replicas."""

import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.shared import LayerTests

X = np.random.default_rng(0).normal(3, 1, (4, 6)).astype("float32")


@pytest.mark.slow
class TestMovingMean(LayerTests):
    inputs = X

    def make_layer(self):
        return kg.layers.MovingMean(0.9)


def test_passes_inputs_on_and_moves_in_training_alone():
    layer = kg.layers.MovingMean(0.75)
    np.testing.assert_array_equal(layer(X), X)
    np.testing.assert_array_equal(layer.mean, np.zeros(6))
    np.testing.assert_array_equal(layer(X, training=True), X)
    np.testing.assert_allclose(layer.mean, 0.25 * X.mean(axis=0), rtol=1e-5)
    layer(2 * X, training=True)
    np.testing.assert_allclose(layer.mean, (0.75 * 0.25 + 0.5) * X.mean(axis=0), rtol=1e-5)


def test_replicas_keep_the_mean_of_the_whole_batch(two_replicas):
    with two_replicas.scope():
        layer = kg.layers.MovingMean(0.75)
        layer.build(X.shape)

    def step():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return layer(tf.gather(X.reshape(2, 2, 6), replica), training=True)

    tf.function(lambda: two_replicas.run(step))()
    np.testing.assert_allclose(layer.mean, 0.25 * X.mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize("momentum", [-0.1, 1.0, float("nan")])
def test_the_momentum_is_below_one(momentum):
    with pytest.raises(ValueError, match=r"`momentum` must be a number in \[0, 1\)"):
        kg.layers.MovingMean(momentum)
