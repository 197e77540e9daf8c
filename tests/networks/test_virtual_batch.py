"""Networks with virtual in the place of batch normalization."""

import keras
import numpy as np
import pytest

import keras_gans as kg
from keras_gans import networks
from keras_gans.layers import VirtualBatchNormalization

pytestmark = pytest.mark.first_cases

RNG = np.random.default_rng(0)
LATENTS = RNG.normal(size=(6, 4)).astype("float32")
IMAGES = np.tanh(RNG.normal(size=(6, 8, 8, 1))).astype("float32")


def generator():
    return networks.dcgan_generator((8, 8, 1), latent_dim=4, filters=4)


def discriminator():
    return networks.dcgan_discriminator((8, 8, 1), filters=4)


def sequential():
    """A network with a branch inside of a Sequential one."""
    inputs = keras.Input((8, 8, 2))
    x = keras.layers.BatchNormalization(scale=False, name="inner")(inputs)
    branch = keras.Model(inputs, 2 * keras.layers.ReLU()(x) + inputs)
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(2, 3, padding="same"),
            branch,
            keras.layers.Flatten(),
            keras.layers.Dense(3),
            keras.layers.BatchNormalization(center=False, epsilon=1e-2),
        ]
    )


NETWORKS = [(generator, LATENTS), (discriminator, IMAGES), (sequential, IMAGES)]


def randomized(network):
    """Away from γ = 1, β = 0."""
    rng = np.random.default_rng(3)
    network.set_weights([rng.uniform(0.1, 1, w.shape) * (w + 0.5) for w in network.get_weights()])
    return network


def everything(virtual, inputs):
    """Outputs for the reference batch and for the inputs, before the former are dropped."""
    _, prepend, body, _ = virtual.layers
    return body(prepend(inputs)).numpy()


@pytest.mark.parametrize("make, reference", NETWORKS)
def test_the_reference_batch_comes_out_as_of_batch_normalization(make, reference):
    network = randomized(make())
    virtual = networks.virtual_batch_normalization(network, reference)
    expected = network(reference, training=True)
    found = everything(virtual, reference[:2])[:6]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert np.ptp(expected) > 1e-2


@pytest.mark.parametrize("make, reference", NETWORKS)
def test_an_output_does_not_depend_on_its_companions(make, reference):
    virtual = networks.virtual_batch_normalization(randomized(make()), reference)
    x = np.random.default_rng(5).normal(size=(5, *reference.shape[1:])).astype("float32")
    together = virtual(x, training=True)
    for i in range(5):
        np.testing.assert_allclose(
            virtual(x[i : i + 1], training=True), together[i : i + 1], rtol=1e-4, atol=1e-5
        )


def test_equals_the_formula_layer_by_layer():
    """Two layers by hand: a dense layer, and the paper's statistics of what comes out."""
    network = randomized(
        keras.Sequential(
            [
                keras.Input((4,), dtype="float64"),
                keras.layers.Dense(3, dtype="float64"),
                keras.layers.BatchNormalization(epsilon=1e-2, dtype="float64"),
                keras.layers.Dense(2, dtype="float64"),
            ]
        )
    )
    x, reference = np.random.default_rng(1).normal(size=(2, 5, 4))
    virtual = networks.virtual_batch_normalization(network, reference)
    dense, normalization, last = network.layers
    h, h_ref = (a @ dense.kernel.numpy() + dense.bias.numpy() for a in (x, reference))
    mean = h / 6 + h_ref.sum(axis=0) / 6
    variance = h**2 / 6 + (h_ref**2).sum(axis=0) / 6 - mean**2
    h = (h - mean) / np.sqrt(variance + 1e-2)
    h = h * normalization.gamma.numpy() + normalization.beta.numpy()
    expected = h @ last.kernel.numpy() + last.bias.numpy()
    np.testing.assert_allclose(virtual(x), expected, rtol=1e-10)


@pytest.mark.parametrize("make, reference", NETWORKS)
def test_name_shapes_and_trained_weights_are_those_of_the_network(make, reference):
    network = randomized(make())
    before = network.get_weights()
    virtual = networks.virtual_batch_normalization(network, reference)
    assert virtual.name == network.name
    assert virtual.input_shape == network.input_shape
    assert virtual.output_shape == network.output_shape
    kinds = {type(layer) for layer in virtual._flatten_layers()}
    assert VirtualBatchNormalization in kinds
    assert keras.layers.BatchNormalization not in kinds
    for a, b in zip(virtual.trainable_weights, network.trainable_weights, strict=True):
        np.testing.assert_array_equal(a, b)
    virtual.set_weights([0 * w for w in virtual.get_weights()])
    for a, b in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("make, reference", NETWORKS)
def test_saved_and_loaded_with_the_reference_batch(make, reference, tmp_path):
    virtual = networks.virtual_batch_normalization(make(), reference)
    virtual.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(again(reference[:3]), virtual(reference[:3]))
    assert any(np.array_equal(w, reference) for w in again.get_weights())


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_outputs_are_float32_under_mixed_precision(policy):
    keras.config.set_dtype_policy(policy)
    network = generator()
    virtual = networks.virtual_batch_normalization(network, LATENTS)
    assert virtual(LATENTS).dtype == "float32"
    np.testing.assert_allclose(
        everything(virtual, LATENTS)[:6], network(LATENTS, training=True), atol=2e-2
    )


@pytest.mark.slow
def test_plays_both_sides_of_a_game(tmp_path):
    gan = kg.models.GAN(
        networks.virtual_batch_normalization(generator(), LATENTS),
        networks.virtual_batch_normalization(discriminator(), IMAGES),
        latent_dim=4,
        ema_decay=0.9,
    )
    gan.compile()
    history = gan.fit(np.tile(IMAGES, (8, 1, 1, 1)), batch_size=16, verbose=0).history
    assert np.isfinite(history["d_loss"] + history["g_loss"]).all()
    for network, reference in (
        (gan.generator, LATENTS),
        (gan.ema_generator.copy(), LATENTS),
        (gan.discriminator, IMAGES),
    ):
        np.testing.assert_array_equal(network.layers[1].reference_batch, reference)
    samples = gan.sample(3, seed=0)
    np.testing.assert_allclose(gan.sample(2, seed=0), samples[:2], atol=1e-5)
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(again.sample(3, seed=0), samples)
    gan.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    np.testing.assert_allclose(served.sample(3, seed=0), samples, atol=1e-6)


def test_two_replicas_train_as_one(two_replicas):
    def game():
        keras.utils.set_random_seed(0)
        gan = kg.models.GAN(
            networks.virtual_batch_normalization(generator(), LATENTS),
            networks.virtual_batch_normalization(discriminator(), IMAGES),
            latent_dim=4,
        )
        gan.compile(keras.optimizers.SGD(1e-2), keras.optimizers.SGD(1e-2))
        return gan

    one = game()
    with two_replicas.scope():
        two = game()
    for gan in (one, two):
        gan.fit(np.tile(IMAGES, (4, 1, 1, 1)), batch_size=8, shuffle=False, verbose=0)
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def normalized(**kwargs):
    return keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization(**kwargs)])


def test_a_network_without_batch_normalization_is_refused():
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="`network` must have a BatchNormalization to replace"):
        networks.virtual_batch_normalization(network, LATENTS)


@pytest.mark.parametrize("shape", [(6, 5), (6, 4, 1), (4,)])
def test_a_reference_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"`reference_batch` must hold inputs.*\(None, 4\)"):
        networks.virtual_batch_normalization(normalized(), np.ones(shape))


@pytest.mark.parametrize(
    "arguments", [{"gamma_regularizer": "l2"}, {"beta_constraint": "non_neg"}, {"renorm": True}]
)
def test_what_would_be_lost_is_refused(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"without regularizer.*{name}"):
        networks.virtual_batch_normalization(normalized(**arguments), LATENTS)


def test_another_axis_is_refused():
    layer = keras.layers.BatchNormalization(axis=1)
    network = keras.Sequential([keras.Input((8, 8, 1)), layer])
    with pytest.raises(ValueError, match=r"on the last axis.*axis=1"):
        networks.virtual_batch_normalization(network, IMAGES)


def test_hidden_batch_normalization_is_refused():
    inner = keras.layers.TimeDistributed(keras.layers.BatchNormalization())
    network = keras.Sequential([keras.Input((3, 4)), keras.layers.BatchNormalization(), inner])
    with pytest.raises(ValueError, match=r"outside of other layers.*time_distributed"):
        networks.virtual_batch_normalization(network, np.ones((6, 3, 4)))


def test_other_networks_are_refused():
    with pytest.raises(TypeError, match="`network` must be a built Sequential or functional"):
        networks.virtual_batch_normalization(keras.Sequential([]), LATENTS)
    a, b = keras.Input((4,)), keras.Input((4,))
    two_inputs = keras.Model([a, b], keras.layers.BatchNormalization()(a + b))
    fixed = keras.Sequential([keras.Input(batch_shape=(8, 4)), keras.layers.BatchNormalization()])
    for network in (two_inputs, fixed):
        with pytest.raises(ValueError, match="`network` must have one input and take batches"):
            networks.virtual_batch_normalization(network, LATENTS)
