"""Consistency regularization against its definition."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans import techniques
from tests.techniques.test_augmentations import IMAGES, RNG, gan, given

WEIGHTS = RNG.normal(size=(8, 8)).astype("float32")


def linear():
    """A discriminator of weighted sums of pixels."""
    x = keras.Input((8, 8, 1))
    return keras.Model(x, keras.ops.sum(x[..., 0] * WEIGHTS, axis=(1, 2))[:, None])


def moved(image, u, policy):
    image = image[:, ::-1] if "flip" in policy and u[0] < 0.5 else image
    if "translation" in policy:
        down, right = (int(np.floor(3 * v)) - 1 for v in u[1 if "flip" in policy else 0 :][:2])
        padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), "reflect")
        image = padded[1 - down : 9 - down, 1 - right : 9 - right]
    return image


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("policy", [["flip"], ["translation"], ["flip", "translation"]])
def test_is_the_squared_difference_of_logits(balanced, policy):
    technique = techniques.ConsistencyRegularization(0.5, balanced, policy)
    model = gan(technique, discriminator=linear())
    real, fake = IMAGES[:20], IMAGES[20:40]
    u = RNG.uniform(size=(2, 20, 3)).astype("float32")
    given(model, *u)
    logits = [np.sum(x[..., 0] * WEIGHTS, axis=(1, 2))[:, None] for x in (real, fake)]
    expected = 0.0
    for x, y, v in list(zip((real, fake), logits, u, strict=True))[: 1 + balanced]:
        others = np.stack([moved(*pair, policy) for pair in zip(x, v, strict=True)])
        expected += np.mean((y - np.sum(others[..., 0] * WEIGHTS, axis=(1, 2))[:, None]) ** 2)
    handed_on = {f"{kind}_logits": y for kind, y in zip(("real", "fake"), logits, strict=True)}
    plain = kg.models.LossResult({"loss": tf.constant(2.0)}, handed_on=handed_on)
    examples = tf.constant(real), tf.constant(fake)
    found = technique.loss(model, "discriminator", plain, *examples)
    np.testing.assert_allclose(found.logged["consistency"], expected, rtol=1e-5)
    np.testing.assert_allclose(found.loss, 2 + 0.5 * expected, rtol=1e-5)
    assert technique.loss(model, "generator", plain, *examples) is plain


@pytest.mark.parametrize("wrong", [{"weight": -1.0}, {"balanced": 1}, {"policy": ["cutout"]}])
def test_refuses_other_arguments(wrong):
    with pytest.raises((TypeError, ValueError), match=f"`{next(iter(wrong))}` must be"):
        techniques.ConsistencyRegularization(**wrong)


def test_small_images_are_moved_by_a_pixel_at_least():
    technique = techniques.ConsistencyRegularization(policy=["translation"])
    model = gan(technique)
    images = tf.constant(RNG.normal(size=(64, 3, 2, 1)).astype("float32"))
    found = np.array(technique.moved(model, images))
    is_moved = (found != images.numpy()).any((1, 2, 3))
    assert 0.7 < is_moved.mean() < 1
