import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.models import every_model
from tests.shared import ModelTests, assert_same_weights

pytestmark = pytest.mark.first_cases


def tiny(**kwargs):
    network = kg.networks.mlp_discriminator((4, 4, 1), (8,), num_logits=3)
    return kg.models.Classifier(network, **kwargs)


def tiny_examples():
    return every_model.IMAGES, every_model.LABELS


def convolutional(**kwargs):
    layers = [
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(2, 3, strides=2, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(3),
    ]
    return kg.models.Classifier(keras.Sequential(layers), **kwargs)


LABELS = np.arange(64) % 3
IMAGES = np.random.default_rng(0).uniform(-0.3, 0.3, (64, 4, 4, 1)).astype("float32")
IMAGES[:, :, 0, 0] += 0.6 * (LABELS[:, None] - 1)  # the class is how bright the first column is


@pytest.mark.slow
class TestClassifier(ModelTests):
    examples = (IMAGES, LABELS)

    def make_model(self):
        return tiny(seed=1)

    def sample(self, model, num=4):
        return model.classify(IMAGES[:num])

    def check_samples(self, samples):
        assert samples.shape == (4, 3)


def test_a_step_descends_the_cross_entropy():
    """Written out in TensorFlow."""
    model = tiny()
    model.compile(keras.optimizers.SGD(0.5))
    plain = keras.models.clone_model(model.network)
    plain.set_weights(model.network.get_weights())
    logs = model.train_on_batch(IMAGES[:8], LABELS[:8], return_dict=True)
    with tf.GradientTape() as tape:
        log_probabilities = tf.nn.log_softmax(plain(IMAGES[:8]))
        loss = -tf.reduce_mean(tf.gather(log_probabilities, LABELS[:8], batch_dims=1))
    weights = plain.trainable_variables
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        weight.assign_sub(0.5 * gradient)
    assert_same_weights(model.network, plain, atol=1e-6)
    right = np.mean(np.argmax(log_probabilities, axis=1) == LABELS[:8])
    np.testing.assert_allclose([logs["loss"], logs["accuracy"]], [loss, right], rtol=1e-5)


def test_learns_classes_that_can_be_told_apart():
    keras.utils.set_random_seed(0)
    model = tiny()
    model.compile(keras.optimizers.Adam(1e-2))
    model.fit(IMAGES, LABELS, batch_size=8, epochs=20, verbose=0)
    assert model.evaluate(IMAGES, LABELS, verbose=0, return_dict=True)["accuracy"] > 0.95
    probabilities = model.classify(IMAGES)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert np.mean(probabilities.argmax(axis=1) == LABELS) > 0.95


def test_features_are_what_the_last_layer_takes():
    model = tiny()
    hidden, logits = model.network.get_weights()[:2], model.network.get_weights()[2:]
    features = model.features(IMAGES)
    assert features.shape == (64, 8)
    np.testing.assert_allclose(features @ logits[0] + logits[1], model(IMAGES), atol=1e-5)
    assert hidden[0].shape == (16, 8)
    named = tiny(feature_layer=0)
    assert named.features(IMAGES).shape == (64, 16)


def test_features_judge_samples(tmp_path):
    """As any function of images does, and what is served is such a function."""
    model = convolutional()
    model.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    images = np.random.default_rng(1).uniform(-1, 1, (64, 8, 8, 1)).astype("float32")
    found = [
        kg.metrics.evaluate(
            lambda num, seed: images[:num] * 0.5,
            images,
            ["fid"],
            num_samples=64,
            feature_extractor=features,
            verbose=0,
        )["results"]["frechet_distance"]
        for features in (model.features, served.features)
    ]
    assert found[0] > 0
    np.testing.assert_allclose(*found, rtol=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_logits": 1}, r"`network` must have one logit for each of at least two classes"),
        ({"feature_layer": "none"}, r"`feature_layer` must name a layer of the network.*'none'"),
        ({"class_names": ["a"]}, r"`class_names` must"),
    ],
)
def test_what_makes_no_sense_is_refused(changes, message):
    num_logits = changes.pop("num_logits", 3)
    network = kg.networks.mlp_discriminator((4, 4, 1), (8,), num_logits=num_logits)
    with pytest.raises(ValueError, match=message):
        kg.models.Classifier(network, **changes)


def test_labels_of_no_class_are_refused():
    model = tiny()
    model.compile()
    with pytest.raises(ValueError, match=r"Labels must count the classes.*from 1 to 3"):
        model.fit(IMAGES, LABELS + 1, verbose=0)


def test_metrics_of_samples_are_refused():
    with pytest.raises(ValueError, match=r"`metrics` must be None: .* does not draw"):
        tiny().compile(metrics=[kg.metrics.FrechetDistance()])


def test_a_network_of_several_inputs_is_refused():
    inputs = keras.Input((3,)), keras.Input((3,))
    logits = keras.layers.Dense(3)(keras.layers.Add()(inputs))
    with pytest.raises(ValueError, match=r"`network` must take one input.*takes 2"):
        kg.models.Classifier(keras.Model(list(inputs), logits))


def test_is_served_with_its_classes(tmp_path):
    tiny(class_names=["a", "b", "c"]).export(tmp_path / "served")
    served = kg.load(tmp_path / "served")
    assert (served.num_classes, served.class_names) == (3, ("a", "b", "c"))
    assert not served.conditional
