"""NoiseInjection: new noise in training, the same elsewhere, on any number of replicas."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.shared import LayerTests

ZEROS = np.zeros((4, 3, 5, 2), "float32")


@pytest.mark.slow
class TestNoiseInjection(LayerTests):
    inputs = np.random.default_rng(0).normal(size=(4, 3, 5, 2)).astype("float32")

    def make_layer(self):
        return kg.layers.NoiseInjection(seed=1)

    def test_xla_agrees(self, xla):
        """Its noise is another, so only at the strength of zero."""
        super().test_xla_agrees(xla)


def strong(strength=1.0, shape=ZEROS.shape, **kwargs):
    layer = kg.layers.NoiseInjection(**kwargs)
    layer.build(shape)
    layer.strength.assign(strength)
    return layer


def test_is_one_image_of_noise_times_the_strength_for_all_channels():
    zeros = np.zeros((40, 32, 32, 2), "float32")
    outputs = strong(2.0, zeros.shape)(zeros, training=True).numpy()
    np.testing.assert_array_equal(outputs[..., 0], outputs[..., 1])
    assert outputs.std() == pytest.approx(2, rel=0.02)
    assert abs(np.corrcoef(outputs[:, :, :, 0].reshape(40, -1))[0, 1:]).max() < 0.15


def test_in_training_it_is_new_at_every_call():
    layer = strong()
    a, b = layer(ZEROS, training=True), layer(ZEROS, training=True)
    assert not np.isclose(a, b).any()


def test_elsewhere_it_is_the_same_for_all_examples_and_calls_and_is_saved(tmp_path):
    inputs = keras.Input(ZEROS.shape[1:])
    model = keras.Model(inputs, kg.layers.NoiseInjection()(inputs))
    model.layers[-1].strength.assign(1.0)
    outputs = model(ZEROS).numpy()
    np.testing.assert_array_equal(outputs, np.broadcast_to(outputs[:1], outputs.shape))
    np.testing.assert_array_equal(outputs, model(ZEROS))
    assert outputs.std() > 0.5
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(ZEROS), outputs)


def test_seeds_reproduce_both():
    a, b = strong(seed=3), strong(seed=3)
    for training in (False, True):
        np.testing.assert_array_equal(a(ZEROS, training=training), b(ZEROS, training=training))


def test_two_replicas_draw_the_noise_of_one(two_replicas):
    expected = strong(seed=3)(ZEROS, training=True)
    with two_replicas.scope():
        layer = strong(seed=3)
    run = tf.function(lambda: two_replicas.run(lambda: layer(ZEROS[:2], training=True)))
    parts = two_replicas.experimental_local_results(run())
    np.testing.assert_allclose(tf.concat(parts, 0), expected, rtol=1e-6)
