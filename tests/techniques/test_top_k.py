"""Top-k training against its definition, on one replica and on two."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans import losses, techniques
from tests.models.relativistic import RELATIVISTIC
from tests.shared import assert_same_weights
from tests.techniques.test_techniques import compiled, fit, gan

RNG = np.random.default_rng(0)
OBJECTIVES = [losses.minimax, losses.non_saturating, losses.hinge, losses.least_squares]


@pytest.mark.first_cases
@pytest.mark.parametrize("fraction, k", [(1.0, 10), (0.52, 5), (0.01, 1)])
@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_is_the_loss_of_the_best(objective, fraction, k):
    fake = tf.constant(RNG.normal(size=(10, 1)))
    best = tf.sort(fake, axis=0, direction="DESCENDING")[:k]
    changed = techniques.TopK(fraction).objective(objective)
    for f in (changed.generator, tf.function(changed.generator)):
        with tf.GradientTape() as tape:
            tape.watch(fake)
            found = f(None, fake)
        np.testing.assert_allclose(found, objective.generator(None, best), rtol=1e-10)
        is_best = tape.gradient(found, fake).numpy()[:, 0] != 0
        assert is_best.sum() <= k
        assert set(np.flatnonzero(is_best)) <= set(np.argsort(-fake.numpy()[:, 0])[:k])
    assert changed.discriminator is objective.discriminator


def test_patches_are_one_example_and_pairs_stay_pairs():
    real, fake = (tf.constant(RNG.normal(size=(6, 2, 2))) for _ in range(2))
    best = np.argsort(-fake.numpy().mean(axis=(1, 2)))[:3]
    changed = techniques.TopK(0.5).objective(RELATIVISTIC)
    expected = RELATIVISTIC.generator(tf.gather(real, best), tf.gather(fake, best))
    np.testing.assert_allclose(changed.generator(real, fake), expected, rtol=1e-10)
    assert changed.relativistic


def test_of_equal_logits_no_more_than_k_count():
    logits = tf.zeros((8, 1))
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = techniques.TopK(0.25).objective(losses.hinge).generator(None, logits - 1.0)
    assert float(loss) == 1
    assert np.count_nonzero(tape.gradient(loss, logits)) == 2


def test_the_fraction_decays_with_updates_of_the_generator():
    technique = techniques.TopK(0.9, decay=0.9, minimum=0.7)
    model = gan(technique)
    found = []
    for network in ("generator", "discriminator", "generator", "generator"):
        technique.update(model, network, {})
        found.append(technique.fraction)
    np.testing.assert_allclose(found, [0.81, 0.81, 0.729, 0.7])
    technique.fraction = 0.5
    technique.update(model, "generator", {})
    assert technique.fraction == 0.5


def test_two_replicas_have_the_weights_of_one(two_replicas):
    """The best of both may be on one of them."""
    trained = []
    for strategy in (two_replicas, tf.distribute.get_strategy()):
        keras.utils.set_random_seed(0)
        with strategy.scope():
            trained.append(compiled(techniques.TopK(0.3, decay=1.0)))
        fit(trained[-1])
    assert_same_weights(*trained, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("wrong", [{"fraction": 0.0}, {"decay": 0.0}, {"minimum": 1.5}])
def test_refuses_numbers_out_of_range(wrong):
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` must be"):
        techniques.TopK(**wrong)
