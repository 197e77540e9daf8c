"""What `num_classes` does to a builder's network."""

import keras
import numpy as np
import pytest

from keras_gans import layers, networks

pytestmark = pytest.mark.first_cases

IMAGE = (8, 8, 1)
GENERATORS = {
    "mlp": lambda **kwargs: networks.mlp_generator((2,), 3, (8,), **kwargs),
    "dcgan": lambda **kwargs: networks.dcgan_generator(IMAGE, 3, filters=2, **kwargs),
    "resnet": lambda **kwargs: networks.resnet_generator(IMAGE, 3, filters=2, **kwargs),
}
DISCRIMINATORS = {
    "mlp": lambda **kwargs: networks.mlp_discriminator(IMAGE, (8,), **kwargs),
    "dcgan": lambda **kwargs: networks.dcgan_discriminator(IMAGE, 4, **kwargs),
    "resnet": lambda **kwargs: networks.resnet_discriminator(IMAGE, 4, **kwargs),
}
LATENTS = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
IMAGES = np.random.default_rng(1).uniform(-1, 1, (6, *IMAGE)).astype("float32")
LABELS = np.arange(6) % 3


@pytest.mark.parametrize("normalization", ["batch", "conditional_batch", "layer", None])
@pytest.mark.parametrize("name", GENERATORS)
def test_a_generators_samples_depend_on_the_label(name, normalization):
    network = GENERATORS[name](num_classes=3, normalization=normalization)
    assert [tuple(x.shape) for x in network.inputs] == [(None, 3), (None,)]
    same_latents = np.repeat(LATENTS[:1], 6, axis=0)
    samples = np.array(network([same_latents, LABELS]))
    np.testing.assert_allclose(samples[:3], samples[3:], atol=1e-6)
    assert np.abs(samples[0] - samples[1]).max() > 1e-6


@pytest.mark.parametrize("name", ["mlp", "dcgan", "resnet"])
def test_the_label_counts_beside_the_latents_from_the_start(name):
    """The share of the samples' variance that the class explains, at random weights."""
    keras.utils.set_random_seed(0)
    network = {
        "mlp": lambda: networks.mlp_generator((2,), 32, (64,), num_classes=10),
        "dcgan": lambda: networks.dcgan_generator(IMAGE, 32, filters=8, num_classes=10),
        "resnet": lambda: networks.resnet_generator(IMAGE, 32, filters=8, num_classes=10),
    }[name]()
    latents = np.random.default_rng(0).normal(size=(1000, 32)).astype("float32")
    samples = np.array(network([latents, np.arange(1000) % 10])).reshape(100, 10, -1)
    between = samples.mean(0).var(0).sum() - samples.var(0).sum(1).mean() / 100
    share = between / samples.reshape(1000, -1).var(0).sum()
    assert 0.03 < share < 0.3  # 0.3² / (1 + 0.3²) of what the first layer takes


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_a_discriminator_projects_its_features_onto_the_class(name):
    """D(x, y) = ψ(φ(x)) + ⟨v_y, φ(x)⟩."""
    network = DISCRIMINATORS[name](num_classes=3)
    assert [tuple(x.shape) for x in network.inputs] == [(None, *IMAGE), (None,)]
    dense = [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)][-1]
    (projection,) = (x for x in network.layers if isinstance(x, layers.LabelProjection))
    features = np.array(keras.Model(network.inputs, dense.input)([IMAGES, LABELS]))
    kernel, bias = dense.get_weights()
    (vectors,) = projection.get_weights()
    expected = features @ kernel + bias + (features * vectors[LABELS]).sum(1, keepdims=True)
    np.testing.assert_allclose(network([IMAGES, LABELS]), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", GENERATORS)
def test_without_classes_nothing_is_added(name):
    assert len(GENERATORS[name]().inputs) == len(DISCRIMINATORS[name]().inputs) == 1
    with pytest.raises(ValueError, match="`normalization` must not be 'conditional_batch'"):
        GENERATORS[name](normalization="conditional_batch")


@pytest.mark.parametrize("builder", [*GENERATORS.values(), *DISCRIMINATORS.values()])
def test_refuses_a_number_of_classes_that_is_none(builder):
    with pytest.raises(ValueError, match="`num_classes` must be a positive integer"):
        builder(num_classes=0)


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_a_discriminator_may_have_many_logits(name):
    network = DISCRIMINATORS[name](num_logits=5)
    assert network(IMAGES).shape == (6, 5)
    with pytest.raises(ValueError, match="`num_logits` must be a positive integer"):
        DISCRIMINATORS[name](num_logits=0)
