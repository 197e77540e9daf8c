import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.models import every_model


def tiny(**kwargs):
    return every_model.two_player(kg.models.LSGAN, **{"a": -1.0, "c": 0.0, **kwargs})


def tiny_examples():
    return every_model.POINTS, None


def make(**kwargs):
    return kg.models.LSGAN(
        kg.networks.mlp_generator((2,), 3, (8,)),
        kg.networks.mlp_discriminator((2,), (8,)),
        latent_dim=3,
        **kwargs,
    )


@pytest.mark.parametrize("codes", [(0.0, 1.0, 1.0), (-1.0, 1.0, 0.0), (2.0, -0.5, 3.0)])
def test_losses_are_equation_2(codes):
    a, b, c = codes
    gan = make(a=a, b=b, c=c)
    real, fake = np.random.default_rng(0).normal(size=(2, 9, 2)).astype("float32")
    scores = [gan.discriminator(x).numpy().astype("float64") for x in (real, fake)]
    d_loss = gan.discriminator_loss(tf.constant(real), tf.constant(fake)).loss
    expected = ((scores[0] - b) ** 2).mean() / 2 + ((scores[1] - a) ** 2).mean() / 2
    np.testing.assert_allclose(d_loss, expected, rtol=1e-5)
    expected = ((scores[1] - c) ** 2).mean() / 2
    np.testing.assert_allclose(gan.objective.generator(None, scores[1]), expected, rtol=1e-12)
    g_loss = gan.generator_loss(None, tf.constant(scores[1])).loss
    np.testing.assert_allclose(g_loss, expected, rtol=1e-6)


def test_the_default_is_the_objective_of_that_name():
    gan = make()
    real, fake = np.random.default_rng(0).normal(size=(2, 9, 1))
    for ours, theirs in (
        (
            gan.objective.discriminator(real, fake),
            kg.losses.least_squares.discriminator(real, fake),
        ),
        (gan.objective.generator(None, fake), kg.losses.least_squares.generator(None, fake)),
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)


def test_codes_are_saved(tmp_path):
    gan = make(a=-1.0, c=0.0)
    gan.compile()
    gan.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert (again.a, again.b, again.c) == (-1.0, 1.0, 0.0)
    assert isinstance(again.g_optimizer, keras.optimizers.RMSprop)
    np.testing.assert_allclose(float(again.g_optimizer.learning_rate), 1e-4, rtol=1e-6)


def test_refuses_codes_that_tell_nothing_apart():
    with pytest.raises(ValueError, match="`a` and `b` must differ"):
        make(a=1.0)
    with pytest.raises(TypeError, match="`c` must be a number"):
        make(c="1")
