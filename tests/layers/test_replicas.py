"""One global batch, shared by replicas."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans import _replicas
from keras_gans.layers import MinibatchDiscrimination, MinibatchStdDev
from tests.shared import assert_same_weights


def on_replicas(strategy, function, parts):
    values = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(parts[context.replica_id_in_sync_group])
    )
    results = strategy.run(tf.function(function), args=(values,))
    return [np.array(r) for r in strategy.experimental_local_results(results)]


def test_without_replicas_nothing_changes(two_replicas):
    x = tf.constant([[1.0], [2.0]])
    for scope in (tf.distribute.get_strategy().scope(), two_replicas.scope()):
        with scope:
            assert _replicas.gather(x) is x
            assert _replicas.mean(x) is x
            assert _replicas.own_part(x, x) is x


def test_gather_joins_parts_of_any_length_in_replica_order(two_replicas):
    parts = [np.float32([[1], [2], [3]]), np.float32([[4]])]
    for gathered in on_replicas(two_replicas, _replicas.gather, parts):
        np.testing.assert_array_equal(gathered, [[1], [2], [3], [4]])


def test_own_part_undoes_gather(two_replicas):
    parts = [np.float32([[1], [2], [3]]), np.float32([[4]])]

    def twice(x):
        return _replicas.own_part(2 * _replicas.gather(x), x)

    for part, found in zip(parts, on_replicas(two_replicas, twice, parts), strict=True):
        np.testing.assert_array_equal(found, 2 * part)


def test_gradients_of_gather_sum_what_all_replicas_send(two_replicas):
    """Replica r weighs the gathered examples by r + 1 and their places: 1, 2, 3."""
    parts = [np.float32([1, 2]), np.float32([3])]

    def gradient(x):
        weight = tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group + 1, x.dtype)
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = weight * tf.reduce_sum(_replicas.gather(x) * [1, 2, 3])
        return tape.gradient(loss, x)

    first, second = on_replicas(two_replicas, gradient, parts)
    np.testing.assert_array_equal(first, [3, 6])
    np.testing.assert_array_equal(second, [9])


def test_gather_can_be_differentiated_twice(two_replicas):
    """With s the sum of all examples, the two losses s³/2 have the gradient 3s², and the two
    penalties (3s²)²/2 have the gradient 36s³."""
    parts = [np.float32([1, 2]), np.float32([3])]

    def gradient(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                loss = tf.reduce_sum(_replicas.gather(x)) ** 3 / 2
            penalty = inner.gradient(loss, x)[0] ** 2 / 2
        return outer.gradient(penalty, x)

    first, second = on_replicas(two_replicas, gradient, parts)
    np.testing.assert_array_equal(first, [36 * 6**3] * 2)
    np.testing.assert_array_equal(second, [36 * 6**3])


def test_mean_and_its_gradient(two_replicas):
    """Replica r minimizes (r + 1)·mean, so that each example has the gradient (1 + 2)/2."""
    parts = [np.float32([1]), np.float32([4])]
    for mean in on_replicas(two_replicas, _replicas.mean, parts):
        np.testing.assert_array_equal(mean, [2.5])

    def gradient(x):
        weight = tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group + 1, x.dtype)
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = weight * _replicas.mean(x)
        return tape.gradient(loss, x)

    for found in on_replicas(two_replicas, gradient, parts):
        np.testing.assert_array_equal(found, [1.5])


@pytest.mark.parametrize("layer", [MinibatchDiscrimination, MinibatchStdDev])
def test_a_game_with_a_layer_that_compares_examples_is_the_same_on_two_replicas(
    layer, two_replicas
):
    def game():
        keras.utils.set_random_seed(0)
        generator = kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(8,))
        discriminator = keras.Sequential(
            [keras.Input((2,)), keras.layers.Dense(8), layer(), keras.layers.Dense(1)]
        )
        gan = kg.models.GAN(generator, discriminator, latent_dim=2, n_critic=2)
        gan.compile(keras.optimizers.SGD(1e-3), keras.optimizers.SGD(1e-3))
        return gan

    one = game()
    with two_replicas.scope():
        two = game()
    before = one.get_weights()
    examples = np.random.default_rng(0).normal(size=(128, 2)).astype("float32")
    for gan in (one, two):
        gan.fit(examples, batch_size=8, shuffle=False, verbose=0)
    assert np.abs(one.get_weights()[0] - before[0]).max() > 1e-5
    assert_same_weights(one, two, rtol=1e-4, atol=1e-6)
