"""What plain Keras does where `trainer.py` goes round it.

Each test says that the fault is still there. One that fails names what can be removed.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.backend.tensorflow import trainer as trainer_of_keras

import keras_gans as kg
from tests.models.test_gan import points as gan_of_points

NO_STRATEGY = tf.distribute.get_strategy()


def can_go(what):
    return (
        f"Keras {keras.__version__} or TensorFlow {tf.__version__} needs no more {what}: remove it"
    )


def points(num):
    return np.zeros((num, 2), "float32")


def dense():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


class Counting(keras.Model):
    """A plain model of Keras that counts its steps, and their examples on all replicas."""

    def __init__(self, network=None):
        super().__init__()
        self.network = network or dense()
        self.num_steps = self.add_weight(initializer="zeros", aggregation="only_first_replica")
        self.num_examples = self.add_weight(initializer="zeros", aggregation="sum")
        self.built = True

    def call(self, x):
        return self.network(x)

    def train_step(self, data):
        x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        self.num_steps.assign_add(1.0)
        self.num_examples.value.assign_add(tf.cast(tf.shape(x)[0], "float32"))
        return {"loss": tf.reduce_sum(self.network(x))}

    test_step = train_step


def counting(strategy=NO_STRATEGY, network=None, **kwargs):
    with strategy.scope():
        model = Counting(network and network())
        model.compile(**kwargs)
    return model


def test_a_step_begins_after_the_last_batch():
    model = counting()
    model.fit(tf.data.Dataset.from_tensors(points(4)).filter(lambda _: True), verbose=0)
    assert float(model.num_steps) == 2, can_go("`Trainer._make_function`")


def test_a_batch_is_used_up_to_build_a_model_that_is_built(two_replicas):
    found = []
    for strategy in (NO_STRATEGY, two_replicas):
        model = counting(strategy)
        model.fit(((points(4),) for _ in range(3)), verbose=0)
        found.append(float(model.num_examples.numpy()))
    assert found == [12, 8], can_go("`Trainer._maybe_symbolic_build`")


class TestOnReplicas:
    """When all of these fail, `Trainer._on_replicas` can go, and `_replicas.steps`."""

    def test_several_steps_at_once_fail(self, two_replicas):
        with two_replicas.scope():
            model = dense()
            model.compile("sgd", "mse", steps_per_execution=2)
        with pytest.raises(tf.errors.InvalidArgumentError, match="must feed a value"):
            model.fit(points(16), points(16)[:, :1], batch_size=4, verbose=0)
            pytest.fail(can_go("steps of its own for `steps_per_execution`"))

    def test_scalars_are_not_averaged_over_workers(self, two_replicas, monkeypatch):
        several = "_collective_all_reduce_multi_worker"
        monkeypatch.setattr(trainer_of_keras, several, lambda strategy: True)
        losses = two_replicas.run(tf.function(lambda: tf.constant(1.0)))
        with pytest.raises(ValueError, match="Invalid reduction dimension 0"):
            trainer_of_keras.reduce_per_replica(losses, two_replicas, "auto")
            pytest.fail(can_go("means of its own over workers"))

    def test_each_is_given_the_whole_of_a_single_batch(self, two_replicas):
        model = counting(two_replicas)
        model.train_on_batch(points(4))
        assert model.num_examples.numpy() == 8, can_go("`_replicas.shared`")
        predicted = model.predict_on_batch(points(4))
        assert len(predicted) == 8, can_go("`Trainer.predict_on_batch`")

    def test_xla_compiles_none_of_their_steps(self, two_replicas, xla):
        model = counting(two_replicas, jit_compile=True)
        with pytest.raises(tf.errors.InvalidArgumentError):
            model.fit(points(4), batch_size=4, verbose=0)
            pytest.fail(can_go("the refusal of `jit_compile`"))


@pytest.mark.parametrize("verb", ["predict", "evaluate"])
def test_two_convolutions_take_no_empty_batch(two_replicas, verb):
    def network():
        convolutions = [keras.layers.Conv2D(2, 3) for _ in range(2)]
        return keras.Sequential([keras.Input((8, 8, 1)), *convolutions, keras.layers.Flatten()])

    model = counting(two_replicas, network)
    with pytest.raises(tf.errors.InvalidArgumentError):
        getattr(model, verb)(np.zeros((5, 8, 8, 1), "float32"), batch_size=4, verbose=0)
        pytest.fail(can_go("padding by `_replicas.never_empty`"))


def test_errors_of_generators_become_errors_of_tensorflow():
    def batches():
        yield from [(points(4),)] * 6
        raise ValueError("these are no latents")

    with pytest.raises(tf.errors.InvalidArgumentError):
        counting().predict(batches(), verbose=0)
        pytest.fail(can_go("`refused` in `Trainer.predict`"))


def test_only_a_private_argument_tells_that_fit_evaluates():
    given = []

    class Evaluated(Counting):
        def evaluate(self, *args, **kwargs):
            given.append(kwargs)
            return super().evaluate(*args, **kwargs)

    model = Evaluated()
    model.compile()
    model.fit(points(4), validation_data=(points(4),), verbose=0)
    assert "_use_cached_eval_dataset" in given[0], "`trainer.is_within_fit` must ask otherwise"


def test_held_out_examples_are_checked_once_though_fit_evaluates_them_each_epoch(monkeypatch):
    gan = gan_of_points()
    gan.compile()
    calls, check = [], kg.models.GAN.evaluation_batches
    monkeypatch.setattr(
        kg.models.GAN, "evaluation_batches", lambda *args: calls.append(1) or check(*args)
    )
    gan.fit(points(8), validation_data=points(8), epochs=3, batch_size=8, verbose=0)
    assert len(calls) == 1
