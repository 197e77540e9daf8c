import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.models import every_model
from tests.shared import ModelTests

pytestmark = pytest.mark.first_cases

RING = kg.data.ring_of_gaussians(3)
CLASSES = np.random.default_rng(0).integers(0, 3, 64)
POINTS = RING.modes[CLASSES] + np.random.default_rng(1).normal(0, 0.1, (64, 2)).astype("float32")
LABELS = np.where(np.arange(64) < 8, CLASSES, -1)


def tiny(**kwargs):
    return every_model.two_player(kg.models.SemiSupervisedGAN, num_logits=3, **kwargs)


def tiny_examples():
    return every_model.POINTS, np.where(np.arange(32) < 12, every_model.LABELS, -1)


def convolutional(**kwargs):
    return kg.models.SemiSupervisedGAN(
        kg.networks.dcgan_generator((8, 8, 1), 3, filters=2),
        kg.networks.dcgan_discriminator((8, 8, 1), filters=2, num_logits=3),
        latent_dim=3,
        **kwargs,
    )


def make(units=(8,), **kwargs):
    return kg.models.SemiSupervisedGAN(
        kg.networks.mlp_generator((2,), 3, (8,)),
        kg.networks.mlp_discriminator((2,), units, num_logits=3),
        latent_dim=3,
        seed=1,
        **kwargs,
    )


@pytest.mark.slow
class TestSemiSupervisedGAN(ModelTests):
    def make_model(self):
        return make(units=(8, 8), n_critic=2, ema_decay=0.5)

    @property
    def examples(self):
        return POINTS, LABELS

    def dataset(self, model):
        return kg.data.semi_supervised_batches(
            POINTS, LABELS, 8, shuffle=False, n_critic=model.n_critic
        )

    def single_batches(self, model):
        """`fit` pairs labeled and unlabeled batches itself; a batch must hold both."""
        for step in self.dataset(model).batch(model.batches_per_step).as_numpy_iterator():
            yield [np.moveaxis(a, 0, 1).reshape(-1, *a.shape[2:]) for a in step]

    def test_xla_trains(self, xla):
        """XLA draws other noise from the same seeds, which sixteen examples do not average out."""
        model = self.compiled()
        model.compile(jit_compile=True)
        logs = self.fit(model, epochs=40).history
        assert model.jit_compile
        assert np.isfinite(list(logs.values())).all()
        assert logs["supervised_loss"][-1] < logs["supervised_loss"][0]


def test_losses_are_the_papers():
    """Against probabilities of K + 1 classes, the last one fake, in float64 NumPy."""
    gan = make()
    unlabeled, labeled, labels = POINTS[:16], POINTS[16:24], CLASSES[16:24]
    fake = np.random.default_rng(3).normal(size=(16, 2)).astype("float32")

    def probabilities(x):
        logits = gan.discriminator.predict(x, verbose=0).astype("float64")
        weights = np.exp(np.concatenate([logits, np.zeros((len(x), 1))], axis=1))
        return weights / weights.sum(axis=1, keepdims=True)

    losses = gan.discriminator_loss([unlabeled, labeled, labels], fake).logs
    p = probabilities(labeled)[:, :3]
    p_given_real = (p / p.sum(axis=1, keepdims=True))[np.arange(8), labels]
    supervised = -np.log(p_given_real).mean()
    is_fake = probabilities(unlabeled)[:, 3], probabilities(fake)[:, 3]
    unsupervised = 0.5 * (-np.log(1 - is_fake[0]).mean() - np.log(is_fake[1]).mean())
    np.testing.assert_allclose(losses["supervised_loss"], supervised, rtol=1e-5)
    np.testing.assert_allclose(losses["d_loss"], supervised + unsupervised, rtol=1e-5)
    np.testing.assert_allclose(losses["accuracy"], (p.argmax(1) == labels).mean())


@pytest.mark.parametrize("size", [-1e4, 1e4])
def test_losses_at_extreme_logits(size):
    """K = 2 logits of one size: log Z = size + log 2."""
    from keras_gans.models.semi_supervised_gan import log_z

    logits = tf.constant(np.full((3, 2), size))
    np.testing.assert_allclose(log_z(logits), size + np.log(2), rtol=1e-12)
    real = kg.losses.minimax.discriminator(log_z(logits), tf.constant([[-1e4]], tf.float64))
    np.testing.assert_allclose(real, max(0.0, -size - np.log(2)), rtol=1e-6, atol=1e-9)


def test_examples_without_label_do_not_count_as_labeled():
    gan = make()
    labels = CLASSES[:8].copy()
    labels[3:] = -1
    some = gan.discriminator_loss([POINTS[:8], POINTS[:8], labels], POINTS[8:16]).logs
    few = gan.discriminator_loss([POINTS[:8], POINTS[:3], CLASSES[:3]], POINTS[8:16]).logs
    none = gan.discriminator_loss([POINTS[:8], POINTS[:8], labels * 0 - 1], POINTS[8:16]).logs
    np.testing.assert_allclose(some["supervised_loss"], few["supervised_loss"], rtol=1e-6)
    np.testing.assert_allclose(some["d_loss"], few["d_loss"], rtol=1e-6)
    assert float(none["supervised_loss"]) == 0


def test_the_generator_matches_features_of_its_own_examples_and_nothing_else():
    """Of the third mini-batch, in mean squares."""
    gan = make()
    gan.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0))
    labeled, unlabeled, other = POINTS[:8], POINTS[8:16], POINTS[16:24]
    step = np.stack([labeled, unlabeled, other], axis=1).reshape(24, 2)
    labels = np.stack([CLASSES[:8], np.full(8, -1), np.full(8, -1)], axis=1).reshape(24)
    logs = gan.train_on_batch(step, labels, return_dict=True)
    features = keras.Model(gan.discriminator.inputs, gan.discriminator.layers[-1].input)
    seeds = keras.random.SeedGenerator(1)
    for_discriminator, for_generator = (keras.random.normal((8, 3), seed=seeds) for _ in range(2))
    gap = features(other).numpy().mean(0) - features(gan.generator(for_generator)).numpy().mean(0)
    np.testing.assert_allclose(logs["g_loss"], np.mean(gap**2), rtol=1e-4)
    fake = gan.generator(for_discriminator)
    losses = gan.discriminator_loss([unlabeled, labeled, CLASSES[:8]], fake).logs
    np.testing.assert_allclose(logs["d_loss"], losses["d_loss"], rtol=1e-5)


def test_trains_as_the_authors_code_by_default():
    gan = make()
    gan.compile()
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        config = optimizer.get_config()
        assert config["learning_rate"] == pytest.approx(3e-3)
        assert (config["beta_1"], config["beta_2"], config["epsilon"]) == (0.5, 0.999, 1e-4)
    assert gan.classifier_ema_decay == 0.9999


def test_classes_are_those_of_an_average_of_the_classifier(tmp_path):
    gan = make(units=(8,), classifier_ema_decay=0.8)
    gan.compile(*[keras.optimizers.SGD(0.1) for _ in range(2)])
    average = [weight.numpy().astype("float64") for weight in gan.discriminator.weights]
    for t in range(4):
        gan.fit(POINTS[:8], LABELS[:8], batch_size=8, verbose=0)
        decay = min(0.8, (1 + t) / (10 + t))
        now = gan.discriminator.get_weights()
        average = [decay * a + (1 - decay) * w for a, w in zip(average, now, strict=True)]
    kernel, bias, last_kernel, last_bias = average
    hidden = POINTS @ kernel + bias
    logits = np.where(hidden > 0, hidden, 0.2 * hidden) @ last_kernel + last_bias
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = weights / weights.sum(axis=1, keepdims=True)
    found = gan.classify(POINTS)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    raw = make(units=(8,), classifier_ema_decay=None)
    raw.discriminator.set_weights(gan.discriminator.get_weights())
    assert np.abs(raw.classify(POINTS) - expected).max() > 1e-3

    loss = -np.log(expected[np.arange(64), CLASSES]).mean()
    logs = gan.evaluate(POINTS, CLASSES, batch_size=24, verbose=0, return_dict=True)
    np.testing.assert_allclose(logs["supervised_loss"], loss, rtol=1e-4)
    gan.export(tmp_path / "saved_model")
    np.testing.assert_allclose(kg.load(tmp_path / "saved_model").classify(POINTS), found, atol=1e-6)
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(again.classify(POINTS), found)


@pytest.mark.slow
def test_learns_from_a_label_of_each_class():
    """Three labels and many unlabeled points of three well separated classes."""
    keras.utils.set_random_seed(0)
    classes = np.random.default_rng(0).integers(0, 3, 960)
    noise = np.random.default_rng(1).normal(0, 0.15, (960, 2))
    x = (RING.modes[classes] + noise).astype("float32")
    labels = np.full(960, -1)
    for k in range(3):
        labels[np.flatnonzero(classes == k)[0]] = k
    gan = make(units=(32, 32))
    gan.compile(*[keras.optimizers.Adam(2e-3, beta_1=0.5) for _ in range(2)])
    gan.fit(x, labels, batch_size=32, epochs=15, verbose=0)
    assert gan.evaluate(x, classes, verbose=0, return_dict=True)["accuracy"] > 0.97


def test_evaluate_gives_the_share_of_right_classes():
    gan = make()
    gan.compile()
    right = gan.classify(POINTS).argmax(axis=1) == CLASSES
    accuracy = gan.evaluate(POINTS, CLASSES, batch_size=24, verbose=0, return_dict=True)["accuracy"]
    np.testing.assert_allclose(accuracy, right.mean(), rtol=1e-6)
    known = LABELS >= 0
    accuracy = gan.evaluate(POINTS, LABELS, batch_size=24, verbose=0, return_dict=True)["accuracy"]
    np.testing.assert_allclose(accuracy, right[known].mean(), rtol=1e-6)


def test_classifies_as_its_saved_model_does(tmp_path):
    gan = make()
    gan.compile()
    probabilities = gan.classify(POINTS)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    gan.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    np.testing.assert_allclose(served.classify(POINTS), probabilities, atol=1e-6)
    logits = gan.discriminator.predict(POINTS, verbose=0)
    expected = np.log(np.exp(logits).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(served.score(POINTS), expected, rtol=1e-4, atol=1e-6)


def test_config_does_not_double_the_feature_matching():
    gan = make(techniques=[kg.techniques.LabelSmoothing()])
    again = kg.models.SemiSupervisedGAN.from_config(gan.get_config())
    assert [type(t).__name__ for t in again.techniques] == ["FeatureMatching", "LabelSmoothing"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "Labels must be given"),
        (LABELS + 1, r"not in \[-1, 3\)"),
        (LABELS - 1, r"not in \[-1, 3\)"),
        (LABELS * 0 - 1, "`labels` must hold some labels"),
        (LABELS.astype("float32"), "Labels must be integers"),
    ],
)
def test_refuses_labels_that_are_wrong(labels, message):
    gan = make()
    gan.compile()
    with pytest.raises(ValueError, match=message):
        gan.fit(POINTS, labels, batch_size=8, verbose=0)


def test_validates_on_held_out_examples():
    gan = make()
    gan.compile()
    labels = np.where(np.arange(64) % 3 == 0, CLASSES, -1)
    history = gan.fit(POINTS, labels, batch_size=8, validation_split=0.25, verbose=0).history
    held_out = gan.evaluate(POINTS[48:], labels[48:], verbose=0, return_dict=True)
    np.testing.assert_allclose(history["val_accuracy"][0], held_out["accuracy"], rtol=1e-6)


def test_a_dataset_must_take_turns():
    gan = make()
    gan.compile()
    batches = kg.data.semi_supervised_batches(POINTS, LABELS, 8)
    with pytest.raises(ValueError, match="must take turns"):
        gan.fit(batches.skip(1), verbose=0)


@pytest.mark.parametrize(("x", "message"), [(POINTS * np.nan, "finite"), (POINTS[:, :1], "shape")])
def test_classify_refuses_what_it_cannot_read(x, message):
    with pytest.raises(ValueError, match=message):
        make().classify(x)


def test_refuses_a_discriminator_without_classes():
    with pytest.raises(ValueError, match="one logit for each of at least two classes"):
        kg.models.SemiSupervisedGAN(
            kg.networks.mlp_generator((2,), 3, (8,)),
            kg.networks.mlp_discriminator((2,), (8,)),
            latent_dim=3,
        )


@pytest.mark.parametrize("decay", [1.0, -0.1, "0.5"])
def test_the_decay_of_the_average_must_be_in_range(decay):
    with pytest.raises((ValueError, TypeError), match="`classifier_ema_decay` must be a number"):
        make(classifier_ema_decay=decay)


def test_a_step_needs_pairs_of_mini_batches():
    gan = make()
    gan.compile()
    with pytest.raises(ValueError, match="`x` must hold the 3 mini-batches of a step"):
        gan.train_on_batch(tf.constant(POINTS[:7]), LABELS[:7])
