"""How many steps TensorFlow takes at once: many of small networks, where nobody looks at each."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans.models import executions


def make_gan(hidden_units=(4,), **compile_arguments):
    keras.utils.set_random_seed(0)
    gan = kg.models.GAN(
        kg.networks.mlp_generator((2,), 2, hidden_units=hidden_units),
        kg.networks.mlp_discriminator((2,), hidden_units=hidden_units),
        latent_dim=2,
        seed=0,
    )
    gan.compile(**compile_arguments)
    return gan


def points(num):
    return np.random.default_rng(0).normal(size=(num, 2)).astype("float32")


@keras.saving.register_keras_serializable(package="tests")
def gap(real_logits, fake_logits):
    return keras.ops.mean(fake_logits) - keras.ops.mean(real_logits)


class Counting(keras.callbacks.Callback):
    """Looks at epochs alone."""

    def on_epoch_end(self, epoch, logs=None):
        self.iterations = int(self.model.g_optimizer.iterations)


class Watching(keras.callbacks.Callback):
    batches = 0

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1


class WatchingByItsOldName(keras.callbacks.Callback):
    def on_batch_end(self, batch, logs=None):
        pass


def looking():
    return keras.callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs: None)


@pytest.mark.parametrize(
    ("steps", "ends", "expected"),
    [
        (1024, True, 32),
        (31, True, 31),
        (33, True, 17),
        (16, True, 16),
        (15, True, 1),
        (None, True, 1),
        (100, False, 25),
        (64, False, 32),
        (37, False, 1),
    ],
)
def test_as_many_as_an_epoch_has_up_to_32(steps, ends, expected):
    assert executions.best(make_gan(), steps, ends, callbacks=None) == expected


@pytest.mark.parametrize(
    ("callbacks", "expected"),
    [
        ([Counting()], 32),
        ([Counting(), Watching()], 1),
        ([WatchingByItsOldName()], 1),
        ([looking()], 1),
        ([keras.callbacks.LambdaCallback(on_epoch_end=print)], 32),
        ([keras.callbacks.History(), keras.callbacks.EarlyStopping("g_loss")], 32),
        ([kg.callbacks.TerminateOnNaN()], 1),
        (keras.callbacks.CallbackList([Watching()]), 1),
    ],
    ids=["epochs", "one of two", "old name", "lambda", "lambda of epochs", "Keras", "NaN", "list"],
)
def test_one_where_a_callback_looks_at_batches(callbacks, expected):
    assert executions.best(make_gan(), 320, True, callbacks) == expected


def test_one_of_large_networks():
    assert executions.best(make_gan(hidden_units=(220,)), 320, True, None) == 32
    assert executions.best(make_gan(hidden_units=(220, 220)), 320, True, None) == 32
    assert executions.best(make_gan(hidden_units=(320, 320)), 320, True, None) == 1


def test_one_where_python_has_something_to_do_between_steps():
    gan = make_gan()
    gan.changes_between_steps = True
    assert executions.best(gan, 320, True, None) == 1
    assert kg.models.ProgressiveGAN.changes_between_steps
    assert executions.best(make_gan(run_eagerly=True), 320, True, None) == 1


def test_one_on_several_replicas(two_replicas):
    with two_replicas.scope():
        gan = make_gan()
    assert executions.best(gan, 320, True, None) == 1


@pytest.mark.parametrize(
    ("num", "arguments", "steps"),
    [(8 * 33 + 3, {}, 33), (8 * 50, {"steps_per_epoch": 20}, 20), (8 * 50, {"shuffle": False}, 50)],
)
def test_training_is_the_same(num, arguments, steps):
    """To the last bits, which depend on how TensorFlow arranges the graph."""
    found, epochs = [], 2
    for steps_per_execution in ("auto", 1):
        gan, counting = make_gan(steps_per_execution=steps_per_execution), Counting()
        history = gan.fit(
            points(num), batch_size=8, epochs=epochs, callbacks=[counting], verbose=0, **arguments
        )
        assert counting.iterations == epochs * steps
        found.append((gan, history.history))
    (auto, logs), (one, expected) = found
    assert auto.steps_per_execution > 1
    assert one.steps_per_execution == 1
    for a, b in zip(auto.get_weights(), one.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    for name, values in expected.items():
        np.testing.assert_allclose(logs[name], values, rtol=1e-5)


def test_it_is_decided_anew_by_each_fit():
    gan, watching = make_gan(), Watching()
    x = tf.data.Dataset.from_tensor_slices(points(8 * 40)).batch(8, drop_remainder=True)
    for callbacks, expected in ((None, 20), ([watching], 1), (None, 20)):
        gan.fit(x, callbacks=callbacks, verbose=0)
        assert gan.steps_per_execution == expected
    assert watching.batches == 40
    assert int(gan.g_optimizer.iterations) == 3 * 40
    assert np.isfinite(gan.evaluate(x, verbose=0)).all()
    gan.train_on_batch(points(8))
    assert int(gan.g_optimizer.iterations) == 3 * 40 + 1


def test_an_epoch_may_be_limited_by_keras(monkeypatch):
    monkeypatch.setattr(keras.config, "max_steps_per_epoch", lambda: 20)
    assert executions.best(make_gan(), 1024, True, None) == 20
    assert executions.best(make_gan(), 18, True, None) == 18


def test_evaluation_and_prediction_are_batch_by_batch():
    class Tests(keras.callbacks.Callback):
        tested = 0

        def on_test_batch_end(self, batch, logs=None):
            self.tested += 1

    gan, tests = make_gan(), Tests()
    x = tf.data.Dataset.from_tensor_slices(points(8 * 40)).batch(8, drop_remainder=True)
    before = gan.evaluate(x, steps=5, verbose=0)
    assert len(gan.predict(x, steps=5, verbose=0)) == 40
    gan.fit(x, validation_data=x, validation_steps=3, epochs=2, callbacks=[tests], verbose=0)
    assert gan.steps_per_execution > 1
    assert int(gan.g_optimizer.iterations) == 2 * 40
    assert tests.tested == 2 * 3
    assert len(gan.predict(x, steps=5, verbose=0)) == 40
    fresh = make_gan(steps_per_execution=1)
    np.testing.assert_allclose(fresh.evaluate(x, steps=5, verbose=0), before, rtol=1e-6)
    fresh.set_weights(gan.get_weights())
    found = gan.evaluate(x, steps=5, verbose=0, callbacks=[tests])
    np.testing.assert_allclose(found, fresh.evaluate(x, steps=5, verbose=0), rtol=1e-6)
    assert tests.tested == 2 * 3 + 5


def test_a_py_dataset_is_gone_through_once():
    class Batches(keras.utils.PyDataset):
        num_batches = 40

        def __getitem__(self, index):
            return points(8)

    gan = make_gan()
    gan.fit(Batches(), epochs=2, verbose=0)
    assert gan.steps_per_execution == 20
    assert int(gan.g_optimizer.iterations) == 2 * 40


def test_what_was_asked_for_stays():
    gan = make_gan(steps_per_execution=3)
    gan.fit(points(8 * 40), batch_size=8, verbose=0)
    assert gan.steps_per_execution == 3
    assert int(gan.g_optimizer.iterations) == 40


def test_it_is_saved(tmp_path):
    make_gan().save(tmp_path / "gan.keras")
    config = keras.saving.load_model(tmp_path / "gan.keras").get_compile_config()
    assert config["steps_per_execution"] == "auto"


@pytest.mark.parametrize(
    ("value", "error"), [(0, ValueError), ("many", ValueError), (1.5, TypeError), (None, TypeError)]
)
def test_what_is_no_number_of_steps_is_refused(value, error):
    with pytest.raises(error, match=r"`steps_per_execution` must be .*Received: steps_per_exec"):
        make_gan(steps_per_execution=value)


class TestXLA:
    @pytest.mark.parametrize("num", [33, 40])
    def test_steps_of_one_program_are_those_of_one_each(self, num):
        """The last program of 33 steps, 17 at once, has 16."""
        found = []
        for steps_per_execution in ("auto", 1):
            gan = make_gan(steps_per_execution=steps_per_execution, jit_compile=True)
            logs = gan.fit(points(8 * num), batch_size=8, epochs=2, verbose=0).history
            assert int(gan.g_optimizer.iterations) == 2 * num
            found.append((gan, logs))
        (together, logs), (apart, expected) = found
        assert together.steps_per_execution > apart.steps_per_execution == 1
        for a, b in zip(together.get_weights(), apart.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
        for name, values in expected.items():
            np.testing.assert_allclose(logs[name], values, rtol=1e-4)

    def test_of_conditions_and_batches_of_other_shapes(self):
        """Batches whose shapes are not known are compiled as they come, by Keras."""
        keras.utils.set_random_seed(0)
        gan = kg.models.ConditionalGAN(
            kg.networks.mlp_generator((2,), 2, (4,), num_classes=3),
            kg.networks.mlp_discriminator((2,), (4,), num_classes=3),
            latent_dim=2,
            num_classes=3,
        )
        gan.compile(jit_compile=True, steps_per_execution=4)
        x, y = points(32), np.arange(32) % 3
        gan.fit(x, y, batch_size=4, verbose=0)
        batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(12)
        gan.fit(batches, verbose=0)
        assert int(gan.g_optimizer.iterations) == 8 + 3
        assert np.isfinite(gan.get_weights()[0]).all()

    def test_shapes_that_are_known(self):
        slices = tf.data.Dataset.from_tensor_slices
        known = iter(slices(points(8)).batch(4, drop_remainder=True))
        assert executions.has_batches_of_one_shape(known)
        for unknown in (
            iter(slices(points(8)).batch(4)),
            iter(slices(np.array(["a", "b"])).batch(2, drop_remainder=True)),
            iter([points(4)]),
        ):
            assert not executions.has_batches_of_one_shape(unknown)

    def test_a_long_training_of_small_networks_is_compiled(self, monkeypatch):
        monkeypatch.setattr(executions, "MANY_STEPS", 80)
        gan = make_gan()
        for epochs, callbacks, by_xla in (
            (1, None, False),
            (2, None, True),
            (2, [Watching()], False),
        ):
            gan.fit(points(8 * 40), batch_size=8, epochs=epochs, callbacks=callbacks, verbose=0)
            assert gan._trains_by_xla == by_xla
            assert not gan.jit_compile  # which evaluation goes by
        assert int(gan.g_optimizer.iterations) == 5 * 40
        asked = make_gan(jit_compile=False)
        asked.fit(points(8 * 40), batch_size=8, epochs=2, verbose=0)
        assert not asked._trains_by_xla

    def test_what_is_worth_compiling(self, monkeypatch):
        worth = executions.are_worth_compiling
        gan, many = make_gan(), executions.MANY_STEPS
        assert worth(gan, 32, many)
        assert not worth(gan, 1, many)
        assert not worth(gan, 32, many - 1)
        assert not worth(gan, 32, None)
        convolutions = kg.models.GAN(
            kg.networks.dcgan_generator((8, 8, 1), 2, filters=2),
            kg.networks.dcgan_discriminator((8, 8, 1), filters=2),
            latent_dim=2,
        )
        assert not worth(convolutions, 32, many)
        monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: ["GPU:0"])
        assert not worth(gan, 32, many)

    @pytest.mark.parametrize("part", ["model", "technique", "objective", "optimizer", "layer"])
    def test_what_xla_may_not_know_is_not_compiled_unasked(self, part):
        """Such as what prints, which XLA cannot do on a CPU."""

        class Model(kg.models.GAN):
            def train_step(self, data):
                tf.print("a step", output_stream="file:///dev/null")
                return super().train_step(data)

        class Technique(kg.techniques.Technique):
            pass

        class Optimizer(keras.optimizers.SGD):
            pass

        class Layer(keras.layers.Dense):
            def call(self, inputs):
                return super().call(inputs)

        objective = kg.losses.Objective(gap, kg.losses.hinge.generator)
        layer = Layer if part == "layer" else keras.layers.Dense
        gan = (Model if part == "model" else kg.models.GAN)(
            keras.Sequential([keras.Input((2,)), layer(2)]),
            keras.Sequential([keras.Input((2,)), layer(1)]),
            latent_dim=2,
            techniques=[Technique()] if part == "technique" else [],
            objective=objective if part == "objective" else "hinge",
        )
        gan.compile(Optimizer(0.1) if part == "optimizer" else None)
        assert not executions.are_worth_compiling(gan, 32, executions.MANY_STEPS)
        if part == "model":
            gan.fit(points(8 * 160), batch_size=8, epochs=32, verbose=0)
            assert not gan._trains_by_xla
