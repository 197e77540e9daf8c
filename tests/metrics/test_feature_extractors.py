import json
import os
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_gans import metrics
from keras_gans.metrics import features


@keras.saving.register_keras_serializable(package="tests")
def flattened(images):
    return tf.reshape(images, [tf.shape(images)[0], -1])


def test_an_extractor_maps_images_to_features():
    images = np.random.default_rng(0).integers(0, 256, size=(2, 9, 2, 2, 1)) / 127.5 - 1
    metric, direct = (
        metrics.FrechetDistance(feature_extractor=keras.layers.Flatten()),
        metrics.FrechetDistance(),
    )
    metric.update_state(*images)
    direct.update_state(*images.reshape(2, 9, 4))
    assert float(metric.result()) == pytest.approx(float(direct.result()), rel=1e-5)


def test_a_registered_extractor_is_saved():
    metric = metrics.KernelDistance(feature_extractor=flattened)
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert restored.feature_extractor is flattened


def test_a_model_is_not_saved_and_says_so():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    metric = metrics.KernelDistance(feature_extractor=model)
    with pytest.warns(UserWarning, match=r"feature extractor of 'kernel_distance' is not saved"):
        restored = metrics.KernelDistance.from_config(metric.get_config())
    assert restored.feature_extractor is None


def test_what_holds_a_model_is_not_saved_either():
    class Classifier(keras.layers.Layer):
        def features_and_logits(self, images):
            return images[:, 0, 0], images[:, 0, 0]

    metric = metrics.KernelDistance(feature_extractor=metrics.PerChannelFeatures(Classifier()))
    with pytest.warns(UserWarning, match=r"feature extractor of 'kernel_distance' is not saved"):
        assert metric.get_config()["feature_extractor"] is None


@pytest.mark.parametrize("side", ["real", "generated"])
def test_images_in_zero_to_one_are_refused_when_there_is_a_result(side):
    """Known from a whole stream only: a batch may be bright, and blank images tell nothing."""
    images = np.random.default_rng(0).uniform(-1, 1, (8, 2, 2, 1))
    metric = metrics.FrechetDistance(feature_extractor=flattened)
    metric.update_state(images, images)
    metric.update_state(**{side: np.abs(images)})
    assert np.isfinite(float(metric.result()))
    metric.reset_state()
    metric.update_state(np.zeros_like(images), np.ones_like(images))
    assert np.isfinite(float(metric.result()))
    metric.reset_state()
    metric.update_state(images, images)
    other = metrics.FrechetDistance(feature_extractor=flattened)
    other.update_state(**{"real": images, "generated": images, side: np.abs(images)})
    with pytest.raises(ValueError, match=rf"`{side}` must be images in \[-1, 1\].* 8 images with"):
        other.result()
    other.merge_state([metric])
    assert np.isfinite(float(other.result()))


@pytest.mark.parametrize("scale", [1.01, 255.0])
def test_images_beyond_the_range_are_refused_by_any_metric_with_an_extractor(scale):
    images = scale * np.ones((8, 2, 2, 1))
    metric = metrics.FrechetDistance(feature_extractor=flattened)
    with pytest.raises(ValueError, match=r"`real` must be images in \[-1, 1\]: for pixels"):
        metric.update_state(real=images)


def test_an_extractor_that_is_not_callable_is_an_error():
    with pytest.raises(TypeError, match=r"`feature_extractor` must be callable or None. Received"):
        metrics.FrechetDistance(feature_extractor="inception")


def test_the_inception_score_takes_the_logits_of_a_classifier():
    extractor = metrics.MNISTFeatures()
    images = np.random.default_rng(0).uniform(-1, 1, (20, 28, 28, 1)).astype("float32")
    metric, direct = (
        metrics.InceptionScore(2, feature_extractor=extractor),
        metrics.InceptionScore(2),
    )
    metric.update_state(images)
    direct.update_state(extractor.logits(images))
    assert float(metric.result()) == pytest.approx(float(direct.result()), rel=1e-9)


def resized(images):
    """What InceptionV3 would get, as an array in [-1, 1]."""
    extractor = object.__new__(metrics.InceptionFeatures)
    extractor.model = lambda images, training: (images, images)
    return extractor(np.float32(images)).numpy()


class TestInceptionFeatures:
    @pytest.mark.parametrize("shape", [(897, 897), (32, 32), (300, 120), (299, 299)])
    def test_images_are_resized_as_clean_fid_does(self, shape):
        """Bicubic with antialiasing, of 8-bit pixels, one channel at a time in float32; clipped."""
        pixels = np.random.default_rng(0).integers(0, 256, (1, *shape, 3), "uint8")
        images = np.clip(pixels / 127.5 - 1 + 0.003, -1, 1)
        expected = [
            Image.fromarray(channel.astype("float32")).resize((299, 299), Image.Resampling.BICUBIC)
            for channel in np.moveaxis(pixels[0], -1, 0)
        ]
        expected = np.clip(np.stack(expected, axis=-1), 0, 255)
        np.testing.assert_allclose(127.5 * (resized(images)[0] + 1), expected, atol=0.02)

    def test_a_fine_pattern_becomes_gray(self):
        pattern = 2.0 * (np.indices((897, 897)).sum(axis=0) % 2) - 1
        assert resized(pattern[None, :, :, None])[:, 5:-5, 5:-5].std() < 0.01

    @pytest.mark.slow
    def test_features_and_logits(self):
        extractor = metrics.InceptionFeatures(weights=None)
        gray = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 1)).astype("float32")
        pooled, logits = extractor.features_and_logits(gray)
        assert pooled.shape == (2, 2048) and logits.shape == (2, 1000)
        np.testing.assert_allclose(pooled, extractor(np.repeat(gray, 3, axis=-1)), rtol=1e-5)
        dense = extractor.model.layers[-1]
        np.testing.assert_allclose(logits, pooled @ dense.kernel + dense.bias, rtol=1e-4, atol=1e-5)

    def test_a_failed_download_says_what_to_do(self, monkeypatch):
        def unreachable(*arguments, **keywords):
            raise OSError("URL fetch failure: no route to host")

        monkeypatch.setattr(keras.applications, "InceptionV3", unreachable)
        with pytest.raises(RuntimeError, match=r"weights must be downloaded once") as caught:
            metrics.InceptionFeatures()
        for advice in ("keras.applications.InceptionV3()", "~/.keras/models", "MNISTFeatures"):
            assert advice in str(caught.value)
        assert "no route to host" in str(caught.value)


class TestMNISTFeatures:
    def test_shapes(self):
        extractor = metrics.MNISTFeatures()
        images = np.zeros((3, 28, 28, 1), "float32")
        assert extractor(images).shape == (3, 64)
        assert extractor.logits(images).shape == (3, 10)

    def test_no_images_have_no_features(self):
        extractor = metrics.MNISTFeatures()
        in_a_graph = tf.function(
            extractor.features_and_logits,
            input_signature=[tf.TensorSpec((None, 28, 28, 1))],
        )
        for outputs in (extractor.features_and_logits, in_a_graph):
            features, logits = outputs(tf.zeros((0, 28, 28, 1)))
            assert features.shape == (0, 64)
            assert logits.shape == (0, 10)

    def test_it_is_saved_with_a_metric(self):
        metric = metrics.FrechetDistance(feature_extractor=metrics.MNISTFeatures())
        config = json.loads(json.dumps(keras.saving.serialize_keras_object(metric)))
        restored = keras.saving.deserialize_keras_object(config)
        images = np.random.default_rng(0).uniform(-1, 1, (2, 28, 28, 1)).astype("float32")
        np.testing.assert_array_equal(
            restored.feature_extractor(images), metric.feature_extractor(images)
        )

    @pytest.mark.parametrize("shape", [(2, 28, 28), (2, 28, 28, 3), (2, 32, 32, 1)])
    def test_other_images_are_an_error(self, shape):
        with pytest.raises(ValueError, match=r"`images` must be of shape .* Received: shape"):
            metrics.MNISTFeatures()(np.zeros(shape, "float32"))

    @pytest.mark.parametrize("scale", [1.01, 127.5])
    def test_values_beyond_the_range_are_an_error(self, scale):
        images = scale * np.random.default_rng(0).uniform(-1, 1, (2, 28, 28, 1))
        images[0, 0, 0, 0] = scale
        with pytest.raises(ValueError, match=r"`images` must be images in \[-1, 1\]: for pixels"):
            metrics.MNISTFeatures()(images)

    def test_images_are_rounded_to_8_bits(self):
        pixels = np.random.default_rng(0).integers(0, 256, (2, 28, 28, 1))
        noise = np.random.default_rng(1).uniform(-0.49, 0.49, pixels.shape)
        extractor = metrics.MNISTFeatures()
        exact, noisy = (np.clip(p / 127.5 - 1, -1, 1) for p in (pixels, pixels + noise))
        np.testing.assert_array_equal(extractor(exact), extractor(noisy))

    def test_it_is_traced_for_the_first_batches_only(self):
        extractor = metrics.MNISTFeatures()
        traces = []

        def outputs(images):
            traces.append(images.shape)
            return type(extractor).outputs(extractor, images)

        extractor.outputs = outputs
        for size in (2, 3, 4, 5, 2, 7):
            metric = metrics.FrechetDistance(feature_extractor=extractor)
            metric.update_state(real=np.zeros((size, 28, 28, 1), "float32"))
        assert len(traces) == 2

    def test_bytes_are_an_error(self):
        with pytest.raises(TypeError, match=r"floating point values in .* Received: dtype uint8"):
            metrics.MNISTFeatures()(np.zeros((2, 28, 28, 1), "uint8"))

    @pytest.mark.mnist
    def test_accuracy_is_the_published_one(self):
        import tensorflow_datasets as tfds

        if not pathlib.Path(os.environ.get("TFDS_DATA_DIR", ""), "mnist").is_dir():
            pytest.skip("TFDS_DATA_DIR does not hold mnist")
        images, labels = tfds.load("mnist", split="test", batch_size=-1, as_supervised=True)
        extractor = metrics.MNISTFeatures()
        errors = 0
        for start in range(0, 10_000, 500):
            batch = tf.cast(images[start : start + 500], tf.float32) / 127.5 - 1.0
            predicted = tf.argmax(extractor.logits(batch), axis=-1)
            errors += int(
                tf.reduce_sum(tf.cast(predicted != labels[start : start + 500], tf.int32))
            )
        path = features._MNIST_CLASSIFIER.with_name("results.json")
        published = json.loads(path.read_text())
        assert abs(errors - published["test_errors"]) <= 2
        assert errors <= 100


@keras.saving.register_keras_serializable(package="tests")
class SumsAsLogits:
    """Two features, and as logits the sum of an image's pixels times 0, 1 and 2."""

    def features_and_logits(self, images):
        sums = tf.reduce_sum(images, (1, 2, 3))[:, None]
        return tf.concat([sums, -sums], axis=1), sums * tf.range(3.0)

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls()


class TestPerChannelFeatures:
    images = np.random.default_rng(0).integers(0, 256, (5, 2, 2, 2)).astype("float32") / 127.5 - 1

    def test_features_and_logits_are_those_of_the_channels_together(self):
        extractor = metrics.PerChannelFeatures(SumsAsLogits(), num_channels=2)
        features, logits = extractor.features_and_logits(self.images)
        sums = self.images.astype("float64").sum(axis=(1, 2))
        np.testing.assert_allclose(
            features, np.stack([sums[:, 0], -sums[:, 0], sums[:, 1], -sums[:, 1]], axis=1), 1e-5
        )
        exponentials = np.exp(sums[..., None] * np.arange(3))
        first, second = np.moveaxis(exponentials / exponentials.sum(axis=-1, keepdims=True), 1, 0)
        joint = (first[:, :, None] * second[:, None, :]).reshape(5, 9)
        np.testing.assert_allclose(np.exp(logits), joint, rtol=1e-4)

    def test_no_images_have_no_features(self):
        extractor = metrics.PerChannelFeatures(metrics.MNISTFeatures())
        features, logits = extractor.features_and_logits(np.zeros((0, 28, 28, 3), "float32"))
        assert (features.shape, logits.shape) == ((0, 192), (0, 1000))

    def test_it_is_saved_with_a_metric(self):
        extractor = metrics.PerChannelFeatures(SumsAsLogits(), num_channels=2)
        metric = metrics.ModeCoverage(9, feature_extractor=extractor)
        config = json.loads(json.dumps(keras.saving.serialize_keras_object(metric)))
        restored = keras.saving.deserialize_keras_object(config)
        np.testing.assert_array_equal(
            restored.feature_extractor(self.images), extractor(self.images)
        )

    def test_what_it_does_not_take_is_an_error(self):
        with pytest.raises(ValueError, match=r"`images` must be of shape .* width, 3\)"):
            metrics.PerChannelFeatures(SumsAsLogits())(self.images)
        with pytest.raises(TypeError, match="`classifier` must have `features_and_logits`"):
            metrics.PerChannelFeatures(flattened)
        with pytest.raises(ValueError, match="`num_channels` must be a positive integer"):
            metrics.PerChannelFeatures(SumsAsLogits(), num_channels=0)
