"""Strategies other than those that share a batch among replicas of this machine or of several."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.distribution.worker import BATCH_SIZE, IMAGES, fit, make
from tests.shared import assert_same_weights

NO_STRATEGY = tf.distribute.get_strategy()


def test_one_device_of_ones_choice():
    alone, gan = make(NO_STRATEGY), make(tf.distribute.OneDeviceStrategy("CPU:1"))
    assert fit(alone) == fit(gan)
    assert_same_weights(alone, gan)
    weights = [weight.value for weight in gan.generator.weights]
    assert all("CPU:1" in weight.device for weight in weights)


def test_a_parameter_server_is_refused(monkeypatch):
    strategy = object.__new__(tf.distribute.ParameterServerStrategy)
    monkeypatch.setattr(kg.models.WGANGP, "distribute_strategy", strategy)
    with pytest.raises(
        ValueError, match=r"must not be made under a ParameterServerStrategy.*another age"
    ):
        make(NO_STRATEGY)


def test_several_steps_at_once_on_two_replicas(two_replicas):
    """Also if the last ones are fewer."""
    gans = [make(two_replicas, steps_per_execution=steps) for steps in (1, 3)]
    logs = [fit(gan, epochs=2) for gan in gans]
    assert gans[1].g_optimizer.iterations.numpy() == 10
    assert_same_weights(*gans, rtol=1e-4, atol=1e-5)
    for name, values in logs[0].items():
        np.testing.assert_allclose(logs[1][name], values, rtol=1e-3, atol=1e-4)


def test_xla_is_refused_where_replicas_share_a_batch(two_replicas, xla):
    gan = make(two_replicas, jit_compile=True)
    with pytest.raises(ValueError, match="`jit_compile` must be 'auto' or False where replicas"):
        fit(gan)


def test_no_batch_is_used_up_before_the_training(two_replicas):
    """Keras takes one from a generator, under a strategy, to build models that are not."""
    gans = [make(strategy) for strategy in (NO_STRATEGY, two_replicas)]
    for gan in gans:
        gan.fit((batch for batch in np.split(IMAGES, 10)), verbose=0)
    assert_same_weights(gans[0].generator, gans[1].generator, rtol=1e-4, atol=1e-6)


def test_all_noise_is_drawn_anew_on_every_replica(two_replicas):
    gan = make(two_replicas)
    noise = two_replicas.run(tf.function(lambda: gan.draw(keras.random.normal, 2, (3,))))
    parts = [part.numpy() for part in two_replicas.experimental_local_results(noise)]
    assert not np.array_equal(*parts)
    whole = make(NO_STRATEGY).draw(keras.random.normal, 4, (3,))
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_an_evaluation_does_not_depend_on_the_replicas(two_replicas):
    """Though they share batches that cannot be halved: 3, 3 and 1 examples."""
    gans = [make(strategy) for strategy in (NO_STRATEGY, two_replicas)]
    for data in (IMAGES[:7], tf.data.Dataset.from_tensor_slices(IMAGES[:7]).batch(3)):
        alone, shared = (gan.evaluate(data, batch_size=3, verbose=0) for gan in gans)
        np.testing.assert_allclose(shared, alone, rtol=1e-5)


def test_nothing_is_counted_after_the_last_batch_of_two_replicas(two_replicas):
    """Not even when it is the end of the data that ends an epoch."""
    batches = tf.data.Dataset.from_tensor_slices(IMAGES).batch(BATCH_SIZE, drop_remainder=True)
    gans = [make(two_replicas) for _ in range(2)]
    logs = [
        gan.fit(data, verbose=0).history
        for gan, data in zip(gans, (batches, batches.filter(lambda _: True)), strict=True)
    ]
    assert logs[0] == logs[1]
    assert_same_weights(*gans)


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_replicas_share_a_single_batch(two_replicas, run_eagerly):
    gans = [make(s, run_eagerly=run_eagerly) for s in (NO_STRATEGY, two_replicas)]
    batch = IMAGES[: 2 * BATCH_SIZE]
    alone, shared = ([gan.train_on_batch(batch), gan.test_on_batch(batch)] for gan in gans)
    np.testing.assert_allclose(shared, alone, rtol=1e-5)
    assert_same_weights(*gans, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match=r"a multiple of the 2 replicas.*Received: 7 examples"):
        gans[1].train_on_batch(IMAGES[:7])
