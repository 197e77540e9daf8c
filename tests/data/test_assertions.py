"""What stops a tf.data pipeline is said in words."""

import pytest
import tensorflow as tf

from keras_gans.data.assertions import asserted, readable_errors


def read(dataset):
    with readable_errors():
        list(dataset)


@pytest.mark.parametrize("problem", ["`x` must be in [0, 1]. Received: 2", "`y['a']` must be 1"])
def test_a_condition_that_does_not_hold(problem):
    def check(x):
        with tf.control_dependencies([asserted(x < 2, problem)]):
            return tf.identity(x)

    read(tf.data.Dataset.range(2).map(check))
    with pytest.raises(ValueError) as error:
        read(tf.data.Dataset.range(3).map(check))
    assert str(error.value) == problem


@pytest.mark.parametrize("kind", [TypeError, ValueError])
def test_what_python_raises_about_an_argument(kind):
    def batches():
        yield 0
        raise kind("`x` must be an array. Received: a list that is none")

    dataset = tf.data.Dataset.from_generator(batches, output_signature=tf.TensorSpec((), tf.int32))
    with pytest.raises(kind, match=r"^`x` must be an array\. Received: a list that is none$"):
        read(dataset)


def test_other_errors_stay():
    def batches():
        yield 0
        raise ValueError("something else")

    dataset = tf.data.Dataset.from_generator(batches, output_signature=tf.TensorSpec((), tf.int32))
    with pytest.raises(tf.errors.InvalidArgumentError, match="something else"):
        read(dataset)
