"""Gradient penalties: exact values, and what popular code gets wrong."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans import penalties
from keras_gans.layers import LeakyReLU

WEIGHTS = np.array([[1.0], [-2.0], [2.0]])  # of norm 3


def linear(x):
    return x @ tf.cast(WEIGHTS, x.dtype)


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


class Recorder:
    """A critic that keeps the examples that it saw."""

    def __call__(self, x):
        self.seen = x
        return tf.reduce_sum(x, axis=list(range(1, len(x.shape))))


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ({}, 4.0),
        ({"target": 5.0}, 4.0),
        ({"target": 0.0}, 9.0),
        ({"one_sided": True}, 4.0),
        ({"target": 5.0, "one_sided": True}, 0.0),
    ],
)
def test_a_linear_critic_has_its_closed_form(arguments, expected):
    value = penalties.gradient_penalty(linear, draw(5, 3), draw(5, 3, seed=1), **arguments)
    assert value.shape == ()
    np.testing.assert_allclose(value, expected, rtol=1e-12)


@pytest.mark.parametrize("patches", [(), (1,), (16,), (4, 4), (4, 4, 1)])
def test_a_critic_of_patches_is_penalized_at_its_mean_logit(patches):
    def critic(x):
        logits = tf.reshape(x[:, 0], (-1, *[1] * len(patches)))
        return tf.tile(logits, (1, *patches)) if patches else logits

    x = draw(5, 3)
    np.testing.assert_allclose(penalties.gradient_penalty(critic, x, -x), 0.0, atol=1e-24)
    np.testing.assert_allclose(penalties.r1_penalty(critic, x), 0.5, rtol=1e-12)


def test_the_mean_of_many_half_precision_logits_is_taken_in_float32():
    def critic(x):
        return tf.cast(tf.repeat(100 * x[:, :1], 4096, axis=1), "float16")

    value = penalties.r1_penalty(critic, tf.ones((2, 3)))
    np.testing.assert_allclose(value, 100**2 / 2, rtol=1e-3)


@pytest.mark.parametrize(
    "batch, shape", [(1, (4,)), (3, ()), (3, (4, 3)), (1, (4, 3, 2)), (3, (2, 3, 2, 2))]
)
def test_any_rank_and_batch(batch, shape):
    recorder = Recorder()
    value = penalties.gradient_penalty(recorder, draw(batch, *shape), draw(batch, *shape, seed=1))
    expected = (np.sqrt(np.prod(shape)) - 1) ** 2
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-24)


def test_a_batch_of_unknown_size():
    spec = tf.TensorSpec((None, 3), "float64")
    penalty = tf.function(lambda r, f: penalties.gradient_penalty(linear, r, f), [spec, spec])
    for batch in (2, 5):
        np.testing.assert_allclose(penalty(draw(batch, 3), draw(batch, 3)), 4, rtol=1e-12)


def test_a_constant_critic_has_finite_gradients():
    scale = tf.Variable(0.0)
    real, fake = draw(4, 3).astype("float32"), draw(4, 3, seed=1).astype("float32")
    with tf.GradientTape() as tape:
        value = penalties.gradient_penalty(lambda x: scale * x[:, 0], real, fake)
    assert float(value) == 1
    assert float(tape.gradient(value, scale)) == 0
    assert float(penalties.gradient_penalty(lambda x: tf.ones(4), real, fake)) == 1


def test_each_samples_own_norm_is_penalized():
    matrix = draw(3, 3, seed=2)
    matrix = matrix + matrix.T
    real, fake, alpha = draw(6, 3), draw(6, 3, seed=1), np.linspace(0, 1, 6)

    def quadratic(x):
        return tf.einsum("bi,ij,bj->b", x, tf.constant(matrix), x) / 2

    value = penalties.gradient_penalty(quadratic, real, fake, alpha=alpha)
    between = alpha[:, None] * real + (1 - alpha[:, None]) * fake
    norms = np.linalg.norm(between @ matrix, axis=1)
    np.testing.assert_allclose(value, np.mean((norms - 1) ** 2), rtol=1e-12)
    assert abs(np.mean((norms - 1) ** 2) - (np.mean(norms) - 1) ** 2) > 0.1


def test_norms_are_over_all_axes_of_an_image():
    gradients = draw(4, 5, 6, 3)
    norms = penalties.gradient_norms(tf.constant(gradients))
    expected = np.linalg.norm(gradients.reshape(4, -1), axis=1)
    np.testing.assert_allclose(norms, expected, rtol=1e-12)
    squares = penalties.squared_gradient_norms(tf.constant(gradients))
    np.testing.assert_allclose(squares, expected**2, rtol=1e-12)


def test_alpha_is_drawn_once_a_sample_from_the_unit_interval():
    recorder = Recorder()
    penalties.gradient_penalty(recorder, np.ones((2000, 2, 2, 3)), np.zeros((2000, 2, 2, 3)))
    alpha = recorder.seen.numpy().reshape(2000, -1)
    np.testing.assert_array_equal(alpha, np.repeat(alpha[:, :1], 12, axis=1))
    assert len(np.unique(alpha[:, 0])) > 1900
    assert alpha.min() >= 0 and alpha.max() <= 1
    deciles = np.histogram(alpha[:, 0], bins=10, range=(0, 1))[0]
    assert deciles.min() > 140 and deciles.max() < 260


def test_alpha_given_mixes_real_and_fake():
    recorder = Recorder()
    penalties.gradient_penalty(
        recorder, np.full((3, 2), 10.0), np.zeros((3, 2)), alpha=[0.0, 0.25, 1.0]
    )
    np.testing.assert_allclose(recorder.seen, [[0, 0], [2.5, 2.5], [10, 10]])


def test_the_order_of_samples_does_not_matter():
    real, fake, alpha = draw(8, 4), draw(8, 4, seed=1), np.linspace(0, 1, 8)
    order = np.random.default_rng(3).permutation(8)

    def critic(x):
        return tf.reduce_sum(tf.sin(3 * x), axis=1)

    a = penalties.gradient_penalty(critic, real, fake, alpha=alpha)
    b = penalties.gradient_penalty(critic, real[order], fake[order], alpha=alpha[order])
    np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_examples_are_penalized_in_float32(dtype):
    recorder = Recorder()
    real, fake = tf.ones((64, 1000), dtype), tf.zeros((64, 1000), dtype)
    alpha = np.linspace(0, 1, 64).astype("float32")
    value = penalties.gradient_penalty(recorder, real, fake, alpha=alpha)
    assert recorder.seen.dtype == value.dtype == tf.float32
    np.testing.assert_allclose(recorder.seen[:, 0], alpha)
    np.testing.assert_allclose(value, (np.sqrt(1000) - 1) ** 2, rtol=1e-5)


def test_half_precision_logits_have_a_float32_penalty():
    def critic(x):
        return tf.cast(x @ tf.fill((3, 1), 100.0), "float16")

    value = penalties.gradient_penalty(critic, tf.ones((2, 3)), tf.zeros((2, 3)))
    assert value.dtype == tf.float32
    np.testing.assert_allclose(value, (100 * np.sqrt(3) - 1) ** 2, rtol=1e-3)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_critic_under_mixed_precision_has_a_float32_penalty(policy):
    critic = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, dtype=policy), keras.layers.Dense(1)]
    )
    with tf.GradientTape() as tape:
        value = penalties.gradient_penalty(critic, tf.ones((2, 3)), tf.zeros((2, 3)))
    assert value.dtype == tf.float32
    by_weights = tape.gradient(value, [critic.layers[0].kernel, critic.layers[1].kernel])
    assert all(np.isfinite(g).all() and np.any(g) for g in by_weights)


@pytest.mark.parametrize("penalty", ["gradient_penalty", "r1_penalty"])
def test_gradients_by_critic_weights_match_finite_differences(penalty):
    keras.config.set_dtype_policy("float64")
    layers = keras.layers
    critic = keras.Sequential(
        [
            keras.Input((6, 6, 1), dtype="float64"),
            layers.Conv2D(3, 3, strides=2),
            LeakyReLU(),
            layers.Flatten(),
            layers.Dense(4, activation="tanh"),
            layers.Dense(1),
        ]
    )
    real, fake = draw(5, 6, 6, 1), draw(5, 6, 6, 1, seed=1)

    def value():
        if penalty == "r1_penalty":
            return penalties.r1_penalty(critic, real)
        return penalties.gradient_penalty(critic, real, fake, alpha=np.linspace(0.1, 0.9, 5))

    with tf.GradientTape() as tape:
        loss = value()
    variables = [v for v in critic.trainable_variables if v.ndim > 1]
    assert loss.dtype == tf.float64
    for variable, by_variable in zip(variables, tape.gradient(loss, variables), strict=True):
        direction = draw(*variable.shape, seed=4)
        start, step = variable.numpy(), 1e-6
        ends = []
        for sign in (1, -1):
            variable.assign(start + sign * step * direction)
            ends.append(float(value()))
        variable.assign(start)
        expected = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(np.sum(by_variable * direction), expected, rtol=1e-6, atol=1e-9)


def test_r1_of_a_linear_discriminator():
    np.testing.assert_allclose(penalties.r1_penalty(linear, draw(5, 3)), 4.5, rtol=1e-12)


def test_r1_is_measured_at_each_real_example():
    real = draw(6, 3)
    value = penalties.r1_penalty(lambda x: tf.reduce_sum(x**2, axis=1), real)
    np.testing.assert_allclose(value, np.mean(np.sum((2 * real) ** 2, axis=1)) / 2, rtol=1e-12)


class TestOrthogonalPenalty:
    """‖WᵀW ⊙ (1 − I)‖², tall or wide, and its gradient 4 W (WᵀW ⊙ (1 − I))."""

    @pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (3, 3, 2, 4), (1, 2, 1, 7)])
    def test_value_and_gradient(self, shape):
        kernel = tf.constant(np.random.default_rng(0).normal(size=shape))
        with tf.GradientTape() as tape:
            tape.watch(kernel)
            penalty = penalties.orthogonal_penalty(kernel)
        w = kernel.numpy().reshape(-1, shape[-1])
        products = w.T @ w * (1 - np.eye(shape[-1]))
        np.testing.assert_allclose(penalty, (products**2).sum(), rtol=1e-12)
        gradient = tape.gradient(penalty, kernel)
        np.testing.assert_allclose(gradient, (4 * w @ products).reshape(shape), rtol=1e-10)

    def test_orthogonal_filters_of_any_length_have_none(self):
        q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 4)))
        penalty = penalties.orthogonal_penalty(q * [1.0, 2.0, 3.0, 4.0])
        np.testing.assert_allclose(penalty, 0, atol=1e-25)

    def test_half_precision_is_summed_in_float32(self):
        kernel = np.full((64, 64), 8.0, "float16")
        penalty = penalties.orthogonal_penalty(kernel)
        assert penalty.dtype == tf.float32
        assert float(penalty) == 64 * 63 * (64 * 64.0) ** 2

    @pytest.mark.parametrize("kernel", [np.ones(3), np.ones((2, 2), int)])
    def test_refuses_what_is_no_kernel(self, kernel):
        with pytest.raises(ValueError, match=r"`kernel` must hold floats of shape \(…, filters\)"):
            penalties.orthogonal_penalty(kernel)


class TestPathLengths:
    kernels = draw(3, 5, 4 * 6 * 2)  # of three styles of five numbers, and images 4×6×2

    def synthesis(self, codes):
        """Linear, so that J is the kernels, whatever the codes are."""
        flat = tf.einsum("bsc,sci->bi", codes, tf.cast(self.kernels, codes.dtype))
        return tf.reshape(flat, (-1, 4, 6, 2))

    def test_of_a_linear_generator_are_the_closed_form(self):
        noise = draw(7, 4, 6, 2, seed=2)
        found = penalties.path_lengths(self.synthesis, draw(7, 3, 5), noise)
        moved = np.einsum("sci,bi->bsc", self.kernels, noise.reshape(7, -1)) / np.sqrt(4 * 6)
        expected = np.sqrt(np.mean(np.sum(moved**2, axis=2), axis=1))
        assert found.dtype == tf.float64
        np.testing.assert_allclose(found, expected, rtol=1e-12)

    def test_are_of_the_jacobian_at_the_codes(self):
        """g(w) = w² at all pixels has J = 2w."""
        codes = draw(5, 1)
        found = penalties.path_lengths(lambda w: tf.tile(w**2, (1, 9)), codes, np.ones((5, 9)))
        np.testing.assert_allclose(found, 9 * 2 * np.abs(codes[:, 0]), rtol=1e-12)

    def test_the_mean_square_over_noise_is_the_square_of_the_jacobian(self):
        codes = draw(4000, 3, 5).astype("float32")
        found = penalties.path_lengths(self.synthesis, codes)
        expected = np.sum(self.kernels**2) / 3 / (4 * 6)
        np.testing.assert_allclose(np.mean(found**2), expected, rtol=0.05)

    def test_have_a_finite_derivative_where_nothing_moves(self):
        scale = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            lengths = penalties.path_lengths(lambda w: scale * w, draw(3, 2).astype("float32"))
            loss = tf.reduce_mean(lengths)
        np.testing.assert_array_equal(lengths, 0)
        np.testing.assert_array_equal(tape.gradient(loss, scale), 0)


def test_the_path_length_of_maps_is_that_of_all_their_numbers():
    """Maps of noise are one code, not a style a place."""
    kernel = np.random.default_rng(0).normal(size=(2 * 3, 4))
    maps = tf.zeros((1, 2, 3, 1), "float64")
    noise = np.random.default_rng(1).normal(size=(1, 4))
    found = penalties.path_lengths(
        lambda z: tf.reshape(z, (1, 6)) @ tf.constant(kernel), maps, tf.constant(noise)
    )
    np.testing.assert_allclose(found, np.linalg.norm(noise @ kernel.T, axis=1), rtol=1e-12)
