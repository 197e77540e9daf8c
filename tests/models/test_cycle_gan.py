import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.models import every_model
from tests.shared import ModelTests, assert_same_weights, descend

pytestmark = pytest.mark.first_cases

SHAPE = (8, 8, 1)


def tiny(**kwargs):
    def generator():
        convolution = keras.layers.Conv2D(1, 3, padding="same", activation="tanh")
        return keras.Sequential([keras.Input((4, 4, 1)), convolution])

    discriminators = [kg.networks.mlp_discriminator((4, 4, 1), (8,)) for _ in range(2)]
    return kg.models.CycleGAN(generator(), generator(), *discriminators, **kwargs)


def tiny_examples():
    return every_model.IMAGES, -every_model.IMAGES


def convolutional(**kwargs):
    generators = [kg.networks.translation_generator(SHAPE, 1, 2, 1) for _ in range(2)]
    discriminators = [kg.networks.patch_discriminator(SHAPE, 2, 1) for _ in range(2)]
    return kg.models.CycleGAN(*generators, *discriminators, **kwargs)


def squares(num, seed):
    """Light squares somewhere on dark ground."""
    random = np.random.default_rng(seed)
    images = np.full((num, *SHAPE), -0.5, "float32")
    for image, (row, column) in zip(images, random.integers(0, 6, (num, 2)), strict=True):
        image[row : row + 3, column : column + 3] = 0.5
    return images


A, B = squares(64, seed=0), -squares(64, seed=1)


def generator(shape=SHAPE, out_channels=None, normalization=None):
    """As small as can be: the builders' networks have tests of their own."""
    return keras.Sequential(
        [
            keras.Input(shape),
            kg.layers.ReflectionPadding2D(),
            keras.layers.Conv2D(2, 3, use_bias=False),
            normalization or keras.layers.GroupNormalization(-1),
            keras.layers.Conv2D(out_channels or shape[-1], 3, padding="same"),
            keras.layers.Activation("tanh", dtype="float32"),
        ]
    )


def discriminator(shape=SHAPE, normalization=None):
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Conv2D(4, 4, 2, padding="same", use_bias=False),
            normalization or keras.layers.GroupNormalization(-1),
            kg.layers.LeakyReLU(),
            keras.layers.Conv2D(1, 4, padding="same", dtype="float32"),
        ]
    )


def make(normalization=lambda: None, **kwargs):
    builders = generator, generator, discriminator, discriminator
    networks = [build(normalization=normalization()) for build in builders]
    return kg.models.CycleGAN(*networks, **{"seed": 1, **kwargs})


def compiled(**kwargs):
    """A model with the weights of every other; eager, as few steps do not repay a graph."""
    keras.utils.set_random_seed(0)
    gan = make(**kwargs)
    gan.compile(run_eagerly=True)
    return gan


@pytest.mark.slow
class TestCycleGAN(ModelTests):
    def make_model(self):
        return make(pool_size=12)

    @property
    def examples(self):
        return A, B

    def sample(self, model, num=4):
        return model.translate(A[:num], "ab")


NAMES = ("generator_ab", "generator_ba", "discriminator_a", "discriminator_b")


def copies(gan):
    """Its networks again, with the same weights."""
    networks = [keras.models.clone_model(getattr(gan, name)) for name in NAMES]
    for name, network in zip(NAMES, networks, strict=True):
        network.set_weights(getattr(gan, name).get_weights())
    return networks


def test_one_step_is_the_papers():
    """Against the same step written out with plain TensorFlow."""
    gan = make(cycle_weight=3.0, identity_weight=0.25)
    gan.compile(
        g_optimizer=keras.optimizers.SGD(0.1),
        d_optimizer=keras.optimizers.SGD(0.1),
        run_eagerly=True,
    )
    g, f, d_a, d_b = copies(gan)
    a, b = A[:8], B[:8]
    fakes = f(b), g(a)
    gan.fit(a, b, batch_size=8, shuffle=False, verbose=0)

    def l1(x, y):
        return tf.reduce_mean(tf.abs(x - y))

    def generators_loss():
        adversarial = tf.reduce_mean((d_b(g(a)) - 1) ** 2) + tf.reduce_mean((d_a(f(b)) - 1) ** 2)
        cycle = 3 * (l1(f(g(a)), a) + l1(g(f(b)), b))
        return adversarial + cycle + 3 * 0.25 * (l1(f(a), a) + l1(g(b), b))

    class Both:
        trainable_variables = [*g.trainable_variables, *f.trainable_variables]

    expected = generators_loss()
    descend(Both, generators_loss)
    for network, real, fake in ((d_a, a, fakes[0]), (d_b, b, fakes[1])):

        def loss(d=network, x=real, y=fake):
            return 0.5 * (tf.reduce_mean((d(x) - 1) ** 2) + tf.reduce_mean(d(y) ** 2))

        descend(network, loss)
    for name, network in zip(NAMES, (g, f, d_a, d_b), strict=True):
        assert_same_weights(getattr(gan, name), network, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gan.logs()["g_loss"], expected, rtol=1e-5)


def test_losses_are_the_papers():
    """Against float64 NumPy: squares without a half for generators, with one for discriminators."""
    gan = make(cycle_weight=7.0, identity_weight=0.3)

    def of(network, x):
        return network.predict(x, verbose=0).astype("float64")

    g, f, d_a, d_b = (getattr(gan, name) for name in NAMES)
    fake_a, fake_b = of(f, B), of(g, A)
    adversarial = np.mean((of(d_b, fake_b) - 1) ** 2) + np.mean((of(d_a, fake_a) - 1) ** 2)
    cycle = np.abs(of(f, fake_b) - A).mean() + np.abs(of(g, fake_a) - B).mean()
    identity = np.abs(of(f, A) - A).mean() + np.abs(of(g, B) - B).mean()
    of_discriminators = 0.5 * (
        np.mean((of(d_a, A) - 1) ** 2)
        + np.mean(of(d_a, fake_a) ** 2)
        + np.mean((of(d_b, B) - 1) ** 2)
        + np.mean(of(d_b, fake_b) ** 2)
    )
    expected = {
        "g_loss": adversarial + 7 * cycle + 7 * 0.3 * identity,
        "d_loss": of_discriminators,
        "adversarial_loss": adversarial,
        "cycle_loss": cycle,
        "identity_loss": identity,
    }
    gan.compile()
    logs = gan.evaluate(A, B, batch_size=16, verbose=0, return_dict=True)
    assert set(logs) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(logs[name], value, rtol=1e-5, err_msg=name)


def mixing(matrix):
    """A network that multiplies the channels of every pixel by a matrix."""
    layer = keras.layers.Dense(len(matrix), use_bias=False)
    network = keras.Sequential([keras.Input((4, 4, len(matrix))), layer])
    layer.kernel.assign(matrix)
    return network


def losses_of(matrix_ab, matrix_ba, a, b):
    shape = a.shape[1:]
    gan = kg.models.CycleGAN(
        mixing(matrix_ab), mixing(matrix_ba), discriminator(shape), discriminator(shape)
    )
    return gan.generator_loss(a, b).logs


def test_cycle_loss_is_zero_for_inverse_mappings_only():
    random = np.random.default_rng(0)
    a, b = random.uniform(-1, 1, (2, 5, 4, 4, 3)).astype("float32")
    rotation, _ = np.linalg.qr(random.normal(size=(3, 3)))
    inverse = losses_of(rotation, rotation.T, a, b)
    np.testing.assert_allclose(inverse["cycle_loss"], 0, atol=1e-6)
    expected = np.abs(a @ rotation.T - a).mean() + np.abs(b @ rotation - b).mean()
    np.testing.assert_allclose(inverse["identity_loss"], expected, rtol=1e-5)
    twice = losses_of(rotation, rotation, a, b)
    expected = sum(np.abs(x @ rotation @ rotation - x).mean() for x in (a, b))
    np.testing.assert_allclose(twice["cycle_loss"], expected, rtol=1e-5)
    half = losses_of(np.eye(3) / 2, 2 * np.eye(3), a, b)
    np.testing.assert_allclose(half["cycle_loss"], 0, atol=1e-6)
    np.testing.assert_allclose(half["identity_loss"], np.abs(a).mean() + np.abs(b).mean() / 2)


def test_identity_loss_is_zero_for_the_identity():
    losses = losses_of(np.eye(1), np.eye(1), A[:, :4, :4], B[:, :4, :4])
    assert float(losses["identity_loss"]) == float(losses["cycle_loss"]) == 0
    assert float(losses["g_loss"]) == float(losses["adversarial_loss"])


def weights(gan):
    return {name: getattr(gan, name).get_weights() for name in NAMES}


def changed(before, after):
    return {
        name
        for name in NAMES
        if any((u != v).any() for u, v in zip(before[name], after[name], strict=True))
    }


def test_each_phase_changes_its_own_networks_only(monkeypatch):
    """Moving statistics of batch normalization included."""
    gan = make(keras.layers.BatchNormalization)
    gan.compile(run_eagerly=True)
    phases = {}
    minimize = gan.minimize

    def spy(optimizer_name, loss):
        before = weights(gan)
        losses = minimize(optimizer_name, loss)
        phases[optimizer_name] = changed(before, weights(gan))
        return losses

    monkeypatch.setattr(gan, "minimize", spy)
    gan.train_on_batch(A[:8], B[:8])
    assert phases == {
        "g_optimizer": {"generator_ab", "generator_ba"},
        "d_optimizer": {"discriminator_a", "discriminator_b"},
    }


def still(gan, **kwargs):
    """Compile so that training leaves the weights alone."""
    rates = {name: keras.optimizers.SGD(0.0) for name in gan.optimizer_networks}
    gan.compile(**rates, **kwargs)
    return gan


def test_pools_hold_translations_of_their_domain():
    gan = still(make(pool_size=16))
    gan.fit(A[:16], B[:16], batch_size=4, shuffle=False, verbose=0)
    for pool, expected in (
        (gan.pool_a, gan.translate(B[:16], "ba")),
        (gan.pool_b, gan.translate(A[:16], "ab")),
    ):
        assert int(pool.kept) == 16
        np.testing.assert_allclose(pool.memory[0], expected, atol=1e-6)


def test_discriminators_learn_from_what_their_pools_show(monkeypatch):
    gan = still(make(), run_eagerly=True)
    shown = {"a": np.full((8, *SHAPE), 0.25, "float32"), "b": np.full((8, *SHAPE), -1, "float32")}
    monkeypatch.setattr(gan.pool_a, "replay", lambda game, fake: shown["a"])
    monkeypatch.setattr(gan.pool_b, "replay", lambda game, fake: shown["b"])
    d_loss = gan.train_on_batch(A[:8], B[:8], return_dict=True)["d_loss"]
    expected = 0.5 * sum(
        np.mean((network(real).numpy() - 1) ** 2) + np.mean(network(fake).numpy() ** 2)
        for network, real, fake in (
            (gan.discriminator_a, A[:8], shown["a"]),
            (gan.discriminator_b, B[:8], shown["b"]),
        )
    )
    np.testing.assert_allclose(d_loss, expected, rtol=1e-5)


def test_defaults_are_the_papers():
    gan = compiled()
    assert (gan.cycle_weight, gan.identity_weight, gan.pool_size) == (10.0, 0.5, 50)
    for pool in (gan.pool_a, gan.pool_b):
        assert (pool.capacity, pool.probability) == (50, 0.5)
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        config = optimizer.get_config()
        assert (config["name"][2:], config["beta_1"]) == ("adam", 0.5)
        assert config["learning_rate"] == pytest.approx(2e-4)


class Pairs(keras.utils.PyDataset):
    num_batches = 4

    def __getitem__(self, index):
        return A[8 * index : 8 * index + 8], B[8 * index : 8 * index + 8]


def batches(images):
    return tf.data.Dataset.from_tensor_slices(images).batch(8)


class TestUnpairedData:
    """32 images of A are 4 batches, 16 of B 2, which come twice."""

    KINDS = {
        "arrays": lambda: (A[:32], B[:16]),
        "datasets": lambda: (batches(A[:32]), batches(B[:16])),
        "zipped": lambda: (tf.data.Dataset.zip(batches(A[:32]), batches(B[:16]).repeat()), None),
    }

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_shorter_domain_is_repeated(self, kind):
        pairs = make().training_batches(*self.KINDS[kind](), batch_size=8, shuffle_seed=None)
        a, b = zip(*pairs.as_numpy_iterator(), strict=True)
        np.testing.assert_array_equal(a, A[:32].reshape(4, 8, *SHAPE))
        np.testing.assert_array_equal(b, np.resize(B[:16], (4, 8, *SHAPE)))

    @pytest.mark.parametrize("kind", KINDS)
    def test_in_evaluation_too(self, kind):
        gan = compiled()
        found = gan.evaluate(*self.KINDS[kind](), batch_size=8, verbose=0)
        expected = gan.evaluate(A[:32], np.resize(B[:16], A[:32].shape), verbose=0)
        np.testing.assert_allclose(found, expected, rtol=1e-5)

    @pytest.mark.slow
    def test_py_datasets_of_pairs(self):
        gan, expected = compiled(), compiled()
        expected.fit(A[:32], B[:32], batch_size=8, shuffle=False, verbose=0)
        gan.fit(Pairs(), verbose=0)
        assert_same_weights(gan, expected)
        np.testing.assert_allclose(
            gan.evaluate(Pairs(), verbose=0),
            expected.evaluate(A[:32], B[:32], batch_size=8, verbose=0),
            rtol=1e-6,
        )

    @pytest.mark.slow
    def test_validates_on_held_out_images_of_both_domains(self):
        gan = compiled()
        logs = gan.fit(A[:32], B[:16], batch_size=4, validation_split=0.25, verbose=0).history
        held_out = gan.evaluate(A[24:32], B[12:16], verbose=0, return_dict=True)
        np.testing.assert_allclose(logs["val_cycle_loss"][0], held_out["cycle_loss"], rtol=1e-5)
        logs = gan.fit(A, B, validation_data=(A[:8], B[:6]), batch_size=8, verbose=0).history
        held_out = gan.evaluate(A[:8], B[:6], verbose=0, return_dict=True)
        np.testing.assert_allclose(logs["val_d_loss"][0], held_out["d_loss"], rtol=1e-5)

    @pytest.mark.parametrize(
        ("x", "y", "error", "message"),
        [
            (A, None, ValueError, "`y` must be given, images of the other domain"),
            (batches(A), None, ValueError, "`y` must be given"),
            (A, batches(B), TypeError, "`x` and `y` must be two arrays or two"),
            (A[:, :4], B, ValueError, r"`x` must hold batches of examples of shape \(8, 8, 1\)"),
            (A, B[..., [0, 0]], ValueError, "`y` must hold batches of examples of shape"),
            (A, B * 100, ValueError, "`y` must hold images scaled"),
            (A, B * np.nan, ValueError, "`y` must hold finite numbers"),
            (batches(A), batches(B * 100), ValueError, "`y` must hold images scaled"),
            (batches(A * np.nan), batches(B), ValueError, "`x` must hold finite numbers"),
            (batches(A), batches(B.astype("int32")), ValueError, "`y` must hold floats"),
            (A[:0], B, ValueError, "`x` and `y` must hold examples of both domains.* 0 and 64"),
        ],
    )
    @pytest.mark.parametrize("method", ["fit", "evaluate"])
    def test_what_cannot_be_learned_from_is_refused(self, x, y, error, message, method):
        with pytest.raises(error, match=message):
            getattr(compiled(), method)(x, y, verbose=0)


def test_domains_of_different_shapes(tmp_path):
    colored = np.repeat(B, 3, axis=-1)
    gan = kg.models.CycleGAN(
        generator(out_channels=3),
        generator((8, 8, 3), 1),
        discriminator(),
        discriminator((8, 8, 3)),
        identity_weight=0,
    )
    gan.compile()
    logs = gan.fit(A, colored, batch_size=8, verbose=0).history
    assert np.isfinite(list(logs.values())).all()
    assert logs["identity_loss"] == [0.0]
    gan.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    assert served.endpoints == ["translate_ab", "translate_ba"]
    for direction, images, shape in (
        ("ab", A[:3], (3, 8, 8, 3)),
        ("ba", colored[:3], A[:3].shape),
    ):
        translated = gan.translate(images, direction)
        assert (translated.shape, translated.dtype) == (shape, "float32")
        np.testing.assert_allclose(served.translate(images, direction), translated, atol=1e-6)
    with pytest.raises(ValueError, match="`direction` must be one of"):
        served.translate(A, "a")
    with pytest.raises(
        ValueError, match=r"`images` must hold batches of examples of shape \(8, 8, 1\)"
    ):
        served.translate(colored, "ab")
    with pytest.raises(AttributeError, match="has the endpoints"):
        served.sample(1)


def test_translates_to_either_side():
    gan = make()
    np.testing.assert_allclose(gan.translate(A), gan.generator_ab(A), atol=1e-6)
    np.testing.assert_allclose(gan.translate(B, "ba"), gan.generator_ba(B), atol=1e-6)
    np.testing.assert_allclose(gan.predict(A, verbose=0), gan.translate(A), atol=1e-6)
    np.testing.assert_allclose(gan.translate(A, batch_size=5), gan.translate(A), atol=1e-6)


@pytest.mark.parametrize(
    ("images", "arguments", "message"),
    [
        (A, {"direction": "a"}, r"`direction` must be one of \['ab', 'ba'\].*direction='a'"),
        (A[:, :4], {}, "`images` must hold batches of examples of shape"),
        (A * 100, {}, "`images` must hold images scaled"),
        (A, {"batch_size": 0}, "`batch_size` must be a positive integer"),
    ],
)
def test_translate_refuses_what_it_cannot_read(images, arguments, message):
    with pytest.raises(ValueError, match=message):
        make().translate(images, **arguments)


def test_metrics_compare_images_of_b_with_translations():
    class Brightness(keras.metrics.Metric):
        def __init__(self):
            super().__init__(name="brightness")
            self.means = []

        def update_state(self, real, generated):
            self.means.append([float(np.mean(real)), float(np.mean(generated))])

        def result(self):
            return {"real": self.means[0][0], "generated": self.means[0][1]}

    gan = make()
    gan.compile(metrics=[Brightness()], run_eagerly=True)
    logs = gan.evaluate(A, B, batch_size=64, verbose=0, return_dict=True)
    np.testing.assert_allclose(logs["real"], B.mean(), rtol=1e-5)
    np.testing.assert_allclose(logs["generated"], gan.translate(A).mean(), rtol=1e-4)


@pytest.mark.parametrize("name", ["cycle_weight", "identity_weight"])
@pytest.mark.parametrize("value", [-1.0, float("nan")])
def test_weights_must_not_be_negative(name, value):
    with pytest.raises(ValueError, match=f"`{name}` must be a number in"):
        make(**{name: value})


def test_the_pool_must_have_room():
    with pytest.raises(ValueError, match="`pool_size` must be a positive integer"):
        make(pool_size=0)


class TestNetworksThatDoNotFit:
    @pytest.mark.parametrize(
        ("name", "network", "message"),
        [
            ("generator_ab", lambda: None, "`generator_ab` must be a keras.Model"),
            ("generator_ba", lambda: generator((9, 8, 1)), "`generator_ba` must take what"),
            ("generator_ba", lambda: generator(out_channels=2), "`generator_ba` must make what"),
            ("discriminator_a", lambda: discriminator((9, 8, 1)), "`discriminator_a` must take"),
            ("discriminator_b", lambda: discriminator((9, 8, 1)), "`discriminator_b` must take"),
        ],
    )
    def test_each_other(self, name, network, message):
        networks = {
            "generator_ab": generator(),
            "generator_ba": generator(),
            "discriminator_a": discriminator(),
            "discriminator_b": discriminator(),
            name: network(),
        }
        with pytest.raises((TypeError, ValueError), match=message):
            kg.models.CycleGAN(**networks)

    def test_because_one_is_given_twice(self):
        one = generator()
        with pytest.raises(ValueError, match="must be different networks"):
            kg.models.CycleGAN(one, one, discriminator(), discriminator())

    def test_the_identity_loss(self):
        with pytest.raises(ValueError, match=r"`identity_weight` must be 0 .*identity_weight=0.5"):
            kg.models.CycleGAN(
                generator(out_channels=3),
                generator((8, 8, 3), 1),
                discriminator(),
                discriminator((8, 8, 3)),
            )


@pytest.mark.slow
def test_learns_to_translate_without_pairs():
    """Light squares on dark ground become dark squares on light ground in the same place."""

    def painter():
        """Squares and ground change places: no normalization, which would forget their level."""
        return keras.Sequential(
            [
                keras.Input(SHAPE),
                keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
                keras.layers.Conv2D(1, 3, padding="same", activation="tanh"),
            ]
        )

    keras.utils.set_random_seed(0)
    gan = kg.models.CycleGAN(
        painter(), painter(), discriminator(), discriminator(), identity_weight=0.0, seed=0
    )
    gan.compile(
        g_optimizer=keras.optimizers.Adam(2e-3, beta_1=0.5),
        d_optimizer=keras.optimizers.Adam(2e-3, beta_1=0.5),
        steps_per_execution=25,
    )
    gan.fit(squares(800, seed=2), -squares(600, seed=3), batch_size=8, epochs=4, verbose=0)
    held_out = squares(64, seed=4)
    for direction, back, images in (("ab", "ba", held_out), ("ba", "ab", -held_out)):
        translated = gan.translate(images, direction)
        assert np.abs(translated - images).mean() > 0.9
        assert np.abs(translated + images).mean() < 0.1
        assert np.abs(gan.translate(translated, back) - images).mean() < 0.1
