"""Gradients of a penalized critic, as models find them, against the plain formulation's.

The plain one has a call for real examples, one for fakes and one between, a tape within a tape, and
layers of Keras in the place of those that are made for speed.
"""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans._examples import alternating, images_of, with_images
from keras_gans._mixing import mixes_examples

IMAGE = (8, 8, 3)
DISCRIMINATORS = {
    "mlp": lambda: kg.networks.mlp_discriminator((2,), (16, 16)),
    "dcgan": lambda: kg.networks.dcgan_discriminator(IMAGE, 4, normalization=None),
    "dcgan, normalized": lambda: kg.networks.dcgan_discriminator(IMAGE, 4, normalization="layer"),
    "resnet": lambda: kg.networks.resnet_discriminator(IMAGE, 4),
    "progressive": lambda: kg.networks.progressive_discriminator(IMAGE, max_filters=8),
    "biggan": lambda: kg.networks.biggan_discriminator(IMAGE, 3, filters=4),
    "biggan, deep": lambda: kg.networks.biggan_deep_discriminator(IMAGE, 3, filters=4),
    "stylegan2": lambda: kg.networks.stylegan2_discriminator(IMAGE, filters=4),
    "r3gan": lambda: kg.networks.r3gan_discriminator(IMAGE, filters=4),
    "lapgan, coarse": lambda: kg.networks.lapgan_discriminators(IMAGE, 2, dropout=0.0)[0],
    "lapgan, fine": lambda: kg.networks.lapgan_discriminators(IMAGE, 2, dropout=0.0)[1],
    "patch": lambda: kg.networks.patch_discriminator((16, 16, 3), filters=4, num_layers=2),
    "srgan": lambda: kg.networks.srgan_discriminator((16, 16, 3), 4, normalization=None),
    "stackgan": lambda: kg.networks.stackgan_discriminator((16, 16, 3), 6, 4, normalization=None),
    "text": lambda: kg.networks.text_discriminator(8, 5, filters=4),
}


@pytest.fixture
def floatx(dtype):
    keras.config.set_floatx(dtype)
    yield dtype
    keras.config.set_floatx("float32")


def rebuilt(network, dtype, plain=False):
    """The same network in a type, with its weights; a plain one, of Keras's layers.

    The slope of leaky rectifiers is one that float32 holds, in which TensorFlow keeps it.
    """
    text = json.dumps(network.get_config()).replace('"float32"', f'"{dtype}"')
    config = json.loads(text.replace('"negative_slope": 0.2', '"negative_slope": 0.25'))
    if plain:
        replace(config, {"LeakyReLU": "keras.layers", "Conv2D": "keras.layers"})
    made = type(network).from_config(config)
    rng = np.random.default_rng(0)
    made.set_weights([rng.normal(0, 0.3, w.shape) for w in network.get_weights()])
    return made


def replace(config, modules):
    if isinstance(config, dict):
        if config.get("class_name") in modules and str(config["module"]).startswith("keras_gans"):
            config |= {"module": modules[config["class_name"]], "registered_name": None}
        for value in config.values():
            replace(value, modules)
    elif isinstance(config, list):
        for value in config:
            replace(value, modules)


def inputs(network, rng, num=4):
    """Examples of what a network takes: images, and what they are conditioned on."""
    found = [
        tf.constant(rng.integers(0, 3, num))
        if "int" in x.dtype
        else tf.constant(rng.normal(size=(num, *x.shape[1:])), x.dtype)
        for x in network.inputs
    ]
    return found if len(found) > 1 else found[0]


def fast_loss(network, real, fake, alpha):
    def critic(examples):
        return network(examples, training=True)

    if mixes_examples(network):
        logits = critic(real), critic(fake)
    else:
        both = critic(alternating(real, fake, 1))
        logits = both[0::2], both[1::2]
    penalty = kg.penalties.gradient_penalty(
        lambda x: critic(with_images(real, x)), images_of(real), images_of(fake), alpha=alpha
    )
    return kg.losses.wasserstein.discriminator(*logits) + 10.0 * penalty


def plain_loss(network, real, fake, alpha):
    distance = tf.reduce_mean(network(real, training=True))
    distance -= tf.reduce_mean(network(fake, training=True))
    x, y = images_of(real), images_of(fake)
    alpha = tf.reshape(alpha, (-1,) + (1,) * (x.shape.rank - 1))
    with tf.GradientTape() as tape:
        between = alpha * x + (1 - alpha) * y
        tape.watch(between)
        logits = network(with_images(real, between), training=True)
        logits = tf.reduce_mean(tf.reshape(logits, (len(x), -1)), axis=1)
    slopes = tf.reshape(tape.gradient(logits, between), (len(x), -1))
    return 10.0 * tf.reduce_mean((tf.norm(slopes, axis=1) - 1) ** 2) - distance


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 1e-5)])
@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_gradients_are_those_of_the_plain_formulation(name, dtype, tolerance, floatx):
    keras.utils.set_random_seed(0)
    network = DISCRIMINATORS[name]()
    gradients = []
    for loss, plain in ((fast_loss, False), (plain_loss, True)):
        made = rebuilt(network, dtype, plain)
        rng = np.random.default_rng(1)
        real = inputs(made, rng)
        fake = with_images(real, images_of(inputs(made, rng)))
        alpha = tf.constant(rng.uniform(size=len(images_of(real))), dtype)
        weights = [weight.value for weight in made.trainable_weights]
        with tf.GradientTape() as tape:
            value = loss(made, real, fake, alpha)
        found = tape.gradient(value, weights, unconnected_gradients="zero")
        gradients.append(np.concatenate([np.ravel(tf.convert_to_tensor(g)) for g in found]))
    fast, expected = gradients
    assert np.linalg.norm(fast - expected) <= tolerance * np.linalg.norm(expected)
    assert np.isfinite(expected).all()
    assert np.linalg.norm(expected) > 1e-3
