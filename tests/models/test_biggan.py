import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans import latents
from keras_gans.layers import ModulatedBatchNormalization, SpectralNormalization
from tests.models import every_model
from tests.shared import ModelTests, assert_same_weights, descend

pytestmark = pytest.mark.first_cases

IMAGES, LABELS = every_model.IMAGES, every_model.LABELS


def tiny(**kwargs):
    return kg.models.BigGAN(
        kg.networks.biggan_generator((4, 4, 1), 3, num_classes=3, filters=1, embedding_dim=2),
        kg.networks.biggan_discriminator((4, 4, 1), 3, filters=1),
        latent_dim=3,
        **{"n_critic": 1, "ema_decay": 0.5, **kwargs},
    )


def tiny_examples():
    return IMAGES, LABELS


def tiny_calls(model):
    return {
        model.measure_standing_statistics: {
            "num_batches": 1,
            "batch_size": 2,
            "truncation": 0.5,
            "seed": 0,
        }
    }


@pytest.mark.slow
class TestBigGAN(ModelTests):
    labels = np.arange(64) % 3
    noise_of_losses = 0.3  # logits are sums over positions, and batches are of eight

    def make_model(self):
        generator, discriminator = kg.networks.biggan_generator, kg.networks.biggan_discriminator
        return kg.models.BigGAN(
            generator((4, 4, 1), 4, num_classes=3, filters=1, embedding_dim=3),
            discriminator((4, 4, 1), 3, filters=1),
            latent_dim=4,
            seed=1,
        )

    @property
    def examples(self):
        images = np.random.default_rng(0).uniform(-1, 1, (64, 4, 4, 1)).astype("float32")
        return images, self.labels


def test_defaults_are_the_papers():
    other = tiny()
    gan = kg.models.BigGAN(other.generator, other.discriminator, latent_dim=3)
    assert (gan.n_critic, gan.orthogonal_weight, gan.ema_decay) == (2, 1e-4, 0.9999)
    assert gan.objective is kg.losses.get("hinge")
    gan.compile()
    for optimizer, rate in ((gan.g_optimizer, 5e-5), (gan.d_optimizer, 2e-4)):
        config = optimizer.get_config()
        assert config["learning_rate"] == pytest.approx(rate)
        assert (config["beta_1"], config["beta_2"], config["epsilon"]) == (0.0, 0.999, 1e-6)


def test_one_step_is_the_papers():
    """Against the same step written out with plain TensorFlow: power iterations, the hinge loss
    and half of the derivative of ‖WᵀW ⊙ (1 − I)‖⁴."""
    gan = tiny(n_critic=2, orthogonal_weight=0.01, ema_decay=None, seed=5)
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), run_eagerly=True)
    networks = [keras.models.clone_model(n) for n in (gan.generator, gan.discriminator)]
    generator, discriminator = networks
    for copy, network in zip(networks, (gan.generator, gan.discriminator), strict=True):
        copy.set_weights(network.get_weights())
    x, y = IMAGES[:12], LABELS[:12]
    logs = gan.train_on_batch(x, y, return_dict=True)

    def iterate(network):
        for layer in network._flatten_layers():
            if isinstance(layer, SpectralNormalization):
                inner = layer.layer
                kernel = inner.kernel if hasattr(inner, "kernel") else inner.embeddings
                w = tf.reshape(kernel.value, (-1, kernel.shape[-1]))
                v = tf.linalg.matvec(w, tf.linalg.matvec(w, layer.v.value), transpose_a=True)
                layer.v.assign(v / tf.norm(v))

    def fake(labels):
        return generator([keras.random.normal((6, 3), seed=seeds), labels], training=True)

    def penalty():
        total = 0.0
        for layer in generator._flatten_layers():
            if isinstance(layer, (keras.layers.Dense, keras.layers.Conv2D)):
                w = tf.reshape(layer.kernel.value, (-1, layer.kernel.shape[-1]))
                gram = tf.matmul(w, w, transpose_a=True)
                total += tf.reduce_sum(gram**2) - tf.reduce_sum(tf.linalg.diag_part(gram) ** 2)
        return total

    seeds = keras.random.SeedGenerator(5)
    d_losses = []
    for j in range(2):
        real, labels = tf.constant(x[j::2]), tf.constant(y[j::2], tf.int32)
        statistics = [v.numpy() for v in generator.non_trainable_variables]
        images = fake(labels)
        for variable, value in zip(generator.non_trainable_variables, statistics, strict=True):
            variable.assign(value)  # those of the generator move in its own update alone
        iterate(discriminator)

        def d_loss(real=real, labels=labels, images=images):
            loss = tf.reduce_mean(tf.nn.relu(1 - discriminator([real, labels])))
            loss += tf.reduce_mean(tf.nn.relu(1 + discriminator([images, labels])))
            d_losses.append(float(loss))
            return loss

        descend(discriminator, d_loss)
    iterate(generator)
    penalties = float(penalty())
    descend(
        generator,
        lambda: -tf.reduce_mean(discriminator([fake(labels), labels])) + 0.01 * penalty(),
    )
    np.testing.assert_allclose(logs["d_loss"], np.mean(d_losses), rtol=1e-5)
    np.testing.assert_allclose(logs["orthogonal_penalty"], penalties, rtol=1e-4)
    assert_same_weights(gan.discriminator, discriminator, rtol=1e-4, atol=1e-6)
    assert_same_weights(gan.generator, generator, rtol=1e-4, atol=1e-6)


class TestOrthogonalPenalty:
    def test_is_of_all_kernels_of_the_generator_but_the_embedding(self):
        gan = tiny()
        expected, embeddings = 0.0, 0
        for weight in gan.generator.trainable_weights:
            if "embedding" in weight.path and "spectral" not in weight.path:
                embeddings += 1
                weight.assign(np.full(weight.shape, 1e3))
            elif len(weight.shape) > 1:
                w = np.random.default_rng(0).normal(size=weight.shape)
                weight.assign(w)
                w = w.reshape(-1, w.shape[-1])
                expected += ((w.T @ w * (1 - np.eye(w.shape[-1]))) ** 2).sum()
        assert embeddings == 1
        np.testing.assert_allclose(gan.orthogonal_penalty(), expected, rtol=1e-5)

    def test_filters_of_transposed_convolutions_are_on_another_axis(self):
        inputs = [keras.Input((3,)), keras.Input((), dtype="int32")]
        transposed = keras.layers.Conv2DTranspose(2, 4)
        images = transposed(keras.layers.Reshape((1, 1, 3))(inputs[0]))
        generator = keras.Model(inputs, images)
        discriminator = kg.networks.biggan_discriminator((4, 4, 2), 3, filters=1)
        gan = kg.models.BigGAN(generator, discriminator, 3, num_classes=3)
        w = np.moveaxis(transposed.kernel.numpy(), -2, -1).reshape(-1, 2)
        expected = 2 * (w[:, 0] @ w[:, 1]) ** 2
        np.testing.assert_allclose(gan.orthogonal_penalty(), expected, rtol=1e-5)

    def test_is_a_part_of_the_generators_loss(self):
        gan = tiny(orthogonal_weight=0.25)
        logits = tf.constant([[1.0], [3.0]])
        result = gan.generator_loss(None, logits)
        np.testing.assert_allclose(result.loss, -2 + 0.25 * gan.orthogonal_penalty(), rtol=1e-6)

    def test_its_weight_must_not_be_negative(self):
        with pytest.raises(ValueError, match=r"`orthogonal_weight`.*orthogonal_weight=-1"):
            tiny(orthogonal_weight=-1)


class TestTruncation:
    def test_latents_are_truncated(self):
        gan = tiny()
        z = latents.draw(5, 3, 7, truncation=0.5)
        np.testing.assert_array_equal(
            gan.sample(5, labels=1, seed=7, truncation=0.5), gan.generate(z, 1)
        )
        assert np.abs(z).max() <= 0.5

    def test_without_it_samples_are_those_of_any_model(self):
        gan = tiny()
        expected = gan.generate(latents.draw(5, 3, 7), 1)
        np.testing.assert_array_equal(gan.sample(5, labels=1, seed=7), expected)

    @pytest.mark.slow
    def test_served_samples_are_those_of_the_model(self, tmp_path):
        gan = tiny()
        gan.export(tmp_path / "saved_model")
        served = kg.load(tmp_path / "saved_model")
        for arguments in ({}, {"truncation": None}, {"truncation": 0.3}):
            found = served.sample(4, [0, 1, 2, 0], seed=3, **arguments)
            expected = gan.sample(4, [0, 1, 2, 0], seed=3, **arguments)
            np.testing.assert_allclose(found, expected, atol=1e-6)
        raw = tf.saved_model.load(tmp_path / "saved_model").signatures["sample"]
        arguments = {"num": 4, "labels": [0, 1, 2, 0], "seed": 3, "truncation": 0.3}
        (found,) = raw(**{name: tf.constant(value) for name, value in arguments.items()}).values()
        np.testing.assert_allclose(found, expected, atol=1e-6)
        assert "truncation: Float > 0" in served.sample.__doc__

    @pytest.mark.first_cases
    @pytest.mark.parametrize("truncation", [0.0, -1.0, float("nan"), "0.5"])
    def test_it_must_be_positive(self, truncation, tmp_path):
        gan = tiny()
        gan.export(tmp_path / "saved_model")
        for model in (gan, kg.load(tmp_path / "saved_model")):
            with pytest.raises((ValueError, TypeError), match=r"`truncation` must be a number"):
                model.sample(2, labels=0, truncation=truncation)


class TestStandingStatistics:
    def statistics(self, average):
        """Those of a moving average, by the place of the weight."""
        names = [weight.path.rpartition("/")[2] for weight in average.network().weights]
        return {
            i: value.numpy()
            for i, (name, value) in enumerate(zip(names, average.averages, strict=True))
            if name in ("moving_mean", "moving_variance")
        }

    def drawn(self, seed, num, size, truncation, num_classes=3):
        rng = np.random.default_rng(seed)
        for _ in range(num):
            z = latents.draw(size, 3, rng.integers(2**31), truncation)
            yield [z, tf.constant(rng.integers(0, num_classes, size), tf.int32)]

    def test_are_means_over_batches_of_their_own_statistics(self):
        """Those of the first normalization are known: it sees what the dense layer makes."""
        gan = tiny(ema_decay=None)
        generator = gan.generator
        norm = next(x for x in generator.layers if isinstance(x, ModulatedBatchNormalization))
        before_norm = keras.Model(generator.inputs, norm.input[0])
        gan.measure_standing_statistics(3, 8, truncation=0.5, seed=4)
        made = [before_norm(batch).numpy() for batch in self.drawn(4, 3, 8, 0.5)]
        means = np.mean([x.mean(axis=(0, 1, 2)) for x in made], axis=0)
        variances = np.mean([x.var(axis=(0, 1, 2)) for x in made], axis=0)
        np.testing.assert_allclose(norm.normalization.moving_mean, means, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(norm.normalization.moving_variance, variances, rtol=1e-4)
        assert norm.normalization.momentum == 0.9

    def test_one_batch_normalizes_itself(self):
        """Through all layers: what is drawn with the statistics is what the batch itself gives."""
        gan = tiny(ema_decay=None)
        gan.measure_standing_statistics(1, 8, seed=4)
        (batch,) = self.drawn(4, 1, 8, None)
        expected = gan.generator(batch, training=True)
        np.testing.assert_allclose(gan.generator(batch), expected, atol=1e-5)

    @pytest.mark.slow
    def test_are_of_the_moving_average_and_change_nothing_else(self, tmp_path):
        gan = tiny()
        gan.compile()
        every_model.fit(gan)
        generator, other = gan.generator.get_weights(), gan.ema_generator.get_weights()
        before = self.statistics(gan.ema_generator)
        states = [s.state.numpy() for s in (gan.training_seeds, gan.evaluation_seeds)]
        gan.measure_standing_statistics(2, 8, truncation=0.5)
        for a, b in zip(generator, gan.generator.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        after = self.statistics(gan.ema_generator)
        assert all(np.abs(after[i] - before[i]).max() > 1e-4 for i in before)
        changed = [
            not np.array_equal(a, b)
            for a, b in zip(other, gan.ema_generator.get_weights(), strict=True)
        ]
        assert sum(changed) == len(before)
        np.testing.assert_equal(
            [s.state.numpy() for s in (gan.training_seeds, gan.evaluation_seeds)], states
        )
        gan.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_equal(self.statistics(again.ema_generator), after)
        copy = gan.ema_generator.copy()
        (batch,) = self.drawn(0, 1, 4, 0.5)
        np.testing.assert_allclose(copy(batch), gan.ema_generator(batch), atol=1e-6)

    def test_before_training_they_are_of_the_network_that_is_loaded(self):
        gan, other = tiny(), tiny()
        gan.generator.set_weights(other.generator.get_weights())
        gan.measure_standing_statistics(1, 8, seed=4)
        (batch,) = self.drawn(4, 1, 8, None)
        expected = other.generator(batch, training=True)
        np.testing.assert_allclose(gan.ema_generator(batch), expected, atol=1e-5)


def test_for_images_are_the_papers_networks():
    info = kg.data.DatasetInfo("images", (8, 8, 1), 17, 3, "train")
    gan = kg.models.BigGAN.for_images(info, latent_dim=3, filters=2)
    assert gan.num_classes == 3
    assert any(isinstance(x, ModulatedBatchNormalization) for x in gan.generator.layers)
    assert gan.sample(2, labels=0).shape == (2, 8, 8, 1)
