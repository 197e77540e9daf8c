import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.models import every_model
from tests.shared import ModelTests, assert_same_weights, descend

pytestmark = pytest.mark.first_cases


def tiny(**kwargs):
    return every_model.two_player(kg.models.GAN, **{"objective": "minimax", **kwargs})


def tiny_examples():
    return every_model.POINTS, None


def images(num=64, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (num, 8, 8, 1)).astype("float32")


def dcgan(model=kg.models.GAN, **kwargs):
    return model(
        generator=kg.networks.dcgan_generator((8, 8, 1), latent_dim=4, filters=4),
        discriminator=kg.networks.dcgan_discriminator((8, 8, 1), filters=4, normalization=None),
        latent_dim=4,
        **kwargs,
    )


def points(model=kg.models.GAN, **kwargs):
    return model(
        generator=kg.networks.mlp_generator((2,), latent_dim=3, hidden_units=(8,)),
        discriminator=kg.networks.mlp_discriminator((2,), hidden_units=(8,)),
        latent_dim=3,
        **kwargs,
    )


class TestGAN(ModelTests):
    """A convolutional GAN with batch normalization on both sides."""

    def make_model(self):
        return kg.models.GAN(
            generator=kg.networks.dcgan_generator((8, 8, 1), latent_dim=4, filters=4),
            discriminator=kg.networks.dcgan_discriminator((8, 8, 1), filters=4),
            latent_dim=4,
            seed=1,
        )

    @property
    def examples(self):
        return images()


class GANWithManyDiscriminatorSteps(ModelTests):
    """Dense networks, two discriminator updates a step, an averaged generator.

    Not collected: what all models promise is tested above; of these, only those below.
    """

    def make_model(self):
        discriminator = keras.Sequential(
            [
                keras.Input((2,)),
                keras.layers.Dense(8, activation="relu"),
                keras.layers.Dense(1, dtype="float32"),
            ]
        )
        return kg.models.GAN(
            generator=kg.networks.mlp_generator((2,), 3, (8,), normalization="batch"),
            discriminator=discriminator,
            latent_dim=3,
            n_critic=2,
            objective="hinge",
            ema_decay=0.5,
            seed=1,
        )

    @property
    def examples(self):
        return kg.data.ring_of_gaussians().sample(64, seed=0)


@pytest.mark.slow
def test_many_discriminator_steps_on_one_batch_and_from_a_saved_model(tmp_path):
    case = GANWithManyDiscriminatorSteps()
    trained = case.train(tmp_path)
    case.test_weights_file_restores_everything(trained)
    case.test_saved_model_trains_on_bit_for_bit(trained)


def test_one_step_is_algorithm_1():
    """Against the same step written out with plain TensorFlow."""
    gan = points(n_critic=2, seed=5)
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), run_eagerly=True)
    generator = keras.models.clone_model(gan.generator)
    discriminator = keras.models.clone_model(gan.discriminator)
    generator.set_weights(gan.generator.get_weights())
    discriminator.set_weights(gan.discriminator.get_weights())
    x = kg.data.ring_of_gaussians().sample(12, seed=0)
    gan.fit(x, batch_size=6, shuffle=False, verbose=0)

    seeds = keras.random.SeedGenerator(5)
    fakes = generator(keras.random.normal((12, 3), seed=seeds))
    for j in range(2):
        descend(
            discriminator,
            lambda real=x[j::2], fake=fakes[j::2]: (
                -tf.reduce_mean(tf.math.log_sigmoid(discriminator(real)))
                - tf.reduce_mean(tf.math.log_sigmoid(-discriminator(fake)))
            ),
        )
    latents = keras.random.normal((6, 3), seed=seeds)
    descend(
        generator,
        lambda: -tf.reduce_mean(tf.math.log_sigmoid(discriminator(generator(latents)))),
    )
    assert_same_weights(gan.generator, generator, rtol=1e-5, atol=1e-6)
    assert_same_weights(gan.discriminator, discriminator, rtol=1e-5, atol=1e-6)


def test_each_phase_changes_only_its_own_network():
    """Moving statistics of batch normalization included."""
    gan = kg.models.GAN(
        generator=kg.networks.dcgan_generator((8, 8, 1), latent_dim=4, filters=4),
        discriminator=kg.networks.dcgan_discriminator((8, 8, 1), filters=4),
        latent_dim=4,
    )
    gan.compile()
    generator, discriminator = gan.generator.get_weights(), gan.discriminator.get_weights()
    gan.train_discriminator(tf.constant(images(8)))
    for before, after in zip(generator, gan.generator.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    changed = gan.discriminator.get_weights()
    assert all(not np.array_equal(u, v) for u, v in zip(discriminator, changed, strict=True))
    gan.train_generator(tf.constant(images(8)))
    for before, after in zip(changed, gan.discriminator.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    moved = gan.generator.get_weights()
    assert all(not np.array_equal(u, v) for u, v in zip(generator, moved, strict=True))


def test_dropout_masks_are_fresh_in_every_phase():
    """Phases that only read a network still advance its random seeds."""
    discriminator = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dropout(0.5, seed=0), keras.layers.Dense(1)]
    )
    generator = kg.networks.mlp_generator((2,), latent_dim=3, hidden_units=(8,))
    gan = kg.models.GAN(generator, discriminator, latent_dim=3)
    gan.compile()
    state = discriminator.layers[0].seed_generator.state
    before = state.numpy()
    gan.train_generator(tf.constant(images(8)))
    assert state.numpy()[1] == before[1] + 1


def test_update_ratio_is_exact_and_batches_are_fresh():
    class Recorder(kg.models.GAN):
        def train_discriminator(self, real, fake=None):
            seen.append(real.numpy())
            return super().train_discriminator(real, fake)

    seen = []
    gan = points(Recorder, n_critic=3)
    gan.compile(run_eagerly=True)
    x = np.arange(2 * 24, dtype="float32").reshape(24, 2)
    gan.fit(x, batch_size=4, verbose=0)
    assert int(gan.g_optimizer.iterations) == 2
    assert int(gan.d_optimizer.iterations) == 6
    assert [len(batch) for batch in seen] == [4] * 6
    assert len({tuple(row) for batch in seen for row in batch}) == 24


def test_minimax_objective_saturates_and_non_saturating_does_not():
    """The generator's gradient where the discriminator is sure: D(x) = −50 everywhere."""
    norms = {}
    for objective in ("minimax", "non_saturating"):
        gan = points(objective=objective)
        gan.compile(keras.optimizers.SGD(1.0), keras.optimizers.SGD(1.0))
        gan.discriminator.layers[-1].bias.assign([-50.0])
        before = gan.generator.get_weights()
        gan.train_generator(tf.zeros((32, 2)))
        after = gan.generator.get_weights()
        norms[objective] = sum(np.abs(u - v).sum() for u, v in zip(before, after, strict=True))
    assert norms["minimax"] < 1e-6 < 1e-2 < norms["non_saturating"]


def test_custom_objective_is_one_pair_of_functions(tmp_path):
    @keras.saving.register_keras_serializable("tests")
    def toy_discriminator_loss(real_logits, fake_logits):
        return keras.ops.mean((real_logits - 2) ** 2) + keras.ops.mean(fake_logits**2)

    @keras.saving.register_keras_serializable("tests")
    def toy_generator_loss(real_logits, fake_logits):
        return keras.ops.mean((fake_logits - 2) ** 2)

    toy = kg.losses.Objective(toy_discriminator_loss, toy_generator_loss, "toy")
    gan = points(objective=toy)
    gan.compile()
    history = gan.fit(kg.data.swiss_roll().sample(64, seed=0), batch_size=8, verbose=0).history
    assert np.isfinite(history["g_loss"][0])
    gan.save(tmp_path / "toy.keras")
    again = keras.models.load_model(tmp_path / "toy.keras")
    assert again.objective.generator is toy_generator_loss


def test_regularizers_count():
    generator = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(2, kernel_regularizer=keras.regularizers.L2(10.0)),
        ]
    )
    gan = kg.models.GAN(generator, kg.networks.mlp_discriminator((2,), (8,)), latent_dim=3)
    gan.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.0))
    before = np.linalg.norm(generator.get_weights()[0])
    for _ in range(20):
        gan.train_generator(tf.constant(images(8)))
    assert np.linalg.norm(generator.get_weights()[0]) < 0.2 * before


def test_an_optimizers_own_average_is_taken_at_the_end_of_fit():
    gan = points()
    average = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9)
    gan.compile(g_optimizer=average, d_optimizer=keras.optimizers.SGD(0.1))
    gan.fit(kg.data.ring_of_gaussians().sample(64, seed=0), batch_size=8, verbose=0)
    averages = [v.numpy() for v in average._model_variables_moving_average]
    for weight, value in zip(gan.generator.get_weights(), averages, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_evaluation_of_one_sample_equals_that_in_a_batch():
    gan = TestGAN().make_model()
    gan.compile()
    gan.fit(images(), batch_size=8, verbose=0)
    latents = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
    alone = np.concatenate([gan(latents[i : i + 1]).numpy() for i in range(6)])
    np.testing.assert_allclose(gan(latents).numpy(), alone, atol=1e-6)
    np.testing.assert_allclose(gan.predict(latents, verbose=0), alone, atol=1e-6)


@keras.saving.register_keras_serializable(package="tests")
def mean_of_logits(real, fake):
    return keras.ops.mean(real)


def test_evaluation_weighs_a_partial_batch_by_its_size():
    gan = points()
    gan.compile()
    x = kg.data.ring_of_gaussians().sample(10, seed=0)
    whole = gan.evaluate(x, batch_size=10, verbose=0, return_dict=True)
    np.testing.assert_allclose(
        gan.evaluate(x, batch_size=10, verbose=0, return_dict=True)["d_loss"], whole["d_loss"]
    )
    logits = gan.discriminator(x).numpy()
    mean_of_real = kg.losses.Objective(mean_of_logits, mean_of_logits)
    other = kg.models.GAN(gan.generator, gan.discriminator, latent_dim=3, objective=mean_of_real)
    other.compile()
    parts = other.evaluate(x, batch_size=4, verbose=0, return_dict=True)
    np.testing.assert_allclose(parts["d_loss"], logits.mean(), rtol=1e-5)


def test_metrics_of_compile_see_real_and_generated_examples():
    class Distance(keras.metrics.Metric):
        def __init__(self):
            super().__init__(name="distance")
            self.real = keras.metrics.Mean()
            self.fake = keras.metrics.Mean()

        def update_state(self, real, generated):
            self.real.update_state(real)
            self.fake.update_state(generated)

        def result(self):
            return self.real.result() - self.fake.result()

    gan = points()
    gan.compile(metrics=[Distance()])
    x = kg.data.ring_of_gaussians().sample(64, seed=0) + 100
    logs = gan.evaluate(x, batch_size=16, verbose=0, return_dict=True)
    assert 90 < logs["distance"] < 110
    history = gan.fit(x, batch_size=16, validation_data=x, verbose=0).history
    assert 90 < history["val_distance"][0] < 110


def test_labels_in_a_dataset_are_refused():
    gan = points()
    gan.compile()
    batches = tf.data.Dataset.from_tensors((np.zeros((4, 2), "float32"), np.zeros(4, "int32")))
    with pytest.raises(ValueError, match="not conditional"):
        gan.fit(batches)


class TestBadInput:
    def gan(self):
        gan = dcgan()
        gan.compile()
        return gan

    def test_an_evaluation_of_nothing(self):
        for x in (images()[:0], tf.data.Dataset.from_tensor_slices(images()).batch(8).take(0)):
            with pytest.raises(ValueError, match="`x` must hold an example to evaluate"):
                self.gan().evaluate(x, verbose=0)

    @pytest.mark.parametrize("size", [0.5, 10**30])
    def test_batch_sizes_of_an_evaluation(self, size):
        with pytest.raises(
            (TypeError, ValueError), match="`batch_size` must be a positive integer"
        ):
            self.gan().evaluate(images(), batch_size=size, verbose=0)
        with pytest.raises((TypeError, ValueError), match="`validation_batch_size` must be a pos"):
            self.gan().fit(images(), validation_split=0.5, validation_batch_size=size, verbose=0)

    @pytest.mark.parametrize(
        ("x", "message"),
        [
            (np.zeros((64, 8, 8), "float32"), r"`x`.*shape \(8, 8, 1\).*\(64, 8, 8\)"),
            (np.zeros((64, 16, 16, 1), "float32"), r"`x`.*shape \(8, 8, 1\)"),
            (np.zeros((64, 8, 8, 1), "uint8"), r"`x`.*127\.5.*uint8"),
            (np.full((64, 8, 8, 1), 255.0, "float32"), r"`x`.*\[-1, 1\].*255"),
            (np.full((64, 8, 8, 1), np.nan, "float32"), "`x`.*finite"),
            (np.zeros((3, 8, 8, 1), "float32"), "`x`.*at least one step.*3 examples"),
            (np.zeros((0, 8, 8, 1), "float32"), "`x`.*at least one step.*0 examples"),
        ],
    )
    def test_arrays(self, x, message):
        gan = self.gan()
        before = gan.get_weights()
        with pytest.raises(ValueError, match=message):
            gan.fit(x, verbose=0)
        for u, v in zip(before, gan.get_weights(), strict=True):
            np.testing.assert_array_equal(u, v)

    @pytest.mark.parametrize(
        ("value", "message"), [(np.nan, "finite"), (np.inf, "finite"), (255.0, "127.5")]
    )
    @pytest.mark.parametrize("method", ["fit", "evaluate"])
    def test_values_in_datasets(self, value, message, method):
        batches = tf.data.Dataset.from_tensors(np.full((4, 8, 8, 1), value, "float32"))
        with pytest.raises(ValueError, match=message):
            getattr(self.gan(), method)(batches, verbose=0)

    @pytest.mark.parametrize("batch_size", [0, -8, 2.5])
    def test_batch_size(self, batch_size):
        with pytest.raises((ValueError, TypeError), match="`batch_size`"):
            self.gan().fit(images(), batch_size=batch_size)

    @pytest.mark.parametrize("kind", ["array", "dataset"])
    def test_validation_data(self, kind):
        bad = np.full((8, 8, 8, 1), np.nan, "float32")
        validation_data = bad if kind == "array" else tf.data.Dataset.from_tensors(bad)
        with pytest.raises(ValueError, match="finite"):
            self.gan().fit(images(), validation_data=validation_data, verbose=0)

    def test_kinds(self):
        with pytest.raises(TypeError, match=r"`x` must be an array.*received: x of type str|str"):
            self.gan().fit("digits")
        with pytest.raises(ValueError, match="sample_weight"):
            self.gan().fit(images(), sample_weight=np.ones(64))

    def test_weights_of_held_out_examples_are_refused(self):
        held_out = images(), None, np.ones(64)
        with pytest.raises(ValueError, match=r"`validation_data` must be x or \(x, y\)"):
            self.gan().fit(images(), validation_data=held_out)
        with pytest.raises(ValueError, match="not conditional"):
            self.gan().fit(images(), np.zeros(64, "int32"))
        with pytest.raises(ValueError, match="not conditional"):
            self.gan().fit(images(), np.zeros(3, "int32"))

    @pytest.mark.parametrize(
        ("arguments", "error", "name"),
        [
            ({"latent_dim": 0}, ValueError, "latent_dim"),
            ({"latent_dim": 2.5}, TypeError, "latent_dim"),
            ({"latent_dim": 7}, ValueError, "generator"),
            ({"n_critic": 0}, ValueError, "n_critic"),
            ({"n_critic": True}, TypeError, "n_critic"),
            ({"objective": "hindge"}, ValueError, "objective"),
            ({"ema_decay": 1.0}, ValueError, "ema_decay"),
            ({"seed": -1}, ValueError, "seed"),
            ({"generator": "dcgan"}, TypeError, "generator"),
            ({"discriminator": None}, TypeError, "discriminator"),
            ({"generator": keras.Sequential([keras.layers.Dense(2)])}, ValueError, "generator"),
            ({"discriminator": keras.Sequential()}, ValueError, "discriminator"),
        ],
    )
    def test_constructor(self, arguments, error, name):
        networks = {
            "generator": kg.networks.mlp_generator((2,), 3, (8,)),
            "discriminator": kg.networks.mlp_discriminator((2,), (8,)),
            "latent_dim": 3,
        }
        with pytest.raises(error, match=f"`{name}`"):
            kg.models.GAN(**{**networks, **arguments})

    def test_networks_that_do_not_fit(self):
        with pytest.raises(ValueError, match="`discriminator` must take what `generator` makes"):
            kg.models.GAN(
                kg.networks.mlp_generator((2,), 3, (8,)),
                kg.networks.mlp_discriminator((3,), (8,)),
                latent_dim=3,
            )

    def test_sample(self):
        gan = points()
        for arguments, error in (
            ({"num": 0}, ValueError),
            ({"num": "ten"}, TypeError),
            ({"num": 2, "seed": -1}, ValueError),
            ({"num": 2, "labels": [0, 1]}, ValueError),
        ):
            with pytest.raises(error):
                gan.sample(**arguments)

    def test_unknown_optimizer_names(self):
        with pytest.raises(TypeError, match="critic_optimizer"):
            points().compile(critic_optimizer=keras.optimizers.Adam())

    def test_uncompiled(self):
        with pytest.raises(ValueError, match="compile"):
            points().fit(np.zeros((64, 2), "float32"))


def test_evaluates_every_kind_of_input_alike():
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return x[8 * index : 8 * index + 8]

    gan = points()
    gan.compile()
    x = kg.data.ring_of_gaussians().sample(32, seed=0)
    expected = gan.evaluate(x, batch_size=8, verbose=0)
    for batches in (
        tf.data.Dataset.from_tensor_slices(x).batch(8),
        Batches(),
        (x[i : i + 8] for i in range(0, 32, 8)),
    ):
        np.testing.assert_allclose(gan.evaluate(batches, verbose=0), expected, rtol=1e-6)
    history = gan.fit(x, batch_size=8, validation_data=Batches(), epochs=2, verbose=0).history
    held_out = [history[f"val_{name}"][-1] for name in gan.loss_names]
    np.testing.assert_allclose(held_out, gan.evaluate(x, batch_size=8, verbose=0), rtol=1e-5)
