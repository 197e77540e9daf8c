"""Every weight-normalized layer of a network begins with outputs of mean 0 and deviation 1."""

import keras
import numpy as np
import pytest

import keras_gans as kg
from keras_gans.layers import MinibatchDiscrimination, WeightNormalization


def make():
    def dense(units, **kwargs):
        return WeightNormalization(keras.layers.Dense(units, use_bias=False, **kwargs))

    return keras.Sequential([keras.Input((2,)), dense(16), keras.layers.ReLU(), dense(8), dense(3)])


def test_every_layer_is_normalized_given_those_before_it():
    network = make()
    x = kg.data.swiss_roll().sample(500)
    kg.networks.data_dependent_initialization(network, x)
    for layer in network.layers:
        if isinstance(layer, WeightNormalization):
            outputs = keras.Model(network.inputs, layer.output)(x).numpy()
            np.testing.assert_allclose(outputs.mean(axis=0), 0, atol=1e-5)
            np.testing.assert_allclose(outputs.std(axis=0), 1, rtol=1e-5)


def test_minibatch_discrimination_is_initialized_too():
    network = keras.Sequential([keras.Input((2,)), MinibatchDiscrimination(3, 2)])
    x = kg.data.swiss_roll().sample(64)
    kg.networks.data_dependent_initialization(network, x)
    np.testing.assert_allclose(network(x)[:, 2:].numpy().mean(axis=0), 0, atol=1e-4)


def test_noise_is_active():
    network = keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.GaussianNoise(0.3, seed=0),
            WeightNormalization(keras.layers.Dense(1, use_bias=False)),
        ]
    )
    x = np.float32([[-0.4], [0.4]]).repeat(1000, axis=0)
    kg.networks.data_dependent_initialization(network, x)
    np.testing.assert_allclose(network.layers[-1].scale, [2], rtol=0.05)


@pytest.mark.parametrize(
    "examples", [np.zeros((4, 3)), np.zeros((0, 2)), [np.zeros((4, 2))] * 2, [[np.nan, 0.0]]]
)
def test_refuses_examples_that_do_not_fit(examples):
    with pytest.raises(ValueError, match="`examples` must"):
        kg.networks.data_dependent_initialization(make(), examples)


def test_refuses_networks_without_weight_normalization():
    plain = kg.networks.mlp_discriminator((2,), (4,))
    with pytest.raises(ValueError, match="must have a WeightNormalization"):
        kg.networks.data_dependent_initialization(plain, np.zeros((4, 2), "float32"))
    with pytest.raises(TypeError, match="must be a built Sequential or functional"):
        kg.networks.data_dependent_initialization(None, np.zeros((4, 2), "float32"))
