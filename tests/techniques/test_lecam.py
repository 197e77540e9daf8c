"""LeCam regularization against its definition."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans import techniques
from tests.techniques.test_techniques import compiled, fit, gan

REAL, FAKE = np.random.default_rng(0).normal(0.3, 1, (2, 4, 10, 1))


def updated(technique, model, num):
    for real, fake in zip(REAL[:num], FAKE[:num], strict=True):
        logits = {"real_logits": tf.constant(real), "fake_logits": tf.constant(fake)}
        technique.update(model, "discriminator", logits)
        technique.update(model, "generator", {"real_logits": None})


def result(technique, model, network="discriminator"):
    logits = {"real_logits": tf.constant(REAL[3]), "fake_logits": tf.constant(FAKE[3])}
    logits = {key: tf.cast(x, tf.float32) for key, x in logits.items()}
    plain = kg.models.LossResult({"loss": tf.constant(2.0)}, handed_on=logits)
    return technique.loss(model, network, plain, None, None)


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_is_the_squared_excess_over_past_means(decay):
    technique = techniques.LeCam(0.5, decay)
    model = gan(technique)
    updated(technique, model, 3)
    means = REAL.mean(axis=(1, 2)), FAKE.mean(axis=(1, 2))
    real, fake = (decay**2 * m[0] + (1 - decay) * (decay * m[1] + m[2]) for m in means)
    expected = np.mean(np.maximum(REAL[3] - fake, 0) ** 2)
    expected += np.mean(np.maximum(real - FAKE[3], 0) ** 2)
    found = result(technique, model)
    np.testing.assert_allclose(found.logged["lecam"], expected, rtol=1e-5)
    np.testing.assert_allclose(found.loss, 2 + 0.5 * expected, rtol=1e-5)
    assert not result(technique, model, "generator").logged


def test_without_a_past_there_is_no_term():
    technique = techniques.LeCam()
    assert float(result(technique, gan(technique)).loss) == 2


@pytest.mark.slow
def test_it_goes_on_where_it_was_saved(tmp_path):
    model = compiled(techniques.LeCam(0.3, 0.5))
    fit(model)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for name in ("mean_real", "mean_fake", "has_a_past"):
        a, b = (float(getattr(m.techniques[0], name)) for m in (model, again))
        assert a == b != 0
    assert fit(model).history == fit(again).history


@pytest.mark.parametrize("wrong", [{"weight": -1.0}, {"decay": 1.5}])
def test_refuses_numbers_out_of_range(wrong):
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` must be"):
        techniques.LeCam(**wrong)
