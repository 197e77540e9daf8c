"""Penalties as techniques: closed forms, lazy regularization, and what they compose with."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans import techniques
from tests.shared import assert_same_weights

POINTS = kg.data.ring_of_gaussians().sample(64, seed=0)
KINDS = {
    "gradient_penalty": techniques.GradientPenalty,
    "r1": techniques.R1,
    "r2": techniques.R2,
    "dragan": techniques.DRAGAN,
}
SLOPE = np.array([[0.6], [-1.7]])


def critic():
    """The quadratic ½ s·x² + x·w, whose gradient at x is s x + w."""
    x = keras.Input((2,))
    linear = keras.layers.Dense(1, use_bias=False, name="linear")
    quadratic = keras.layers.Dot(axes=1)([x, x])
    network = keras.Model(x, 0.5 * quadratic + linear(x))
    linear.kernel.assign(SLOPE)
    return network


def gan(*chosen, discriminator=None, **kwargs):
    return kg.models.GAN(
        kg.networks.mlp_generator((2,), 3, (8,)),
        discriminator or critic(),
        latent_dim=3,
        seed=1,
        techniques=chosen,
        **kwargs,
    )


def compiled(*chosen, **kwargs):
    model = gan(*chosen, **kwargs)
    model.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01))
    return model


def result_of(technique, model, real, fake, network="discriminator"):
    plain = kg.models.LossResult({"loss": tf.constant(2.0)})
    return technique.loss(model, network, plain, tf.constant(real), tf.constant(fake))


REAL, FAKE = np.random.default_rng(0).normal(size=(2, 50, 2)).astype("float32")


class TestClosedForms:
    @pytest.mark.parametrize(("kind", "points"), [("r1", REAL), ("r2", FAKE)])
    def test_squared_norms(self, kind, points):
        technique = KINDS[kind](weight=0.5)
        result = result_of(technique, gan(technique), REAL, FAKE)
        gradients = points.astype("float64") + SLOPE.T
        expected = 0.5 * np.mean(np.sum(gradients**2, axis=1))
        np.testing.assert_allclose(result.logged[kind], expected, rtol=1e-5)
        np.testing.assert_allclose(result.loss, 2 + 0.5 * expected, rtol=1e-5)

    @pytest.mark.parametrize("one_sided", [False, True])
    def test_norms_between_real_and_fake(self, one_sided):
        """Where both are the same, so are the points between them."""
        technique = techniques.GradientPenalty(weight=0.5, one_sided=one_sided)
        result = result_of(technique, gan(technique), REAL, REAL)
        excess = np.linalg.norm(REAL + SLOPE.T, axis=1) - 1
        expected = np.mean((np.maximum(excess, 0) if one_sided else excess) ** 2)
        np.testing.assert_allclose(result.logged["gradient_penalty"], expected, rtol=1e-5)
        np.testing.assert_allclose(result.loss, 2 + 0.5 * expected, rtol=1e-5)

    def test_norms_around_real_examples(self):
        """The points are x + α·½σu, whose mean is x + ⅛σ."""
        seen = []
        technique = techniques.DRAGAN(weight=0.5)
        model = gan(technique)
        discriminate = model.discriminate

        def spy(x, **kwargs):
            seen.append(x.numpy())
            return discriminate(x, **kwargs)

        vars(model)["discriminate"] = spy
        real = np.tile(REAL, (40, 1))
        result = result_of(technique, model, real, real)
        away = (seen[0] - real) / real.std()
        assert 0 <= away.min() < away.max() <= 0.5
        np.testing.assert_allclose(away.mean(axis=0), 1 / 8, rtol=0.05)
        np.testing.assert_allclose((away**2).mean(axis=0), 1 / 36, rtol=0.1)  # E α² E (½u)²
        expected = np.mean((np.linalg.norm(seen[0] + SLOPE.T, axis=1) - 1) ** 2)
        np.testing.assert_allclose(result.logged["dragan"], expected, rtol=1e-4)

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_generator_is_not_penalized(self, kind):
        technique = KINDS[kind]()
        result = result_of(technique, gan(technique), REAL, FAKE, "generator")
        assert float(result.loss) == 2.0
        assert not result.logged


def test_the_condition_is_that_of_the_real_examples():
    """A critic w_y · x has the gradient w_y."""
    images, labels = keras.Input((2,)), keras.Input((), dtype="int32")
    slopes = keras.layers.Embedding(3, 2)
    network = keras.Model([images, labels], keras.layers.Dot(axes=1)([images, slopes(labels)]))
    technique = techniques.R1()
    model = kg.models.ConditionalGAN(
        kg.networks.mlp_generator((2,), 3, (8,), num_classes=3),
        network,
        latent_dim=3,
        techniques=[technique],
    )
    norms = np.array([1.0, 2.0, 3.0])
    slopes.set_weights([norms[:, None] * np.array([[0.6, 0.8]])])
    real = [tf.constant(REAL), tf.constant(np.arange(50) % 3)]
    fake = [tf.constant(FAKE), tf.constant(np.zeros(50, int))]
    result = technique.loss(
        model, "discriminator", kg.models.LossResult({"loss": tf.constant(0.0)}), real, fake
    )
    np.testing.assert_allclose(
        result.logged["r1"], 0.5 * np.mean(norms[np.arange(50) % 3] ** 2), rtol=1e-5
    )


@pytest.mark.parametrize(("kind", "expected"), [("r1", 1.0), ("r2", 3.0)])
def test_replayed_fakes_keep_their_condition(kind, expected):
    """A critic of slope 1 for class 0, that of the real ones, and 3 for class 1, of the fakes."""
    images, labels = keras.Input((2,)), keras.Input((), dtype="int32")
    slopes = keras.layers.Embedding(2, 2)
    network = keras.Model([images, labels], keras.layers.Dot(axes=1)([images, slopes(labels)]))
    technique = KINDS[kind]()
    model = kg.models.ConditionalGAN(
        kg.networks.mlp_generator((2,), 3, (8,), num_classes=2),
        network,
        latent_dim=3,
        techniques=[technique],
    )
    slopes.set_weights([np.array([[0.6, 0.8], [1.8, 2.4]])])
    real = [tf.constant(REAL), tf.zeros(50, tf.int32)]
    fake = [tf.constant(FAKE), tf.ones(50, tf.int32)]
    plain = kg.models.LossResult({"loss": tf.constant(0.0)})
    result = technique.loss(model, "discriminator", plain, real, fake)
    np.testing.assert_allclose(result.logged[kind], 0.5 * expected**2, rtol=1e-5)


class TestLazyRegularization:
    @pytest.mark.parametrize("run_eagerly", [False, True])
    def test_is_the_penalty_in_every_kth_update_with_k_times_the_weight(self, run_eagerly):
        technique = techniques.R1(weight=0.5, every=3)
        model = gan(technique)
        model.compile(*(keras.optimizers.SGD(0.0) for _ in range(2)), run_eagerly=run_eagerly)
        logged = [model.train_on_batch(REAL[:8], return_dict=True)["r1"] for _ in range(6)]
        penalty = 0.5 * np.mean(np.sum((REAL[:8] + SLOPE.T) ** 2, axis=1))
        np.testing.assert_allclose(logged, [3 * penalty, 0, 0] * 2, rtol=1e-4)
        assert int(technique.updates) == 6

    def test_the_loss_has_k_times_the_weight(self):
        technique = techniques.R1(weight=0.5, every=4)
        model = gan(technique)
        once = result_of(techniques_of_a_kind(), model, REAL, FAKE)
        lazy = result_of(technique, model, REAL, FAKE)
        np.testing.assert_allclose(lazy.loss - 2, 4 * (once.loss - 2), rtol=1e-6)
        model.combination.update(model, "discriminator", {})
        assert float(result_of(technique, model, REAL, FAKE).loss) == 2.0

    @pytest.mark.parametrize("kind", KINDS)
    def test_two_replicas_have_the_weights_of_one(self, kind, two_replicas):
        trained = []
        for strategy in (two_replicas, tf.distribute.get_strategy()):
            keras.utils.set_random_seed(0)
            with strategy.scope():
                model = compiled(
                    KINDS[kind](weight=0.1, every=2),
                    discriminator=kg.networks.mlp_discriminator((2,), (8,)),
                )
            model.fit(POINTS, batch_size=8, shuffle=False, verbose=0)
            trained.append(model)
        assert_same_weights(*trained, rtol=1e-5, atol=1e-6)

    def test_goes_on_where_it_was_saved(self, tmp_path):
        whole, cut = (compiled(techniques.R1(every=4)) for _ in range(2))
        cut.set_weights(whole.get_weights())
        whole.fit(POINTS[:48], batch_size=8, shuffle=False, verbose=0)
        cut.fit(POINTS[:24], batch_size=8, shuffle=False, verbose=0)
        cut.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        again.fit(POINTS[24:48], batch_size=8, shuffle=False, verbose=0)
        assert_same_weights(whole, again)


def techniques_of_a_kind():
    """An R1 that belongs to no model yet."""
    technique = techniques.R1(weight=0.5)
    technique.prepare(gan())
    return technique


@pytest.mark.parametrize("objective", ["minimax", "non_saturating", "least_squares", "hinge"])
def test_composes_with_every_objective(objective):
    model = compiled(*(kind(weight=0.1) for kind in KINDS.values()), objective=objective)
    history = model.fit(POINTS, batch_size=16, verbose=0).history
    assert set(history) == {"g_loss", "d_loss", *KINDS}
    assert np.isfinite(list(history.values())).all()


@pytest.mark.slow
def test_a_sharp_critic_is_smoothed():
    """The mean squared gradient at data falls under R1, and only under it."""
    norms = {}
    for weight in (0.0, 5.0):
        keras.utils.set_random_seed(0)
        discriminator = kg.networks.mlp_discriminator((2,), (32,))
        model = gan(techniques.R1(weight=weight), discriminator=discriminator)
        model.compile(keras.optimizers.SGD(0.0), keras.optimizers.Adam(1e-2))
        history = model.fit(POINTS, batch_size=32, epochs=60, verbose=0).history
        norms[weight] = history["r1"][-1]
    assert norms[5.0] < 0.1 * norms[0.0]


@pytest.mark.parametrize("kind", KINDS)
def test_refuses_batch_normalization(kind):
    network = kg.networks.mlp_discriminator((2,), (8, 8), normalization="batch")
    with pytest.raises(ValueError, match="`discriminator` must not use batch normalization"):
        gan(KINDS[kind](), discriminator=network)


def test_refuses_a_second_gradient_penalty():
    with pytest.raises(ValueError, match="must not hold GradientPenalty here"):
        kg.models.WGANGP(
            kg.networks.mlp_generator((2,), 3, (8,)),
            kg.networks.mlp_discriminator((2,), (8,)),
            latent_dim=3,
            techniques=[techniques.GradientPenalty()],
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [{"weight": -1.0}, {"every": 0}, {"every": 1.5}])
def test_refuses_numbers_out_of_range(kind, wrong):
    with pytest.raises((ValueError, TypeError), match=f"`{next(iter(wrong))}` must be"):
        KINDS[kind](**wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_config_round_trip(kind):
    technique = KINDS[kind](weight=0.5, every=3)
    again = type(technique).from_config(technique.get_config())
    assert again.get_config() == technique.get_config()
    assert (again.weight, again.every) == (0.5, 3)
