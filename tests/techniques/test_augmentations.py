"""Augmentations of images: their operations, what they are applied to, and how often."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans import techniques
from keras_gans.techniques import adaptive_augmentation as ada
from keras_gans.techniques.draws import Draws
from tests.shared import assert_same_weights

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-1, 1, (64, 8, 8, 1)).astype("float32")


def gan(*chosen, shape=(8, 8, 1), discriminator=None, **kwargs):
    return kg.models.GAN(
        kg.networks.dcgan_generator(shape, 3, filters=2),
        discriminator or kg.networks.dcgan_discriminator(shape, filters=2, normalization=None),
        latent_dim=3,
        seed=1,
        techniques=chosen,
        **kwargs,
    )


def compiled(*chosen, **kwargs):
    model = gan(*chosen, **kwargs)
    model.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
    return model


def fit(model, images=IMAGES):
    return model.fit(images, batch_size=8, shuffle=False, verbose=0)


def given(model, *arrays):
    """Let a model draw these numbers."""
    numbers = iter(arrays)
    vars(model)["draw"] = lambda *args, **kwargs: tf.constant(next(numbers))


class TestDifferentiableAugmentation:
    def expected(self, image, u, policy):
        """As the authors' code does it, with loops."""
        image, (height, width, _) = image.copy(), image.shape
        if "color" in policy:
            image += u[0] - 0.5
            mean = image.mean(axis=-1, keepdims=True)
            image = mean + (image - mean) * 2 * u[1]
            image = image.mean() + (image - image.mean()) * (u[2] + 0.5)
            u = u[3:]
        if "translation" in policy:
            down, right = (
                int(np.floor(v * (2 * s + 1))) - s
                for v, s in zip(u, (int(height / 8 + 0.5), int(width / 8 + 0.5)), strict=False)
            )
            moved = np.zeros_like(image)
            for i in range(height):
                for j in range(width):
                    if 0 <= i - down < height and 0 <= j - right < width:
                        moved[i, j] = image[i - down, j - right]
            image, u = moved, u[2:]
        if "cutout" in policy:
            sizes = [int(s / 2 + 0.5) for s in (height, width)]
            offsets = [
                int(np.floor(v * (s + 1 - n % 2)))
                for v, s, n in zip(u, (height, width), sizes, strict=False)
            ]
            for a in range(sizes[0]):
                for b in range(sizes[1]):
                    i, j = (
                        np.clip(g + o - n // 2, 0, s - 1)
                        for g, o, n, s in zip((a, b), offsets, sizes, (height, width), strict=True)
                    )
                    if 0 <= a + offsets[0] - sizes[0] // 2 < height:
                        if 0 <= b + offsets[1] - sizes[1] // 2 < width:
                            image[i, j] = 0
        return image

    @pytest.mark.parametrize(
        "policy", [["color"], ["translation"], ["cutout"], ["cutout", "color", "translation"]]
    )
    @pytest.mark.parametrize("shape", [(8, 12, 3), (9, 14, 1)])
    def test_is_that_of_the_authors(self, policy, shape):
        augmentation = techniques.DifferentiableAugmentation(policy)
        images, u = RNG.uniform(-1, 1, (20, *shape)), RNG.uniform(size=(20, 7))
        model = gan(techniques.Technique())
        given(model, u)
        found = augmentation.augment(model, tf.constant(images))
        expected = [self.expected(x, v, policy) for x, v in zip(images, u, strict=True)]
        np.testing.assert_allclose(found, expected, atol=1e-12)

    def test_both_networks_see_all_images_augmented(self):
        seen = []
        augmentation = techniques.DifferentiableAugmentation(["cutout"])
        model = gan(augmentation)
        augmented = augmentation.augmented
        augmentation.augmented = lambda model, x: seen.append(augmented(model, x)) or seen[-1]
        model.compile(run_eagerly=True)
        fit(model, IMAGES[:8])
        assert list(map(len, seen)) == [16, 8]  # real and fake; fakes of the generator's update
        for images in seen:
            shares = np.mean(images.numpy() == 0, axis=(1, 2, 3))
            assert shares.min() >= 1 / 16
            assert shares.max() <= 1 / 4

    def test_conditions_are_left_alone_and_evaluations_see_images_as_they_are(self):
        model = gan(techniques.DifferentiableAugmentation())
        images, labels = model.combination.augment(model, [tf.constant(IMAGES), tf.range(64)])
        assert not np.array_equal(images, IMAGES)
        np.testing.assert_array_equal(labels, np.arange(64))
        plain = gan()
        plain.discriminator.set_weights(model.discriminator.get_weights())
        np.testing.assert_array_equal(model.score(IMAGES), plain.score(IMAGES))

    def test_the_gradient_penalty_is_at_the_original_images(self):
        """D is the sum of pixels, so ∇D is 1 wherever nothing is cut, and the factor is known."""
        x = keras.Input((8, 8, 1))
        network = keras.Model(x, keras.ops.sum(x, axis=(1, 2)))
        penalty, policy = techniques.R1(weight=1.0), ["translation", "cutout"]
        augmentation = techniques.DifferentiableAugmentation(policy)
        model = gan(augmentation, penalty, discriminator=network)
        u = RNG.uniform(size=(64, 7))
        given(model, u.astype("float32"))
        plain = kg.models.LossResult({"loss": tf.constant(0.0)})
        images = tf.constant(IMAGES)
        found = penalty.loss(model, "discriminator", plain, images, images).logged["r1"]
        ones = np.ones((8, 8, 1))
        visible = [self.expected(ones, v, policy).sum() for v in u]
        np.testing.assert_allclose(found, 0.5 * np.mean(visible), rtol=1e-6)

    @pytest.mark.slow
    @pytest.mark.parametrize("policy", [["colour"], ["color", "color"], "color", None, [1], []])
    def test_refuses_another_policy(self, policy):
        with pytest.raises((TypeError, ValueError), match="`policy` must"):
            techniques.DifferentiableAugmentation(policy)


def homogeneous(matrix=None, offset=0.0):
    made = np.eye(4)
    made[:3, :3] = np.eye(3) if matrix is None else matrix
    made[:3, 3] = offset
    return made


class TestPipeline:
    """With one probability in all: what is drawn, and then whether."""

    def test_colors_are_products_of_homogeneous_matrices(self):
        images = RNG.uniform(-1, 1, (30, 4, 4, 3))
        drawn, p = (RNG.uniform(size=(30, 7)), RNG.normal(size=(30, 3))), 0.6
        found = ada.recolored(tf.constant(images), Draws(*map(tf.constant, drawn)), p)
        v = np.outer(np.ones(3), np.ones(3)) / 3
        cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
        for image, made, u, n in zip(images, found.numpy(), *drawn, strict=True):
            c = np.eye(4)
            if u[0] < p:
                c = homogeneous(offset=0.2 * n[0]) @ c
            if u[1] < p:
                c = homogeneous(2 ** (0.5 * n[1]) * np.eye(3)) @ c
            if u[3] < p:
                c = homogeneous(np.eye(3) - 2 * v * np.floor(2 * u[2])) @ c
            if u[5] < p:
                angle = (2 * u[4] - 1) * np.pi
                turned = np.cos(angle) * np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * v
                c = homogeneous(turned) @ c
            if u[6] < p:
                c = homogeneous(v + (np.eye(3) - v) * 2 ** n[2]) @ c
            np.testing.assert_allclose(made, image @ c[:3, :3].T + c[:3, 3], atol=1e-10)

    def test_moves_are_products_of_matrices(self):
        drawn, p = (RNG.uniform(size=(40, 14)), RNG.normal(size=(40, 4))), 0.6
        arguments = Draws(*map(tf.constant, drawn)), tf.constant(p, tf.float64), (8, 12)
        moves = [*ada.blits(*arguments), *ada.maps(*arguments)]
        found = ada.warps.product(*moves).numpy()

        def turn(a):
            return np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])

        def move(x, y):
            return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])

        p_turn = 1 - np.sqrt(1 - p)
        for g, u, n in zip(found, *drawn, strict=True):
            c = np.eye(3)
            if u[1] < p:
                c = c @ np.diag([1 - 2 * np.floor(2 * u[0]), 1, 1])
            if u[3] < p:
                c = c @ turn(np.pi / 2 * np.floor(4 * u[2]))
            if u[6] < p:
                x, y = (0.25 * v - 0.125 for v in u[4:6])
                c = c @ move(-np.round(12 * x), -np.round(8 * y))
            if u[7] < p:
                c = c @ np.diag([2 ** (-0.2 * n[0])] * 2 + [1])
            if u[9] < p_turn:
                c = c @ turn((2 * u[8] - 1) * np.pi)
            if u[10] < p:
                c = c @ np.diag([2 ** (-0.2 * n[1]), 2 ** (0.2 * n[1]), 1])
            if u[12] < p_turn:
                c = c @ turn((2 * u[11] - 1) * np.pi)
            if u[13] < p:
                c = c @ move(-0.125 * n[2] * 12, -0.125 * n[3] * 8)
            np.testing.assert_allclose(g, c, atol=1e-12)

    @pytest.mark.first_cases
    @pytest.mark.parametrize("channels", [3, 1, 2, 5])
    def test_without_probability_images_stay_and_with_it_most_change(self, channels):
        images = tf.constant(RNG.uniform(-1, 1, (40, 6, 7, channels)).astype("float32"))
        u, n = tf.random.uniform((40, 24), seed=1), tf.random.normal((40, 7), seed=1)
        for p in (0.0, 0.5, 1.0):
            made = ada.pipeline(images, Draws(u, n), *[tf.constant(p)] * 4)
            assert np.isfinite(made).all()
            stays = np.equal(made, images).all(axis=(1, 2, 3))
            assert stays.mean() == (p == 0)
            shares = np.mean(np.equal(made, 0).all(axis=-1), axis=(1, 2))
            assert abs(np.mean(shares > 0) - p) < 0.25

    @pytest.mark.parametrize("group", range(4))
    def test_zero_leaves_a_group_out(self, group):
        """With what it draws."""
        images = tf.constant(IMAGES[:4])
        p = [0.0] * 4
        p[group] = 1.0
        uniform, normal = ((7, 0), (7, 4), (5, 2), (3, 0))[group]
        u, n = tf.random.uniform((4, uniform)), tf.random.normal((4, max(normal, 1)))
        assert not np.array_equal(ada.pipeline(images, Draws(u, n), *p), images)

    @pytest.mark.slow
    @pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
    def test_gradients_are_finite_and_those_of_xla(self, dtype, xla):
        images = tf.cast(RNG.uniform(-1, 1, (6, 8, 8, 3)), dtype)
        u, n = tf.random.uniform((6, 24), seed=1), tf.random.normal((6, 7), seed=1)

        def two_gradients(images):
            with tf.GradientTape() as outer:
                outer.watch(images)
                with tf.GradientTape() as tape:
                    tape.watch(images)
                    made = ada.pipeline(images, Draws(u, n), *[tf.constant(0.8)] * 4)
                    total = tf.reduce_sum(made**3)
                first = tape.gradient(total, images)
                squares = tf.reduce_sum(first**2)
            return made, first, outer.gradient(squares, images)

        expected = two_gradients(images)
        found = tf.function(two_gradients, jit_compile=True)(images)
        for a, b in zip(found, expected, strict=True):
            a, b = tf.cast(a, tf.float32).numpy(), tf.cast(b, tf.float32).numpy()
            assert np.isfinite(a).all() and np.abs(b).max() > 0
            np.testing.assert_allclose(
                a, b, atol=(1e-4 if dtype == "float32" else 0.03) * np.abs(b).max()
            )


class TestAdaptation:
    def update(self, augmentation, model, share, times=1, num=10):
        """With a share of real examples that are called real."""
        signs = np.where(np.arange(num) < share * num, 3.0, -2.0).astype("float32")
        for _ in range(times):
            logits = {"real_logits": tf.constant(signs[:, None])}
            augmentation.update(model, "discriminator", logits)
            augmentation.update(model, "generator", {"fake_logits": logits})

    def test_p_follows_the_sign_of_what_is_missing(self):
        augmentation = techniques.AdaptiveAugmentation(0.6, interval=3, adjustment_images=1000)
        model = gan(augmentation)
        self.update(augmentation, model, 1.0, times=2)
        assert augmentation.p == 0
        self.update(augmentation, model, 1.0)
        assert augmentation.p == pytest.approx(0.03)
        self.update(augmentation, model, 0.9, times=6)  # r_t = 0.8
        assert augmentation.p == pytest.approx(0.09)
        self.update(augmentation, model, 0.7, times=3)  # r_t = 0.4
        assert augmentation.p == pytest.approx(0.06)
        self.update(augmentation, model, 1.0, times=2)  # r_t = (2 · 1 − 0.4) / 3
        self.update(augmentation, model, 0.3)
        assert augmentation.p == pytest.approx(0.03)
        self.update(augmentation, model, 0.0, times=9)
        assert augmentation.p == 0
        augmentation.p = 0.99
        self.update(augmentation, model, 1.0, times=3)
        assert augmentation.p == 1

    @pytest.mark.slow
    def test_without_a_target_p_stays(self):
        augmentation = techniques.AdaptiveAugmentation(None, p=0.3, interval=1)
        history = fit(compiled(augmentation)).history
        assert augmentation.p == 0.3
        np.testing.assert_allclose(history["augment_p"], 0.3, rtol=1e-6)
        assert -1 <= history["r_t"][0] <= 1

    @pytest.mark.slow
    def test_p_may_follow_a_schedule(self):
        schedule = keras.optimizers.schedules.PolynomialDecay(0.0, 16, 0.8)
        augmentation = techniques.AdaptiveAugmentation(None, p=schedule, color=0.5, cutout=1.0)
        fit(compiled(augmentation))
        assert augmentation.p == pytest.approx(0.4)
        with pytest.raises(ValueError, match="`target` must be None beside a schedule"):
            techniques.AdaptiveAugmentation(p=schedule)

    @pytest.mark.slow
    def test_it_goes_on_where_it_was_saved(self, tmp_path):
        """In the middle of an interval."""

        def model():
            chosen = techniques.AdaptiveAugmentation(p=0.5, interval=2, adjustment_images=80)
            return compiled(chosen)

        whole, cut = model(), model()
        cut.set_weights(whole.get_weights())
        fit(whole, IMAGES[:48])
        fit(cut, IMAGES[:24])
        cut.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        assert int(again.techniques[0].updates) == 3
        fit(again, IMAGES[24:48])
        assert again.techniques[0].p == whole.techniques[0].p != 0.5
        assert_same_weights(whole, again)

    @pytest.mark.slow
    @pytest.mark.parametrize("objective", ["wasserstein", "least_squares", "relativistic"])
    def test_refuses_a_target_where_signs_mean_nothing(self, objective):
        with pytest.raises(ValueError, match="must not hold AdaptiveAugmentation with a `target`"):
            gan(techniques.AdaptiveAugmentation(), objective=objective)
        alone = techniques.FeatureMatching(alone=True)
        with pytest.raises(ValueError, match="must not hold AdaptiveAugmentation with a `target`"):
            gan(alone, techniques.AdaptiveAugmentation(), objective=objective)
        gan(techniques.AdaptiveAugmentation(None, 0.5), objective=objective)


KINDS = {
    "differentiable": techniques.DifferentiableAugmentation,
    "adaptive": lambda: techniques.AdaptiveAugmentation(
        p=0.5, interval=1, adjustment_images=100, cutout=0.5
    ),
    "consistency": lambda: techniques.ConsistencyRegularization(balanced=True),
}


@pytest.mark.parametrize("kind", KINDS)
def test_refuses_what_is_no_image(kind):
    with pytest.raises(ValueError, match=r"`techniques` must not hold .* of shape \(2,\)"):
        kg.models.GAN(
            kg.networks.mlp_generator((2,), 3, (8,)),
            kg.networks.mlp_discriminator((2,), (8,)),
            latent_dim=3,
            techniques=[KINDS[kind]()],
        )


@pytest.mark.parametrize("kind", KINDS)
def test_two_replicas_have_the_weights_of_one(kind, two_replicas):
    """Under R1, whose gradients go through the augmentation."""
    trained = []
    for strategy in (two_replicas, tf.distribute.get_strategy()):
        keras.utils.set_random_seed(0)
        with strategy.scope():
            model = compiled(KINDS[kind](), techniques.R1(0.1, every=2))
        fit(model)
        trained.append(model)
    assert_same_weights(*trained, rtol=1e-5, atol=1e-6)
    if kind == "adaptive":
        assert trained[0].techniques[0].p == pytest.approx(trained[1].techniques[0].p)


@pytest.mark.parametrize("kind", KINDS)
def test_trains_under_xla(kind, xla):
    model = gan(KINDS[kind](), techniques.R1(1.0))
    model.compile(jit_compile=True)
    assert np.isfinite(list(fit(model).history.values())).all()


@pytest.mark.parametrize("kind", KINDS)
def test_config_round_trip(kind):
    technique = KINDS[kind]()
    again = type(technique).from_config(technique.get_config())
    assert again.get_config() == technique.get_config()
