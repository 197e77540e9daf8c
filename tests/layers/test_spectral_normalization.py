"""SpectralNormalization: exact, pure, and differentiated through σ."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans.layers import LabelProjection, SpectralNormalization, UpsampleConv2D
from keras_gans.layers.spectral_normalization import spectral_norm
from tests.shared import LayerTests


class TestDense(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")

    def make_layer(self):
        return SpectralNormalization(keras.layers.Dense(3, activation="tanh"), epsilon=1e-3)


class TestConv2D(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 6, 5, 2)).astype("float32")

    def make_layer(self):
        return SpectralNormalization(keras.layers.Conv2D(3, 3, strides=2, padding="same"))


class TestConv2DTranspose(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 3, 3, 2)).astype("float32")

    def make_layer(self):
        return SpectralNormalization(keras.layers.Conv2DTranspose(3, 4, strides=2, padding="same"))


class TestPowerIterations(TestDense):
    def make_layer(self):
        return SpectralNormalization(keras.layers.Dense(3), power_iterations=2)


def dense_with(matrix, **kwargs):
    dense = keras.layers.Dense(matrix.shape[1], dtype=matrix.dtype.name)
    layer = SpectralNormalization(dense, **kwargs)
    layer.build((None, matrix.shape[0]))
    layer.layer.kernel.assign(matrix)
    return layer


LAYERS = [
    (keras.layers.Dense(3), (2, 5)),
    (keras.layers.Dense(7), (2, 5)),
    (keras.layers.Conv1D(4, 3), (2, 6, 5)),
    (keras.layers.Conv2D(4, 3), (2, 6, 6, 2)),
    (keras.layers.Conv2DTranspose(4, 3), (2, 6, 6, 2)),
    (keras.layers.Conv1DTranspose(2, 3), (2, 6, 8)),
    (UpsampleConv2D(4, 3), (2, 6, 6, 2)),
]


@pytest.mark.parametrize("layer, shape", LAYERS)
def test_is_the_layer_with_its_kernel_divided_by_the_largest_singular_value(layer, shape):
    config = {**layer.get_config(), "dtype": "float64", "bias_initializer": "normal"}
    plain = type(layer).from_config(config)
    plain.build(shape)
    wrapped = SpectralNormalization(type(layer).from_config(config))
    wrapped.build(shape)
    wrapped.layer.set_weights(plain.get_weights())
    x = np.random.default_rng(0).normal(size=shape)
    outputs = wrapped(x)

    kernel = plain.kernel.numpy()
    transposed = "Transpose" in type(layer).__name__
    matrix = np.swapaxes(kernel, -1, -2) if transposed else kernel
    sigma = np.linalg.svd(matrix.reshape(-1, matrix.shape[-1]), compute_uv=False)[0]
    np.testing.assert_allclose(wrapped.spectral_norm(), sigma, rtol=1e-12)
    plain.kernel.assign(kernel / sigma)
    assert outputs.dtype == tf.float64
    np.testing.assert_allclose(outputs, plain(x), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("inner", [keras.layers.Embedding(4, 3), LabelProjection(4)])
def test_embeddings_are_divided(inner):
    labels = np.array([0, 3, 1])
    inputs = labels
    if isinstance(inner, LabelProjection):
        inputs = [np.random.default_rng(0).normal(size=(3, 5)).astype("float32"), labels]
    layer = SpectralNormalization(inner)
    outputs = layer(inputs)
    sigma = np.linalg.svd(inner.embeddings.numpy(), compute_uv=False)[0]
    np.testing.assert_allclose(outputs, inner(inputs) / sigma, rtol=1e-5)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (1, 6), (6, 1)])
def test_its_gradient_is_the_outer_product_of_the_singular_vectors(shape):
    matrix = tf.constant(np.random.default_rng(0).normal(size=shape))
    with tf.GradientTape() as tape:
        tape.watch(matrix)
        sigma = spectral_norm(matrix)
    u, s, vh = np.linalg.svd(matrix)
    np.testing.assert_allclose(sigma, s[0], rtol=1e-13)
    np.testing.assert_allclose(tape.gradient(sigma, matrix), np.outer(u[:, 0], vh[0]), atol=1e-12)


def test_gradients_by_the_kernel_are_those_of_finite_differences():
    rng = np.random.default_rng(0)
    layer = dense_with(rng.normal(size=(4, 3)))
    x = rng.normal(size=(5, 4))

    def loss():
        return tf.reduce_sum(tf.sin(layer(x)))

    kernel = layer.layer.kernel
    with tf.GradientTape() as tape:
        value = loss()
    gradient = tape.gradient(value, kernel.value).numpy()
    values = kernel.numpy()
    for index in np.ndindex(values.shape):
        step = np.zeros_like(values)
        step[index] = 1e-6
        kernel.assign(values + step)
        above = loss()
        kernel.assign(values - step)
        np.testing.assert_allclose(gradient[index], (above - loss()) / 2e-6, atol=1e-8)


def test_the_scale_of_the_kernel_does_not_matter_and_has_no_gradient():
    """W/σ(W) does not change along W, so that its gradient is orthogonal to W."""
    rng = np.random.default_rng(0)
    matrix, x = rng.normal(size=(4, 3)), rng.normal(size=(5, 4))
    layer = dense_with(matrix)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x) ** 2)
    gradient = tape.gradient(loss, layer.layer.kernel.value)
    assert np.abs(gradient).max() > 0.1
    np.testing.assert_allclose(tf.reduce_sum(gradient * matrix), 0, atol=1e-10)
    np.testing.assert_allclose(dense_with(7 * matrix)(x), layer(x), rtol=1e-12)


def test_a_dense_layer_is_1_lipschitz_and_no_less():
    matrix = np.random.default_rng(0).normal(size=(6, 4))
    layer = dense_with(matrix)
    x = np.random.default_rng(1).normal(size=(100, 6))
    stretch = np.linalg.norm(layer(x), axis=1) / np.linalg.norm(x, axis=1)
    assert stretch.max() <= 1
    first = np.linalg.svd(matrix)[0][:, 0]
    np.testing.assert_allclose(np.linalg.norm(layer(first[None])), 1, rtol=1e-12)


def test_calls_change_no_weight_and_there_is_no_other_state():
    layer = SpectralNormalization(keras.layers.Conv2D(4, 3))
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype("float32")
    outputs = layer(x, training=True)
    before = layer.get_weights()
    assert [w.path for w in layer.weights] == [w.path for w in layer.layer.weights]
    for training in (True, True, False):
        np.testing.assert_array_equal(layer(x, training=training), outputs)
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_a_kernel_of_zeros_has_finite_outputs_and_gradients(policy):
    dense = keras.layers.Dense(3, kernel_initializer="zeros", dtype=policy)
    layer = SpectralNormalization(dense)
    x = tf.constant(np.random.default_rng(0).normal(size=(4, 5)).astype("float32"))
    layer.build(x.shape)
    with tf.GradientTape() as tape:
        outputs = layer(x)
        loss = tf.reduce_sum(tf.cast(outputs, "float32"))
    np.testing.assert_array_equal(tf.cast(outputs, "float32"), np.zeros((4, 3)))
    assert np.isfinite(tape.gradient(loss, layer.layer.kernel.value)).all()


def test_sigma_is_of_the_kernel_in_full_precision():
    """In bfloat16 a kernel of 1 + 2⁻¹⁰ would be 1."""

    class Recording(SpectralNormalization):
        def spectral_norm(self):
            self.recorded = super().spectral_norm()
            return self.recorded

    layer = Recording(keras.layers.Dense(1, dtype="mixed_bfloat16"))
    layer.build((None, 1))
    layer.layer.kernel.assign([[1 + 2**-10]])
    outer = keras.Sequential([layer])
    assert outer(np.float32([[1.0]])).dtype == tf.bfloat16
    np.testing.assert_allclose(layer.recorded, 1 + 2**-10, rtol=1e-7)


def test_the_wrapper_computes_as_its_layer_does():
    keras.config.set_dtype_policy("mixed_float16")
    inputs = keras.Input((3,))
    layer = SpectralNormalization(keras.layers.Dense(1, dtype="float32"))
    assert layer.compute_dtype == "float32"
    assert layer(inputs).dtype == "float32"
    assert layer(np.ones((2, 3), "float16")).dtype == tf.float32


def discriminator():
    return keras.Sequential(
        [
            keras.Input((2,)),
            SpectralNormalization(keras.layers.Dense(8, activation="leaky_relu")),
            SpectralNormalization(keras.layers.Dense(1)),
        ]
    )


def test_in_a_game_each_player_changes_only_in_its_own_phase():
    network = discriminator()
    gan = kg.models.GAN(kg.networks.mlp_generator((2,), 2, (8,)), network, latent_dim=2)
    gan.compile()
    examples = kg.data.ring_of_gaussians().sample(256).astype("float32")
    before = network.get_weights()
    history = gan.fit(examples, batch_size=64, verbose=0).history
    assert np.isfinite(history["d_loss"]).all()
    assert all(not np.array_equal(a, b) for a, b in zip(before, network.get_weights(), strict=True))

    before = network.get_weights()
    gan.train_generator(tf.constant(examples[:64]))
    for a, b in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_gradient_penalties_can_be_differentiated():
    network = discriminator()
    x = kg.data.ring_of_gaussians().sample(16).astype("float32")
    with tf.GradientTape() as tape:
        penalty = kg.penalties.gradient_penalty(network, x, x[::-1], alpha=np.linspace(0, 1, 16))
    for gradient in tape.gradient(penalty, [layer.layer.kernel.value for layer in network.layers]):
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 1e-4


def test_layers_without_a_kernel_are_refused():
    with pytest.raises(ValueError, match=r"`layer` must have a `kernel`.*ReLU"):
        SpectralNormalization(keras.layers.ReLU())(np.ones((2, 3), "float32"))


def test_epsilon_must_be_positive():
    with pytest.raises(ValueError, match=r"`epsilon`.*epsilon=0"):
        SpectralNormalization(keras.layers.Dense(1), epsilon=0)


# Power iterations


def settled(layer):
    layer.power_iterations = 100
    layer.before_update()
    return layer


@pytest.mark.parametrize(
    "inner, shape", [*LAYERS, (keras.layers.Embedding(4, 3), (2,))], ids=lambda x: str(x)[:20]
)
def test_power_iterations_converge_to_the_largest_singular_value(inner, shape):
    config = {**inner.get_config(), "dtype": "float64"}
    layer, exact = (
        SpectralNormalization(type(inner).from_config(config), power_iterations=n)
        for n in (1, None)
    )
    for wrapper in (layer, exact):
        wrapper.build(shape)
    layer.layer.set_weights(exact.layer.get_weights())
    sigma = float(exact.spectral_norm())
    assert float(layer.spectral_norm()) < 0.999 * sigma
    np.testing.assert_allclose(settled(layer).spectral_norm(), sigma, rtol=1e-8)
    x = np.random.default_rng(0).integers(0, 4, shape)
    np.testing.assert_allclose(layer(x), exact(x), rtol=1e-7, atol=1e-8)


def test_a_power_iteration_is_that_of_algorithm_1():
    matrix = np.random.default_rng(0).normal(size=(5, 3))
    layer = dense_with(matrix, power_iterations=2)
    v = layer.v.numpy()
    np.testing.assert_allclose(
        layer.spectral_norm(), np.linalg.norm(matrix @ v) / np.linalg.norm(v), rtol=1e-12
    )
    layer.before_update()
    for _ in range(2):
        v = matrix.T @ matrix @ v
        v /= np.linalg.norm(v)
    np.testing.assert_allclose(layer.v, v, rtol=1e-12)
    np.testing.assert_allclose(layer.spectral_norm(), np.linalg.norm(matrix @ v), rtol=1e-12)


def test_the_gradient_passes_through_an_approximate_sigma():
    """It is u vᵀ of the vectors at hand, converged or not."""
    matrix = np.random.default_rng(0).normal(size=(5, 3))
    layer = dense_with(matrix, power_iterations=1)
    layer.before_update()
    with tf.GradientTape() as tape:
        sigma = layer.spectral_norm()
    v = layer.v.numpy()
    u = matrix @ v / np.linalg.norm(matrix @ v)
    gradient = tape.gradient(sigma, layer.layer.kernel.value)
    np.testing.assert_allclose(gradient, np.outer(u, v), rtol=1e-12)


@pytest.mark.parametrize("policy", ["float16", "bfloat16", "mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("inner", [keras.layers.Dense, keras.layers.Conv2D])
def test_half_precision_iterates_in_float32(policy, inner):
    arguments = {"kernel_size": 1} if inner is keras.layers.Conv2D else {}
    layer = SpectralNormalization(inner(4, dtype=policy, **arguments), power_iterations=1)
    layer.build((None, 3, 3, 6))
    assert layer.v.dtype == "float32"
    kernel = np.float64(tf.cast(layer.layer.kernel.value, "float64")).reshape(6, 4)
    np.testing.assert_allclose(settled(layer).spectral_norm(), np.linalg.norm(kernel, 2), rtol=1e-5)
    assert layer(np.ones((2, 3, 3, 6))).dtype == policy.removeprefix("mixed_")


def test_calls_leave_the_vector_alone():
    layer = SpectralNormalization(keras.layers.Dense(3), power_iterations=1)
    x = np.random.default_rng(0).normal(size=(2, 4)).astype("float32")
    outputs = layer(x, training=True)
    before = layer.get_weights()
    np.testing.assert_array_equal(layer(x, training=True), outputs)
    np.testing.assert_array_equal(layer(x), outputs)
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_kernel_of_zeros_keeps_the_vector_for_later():
    layer = dense_with(np.zeros((3, 2)), power_iterations=1)
    before = layer.v.numpy()
    layer.before_update()
    np.testing.assert_array_equal(layer.v, before)
    layer.layer.kernel.assign(np.diag([2.0, 1.0, 1.0])[:, :2])
    np.testing.assert_allclose(settled(layer).spectral_norm(), 2, rtol=1e-12)


def test_exact_layers_have_nothing_to_update():
    layer = dense_with(np.ones((3, 2)))
    layer.before_update()
    assert len(layer.weights) == 2


def test_power_iterations_must_be_positive():
    with pytest.raises(ValueError, match=r"`power_iterations`.*power_iterations=0"):
        SpectralNormalization(keras.layers.Dense(1), power_iterations=0)


class TestVectorsInAGame:
    """They move in the updates of their own network, and in nothing else."""

    def gan(self, **kwargs):
        keras.utils.set_random_seed(0)
        network = keras.Sequential(
            [
                keras.Input((2,)),
                SpectralNormalization(keras.layers.Dense(8, "tanh"), power_iterations=1),
                SpectralNormalization(keras.layers.Dense(1), power_iterations=1),
            ]
        )
        gan = kg.models.GAN(
            kg.networks.mlp_generator((2,), 2, (8,)), network, latent_dim=2, seed=1, **kwargs
        )
        gan.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0))
        return gan

    examples = kg.data.ring_of_gaussians().sample(48, seed=0)

    def vectors(self, gan):
        return [layer.v.numpy() for layer in gan.discriminator.layers]

    @pytest.mark.first_cases
    @pytest.mark.parametrize("n_critic", [1, 2])
    @pytest.mark.parametrize("penalties", [[], [kg.techniques.GradientPenalty]])
    def test_once_in_each_update_of_the_discriminator(self, n_critic, penalties):
        """Its weights stay at a learning rate of zero: iterations can be counted."""
        gan = self.gan(n_critic=n_critic, techniques=[kind() for kind in penalties])
        kernels = [layer.layer.kernel.numpy() for layer in gan.discriminator.layers]
        vectors = [v.astype("float64") for v in self.vectors(gan)]
        gan.fit(self.examples, batch_size=8, verbose=0)
        for kernel, v, found in zip(kernels, vectors, self.vectors(gan), strict=True):
            for _ in range(len(self.examples) // 8):
                v = kernel.T @ kernel @ v
                v /= np.linalg.norm(v)
            np.testing.assert_allclose(found, v, rtol=1e-3, atol=1e-6)

    def test_not_when_the_generator_is_trained_nor_in_an_evaluation(self):
        gan = self.gan()
        before = self.vectors(gan)
        gan.train_generator(tf.constant(self.examples))
        gan.evaluate(self.examples, verbose=0)
        gan.score(self.examples)
        np.testing.assert_equal(self.vectors(gan), before)
        gan.train_discriminator(tf.constant(self.examples))
        assert not np.array_equal(self.vectors(gan)[0], before[0])

    def test_they_are_saved(self, tmp_path):
        gan = self.gan()
        gan.fit(self.examples, batch_size=8, verbose=0)
        gan.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_equal(self.vectors(again), self.vectors(gan))

    def test_replicas_have_those_of_one_device(self, two_replicas):
        one = self.gan()
        with two_replicas.scope():
            two = self.gan()
        two.set_weights(one.get_weights())
        for gan in (one, two):
            gan.d_optimizer.learning_rate = 0.1
            gan.fit(self.examples, batch_size=8, shuffle=False, verbose=0)
        for a, b in zip(self.vectors(one), self.vectors(two), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
