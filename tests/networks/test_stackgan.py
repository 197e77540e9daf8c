import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg

LATENTS = tf.random.stateless_normal((3, 12), [0, 0])
TEXTS = tf.random.stateless_normal((3, 5), [0, 1])


def generator(image_shape=(16, 16, 3)):
    return kg.networks.stackgan_generator(image_shape, 12, 5, conditioning_dim=8, filters=4)


@pytest.mark.parametrize("shape", [(16, 16, 3), (9, 13, 1), (28, 28, 1), (4, 6, 3)])
def test_any_shape(shape):
    first = generator(shape)
    assert first.output_shape == (None, *shape)
    discriminator = kg.networks.stackgan_discriminator(shape, 5, filters=2)
    assert discriminator([first([LATENTS, TEXTS]), TEXTS]).shape == (3, 1)


def test_the_published_layers():
    """By hand, from the layers of the authors' code: weights, biases, scales and shifts."""
    network = kg.networks.stackgan_generator((64, 64, 3), 228, 1024)
    residual = [
        (1024 // n, n) for n in (1, 2)
    ]  # 1024 channels at 4×4, 512 at 8×8, each with a block of a quarter
    expected = 1024 * 256 + 256 + 228 * 16 * 1024 + 4 * 1024
    for width, _ in residual:
        quarter = width // 4
        expected += (
            width * quarter + 9 * quarter**2 + 9 * quarter * width + 4 * (2 * quarter + width)
        )
    for before, after in ((1024, 512), (512, 256), (256, 128)):
        expected += 9 * before * after + 4 * after
    expected += 9 * 128 * 3 + 3
    # The 1×1 convolution comes first in the block, and 3×3 ones follow.
    assert network.count_params() == expected


def test_condition_is_all_that_the_text_changes():
    network = generator()
    augmentation = next(
        layer for layer in network.layers if isinstance(layer, kg.layers.ConditioningAugmentation)
    )
    kernel, bias = augmentation.get_weights()
    augmentation.set_weights([0 * kernel, bias])
    np.testing.assert_array_equal(network([LATENTS, TEXTS]), network([LATENTS, -TEXTS]))
    augmentation.set_weights([100 * kernel, bias])
    assert np.abs(network([LATENTS, TEXTS]) - network([LATENTS, -TEXTS])).max() > 1e-4


class TestRefiner:
    def make(self, **kwargs):
        first = generator()
        return first, kg.networks.stackgan_refiner(
            first, (32, 32, 3), conditioning_dim=4, filters=2, num_blocks=1, **kwargs
        )

    def test_takes_latents_of_both_stages(self):
        _, second = self.make()
        assert second.input_shape == [(None, 16), (None, 5)]
        assert second.output_shape == (None, 32, 32, 3)

    def test_the_first_stage_stays_as_it_is(self):
        first, second = self.make()
        (inner,) = (layer for layer in second.layers if isinstance(layer, keras.Model))
        expected = first([LATENTS, TEXTS], training=False).numpy()
        latents = tf.concat([tf.zeros((3, 4)), LATENTS], axis=1)
        before = inner.get_weights()
        second([latents, TEXTS], training=True)
        for a, b in zip(before, inner.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        for training in (False, True):
            np.testing.assert_array_equal(inner([LATENTS, TEXTS], training=training), expected)
        assert not inner.trainable_weights
        assert first.trainable_weights  # the one that was given

    def test_stays_frozen_in_a_file(self, tmp_path):
        _, second = self.make()
        second.save(tmp_path / "generator.keras")
        again = keras.models.load_model(tmp_path / "generator.keras")
        assert len(again.trainable_weights) == len(second.trainable_weights)

    @pytest.mark.parametrize("shape", [(24, 24, 3), (32, 16, 3), (32, 32, 1), (8, 8, 3)])
    def test_refuses_an_image_that_is_not_doubled(self, shape):
        with pytest.raises(ValueError, match="`image_shape` must be that of `generator`'s images"):
            kg.networks.stackgan_refiner(generator(), shape)

    def test_refuses_another_network(self):
        with pytest.raises(ValueError, match=r"`generator` must take \[latents, embeddings\]"):
            kg.networks.stackgan_refiner(kg.networks.mlp_generator((2,), 2), (32, 32, 3))
        with pytest.raises(TypeError, match="`generator` must be a functional"):
            kg.networks.stackgan_refiner("generator", (32, 32, 3))


def test_latents_must_be_more_than_the_condition():
    with pytest.raises(ValueError, match="`latent_dim`"):
        kg.networks.stackgan_generator((16, 16, 3), 8, 5, conditioning_dim=8)


@pytest.mark.slow
def test_published_shapes_of_stage_two():
    first = kg.networks.stackgan_generator((64, 64, 3), 228, 1024)
    second = kg.networks.stackgan_refiner(first, (256, 256, 3))
    assert second.input_shape == [(None, 356), (None, 1024)]
    widths = [layer.filters for layer in second.layers if hasattr(layer, "filters")]
    assert widths == [128, 256, 512, 512, *[512] * 8, 256, 128, 64, 32, 3]
    discriminator = kg.networks.stackgan_discriminator((256, 256, 3), 1024)
    widths = [layer.filters for layer in discriminator.layers if hasattr(layer, "filters")]
    assert widths == [64, 128, 256, 512, 1024, 2048, 1024, 512, 128, 128, 512, 512, 1]


@pytest.mark.parametrize("normalization", [None, "layer"])
def test_a_discriminator_that_judges_each_image_alone(normalization):
    judge = kg.networks.stackgan_discriminator((16, 16, 3), 5, 2, normalization=normalization)
    for weight in judge.weights:
        if weight.name == "kernel":
            weight.assign(20 * weight)
    images = tf.random.stateless_uniform((3, 16, 16, 3), [0, 2], -1, 1)
    alone = judge([images[:1], TEXTS[:1]], training=True)
    np.testing.assert_allclose(judge([images, TEXTS], training=True)[:1], alone, rtol=1e-4)
    convolutions = [x for x in judge.layers if isinstance(x, keras.layers.Conv2D)]
    assert [x.use_bias for x in convolutions].count(True) == (7 if normalization is None else 2)
