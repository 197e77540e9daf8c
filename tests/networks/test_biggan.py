"""BigGAN's networks: the papers' sizes, and blocks against a plain rewrite."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans.layers import ModulatedBatchNormalization, SelfAttention2D, SpectralNormalization

pytestmark = pytest.mark.first_cases

LABELS = np.array([0, 2, 1], "int32")
BUILDERS = {
    "biggan": (kg.networks.biggan_generator, kg.networks.biggan_discriminator),
    "biggan_deep": (kg.networks.biggan_deep_generator, kg.networks.biggan_deep_discriminator),
}


def num_parameters(build, *args, **kwargs):
    """What is trained, counted without making it."""
    with keras.StatelessScope(initialize_variables=False):
        network = build(*args, **kwargs)
    num = sum(math.prod(variable.shape) for variable in network.trainable_variables)
    keras.backend.clear_session()  # which would initialize the variables later
    return num


@pytest.mark.parametrize(
    "family, generator, discriminator",
    [("biggan", 70_433_988, 87_982_370), ("biggan_deep", 50_244_484, 34_590_210)],
)
def test_networks_for_imagenet_have_the_papers_numbers_of_parameters(
    family, generator, discriminator
):
    """70.4 and 88.0 million; 50.4 and 34.6."""
    build_generator, build_discriminator = BUILDERS[family]
    assert num_parameters(build_generator, (128, 128, 3), num_classes=1000) == generator
    assert num_parameters(build_discriminator, (128, 128, 3), 1000) == discriminator


def test_the_discriminator_for_cifar_has_4_2_million():
    build = kg.networks.biggan_discriminator
    assert num_parameters(build, (32, 32, 3), 10, filters=64) == 4_207_361


@pytest.mark.parametrize("family", BUILDERS)
@pytest.mark.parametrize("side, stages", [(32, 3), (64, 4), (128, 5), (256, 6), (512, 7)])
def test_channels_are_those_of_the_authors_tables(family, side, stages):
    growing = {
        3: [4, 4, 4, 4],
        4: [16, 16, 8, 4, 2],
        5: [16, 16, 8, 4, 2, 1],
        6: [16, 16, 8, 8, 4, 2, 1],
        7: [16, 16, 8, 8, 4, 2, 1, 1],
    }[stages]
    shrinking = {
        3: [4, 4, 4, 4],
        4: [1, 2, 4, 8, 16],
        5: [1, 2, 4, 8, 16, 16],
        6: [1, 2, 4, 8, 8, 16, 16],
        7: [1, 1, 2, 4, 8, 8, 16, 16],
    }[stages]
    with keras.StatelessScope(initialize_variables=False):
        generator, discriminator = (
            build((side, side, 3), num_classes=3, filters=4, attention=None)
            for build in BUILDERS[family]
        )
    (grid,) = (x.output for x in generator.layers if isinstance(x, keras.layers.Reshape))
    assert grid.shape[1:] == (4, 4, 4 * growing[0])
    blocks = [layer.output for layer in generator.layers if isinstance(layer, keras.layers.Add)]
    if family == "biggan_deep":
        blocks = blocks[1::2]
    assert [x.shape[1] for x in blocks] == [4 * 2**i for i in range(1, stages + 1)]
    assert [x.shape[-1] for x in blocks] == [4 * width for width in growing[1:]]

    blocks = [layer.output for layer in discriminator.layers if isinstance(layer, keras.layers.Add)]
    blocks = blocks[:-1]  # the logits
    if family == "biggan_deep":
        blocks, shrinking = blocks[1::2], shrinking[1:]
    assert [x.shape[-1] for x in blocks] == [4 * width for width in shrinking]
    assert blocks[-1].shape[1] == (8 if stages == 3 else 4)
    keras.backend.clear_session()


@pytest.mark.parametrize("family", BUILDERS)
@pytest.mark.parametrize("shape", [(28, 28, 1), (8, 8, 1), (37, 50, 3)])
def test_images_of_any_shape(family, shape):
    build_generator, build_discriminator = BUILDERS[family]
    generator = build_generator(shape, 8, 3, filters=2, attention=14)
    discriminator = build_discriminator(shape, 3, filters=2, attention=14)
    latents = np.random.default_rng(0).normal(size=(3, 8)).astype("float32")
    images = generator([latents, LABELS]).numpy()
    assert images.shape == (3, *shape)
    assert np.abs(images).max() < 1
    logits = discriminator([images, LABELS])
    assert logits.shape == (3, 1)
    assert np.isfinite(logits).all()


@pytest.mark.slow
@pytest.mark.parametrize("family", BUILDERS)
def test_networks_are_saved_and_cloned(family, tmp_path):
    for build in BUILDERS[family]:
        network = build((33, 33, 1), num_classes=3, filters=1, attention=9)
        again = keras.Model.from_config(network.get_config())
        assert again.get_config() == network.get_config()
        network.save(tmp_path / "network.keras")
        again = keras.models.load_model(tmp_path / "network.keras")
        inputs = [np.ones((3, *network.inputs[0].shape[1:]), "float32"), LABELS]
        np.testing.assert_array_equal(again(inputs), network(inputs))
        copy = keras.models.clone_model(network)
        copy.set_weights(network.get_weights())
        np.testing.assert_array_equal(copy(inputs), network(inputs))


@pytest.mark.parametrize("family", BUILDERS)
def test_every_kernel_but_the_shared_embedding_is_spectrally_normalized(family):
    for build in BUILDERS[family]:
        network = build((28, 28, 1), num_classes=3, filters=4, attention=14, power_iterations=2)
        layers = network._flatten_layers()
        wrappers = [layer for layer in layers if isinstance(layer, SpectralNormalization)]
        assert {wrapper.power_iterations for wrapper in wrappers} == {2}
        inside = {id(wrapper.layer) for wrapper in wrappers}
        bare = [
            layer.name
            for layer in network._flatten_layers()
            if (hasattr(layer, "kernel") or hasattr(layer, "embeddings"))
            and id(layer) not in inside
        ]
        assert bare == ["shared_embedding"] * (build in [pair[0] for pair in BUILDERS.values()])


@pytest.mark.parametrize("family", BUILDERS)
def test_kernels_start_orthogonal(family):
    """So have all singular values 1."""
    for build in BUILDERS[family]:
        for layer in build((8, 8, 1), num_classes=3, filters=4)._flatten_layers():
            kernel = getattr(layer, "kernel", getattr(layer, "embeddings", None))
            if kernel is not None and not isinstance(layer, SpectralNormalization):
                matrix = kernel.numpy().reshape(-1, kernel.shape[-1])
                values = np.linalg.svd(matrix, compute_uv=False)
                np.testing.assert_allclose(values, 1, rtol=1e-5, err_msg=layer.name)


@pytest.mark.parametrize("family", BUILDERS)
@pytest.mark.parametrize("attention, num", [(14, 1), (64, 0), (None, 0)])
def test_attention_is_at_one_side(family, attention, num):
    for build in BUILDERS[family]:
        network = build((28, 28, 1), num_classes=3, filters=2, attention=attention)
        found = [layer for layer in network.layers if isinstance(layer, SelfAttention2D)]
        assert [layer.output.shape[1:3] for layer in found] == [(14, 14)] * num


@pytest.mark.parametrize("latent_dim, sizes", [(8, [2, 2, 2, 2]), (11, [3, 3, 3, 2])])
def test_latents_are_divided_among_the_blocks(latent_dim, sizes):
    generator = kg.networks.biggan_generator((32, 32, 1), latent_dim, 3, 2, embedding_dim=5)
    dense = [
        layer
        for layer in generator._flatten_layers()
        if isinstance(layer, keras.layers.Dense) and layer.name not in ("scale", "shift")
    ]
    assert [layer.kernel.shape[0] for layer in dense] == sizes[:1]
    norms = [x for x in generator.layers if isinstance(x, ModulatedBatchNormalization)]
    codes = [norm.scale.layer.kernel.shape[0] - 5 for norm in norms]
    assert codes == [size for size in sizes[1:] for _ in range(2)]


def test_every_latent_matters_to_both_families():
    for build_generator, _ in BUILDERS.values():
        generator = build_generator((8, 8, 1), 5, 3, filters=4)
        latents = np.zeros((6, 5), "float32")
        latents[1:] = np.eye(5)
        images = generator([latents, np.zeros(6, int)], training=True).numpy()
        assert (np.abs(images[1:] - images[:1]).max(axis=(1, 2, 3)) > 1e-4).all()


@pytest.fixture
def build(monkeypatch):
    """Build a network of random weights, and its `Plain` one."""

    def build(builder, *args, **kwargs):
        applied, build_layer = [], SpectralNormalization.build

        def recorded(layer, input_shape):
            build_layer(layer, input_shape)
            applied.append(layer.layer)

        monkeypatch.setattr(SpectralNormalization, "build", recorded)
        network = builder(*args, **kwargs, power_iterations=None)
        monkeypatch.undo()
        rng = np.random.default_rng(0)
        for weight in network.trainable_weights:
            weight.assign(rng.normal(0, 0.3, weight.shape))
        return network, Plain(network, applied)

    return build


class Plain:
    """The papers' formulas on the kernels of a network, which are taken in the order of its calls.

    They are divided by their exact norms.
    """

    def __init__(self, network, applied):
        self.applied = iter(applied)
        self.layers = network.layers

    def kernel(self):
        layer = next(self.applied)
        kernel = getattr(layer, "kernel", getattr(layer, "embeddings", None)).numpy()
        sigma = np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), 2)
        return kernel / sigma, layer.bias.numpy() if getattr(layer, "use_bias", False) else 0.0

    def dense(self, x):
        kernel, bias = self.kernel()
        return x @ kernel + bias

    def convolution(self, x):
        kernel, bias = self.kernel()
        return tf.nn.conv2d(x, kernel, 1, "SAME") + bias

    def modulated(self, x, code):
        scale, shift = (self.dense(code)[:, None, None] for _ in range(2))
        return tf.nn.relu((1 + scale) * normalized(x) + shift)

    def embedded(self):
        (table,) = (x.embeddings for x in self.layers if isinstance(x, keras.layers.Embedding))
        return table.numpy()[LABELS]

    def image(self, x):
        (norm,) = (x for x in self.layers if isinstance(x, keras.layers.BatchNormalization))
        x = normalized(x) * norm.gamma.numpy() + norm.beta.numpy()
        return tf.tanh(self.convolution(tf.nn.relu(x)))

    def logits(self, x):
        features = tf.reduce_sum(tf.nn.relu(x), (1, 2))
        embeddings, _ = self.kernel()
        projection = tf.reduce_sum(features * embeddings[LABELS], 1, keepdims=True)
        return projection + self.dense(features)


def normalized(x):
    mean, variance = tf.nn.moments(x, (0, 1, 2))
    return (x - mean) / tf.sqrt(variance + 1e-4)


def up(x):
    return tf.repeat(tf.repeat(x, 2, axis=1), 2, axis=2)


def down(x):
    return tf.nn.avg_pool2d(x, 2, 2, "SAME")


class TestNetworksAreThoseOfThePaper:
    latents = np.random.default_rng(1).normal(size=(3, 5)).astype("float32")
    images = np.random.default_rng(1).uniform(-1, 1, (3, 16, 16, 2)).astype("float32")

    def assert_close(self, found, expected):
        assert np.abs(expected).max() > 0.1
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)

    def test_generator(self, build):
        generator, plain = build(
            kg.networks.biggan_generator, (8, 8, 2), 5, 3, filters=2, embedding_dim=4
        )
        x = tf.reshape(plain.dense(self.latents[:, :3]), (-1, 4, 4, 8))
        code = tf.concat([plain.embedded(), self.latents[:, 3:]], axis=1)
        shortcut = up(plain.convolution(x))
        x = plain.convolution(up(plain.modulated(x, code)))
        x = shortcut + plain.convolution(plain.modulated(x, code))
        outputs = generator([self.latents, LABELS], training=True)
        self.assert_close(outputs, plain.image(x))

    def test_deep_generator(self, build):
        generator, plain = build(
            kg.networks.biggan_deep_generator, (40, 40, 2), 5, 3, filters=1, embedding_dim=4
        )
        code = tf.concat([self.latents, plain.embedded()], axis=1)
        x = tf.reshape(plain.dense(code), (-1, 3, 3, 16))
        for side, width in ((5, 16), (10, 8), (20, 4), (40, 2)):
            for grow in (tf.identity, lambda x, side=side: up(x)[:, :side, :side]):
                h = plain.modulated(plain.convolution(plain.modulated(x, code)), code)
                h = plain.convolution(h if grow is tf.identity else up(h))
                h = h if grow is tf.identity else h[:, :side, :side]
                h = plain.convolution(plain.modulated(h, code))
                h = plain.convolution(plain.modulated(h, code))
                x = h + (x if grow is tf.identity else grow(x[..., :width]))
        outputs = generator([self.latents, LABELS], training=True)
        self.assert_close(outputs, plain.image(x))

    def test_discriminator(self, build):
        discriminator, plain = build(kg.networks.biggan_discriminator, (16, 16, 2), 3, filters=2)
        x, shortcut = self.images, plain.convolution(down(self.images))
        x = shortcut + down(plain.convolution(tf.nn.relu(plain.convolution(x))))
        for _ in range(2):
            x = x + plain.convolution(tf.nn.relu(plain.convolution(tf.nn.relu(x))))
        self.assert_close(discriminator([self.images, LABELS]), plain.logits(x))

    def test_deep_discriminator(self, build):
        discriminator, plain = build(
            kg.networks.biggan_deep_discriminator, (48, 48, 2), 3, filters=4
        )
        images = np.tile(self.images, (1, 3, 3, 1))
        x = plain.convolution(images)
        for _ in range(4):
            for pool in (down, tf.identity):
                shortcut = pool(x)
                if pool is down:
                    shortcut = tf.concat([shortcut, plain.convolution(shortcut)], axis=-1)
                x = plain.convolution(tf.nn.relu(x))
                x = plain.convolution(tf.nn.relu(x))
                x = plain.convolution(tf.nn.relu(x))
                x = shortcut + plain.convolution(pool(tf.nn.relu(x)))
        self.assert_close(discriminator([images, LABELS]), plain.logits(x))


def test_they_compute_in_half_precision():
    keras.config.set_dtype_policy("mixed_float16")
    for build_generator, build_discriminator in BUILDERS.values():
        generator = build_generator((8, 8, 1), 5, 3, filters=4)
        images = generator([np.ones((3, 5), "float32"), LABELS])
        assert images.dtype == tf.float32
        logits = build_discriminator((8, 8, 1), 3, filters=4)([images, tf.constant(LABELS)])
        assert logits.dtype == tf.float32
        assert np.isfinite(logits).all()


@pytest.mark.parametrize(
    "arguments",
    [
        {"num_classes": 0},
        {"latent_dim": 1},
        {"filters": 0},
        {"embedding_dim": 0},
        {"attention": 0},
        {"power_iterations": 0},
    ],
)
def test_sizes_out_of_range_are_refused(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"`{name}` must be .*{name}="):
        kg.networks.biggan_generator((8, 8, 1), **{"num_classes": 3, **arguments})


def test_sides_beyond_the_table_are_refused():
    for build in (build for pair in BUILDERS.values() for build in pair):
        with pytest.raises(ValueError, match="smaller side of at most 512"):
            build((513, 600, 1), num_classes=3)
