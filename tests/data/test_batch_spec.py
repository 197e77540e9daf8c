"""What a batch holds: examples, and what comes with each of them, or not."""

import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans.data import Spec
from keras_gans.data.batch_spec import BatchSpec

POINTS, LABELS = np.zeros((4, 2), "float32"), np.array([0, 1, 2, 0])
POINT, LABEL = Spec((2,)), Spec(kind="integer", num_classes=3)


def test_a_batch_of_anything():
    for x, y in ((POINTS, None), (POINTS * np.nan, LABELS), (LABELS, POINTS[:2])):
        BatchSpec().check(x, y)


def test_labels_that_no_model_takes():
    with pytest.raises(ValueError, match=r"Labels must be absent: GAN is not cond.*\(4,\)"):
        BatchSpec(POINT, None, "GAN").check(POINTS, LABELS)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (BatchSpec(POINT, LABEL, "GAN"), r"Labels must be given: GAN.*fit\(images, labels\)"),
        (
            BatchSpec(POINT, Spec((), "integer", (-1, 2), 3)),
            "Labels must be given, -1 for examples without: ",
        ),
        (BatchSpec(POINT, POINT, "GAN"), "`y` must be given, what GAN is conditioned on: call fit"),
        (
            BatchSpec(POINT, POINT, meaning="images of B", call="a, b"),
            r"`y` must be given, images of B: call fit\(a, b\)",
        ),
        (BatchSpec(None, LABEL), "Labels must be given"),
    ],
)
def test_what_is_missing(spec, message):
    with pytest.raises(ValueError, match=message):
        spec.check(POINTS, None)


def test_each_example_has_a_label_of_its_own_unless_it_is_not_about_it():
    with pytest.raises(ValueError, match=r"same length.*len\(x\)=4, len\(y\)=3"):
        BatchSpec(POINT, LABEL).check(POINTS, LABELS[:3])
    BatchSpec(POINT, POINT, is_paired=False).check(POINTS, POINTS[:3])


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (3, LABELS, TypeError, "`x` must be an array, of one batch.*int"),
        (POINTS, 3, TypeError, "`y` must be an array, of one batch.*int"),
        (POINTS[:0], LABELS[:0], ValueError, "`x` must hold an example"),
        (POINTS, LABELS[:2], ValueError, "`y` must hold as many examples as `x`.*2 beside 4"),
        (POINTS, None, ValueError, "Labels must be given"),
    ],
)
def test_a_single_batch(x, y, error, message):
    spec = BatchSpec(POINT, LABEL)
    assert [len(part) for part in spec.single(tf.constant(POINTS), LABELS)] == [4, 4]
    with pytest.raises(error, match=message):
        spec.single(x, y)


class TestModelsOfOthers:
    """What a model states is all that is needed: nothing, examples, or what comes with them."""

    def model(self, **stated):
        return type("Model", (kg.models.GenerativeModel,), stated)()

    def test_that_state_nothing_take_anything(self):
        self.model().as_batch(POINTS * np.nan, LABELS)

    def test_that_state_what_an_example_is(self):
        model = self.model(example_spec=POINT)
        model.as_batch(POINTS, None)
        for x, y, message in (
            (POINTS * np.nan, None, "`x` must hold finite numbers"),
            (POINTS, LABELS, "Labels must be absent: Model"),
        ):
            with pytest.raises(ValueError, match=message):
                model.as_batch(x, y)

    def test_that_state_what_comes_with_it(self):
        model = self.model(example_spec=POINT, condition_spec=LABEL)
        model.as_batch(POINTS, LABELS)
        with pytest.raises(ValueError, match="Labels must count the classes"):
            model.as_batch(POINTS, LABELS + 1)
