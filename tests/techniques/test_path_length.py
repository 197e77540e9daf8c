"""Path length regularization: the penalty, its moving mean, and when it is computed."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans import techniques

POINTS = kg.data.ring_of_gaussians().sample(64, seed=0)
KERNEL = np.random.default_rng(0).normal(size=(3, 2))


def gan(*chosen, generator=None, **kwargs):
    """A GAN with a linear generator, whose Jacobian is known."""
    linear = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, use_bias=False)])
    linear.set_weights([KERNEL])
    discriminator = kg.networks.mlp_discriminator((2,), (8,))
    return kg.models.GAN(generator or linear, discriminator, 3, seed=1, techniques=chosen, **kwargs)


def penalty(technique, model, network="generator"):
    plain = kg.models.LossResult({"loss": tf.constant(2.0)})
    fake = model.fake_examples(tf.constant(POINTS), model.generator)
    return technique.loss(model, network, plain, tf.constant(POINTS), fake)


def test_is_the_variance_of_lengths_about_their_moving_mean():
    technique = techniques.PathLength(weight=0.5, every=1, momentum=0.75)
    model = gan(technique)
    drawn = []

    def remembered(*args, **kwargs):
        drawn.append(draw(*args, **kwargs))
        return drawn[-1]

    draw = model.draw
    vars(model)["draw"] = remembered
    mean = 0.0
    for _ in range(3):
        result = penalty(technique, model)
        lengths = np.linalg.norm(drawn[-1] @ KERNEL.T, axis=1)
        mean = 0.75 * mean + 0.25 * lengths.mean()
        expected = np.mean((lengths - mean) ** 2)
        assert len(lengths) == 64
        np.testing.assert_allclose(technique.mean, mean, rtol=1e-5)
        np.testing.assert_allclose(result.logged["path_length"], expected, rtol=1e-5)
        np.testing.assert_allclose(result.loss, 2 + 0.5 * expected, rtol=1e-5)


def test_the_discriminator_is_left_alone():
    technique = techniques.PathLength()
    result = penalty(technique, gan(technique), "discriminator")
    assert float(result.loss) == 2.0
    assert not result.logged


@pytest.mark.parametrize("run_eagerly", [pytest.param(False, marks=pytest.mark.slow), True])
def test_is_computed_in_every_kth_update_of_the_generator(run_eagerly):
    """And so is the moving mean."""
    technique = techniques.PathLength(weight=0.5, every=3)
    model = gan(technique, n_critic=2)
    model.compile(*(keras.optimizers.SGD(0.0) for _ in range(2)), run_eagerly=run_eagerly)
    logged, means = [], []
    for _ in range(6):
        logged.append(model.train_on_batch(POINTS[:16], return_dict=True)["path_length"])
        means.append(float(technique.mean))
    np.testing.assert_array_equal(np.array(logged) > 0, [True, False, False] * 2)
    np.testing.assert_array_equal(np.diff(means) > 0, [False, False, True, False, False])
    assert int(technique.updates) == 6


@pytest.mark.slow
def test_directions_become_alike():
    """A linear generator stretches codes by its singular values, ten times more one way."""

    def ratio(weight):
        keras.utils.set_random_seed(0)
        linear = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, use_bias=False)])
        linear.set_weights([np.array([[3.0, 0.0], [0.0, 0.3], [0.0, 0.0]])])
        model = gan(techniques.PathLength(weight, every=1, momentum=0.9), generator=linear)
        model.compile(keras.optimizers.Adam(1e-2), keras.optimizers.SGD(0.0))
        model.fit(np.tile(POINTS, (20, 1)), batch_size=64, epochs=10, verbose=0)
        largest, smallest = np.linalg.svd(linear.get_weights()[0], compute_uv=False)
        return largest / smallest

    assert ratio(10.0) < 2.5
    assert ratio(0.0) > 10


def test_refuses_batch_normalization():
    generator = kg.networks.mlp_generator((2,), 3, (8, 8), normalization="batch")
    with pytest.raises(ValueError, match="`generator` must not use batch normalization"):
        gan(techniques.PathLength(), generator=generator)


def test_refuses_a_generator_that_draws_from_no_latents():
    with pytest.raises(ValueError, match="`techniques` must not hold PathLength here"):
        kg.models.two_player.TwoPlayer(
            kg.networks.mlp_generator((2,), 3, (8,)),
            kg.networks.mlp_discriminator((2,), (8,)),
            techniques=[techniques.PathLength()],
        )


@pytest.mark.parametrize("wrong", [{"weight": -1.0}, {"every": 0}, {"momentum": 1.0}])
def test_refuses_numbers_out_of_range(wrong):
    with pytest.raises((ValueError, TypeError), match=f"`{next(iter(wrong))}` must be"):
        techniques.PathLength(**wrong)
