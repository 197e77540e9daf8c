"""Packing: what the discriminator is given, what its logits mean, and who has none."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans import techniques
from keras_gans._examples import in_whole_packs, packs_of
from tests.models import every_model
from tests.shared import assert_same_weights

POINTS = every_model.POINTS
RNG = np.random.default_rng(0)
INFO = kg.data.DatasetInfo("images", (8, 8, 3), 17, None, "train")


def gan(*others, size=2, units=(8,), model=kg.models.GAN, **kwargs):
    return model(
        kg.networks.mlp_generator((2,), 3, (8,)),
        kg.networks.mlp_discriminator((2 * size,), units),
        latent_dim=3,
        seed=1,
        techniques=[techniques.Packing(size), *others],
        **kwargs,
    )


@pytest.mark.parametrize("shape", [(2,), (4, 5), (4, 4, 3)])
def test_examples_lie_side_by_side_on_the_last_axis(shape):
    x = RNG.normal(size=(6, *shape))
    expected = [np.concatenate([x[i], x[i + 1], x[i + 2]], axis=-1) for i in (0, 3)]
    np.testing.assert_array_equal(packs_of(tf.constant(x), 3), expected)


@pytest.mark.parametrize("num, expected", [(4, [0, 1, 2, 3]), (5, [0, 1, 2, 3, 4, 0]), (1, [0, 0])])
def test_the_first_examples_fill_the_last_pack(num, expected):
    for f in (in_whole_packs, tf.function(in_whole_packs)):
        np.testing.assert_array_equal(f(tf.range(num), 2), expected)


def test_the_gradient_penalty_is_of_packs():
    """Of D = Σ wᵢ xᵢ² with one logit for three points, ‖∇D‖² is Σ 4 wᵢ² xᵢ² over all of them."""
    weights = RNG.normal(size=6).astype("float32")
    x = keras.Input((6,))
    network = keras.Model(x, keras.ops.sum(x**2 * weights, axis=-1, keepdims=True))
    penalties = techniques.R1(), techniques.GradientPenalty(one_sided=True)
    model = kg.models.GAN(
        kg.networks.mlp_generator((2,), 3, (8,)),
        network,
        latent_dim=3,
        techniques=[*penalties, techniques.Packing(3)],
    )
    real = tf.constant(POINTS[:12])
    plain = kg.models.LossResult({"loss": tf.constant(0.0)})
    r1, gp = (p.loss(model, "discriminator", plain, real, real).logged for p in penalties)
    norms = np.linalg.norm(2 * weights * POINTS[:12].reshape(4, 6), axis=1)
    np.testing.assert_allclose(r1["r1"], 0.5 * np.mean(norms**2), rtol=1e-5)
    expected = np.mean(np.maximum(norms - 1, 0) ** 2)
    np.testing.assert_allclose(gp["gradient_penalty"], expected, rtol=1e-5)


def test_losses_are_of_packs_in_training_and_evaluation():
    """A step in plain TensorFlow; of three examples two packs are made."""
    model = gan(techniques.InstanceNoise(0.0), size=2)
    model.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.1), run_eagerly=True)
    discriminator = keras.models.clone_model(model.discriminator)
    discriminator.set_weights(model.discriminator.get_weights())
    latents = keras.random.normal((8, 3), seed=keras.random.SeedGenerator(1))
    fake = tf.reshape(model.generator(latents), (4, 4))
    real = POINTS[:8].reshape(4, 4)
    logits = discriminator(real), discriminator(fake)
    expected = kg.losses.non_saturating.discriminator(*logits)
    found = model.train_on_batch(POINTS[:8], return_dict=True)["d_loss"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)

    filled = POINTS[[0, 1, 2, 0]].reshape(2, 4)
    seen = []
    model.discriminator.original, model.discriminator.call = (
        model.discriminator.call,
        lambda x, **kwargs: seen.append(x.numpy()) or model.discriminator.original(x, **kwargs),
    )
    model.evaluate(POINTS[:3], batch_size=3, verbose=0)
    np.testing.assert_array_equal(seen[0][0::2], filled)


def test_numbers_that_do_not_fill_packs_are_refused_in_training():
    model = gan(size=2, n_critic=3)
    with pytest.raises(ValueError, match="`batch_size` must be a multiple of 2 on each replica"):
        model.training_batches(POINTS, None, 5, None)
    batches = tf.data.Dataset.from_tensor_slices(POINTS).batch(5, drop_remainder=True)
    with pytest.raises(ValueError, match="`batch_size` must be a multiple of 2 on each replica"):
        model.training_batches(batches, None, None, None)
    with pytest.raises(ValueError, match="judges packs of 2 examples"):
        model.discriminate(tf.constant(POINTS[:3]))


def test_there_is_no_score_of_a_single_example():
    model = gan()
    assert {verb.name for verb in model.served_verbs()} == {"generate", "sample"}
    with pytest.raises(ValueError, match="`score` is for discriminators that judge each example"):
        model.score(POINTS)


@pytest.mark.parametrize("size", [0, 1.5, True])
def test_refuses_other_sizes(size):
    with pytest.raises((TypeError, ValueError), match="`size` must be a positive integer"):
        techniques.Packing(size)


def test_refuses_a_discriminator_of_single_examples():
    with pytest.raises(ValueError, match=r"`discriminator` must take packs of 2 of what.*None, 4"):
        kg.models.GAN(
            kg.networks.mlp_generator((2,), 3, (8,)),
            kg.networks.mlp_discriminator((2,), (8,)),
            latent_dim=3,
            techniques=[techniques.Packing()],
        )


@pytest.mark.slow
def test_refuses_conditions_classes_and_counterparts():
    found = set()
    for name in every_model.that_take("techniques"):
        if not getattr(getattr(kg.models, name), "takes_packs", False):  # of LAPGAN: its levels
            with pytest.raises(ValueError, match="`techniques` must not hold Packing here"):
                every_model.make(name, techniques=[techniques.Packing()])
            found.add(name)
    assert {"ConditionalGAN", "BigGAN", "StackGAN", "SemiSupervisedGAN", "SRGAN"} <= found
    assert not {"GAN", "DCGAN", "WGANGP", "ProgressiveGAN", "TextGAN"} & found


@pytest.mark.slow
def test_networks_for_images_take_packs():
    for kind in (kg.models.GAN, kg.models.DCGAN, kg.models.WGANGP, kg.models.ProgressiveGAN):
        model = kind.for_images(INFO, latent_dim=3, filters=2, techniques=[techniques.Packing(3)])
        assert model.discriminator.input_shape == (None, 8, 8, 9)
        assert model.judged_shape == model.generator.output_shape[1:] == (8, 8, 3)
    model = kg.models.DCGAN(image_shape=(8, 8, 1), techniques=[techniques.Packing(2)])
    assert model.discriminator.input_shape == (None, 8, 8, 2)


def test_two_replicas_have_the_weights_of_one(two_replicas):
    """With what looks at examples, at logits and at features."""
    trained = []
    for strategy in (two_replicas, tf.distribute.get_strategy()):
        keras.utils.set_random_seed(0)
        with strategy.scope():
            others = (
                techniques.ExperienceReplay(12),
                techniques.FeatureMatching(),
                techniques.R1(0.1),
                techniques.TopK(0.5),
                techniques.LeCam(),
            )
            model = gan(*others, model=kg.models.WGANGP, n_critic=2)
            model.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01))
        model.fit(POINTS, batch_size=8, shuffle=False, verbose=0)
        trained.append(model)
        losses = model.evaluate(POINTS[:23], batch_size=8, verbose=0)
        assert np.isfinite(losses).all()
    assert_same_weights(*trained, rtol=1e-5, atol=1e-6)
