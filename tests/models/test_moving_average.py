import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans.models.averages import DecayOfAverages
from keras_gans.models.moving_average import MovingAverage
from tests.models import every_model

pytestmark = pytest.mark.first_cases


def network():
    return keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4), keras.layers.BatchNormalization()]
    )


def game(**kwargs):
    return kg.models.GAN(
        kg.networks.dcgan_generator((8, 8, 1), 4, filters=4),
        kg.networks.dcgan_discriminator((8, 8, 1), filters=4),
        latent_dim=4,
        **kwargs,
    )


def images(num=32):
    return np.random.default_rng(0).uniform(-1, 1, (num, 8, 8, 1)).astype("float32")


def assert_same_weights(averages, weights):
    for average, weight in zip(averages, weights, strict=True):
        np.testing.assert_allclose(average, weight, rtol=1e-6, atol=1e-7)


def test_starts_as_a_copy():
    original = network()
    assert_same_weights(MovingAverage(original, 0.9).averages, original.get_weights())


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9999])
def test_averages_every_weight_and_statistic_with_a_warm_up(decay):
    original = network()
    average = MovingAverage(original, decay)
    rng = np.random.default_rng(1)
    expected = [weight.astype("float64") for weight in original.get_weights()]
    for t in range(20):
        now = [rng.uniform(0.5, 2, weight.shape) for weight in expected]
        original.set_weights(now)
        average.update()
        kept = min(decay, (1 + t) / (10 + t))
        expected = [kept * a + (1 - kept) * w for a, w in zip(expected, now, strict=True)]
    assert len(expected) == 6  # kernel, bias, γ, β, mean, variance
    assert_same_weights(average.averages, expected)


def test_forgets_the_start():
    original = network()
    average = MovingAverage(original, 0.9999)
    original.set_weights([np.full(w.shape, 5.0) for w in original.get_weights()])
    for _ in range(30):
        average.update()
    for weight in average.averages:
        np.testing.assert_allclose(weight, 5.0, rtol=1e-5)


def test_averages_of_what_does_not_change_are_exact():
    original = network()
    average = MovingAverage(original, 0.997)
    for _ in range(50):
        average.update()
    for a, w in zip(average.averages, original.weights, strict=True):
        np.testing.assert_array_equal(a, w)


@pytest.mark.parametrize("steps", [0, 3])
def test_can_be_what_its_network_goes_on_from(steps):
    original = network()
    average = MovingAverage(original, 0.9)
    for _ in range(steps):
        original.set_weights([weight + 1 for weight in original.get_weights()])
        average.update()
    expected = average.copy().get_weights()
    average.assign_to_network()
    for weight, value in zip(original.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(weight, value)
    for weight, value in zip(average.averages, expected, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_copies_weights_that_are_not_floats():
    class Counted(keras.layers.Layer):
        def build(self, input_shape):
            self.calls = self.add_weight(dtype="int32", initializer="zeros", trainable=False)

        def call(self, x):
            return x

    original = keras.Sequential([keras.Input((3,)), Counted()])
    average = MovingAverage(original, 0.9)
    original.layers[0].calls.assign(7)
    average.update()
    assert int(average.averages[0]) == 7


def test_is_what_sample_and_evaluate_and_export_use(tmp_path):
    gan = game(ema_decay=0.999)
    gan.update_averages()
    before = gan.sample(3, seed=0)
    gan.compile()
    loss = gan.evaluate(images(), return_dict=True, verbose=0)["g_loss"]
    gan.generator.set_weights([w + 1 for w in gan.generator.get_weights()])
    np.testing.assert_array_equal(gan.sample(3, seed=0), before)
    assert gan.evaluate(images(), return_dict=True, verbose=0)["g_loss"] == pytest.approx(loss)
    gan.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    np.testing.assert_allclose(served.sample(3, seed=0), before, atol=1e-6)


def test_before_training_it_is_what_was_loaded(tmp_path):
    trained = game(seed=0)
    trained.generator.save_weights(tmp_path / "generator.weights.h5")
    samples = trained.sample(3, seed=0)
    gan = game(ema_decay=0.999)
    gan.compile()
    gan.evaluate(images(), verbose=0)
    gan.predict(np.zeros((2, 4), "float32"), verbose=0)
    gan.generator.load_weights(tmp_path / "generator.weights.h5")
    latents = kg.latents.draw(3, 4, seed=0)
    np.testing.assert_allclose(gan.predict(latents, verbose=0), samples, atol=1e-6)
    np.testing.assert_allclose(gan.sample(3, seed=0), samples, atol=1e-6)
    gan.export(tmp_path / "saved_model")
    np.testing.assert_allclose(
        kg.load(tmp_path / "saved_model").sample(3, seed=0), samples, atol=1e-6
    )


def test_training_begins_with_what_was_loaded():
    gan = game(ema_decay=0.5)
    gan.compile(g_optimizer=keras.optimizers.SGD(0.0), d_optimizer=keras.optimizers.SGD(0.0))
    gan.generator.set_weights([w + 1 for w in gan.generator.get_weights()])
    gan.train_on_batch(images())
    trainable = [weight.trainable for weight in gan.generator.weights]
    for average, weight, is_trained in zip(
        gan.ema_generator.averages, gan.generator.weights, trainable, strict=True
    ):
        if is_trained:
            np.testing.assert_array_equal(average, weight)


@pytest.mark.slow
def test_is_saved_with_its_count(tmp_path):
    gan = game(ema_decay=0.99)
    gan.compile()
    gan.fit(images(), batch_size=8, verbose=0)
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    assert int(again.ema_generator.updates) == 4
    np.testing.assert_array_equal(again.sample(3, seed=0), gan.sample(3, seed=0))
    for model in (gan, again):
        model.fit(images(), batch_size=8, shuffle=False, verbose=0)
    np.testing.assert_array_equal(again.sample(3, seed=0), gan.sample(3, seed=0))


class Unserializable(keras.layers.Layer):
    """A layer with a weight that cannot be made again from its configuration."""

    def __init__(self, units, activation):
        super().__init__()
        self.dense = keras.layers.Dense(units, activation=lambda x: activation(x))

    def build(self, input_shape):
        self.dense.build(input_shape)

    def call(self, x):
        return self.dense(x)


@pytest.mark.parametrize(
    "layer", [keras.layers.Lambda(lambda x: 2 * x), Unserializable(4, keras.ops.tanh)]
)
def test_averages_networks_that_cannot_be_cloned(layer, tmp_path):
    generator = keras.Sequential([keras.Input((3,)), layer, keras.layers.Dense(2)])
    gan = kg.models.GAN(
        generator, kg.networks.mlp_discriminator((2,), (8,)), latent_dim=3, ema_decay=0.9
    )
    if isinstance(layer, Unserializable):
        with pytest.warns(UserWarning, match="hold layers without a config"):
            gan.compile()
    else:
        gan.compile()
    gan.fit(np.zeros((16, 2), "float32"), batch_size=8, verbose=0)
    assert gan.sample(2).shape == (2, 2)
    gan.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model").sample(2, seed=0)
    np.testing.assert_allclose(served, gan.sample(2, seed=0), atol=1e-6)


def test_the_public_average_is_called_as_the_generator_and_can_be_copied():
    gan = game(ema_decay=0.9)
    gan.update_averages()
    gan.generator.set_weights([w + 1 for w in gan.generator.get_weights()])
    latents = kg.latents.draw(3, 4, seed=0)
    averaged = gan.ema_generator(latents)
    np.testing.assert_allclose(averaged, gan.sample(3, seed=0), atol=1e-6)
    np.testing.assert_allclose(gan.ema_generator.copy()(latents), averaged, atol=1e-6)
    assert np.abs(gan.generator(latents) - averaged).max() > 1e-3
    assert game().ema_generator is None


def test_is_in_float32_under_a_half_precision_policy():
    with_policy = keras.dtype_policies.DTypePolicy("mixed_bfloat16")
    generator = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(2, dtype="float32", name="wide")]
    )
    gan = kg.models.GAN(
        generator,
        kg.networks.mlp_discriminator((2,), (8,)),
        latent_dim=3,
        ema_decay=0.9,
        dtype=with_policy,
    )
    generator.layers[0].kernel.assign(np.full((3, 2), 1 / 3))
    np.testing.assert_array_equal(
        gan(np.array([[1.0, 0.0, 0.0]])), np.full((1, 2), np.float32(1 / 3))
    )


def test_its_decay_may_change_between_two_steps_and_is_saved(tmp_path):
    gan = game(ema_decay=0.999)
    gan.compile(g_optimizer=keras.optimizers.SGD(1.0), d_optimizer=keras.optimizers.SGD(0.0))
    gan.fit(images(), batch_size=8, verbose=0)
    gan.ema_generator.decay = 0.0
    gan.fit(images(), batch_size=8, verbose=0)
    assert_same_weights(gan.ema_generator.averages, gan.generator.get_weights())
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    assert again.get_config()["ema_decay"] == 0.999
    assert again.ema_decay == again.ema_generator.decay == 0.0


@pytest.mark.slow
def test_samples_of_the_average_are_no_worse_early_and_better_later():
    """Fréchet distances of pixels, after 200 and 600 steps of a small WGAN-GP on digits."""
    keras.utils.set_random_seed(0)
    train, info = kg.data.load("digits", batch_size=16, seed=0, repeat=True)
    gan = kg.models.WGANGP(
        kg.networks.dcgan_generator(info.image_shape, 16, filters=8),
        kg.networks.dcgan_discriminator(info.image_shape, filters=8, normalization=None),
        latent_dim=16,
        n_critic=2,
        ema_decay=0.999,
        seed=0,
    )
    optimizers = [keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.9) for _ in range(2)]
    gan.compile(*optimizers, steps_per_execution=10)
    real, _ = kg.data.load("digits", batch_size=1500, shuffle=False)
    (real,) = (batch.reshape(1500, -1) for batch in real.as_numpy_iterator())
    latents = kg.latents.draw(1500, 16, seed=1)

    def distance(network):
        metric = kg.metrics.FrechetDistance()
        metric.update_state(real, keras.ops.reshape(network(latents, training=False), (1500, -1)))
        return float(metric.result())

    gan.fit(train, steps_per_epoch=200, verbose=0)
    assert distance(gan.ema_generator) < 1.25 * distance(gan.generator)
    gan.fit(train, steps_per_epoch=400, verbose=0)
    assert distance(gan.ema_generator) < 0.8 * distance(gan.generator)


def test_refuses_decays_out_of_range():
    with pytest.raises(ValueError, match="`ema_decay` must be a number in \\[0, 1\\)"):
        game(ema_decay=1.0)


def test_is_not_trained_by_the_optimizer():
    gan = kg.models.GAN(
        kg.networks.mlp_generator((2,), 3, (8,)),
        kg.networks.mlp_discriminator((2,), (8,)),
        latent_dim=3,
        ema_decay=0.5,
    )
    gan.compile()
    assert len(gan._trained_variables("g_optimizer")) == 4


def test_mixing_styles_uses_the_average():
    networks = dict(
        mapping=kg.networks.mlp_generator((5,), latent_dim=3, hidden_units=(8,)),
        generator=kg.networks.style_generator((8, 8, 1), code_dim=5, filters=4),
        encoder=kg.networks.style_encoder((8, 8, 1), code_dim=5, filters=4),
        discriminator=kg.networks.mlp_discriminator((5,), hidden_units=(8,)),
    )
    alae = kg.models.ALAE(**networks, latent_dim=3, ema_decay=0.9)
    alae.update_averages()
    before = alae.mix(images(2), images(2), 0), alae.reconstruct(images(2))
    for network in networks.values():
        network.set_weights([w + 1 for w in network.get_weights()])
    np.testing.assert_array_equal(alae.mix(images(2), images(2), 0), before[0])
    np.testing.assert_allclose(before[0], before[1], atol=1e-5)


class Seen(keras.metrics.Metric):
    """The sum of what a model generates in an evaluation."""

    def __init__(self, name="seen", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_weight(initializer="zeros")

    def update_state(self, generated):
        if generated.dtype == tf.string:
            generated = tf.strings.to_hash_bucket_fast(generated, 1000)
        self.total.assign_add(keras.ops.sum(keras.ops.cast(generated, "float32")))

    def result(self):
        return self.total


def served(model):
    """What every endpoint gives, by name."""

    def given(spec):
        if spec.dtype == tf.string:
            return tf.constant(["to be", "that"])
        number = 0.5 if spec.dtype.is_floating else 2
        return tf.fill([size or 2 for size in spec.shape], tf.constant(number, spec.dtype))

    return {
        verb.endpoint: np.asarray(verb.function(*map(given, verb.input_signature)))
        for verb in model.served_verbs()
    }


def used(model):
    """All that a model gives outside training."""
    x, y = every_model.examples(model)
    given = served(model)
    given["evaluate"] = np.array(model.evaluate(x, y, batch_size=8, verbose=0))
    if isinstance(model, kg.models.LatentModel):
        labels = y[:2] if model.conditional else None
        given["sample"] = model.sample(2, labels=labels, seed=0)
    elif isinstance(model, kg.models.CycleGAN):
        given["ab"], given["ba"] = (model.translate(x[:2], name) for name in ("ab", "ba"))
    return given


@pytest.mark.parametrize("name", every_model.NAMES)
def test_every_model_uses_the_averages_that_a_subclass_states(name, monkeypatch):
    """Also of networks that it keeps none of itself: to train on changes nothing outside."""
    kind = getattr(kg.models, name)
    networks = sorted({n for names in kind.optimizer_networks.values() for n in names})

    class Averaging(kind):
        decay_of_all = DecayOfAverages(*networks)

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.decay_of_all = 0.9

    Averaging.__module__ = kind.__module__
    monkeypatch.setattr(kg.models, name, Averaging)
    model = every_model.make(name)
    model.compile(metrics=[Seen()] if model.draws_samples else None)
    every_model.fit(model)
    assert set(model.averages) == set(networks)
    assert all(int(average.updates) > 0 for average in model.averages.values())
    before = used(model)
    for network in networks:
        network = getattr(model, network)
        for weight in network.weights:
            if weight.aggregation != "only_first_replica":  # of others it is the last value
                weight.assign(weight + 0.5)
    after = used(model)
    for what, expected in before.items():
        np.testing.assert_array_equal(after[what], expected, err_msg=what)


class Matcher(kg.models.LatentModel):
    """A model that says which of its networks it averages, and nothing else about it."""

    optimizer_networks = {"first": ("mapping", "generator"), "second": ("generator",)}
    loss_names = ("gap",)
    ema_decay = DecayOfAverages("mapping", "generator")

    def __init__(self, mapping, generator, latent_dim, ema_decay=None, **kwargs):
        super().__init__(latent_dim, **kwargs)
        self.mapping, self.generator = mapping, generator
        self.ema_decay = ema_decay

    def default_optimizers(self):
        return {name: keras.optimizers.SGD(0.1) for name in self.optimizer_networks}

    @property
    def samplers(self):
        return [self.in_use("mapping"), self.in_use("generator")]

    def gap(self, real, fake):
        gap = keras.ops.mean((keras.ops.mean(real - fake, axis=0)) ** 2)
        return kg.models.LossResult({"gap": gap})

    def train_step(self, real):
        latents = self.draw_latents(keras.ops.shape(real)[0])
        for optimizer in self.optimizer_networks:
            self.record(
                self.minimize(
                    optimizer,
                    lambda: self.gap(
                        real, self.generator(self.mapping(latents, training=True), training=True)
                    ),
                )
            )
        return self.logs()

    def test_step(self, real):
        self.record(self.gap(real, self(self.draw_latents(keras.ops.shape(real)[0], False))))
        return self.logs()


def matcher(**kwargs):
    mapping = kg.networks.mlp_generator((3,), latent_dim=2, hidden_units=(4,))
    generator = kg.networks.mlp_generator((2,), latent_dim=3, hidden_units=(4,))
    model = Matcher(mapping, generator, latent_dim=2, seed=0, **kwargs)
    model.compile()
    return model


def test_a_new_model_states_its_averages_once(tmp_path):
    """They follow the last optimizer of a step that trains their network."""
    model, x = matcher(ema_decay=0.5), np.ones((32, 2), "float32")
    model.fit(x, batch_size=8, verbose=0)
    assert [int(average.updates) for average in model.averages.values()] == [4, 4]
    model.save(tmp_path / "model.keras")
    model.export(tmp_path / "saved_model")
    custom_objects = {"Matcher": Matcher}
    again = keras.models.load_model(tmp_path / "model.keras", custom_objects=custom_objects)
    samples, logs = model.sample(3, seed=0), model.evaluate(x, verbose=0)
    for found in (model, again):
        for network in (found.mapping, found.generator):
            network.set_weights([weight + 1 for weight in network.get_weights()])
        np.testing.assert_array_equal(found.sample(3, seed=0), samples)
        assert found.evaluate(x, verbose=0) == logs
    from_export = kg.load(tmp_path / "saved_model").sample(3, seed=0)
    np.testing.assert_allclose(from_export, samples, atol=1e-6)


def test_a_decay_keeps_its_name_and_needs_averages():
    model = matcher()
    assert model.ema_decay is None and not model.averages
    with pytest.raises(ValueError, match="`ema_decay` must be given to the constructor"):
        model.ema_decay = 0.5
    with pytest.raises(ValueError, match=r"`classifier_ema_decay` must be a number in \[0, 1\)"):
        every_model.make("SemiSupervisedGAN", classifier_ema_decay=1.0)
    model = matcher(ema_decay=0.5)
    model.ema_decay = 0.25
    assert {average.decay for average in model.averages.values()} == {0.25}
