"""ALAE: Algorithm 1 step by step, and what its users call."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.models import every_model
from tests.models.test_gan import images
from tests.shared import ModelTests, assert_same_weights, descend

pytestmark = pytest.mark.first_cases

NETWORKS = ("mapping", "generator", "encoder", "discriminator")
POINTS = kg.data.ring_of_gaussians().sample(64, seed=0)


def tiny(**kwargs):
    return kg.models.ALAE(
        mapping=kg.networks.mlp_generator((3,), 2, (8,)),
        generator=kg.networks.mlp_generator((2,), 3, (8,)),
        encoder=kg.networks.mlp_discriminator((2,), (8,), num_logits=3),
        discriminator=kg.networks.mlp_discriminator((3,), (8,)),
        latent_dim=2,
        **kwargs,
    )


def tiny_examples():
    return every_model.POINTS, None


def tiny_calls(model):
    return {style_alae().mix: {"coarse": images(2), "fine": images(2, seed=1), "layer": 1}}


def networks(normalization=None):
    return {
        "mapping": kg.networks.mlp_generator((4,), 3, (8,), normalization=normalization),
        "generator": kg.networks.mlp_generator((2,), 4, (8,), normalization=normalization),
        "encoder": kg.networks.mlp_discriminator((2,), (8,), num_logits=4),
        "discriminator": kg.networks.mlp_discriminator((4,), (8,)),
    }


def points(normalization=None, **kwargs):
    return kg.models.ALAE(**networks(normalization), latent_dim=3, **kwargs)


def style_alae(**kwargs):
    return kg.models.ALAE(
        kg.networks.mlp_generator((6,), 5, (8,)),
        kg.networks.style_generator((8, 8, 1), code_dim=6, filters=4),
        kg.networks.style_encoder((8, 8, 1), code_dim=6, filters=4),
        kg.networks.mlp_discriminator((6,), (8,)),
        latent_dim=5,
        **kwargs,
    )


@pytest.mark.slow
class TestALAE(ModelTests):
    """Dense networks, batch normalization in the mapping, moving averages."""

    batch_size = 64

    def make_model(self):
        mapping = kg.networks.mlp_generator((4,), 3, (8,), normalization="batch")
        return kg.models.ALAE(
            **{**networks(), "mapping": mapping}, latent_dim=3, gamma=1.0, ema_decay=0.5, seed=1
        )

    @property
    def examples(self):
        return kg.data.ring_of_gaussians().sample(8 * 64, seed=0)


class StyleALAE(ModelTests):
    """Not collected: of these slow tests, only those below."""

    batch_size = 32
    compile_arguments = {"run_eagerly": True}

    def make_model(self):
        return style_alae(gamma=1.0, seed=1)

    @property
    def examples(self):
        return images()


@pytest.mark.slow
def test_a_saved_style_alae_trains_on_bit_for_bit(tmp_path):
    case = StyleALAE()
    case.test_saved_model_trains_on_bit_for_bit(case.train(tmp_path))


def test_the_config_of_a_style_alae_goes_round():
    StyleALAE().test_config_round_trip()


def copies(model):
    result = []
    for name in NETWORKS:
        network = keras.models.clone_model(getattr(model, name))
        network.set_weights(getattr(model, name).get_weights())
        result.append(network)
    return result


class Together:
    """Two networks whose variables one step of descent changes."""

    def __init__(self, *networks):
        self.trainable_variables = [v for n in networks for v in n.trainable_variables]


def test_one_step_is_algorithm_1():
    """Against the same step written out with plain TensorFlow."""
    alae = points(gamma=3.0, seed=5)
    alae.compile(*[keras.optimizers.SGD(0.05) for _ in range(3)], run_eagerly=True)
    f, g, e, d = copies(alae)
    x = tf.constant(POINTS[:6])
    alae.fit(x, batch_size=6, shuffle=False, verbose=0)

    seeds = keras.random.SeedGenerator(5)
    fake = g(f(keras.random.normal((6, 3), seed=seeds)))

    def step_one():
        with tf.GradientTape() as tape:
            tape.watch(x)
            logits = d(e(x))
        squares = tf.reduce_sum(tape.gradient(logits, x) ** 2, axis=1)
        return (
            -tf.reduce_mean(tf.math.log_sigmoid(d(e(x))))
            - tf.reduce_mean(tf.math.log_sigmoid(-d(e(fake))))
            + 3 / 2 * tf.reduce_mean(squares)
        )

    descend(Together(e, d), step_one, 0.05)
    latents = keras.random.normal((6, 3), seed=seeds)
    descend(Together(f, g), lambda: -tf.reduce_mean(tf.math.log_sigmoid(d(e(g(f(latents)))))), 0.05)
    w = f(keras.random.normal((6, 3), seed=seeds))
    descend(Together(e, g), lambda: tf.reduce_mean(tf.norm(w - e(g(w)), axis=1) ** 2), 0.05)
    for name, network in zip(NETWORKS, (f, g, e, d), strict=True):
        assert_same_weights(getattr(alae, name), network, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("phase", "trained"),
    [
        (lambda alae: alae.train_discriminator(tf.constant(POINTS[:8])), "encoder discriminator"),
        (lambda alae: alae.train_generator(8), "mapping generator"),
        (lambda alae: alae.train_reciprocity(8), "encoder generator"),
    ],
)
def test_each_phase_changes_only_its_own_networks(phase, trained):
    """Moving statistics of batch normalization included."""
    alae = points("batch")
    alae.compile()
    before = {name: getattr(alae, name).get_weights() for name in NETWORKS}
    phase(alae)
    for name in NETWORKS:
        changed = [
            not np.array_equal(u, v)
            for u, v in zip(before[name], getattr(alae, name).get_weights(), strict=True)
        ]
        assert any(changed) == (name in trained.split()), name


@pytest.fixture
def float64():
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx(before)


def layer_of(kernel, activation="linear"):
    dense = keras.layers.Dense(kernel.shape[1], activation, use_bias=False, dtype="float64")
    network = keras.Sequential([keras.Input((len(kernel),), dtype="float64"), dense])
    dense.kernel.assign(kernel)
    return network


def test_losses_are_closed_forms_in_float64(float64):
    """With E(x) = tanh(xA) and D(w) = w·b the gradient of D∘E at x is A((1 − tanh²(xA)) ∘ b)."""
    rng = np.random.default_rng(0)
    f, g, a, b = (rng.normal(size=s) for s in [(3, 4), (4, 2), (2, 4), (4, 1)])
    alae = kg.models.ALAE(
        layer_of(f), layer_of(g), layer_of(a, "tanh"), layer_of(b), latent_dim=3, gamma=0.7
    )
    real, fake, codes = rng.normal(size=(9, 2)), rng.normal(size=(9, 2)), rng.normal(size=(9, 4))
    real_logits, fake_logits = np.tanh(real @ a) @ b, np.tanh(fake @ a) @ b

    found = alae.discriminator_loss(tf.constant(real), tf.constant(fake)).logs
    gradients = ((1 - np.tanh(real @ a) ** 2) * b[:, 0]) @ a.T
    penalty = 0.5 * np.mean(np.sum(gradients**2, axis=1))
    adversarial = np.log1p(np.exp(-real_logits)).mean() + np.log1p(np.exp(fake_logits)).mean()
    np.testing.assert_allclose(found["gradient_penalty"], penalty, rtol=1e-12)
    np.testing.assert_allclose(found["d_loss"], adversarial + 0.7 * penalty, rtol=1e-12)

    found = alae.generator_loss(tf.constant(fake_logits)).logs
    np.testing.assert_allclose(found["g_loss"], np.log1p(np.exp(-fake_logits)).mean(), rtol=1e-12)

    found = alae.reciprocity_loss(tf.constant(codes)).logs
    expected = np.mean(np.sum((codes - np.tanh(codes @ g @ a)) ** 2, axis=1))
    np.testing.assert_allclose(found["reciprocity_loss"], expected, rtol=1e-12)


def test_defaults_are_the_papers():
    alae = points()
    alae.compile()
    assert alae.gamma == 10.0
    for name in ("d_optimizer", "g_optimizer", "r_optimizer"):
        config = getattr(alae, name).get_config()
        assert config["learning_rate"] == pytest.approx(2e-3)
        assert (config["beta_1"], config["beta_2"]) == (0.0, 0.99)


def test_averages_follow_the_three_networks_that_are_used_after_training():
    alae = points("batch", ema_decay=0.05)
    alae.compile()
    before = {name: getattr(alae, name).get_weights() for name in NETWORKS}
    alae.fit(POINTS[:8], batch_size=8, verbose=0)
    for name in ("mapping", "generator", "encoder"):
        averages = alae.in_use(name).averages
        weights = getattr(alae, name).get_weights()
        for average, old, new in zip(averages, before[name], weights, strict=True):
            np.testing.assert_allclose(average, 0.05 * old + 0.95 * new, rtol=1e-5, atol=1e-7)
    codes = alae.in_use("encoder")(POINTS).numpy()
    np.testing.assert_allclose(alae.encode(POINTS), codes, rtol=1e-6)
    assert np.abs(codes - alae.encoder.predict(POINTS, verbose=0)).max() > 1e-6
    np.testing.assert_allclose(alae.reconstruct(POINTS), alae.in_use("generator")(codes), rtol=1e-6)


@pytest.mark.slow
def test_serves_codes_reconstructions_and_logits(tmp_path):
    alae = style_alae(ema_decay=0.5)
    alae.compile(run_eagerly=True)
    x = images(10)
    alae.fit(x, batch_size=10, verbose=0)
    alae.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    assert set(served.endpoints) == {"generate", "sample", "score", "encode", "reconstruct"}
    assert served.latent_dim == 5
    codes = alae.encode(x, batch_size=4)
    assert codes.dtype == np.float32
    assert codes.shape == (10, 6)
    np.testing.assert_allclose(served.encode(x), codes, atol=1e-5)
    np.testing.assert_allclose(served.reconstruct(x), alae.reconstruct(x), atol=1e-5)
    np.testing.assert_allclose(served.score(x), alae.discriminator(codes), atol=1e-5)
    latents = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    np.testing.assert_allclose(served.generate(latents), alae(latents), atol=1e-5)


def test_mixing_puts_one_code_before_the_layer_and_another_after_it():
    alae = style_alae()
    coarse, fine = images(3, seed=1), images(3, seed=2)
    part = kg.networks.synthesis(alae.generator)
    a, b = alae.encode(coarse), alae.encode(fine)
    for layer in range(5):
        codes = np.stack([a if i < layer else b for i in range(4)], axis=1)
        mixed = alae.mix(coarse, fine, layer)
        assert mixed.shape == (3, 8, 8, 1)
        np.testing.assert_allclose(mixed, part(codes), atol=1e-6)
    np.testing.assert_allclose(alae.mix(coarse, fine, 0), alae.reconstruct(fine), atol=1e-6)
    np.testing.assert_allclose(alae.mix(coarse, fine, 4), alae.reconstruct(coarse), atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"layer": 5}, ValueError, "`layer` must be at most 4.*layer=5"),
        ({"layer": -1}, ValueError, "`layer` must be an integer of at least 0.*layer=-1"),
        ({"layer": 1.5}, TypeError, "`layer`.*layer=1.5"),
        ({"fine": images(2)}, ValueError, "`coarse` and `fine` must hold as many.*3 and 2"),
        ({"fine": images(3)[:, 1:]}, ValueError, "examples of shape"),
    ],
)
def test_mixing_refuses_what_it_cannot_mix(arguments, error, message):
    alae = style_alae()
    with pytest.raises(error, match=message):
        alae.mix(**{"coarse": images(3), "fine": images(3), "layer": 2, **arguments})


def test_mixing_needs_styles():
    with pytest.raises(ValueError, match="`generator` must have styles"):
        points().mix(POINTS, POINTS, 1)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"mapping": "f"}, TypeError, "`mapping` must be a keras.Model"),
        ({"latent_dim": 5}, ValueError, r"`mapping` must take latents, of shape \(None, 5\)"),
        (
            {"generator": kg.networks.mlp_generator((2,), 5, (8,))},
            ValueError,
            r"`generator` must take what `mapping` makes, of shape \(None, 4\)",
        ),
        (
            {"encoder": kg.networks.mlp_discriminator((3,), (8,), num_logits=4)},
            ValueError,
            r"`encoder` must take what `generator` makes, of shape \(None, 2\)",
        ),
        (
            {"encoder": kg.networks.mlp_discriminator((2,), (8,), num_logits=5)},
            ValueError,
            r"`encoder` must make codes, as `mapping` does, of shape \(None, 4\)",
        ),
        (
            {"discriminator": kg.networks.mlp_discriminator((2,), (8,))},
            ValueError,
            r"`discriminator` must take what `encoder` makes, of shape \(None, 4\)",
        ),
        (
            {"discriminator": kg.networks.mlp_discriminator((4,), (8,), num_logits=2)},
            ValueError,
            r"`discriminator` must make one logit for each code, of shape \(None, 1\)",
        ),
        (
            {"encoder": kg.networks.mlp_discriminator((2,), (8, 8), "batch", num_logits=4)},
            ValueError,
            "`encoder` must not use batch normalization",
        ),
        (
            {"discriminator": kg.networks.mlp_discriminator((4,), (8, 8), "batch")},
            ValueError,
            "`discriminator` must not use batch normalization",
        ),
        ({"gamma": -1.0}, ValueError, "`gamma` must be a number"),
        ({"ema_decay": 1.0}, ValueError, "`ema_decay` must be a number"),
    ],
)
def test_refuses_what_does_not_fit(changed, error, message):
    with pytest.raises(error, match=message):
        kg.models.ALAE(**{**networks(), "latent_dim": 3, **changed})


@pytest.mark.parametrize(
    ("x", "message"), [(POINTS * np.nan, "finite"), (POINTS[:, :1], "shape"), ([[1, 2]], "floats")]
)
def test_encode_refuses_what_it_cannot_read(x, message):
    with pytest.raises(ValueError, match=message):
        points().encode(x)


def test_reads_what_it_draws_without_comparing_examples(xla):
    """Points come back from their codes to where they were; without step III they do not."""
    ring = kg.data.ring_of_gaussians(8)
    held_out = ring.sample(1000, seed=1)

    def distances(points):
        return np.linalg.norm(points[:, None] - ring.modes[None], axis=2)

    def trained(reciprocity_rate):
        keras.utils.set_random_seed(0)
        alae = kg.models.ALAE(
            kg.networks.mlp_generator((8,), 4, (64, 64)),
            kg.networks.mlp_generator((2,), 8, (64, 64)),
            kg.networks.mlp_discriminator((2,), (64, 64), num_logits=8),
            kg.networks.mlp_discriminator((8,), (64, 64)),
            latent_dim=4,
            gamma=0.1,
            ema_decay=0.99,
            seed=0,
        )
        rates = {"d_optimizer": 1e-3, "g_optimizer": 1e-3, "r_optimizer": reciprocity_rate}
        optimizers = {n: keras.optimizers.Adam(r, 0.0, 0.99) for n, r in rates.items()}
        alae.compile(**optimizers, jit_compile=True, steps_per_execution=50)
        alae.fit(ring.sample(50 * 128, seed=0), batch_size=128, epochs=30, verbose=0)
        return alae

    alae = trained(reciprocity_rate=1e-3)
    samples = distances(alae.sample(2000, seed=0))
    shares = np.bincount(samples.argmin(axis=1)[samples.min(axis=1) < 0.3], minlength=8) / 2000
    assert (shares > 0.04).all(), shares
    reconstructed = alae.reconstruct(held_out)
    same_mode = distances(reconstructed).argmin(axis=1) == distances(held_out).argmin(axis=1)
    assert same_mode.mean() > 0.98
    error = np.linalg.norm(reconstructed - held_out, axis=1).mean()
    assert error < 0.1
    without = trained(reciprocity_rate=0.0)
    assert np.linalg.norm(without.reconstruct(held_out) - held_out, axis=1).mean() > 5 * error
