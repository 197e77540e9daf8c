"""What is computed under a condition, and its gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans._condition import value_if

X = np.random.default_rng(0).integers(-3, 4, (4, 3)).astype("float32")


def value_and_gradients(condition, run, function=tf.function):
    """Of the sum of squares of x w, and by x, w and what the value does not depend on."""
    w = tf.Variable(np.arange(6, dtype="float32").reshape(3, 2))
    other = tf.Variable(1.0)
    runs = []

    @function
    def computed(x, condition):
        with tf.GradientTape() as tape:
            tape.watch(x)

            def squares():
                runs.append(1)
                return run(tf.matmul(x, w))

            value = 3.0 * value_if(condition, squares, {"of": [w, other], "x": x})
        return value, *tape.gradient(value, (x, w, other))

    results = computed(tf.constant(X), tf.constant(condition))
    return w.numpy(), results, len(runs)


def squares(y):
    return tf.reduce_sum(y**2)


@pytest.mark.parametrize("kind", ["eager", "graph", "xla"])
def test_a_value_that_holds_has_its_gradients(kind):
    function = {
        "eager": lambda f: f,
        "graph": tf.function,
        "xla": lambda f: tf.function(f, jit_compile=True),
    }[kind]
    w, (value, by_x, by_w, by_other), runs = value_and_gradients(True, squares, function)
    np.testing.assert_array_equal(value, 3 * np.sum((X @ w) ** 2))
    np.testing.assert_array_equal(by_x, 6 * X @ w @ w.T)
    np.testing.assert_array_equal(by_w, 6 * X.T @ X @ w)
    assert by_other is None
    assert runs == 1


@pytest.mark.parametrize("function", [tf.function, lambda f: tf.function(f, jit_compile=True)])
def test_is_zero_elsewhere_and_so_are_gradients(function):
    """Also of what would not be finite, and of a transposition under XLA."""

    def log_of_nothing(y):
        return tf.reduce_sum(tf.math.log(0.0 * tf.transpose(y)))

    _, (value, by_x, by_w, _), _ = value_and_gradients(False, log_of_nothing, function)
    assert float(value) == 0.0
    np.testing.assert_array_equal(by_x, np.zeros_like(X))
    np.testing.assert_array_equal(by_w, np.zeros((3, 2)))


def test_is_not_computed_elsewhere():
    _, (value, *_), runs = value_and_gradients(False, squares, lambda f: f)
    assert float(value) == 0.0
    assert runs == 0


@pytest.mark.parametrize("function", [lambda f: f, tf.function])
@pytest.mark.parametrize("condition", [True, False])
def test_is_of_one_dtype_either_way(condition, function):
    x = tf.constant(2.0, "float64")
    computed = function(lambda c: value_if(c, lambda: x**2, [x], "float64"))
    value = computed(tf.constant(condition))
    assert value.dtype == tf.float64
    assert float(value) == (4.0 if condition else 0.0)


def test_the_gradient_of_an_embedding_has_a_static_shape():
    embedding = keras.layers.Embedding(3, 5)
    embedding.build()
    table = embedding.embeddings.value

    @tf.function
    def gradient(condition):
        with tf.GradientTape() as tape:
            value = value_if(
                condition, lambda: tf.reduce_sum(embedding(np.int32([0, 2, 2]))), [table]
            )
        gradient = tape.gradient(value, table)
        assert gradient.shape == (3, 5)
        return gradient

    expected = np.repeat([[1.0], [0.0], [2.0]], 5, axis=1)
    np.testing.assert_array_equal(gradient(tf.constant(True)), expected)
    np.testing.assert_array_equal(gradient(tf.constant(False)), 0 * expected)
