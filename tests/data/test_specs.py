"""One specification, whatever it is asked about: arrays, the specs of a dataset, its tensors."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from keras_gans.data import Spec, specs
from keras_gans.data.assertions import readable_errors
from keras_gans.data.batch_spec import BatchSpec

IMAGE = Spec((4, 4, 1))
POINT = Spec((2,))
LABEL = Spec(kind="integer", num_classes=3)
PROBABILITY = Spec((2,), value_range=(0, 1))
TOKENS = Spec((3,), "integer", value_range=(0, 5))
TEXT = Spec(kind="string")

GOOD = {
    "images": (IMAGE, np.ones((2, 4, 4, 1))),
    "half precision": (IMAGE, np.ones((2, 4, 4, 1), "float16")),
    "rounded": (IMAGE, np.full((2, 4, 4, 1), 1.0005)),
    "images of any range": (Spec((4, 4, 1), value_range=None), np.full((2, 4, 4, 1), 9.0)),
    "images of any size": (Spec((None, None, 1)), np.ones((2, 7, 5, 1))),
    "points": (POINT, np.full((2, 2), 1e6)),
    "labels": (LABEL, np.array([0, 2])),
    "unsigned labels": (LABEL, np.array([0, 2], "uint8")),
    "labels from -1": (Spec((), "integer", (-1, 2), 3), np.array([-1, 2])),
    "probabilities": (PROBABILITY, np.eye(2)),
    "tokens": (TOKENS, np.array([[0, 5, 3]])),
    "texts": (TEXT, np.array(["a", "b"])),
    "several texts": (Spec((2,), "string"), np.array([["a", "b"]])),
    "bytes": (TEXT, np.array([b"a", b"b"])),
}

#: What is wrong whatever the values are, which the specs of a dataset tell, too.
WRONG_KINDS = {
    "another size": (IMAGE, np.ones((2, 4, 5, 1)), r"`x` must hold .* of shape \(4, 4, 1\).*5, 1"),
    "another rank": (IMAGE, np.ones((2, 4, 4)), r"`x` must hold .* of shape \(4, 4, 1\)"),
    "pixels": (IMAGE, np.ones((2, 4, 4, 1), "uint8"), "`x` must hold floats, images .*/ 127.5"),
    "integers": (POINT, np.ones((2, 2), int), "`x` must hold floats. Received: dtype int64"),
    "one-hot": (LABEL, np.eye(3, dtype=int), "Labels must be integers of shape .* not one-hot"),
    "float labels": (LABEL, np.ones(2), "Labels must be integers.*float64"),
    "float tokens": (TOKENS, np.ones((1, 3)), r"`x` must hold integers, of shape \(num, 3\)"),
    "long tokens": (TOKENS, np.ones((1, 4), int), r"`x` must hold integers, of shape \(num, 3\)"),
    "no texts": (TEXT, np.ones(2), r"`x` must hold strings, of shape \(num,\)"),
    "texts in a row": (TEXT, np.array([["a"]]), r"`x` must hold strings, of shape \(num,\)"),
}
WRONG_VALUES = {
    "NaN": (POINT, np.array([[0, np.nan]]), "`x` must hold finite numbers only.*NaN"),
    "infinity, and no scale": (IMAGE, np.full((2, 4, 4, 1), np.inf), "`x` must hold finite numb"),
    "infinite in float32": (POINT, np.array([[0, 1e300]]), "`x` must hold finite numbers"),
    "infinite when squared": (
        POINT,
        np.array([[0, -1e30]]),
        r"`x` must hold .* most 1e\+15 in size",
    ),
    "not scaled": (IMAGE, np.full((2, 4, 4, 1), 255.0), r"`x` must hold images scaled .*x / 127.5"),
    "out of range": (PROBABILITY, np.array([[0, 1.5]]), r"`x` must be in \[0, 1\]"),
    "classes": (LABEL, np.array([0, 3]), "Labels must count the classes of the model from 0"),
    "no class": (LABEL, np.array([0, -1]), "Labels must count the classes of the model from 0"),
    "unknown tokens": (TOKENS, np.array([[0, 6, 0]]), r"`x` must be in \[0, 5\]"),
}


def check_spec(spec, x):
    specs.check("x", spec, tf.TensorSpec((None, *x.shape[1:]), tf.as_dtype(x.dtype)))


def check_array(spec, x):
    specs.check("x", spec, x)


def check_tensors(spec, x):
    """In a tf.data pipeline, which reads one that was told no more than its spec."""
    batches = tf.data.Dataset.from_tensors(x).map(lambda x: specs.checked_tensor("x", spec, x))
    with readable_errors():
        list(batches)


@pytest.mark.parametrize("case", GOOD)
@pytest.mark.parametrize("check", [check_array, check_spec, check_tensors])
def test_what_is_good(check, case):
    check(*GOOD[case])


@pytest.mark.parametrize("case", WRONG_KINDS)
@pytest.mark.parametrize("check", [check_array, check_spec])
def test_what_is_of_another_kind(check, case):
    spec, x, message = WRONG_KINDS[case]
    with pytest.raises(ValueError, match=message):
        check(spec, x)


@pytest.mark.parametrize("case", WRONG_VALUES)
@pytest.mark.parametrize("check", [check_array, check_tensors])
def test_what_has_other_values(check, case):
    spec, x, message = WRONG_VALUES[case]
    with pytest.raises(ValueError, match=message):
        check(spec, x)


def test_value_ranges_by_default():
    assert IMAGE.value_range == (-1, 1)
    assert LABEL.value_range == (0, 2)
    assert POINT.value_range is TEXT.value_range is Spec((4, 4)).value_range is None
    assert Spec((4, 4, 1), value_range=None).value_range is None
    assert dataclasses.replace(IMAGE, shape=(2, 2, 3)) == Spec((2, 2, 3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shape": 3}, "`shape` must be a tuple of positive integers.*shape=3"),
        ({"shape": (0,)}, "`shape` must be a tuple of positive integers"),
        ({"kind": "number"}, "`kind` must be one of"),
        ({"value_range": (1, 0)}, r"`value_range` must be \(low, high\)"),
        ({"value_range": 1}, r"`value_range` must be \(low, high\)"),
        ({"value_range": (0, 1), "kind": "string"}, r"`value_range` must be \(low, high\)"),
        ({"num_classes": 3}, "`num_classes` must be None for what are no integer labels"),
        ({"num_classes": 0, "kind": "integer"}, "`num_classes` must be a positive integer"),
        ({"class_names": ["a"], "kind": "integer"}, "`class_names` must be"),
        ({"class_names": ["a", "a"], "num_classes": 2, "kind": "integer"}, "2 different names"),
    ],
)
def test_specifications_of_nothing_are_refused(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Spec(**arguments)


class TestNests:
    NEST = {"mask": PROBABILITY, "texts": (POINT, LABEL)}
    VALUE = {"mask": np.eye(2), "texts": [np.ones((2, 2)), np.array([0, 1])]}

    def test_are_checked_part_by_part(self):
        specs.check("y", self.NEST, self.VALUE)
        with pytest.raises(ValueError, match=r"`y\['mask'\]` must be in \[0, 1\]"):
            specs.check("y", self.NEST, {**self.VALUE, "mask": 2 * np.eye(2)})
        with pytest.raises(ValueError, match=r"`y\['texts'\]\[0\]` must hold .* shape \(2,\)"):
            specs.check("y", self.NEST, {**self.VALUE, "texts": [np.ones((2, 3)), np.ones(2)]})

    @pytest.mark.parametrize(
        "value", [None, np.ones((2, 2)), {"mask": np.eye(2)}, {**VALUE, "texts": [np.ones(2)]}]
    )
    def test_must_have_the_same_parts(self, value):
        with pytest.raises(TypeError, match=r"`y.*` must be a (dictionary|tuple) of"):
            specs.check("y", self.NEST, value)

    def test_are_named_in_a_pipeline_too(self):
        spec = BatchSpec(POINT, self.NEST)
        value = {"mask": 2 * np.eye(2), "texts": (np.ones((2, 2)), np.array([0, 1]))}
        batches = tf.data.Dataset.from_tensors((np.ones((2, 2)), value))
        with (
            pytest.raises(ValueError, match=r"^`y\['mask'\]` must be in \[0, 1\]"),
            readable_errors(),
        ):
            list(batches.map(spec.checked_tensors))

    def test_of_tensors_have_names(self):
        found = specs.tensor_specs(self.NEST, "labels")
        names = [part.name for part in tf.nest.flatten(found)]
        assert names == ["labels_mask", "labels_texts_0", "labels_texts_1"]
        assert found["texts"][1] == tf.TensorSpec((None,), tf.int32, "labels_texts_1")
