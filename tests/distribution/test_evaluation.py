"""An evaluation does not depend on the replicas, even if some have no example of the last batch.

Convolutions of TensorFlow do not take a batch of no examples.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans import _replicas
from tests.metrics.metric_cases import CASES, values
from tests.models import every_model

layers, networks = keras.layers, kg.networks
NO_STRATEGY = tf.distribute.get_strategy()
SHAPE = (8, 8, 1)
IMAGES = np.random.default_rng(0).uniform(-1, 1, (17, *SHAPE)).astype("float32")
make = every_model.make_convolutional


def examples(model):
    """What a model is evaluated on, 17 examples: `(x, y)`."""
    x, y = every_model.examples(model)
    x = IMAGES if x.dtype.kind == "f" else x[:17]
    if y is None:
        return x, None
    return x, -IMAGES if y.dtype.kind == "f" else np.where(np.arange(17) % 2, y[:17], y[-17:])


def compiled(strategy, make, metrics=(), **arguments):
    keras.utils.set_random_seed(0)
    with strategy.scope():
        model = make()
        model.compile(metrics=[metric() for metric in metrics], **arguments)
    return model


def evaluated(model, num, batch_size=8):
    x, y = examples(model)
    y = None if y is None else y[:num]
    return model.evaluate(x[:num], y, batch_size=batch_size, verbose=0, return_dict=True)


@pytest.mark.parametrize("name", every_model.NAMES)
def test_losses_of_every_model_are_those_of_one_device(name, two_replicas):
    """With batches of 8, 8 and 1 examples; with fewer than replicas; with batches of 5."""
    alone, shared = (compiled(s, lambda: make(name)) for s in (NO_STRATEGY, two_replicas))
    shared.set_weights(alone.get_weights())
    for num, batch_size in ((17, 8), (1, 8), (13, 5)):
        expected, found = (evaluated(model, num, batch_size) for model in (alone, shared))
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-5), num


def convolutional(dimensions):
    """Features of images, by two convolutions, of which the second takes no empty batch."""
    return keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.Conv2D(2, 3, activation="relu"),
            layers.Conv2D(2, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(dimensions),
        ]
    )


#: Every metric that takes images and is the same on one device, and on two replicas.
METRICS = {
    "frechet_distance": lambda: kg.metrics.FrechetDistance(convolutional(2)),
    "precision_recall": lambda: kg.metrics.PrecisionRecall(2, feature_extractor=convolutional(2)),
    "inception_score": lambda: kg.metrics.InceptionScore(2, feature_extractor=convolutional(5)),
    "mode_coverage": lambda: kg.metrics.ModeCoverage(
        [[0.0, 0.0], [1.0, 1.0]], 0.3, feature_extractor=convolutional(2)
    ),
}
#: Those that draw subsets, places or pairs on each replica.
DRAWING = {
    "kernel_distance": lambda: kg.metrics.KernelDistance(
        subsets=1, subset_size=99, feature_extractor=convolutional(2)
    ),
    "sliced_wasserstein": lambda: kg.metrics.SlicedWasserstein(7, 64),
    "ms_ssim": lambda: kg.metrics.MultiScaleSSIM(3),
}


def test_every_metric_is_among_them():
    of_pairs = {"psnr", "ssim"}  # which `SRGAN` measures in each evaluation
    of_names_among_them = {"mode_coverage_of_classes"}
    assert {*METRICS, *DRAWING, *of_pairs, *of_names_among_them, "js_2"} == set(CASES)


@pytest.fixture(scope="module")
def measured(two_replicas):
    """Metrics given to a model, without replicas and on two."""
    results = []
    for strategy in (NO_STRATEGY, two_replicas):
        metrics = [*METRICS.values(), *DRAWING.values()]
        results.append(evaluated(compiled(strategy, lambda: make("GAN"), metrics), 17))
    return results


def test_metrics_given_to_a_model_are_those_of_one_device(measured):
    alone, shared = measured
    assert len(alone) == len(shared) > len(METRICS) + len(DRAWING)
    for name, value in shared.items():
        drawn = name.startswith(tuple(DRAWING))
        assert value == pytest.approx(alone[name], **({"rel": 0.3, "abs": 0.1} if drawn else {}))


def test_texts_of_padding_count_in_no_metric(two_replicas):
    def metric():
        return kg.metrics.NGramJSDivergence(n=1, capacity=64)

    alone, shared = (
        evaluated(compiled(s, lambda: make("TextGAN"), [metric]), 17)
        for s in (NO_STRATEGY, two_replicas)
    )
    assert shared == pytest.approx(alone, rel=1e-5)


@pytest.mark.parametrize("name", [*METRICS, *DRAWING])
def test_metrics_alone_under_a_strategy(name, two_replicas):
    """A replica feeds them what it has, which may be nothing."""

    def fed(strategy):
        keras.utils.set_random_seed(0)
        with strategy.scope():
            metric = {**METRICS, **DRAWING}[name]()

        def update(real, generated):
            case_of = CASES[name]
            case_of.feed(metric, real, generated)

        step = tf.function(lambda *batch: strategy.run(update, batch))
        data = tf.data.Dataset.from_tensor_slices((IMAGES, IMAGES[::-1] * 0.9)).batch(8)
        for batch in strategy.experimental_distribute_dataset(data):
            step(*batch)
        return values(metric.result())

    alone, shared = fed(NO_STRATEGY), fed(two_replicas)
    tolerance = {"rel": 0.3, "abs": 0.1} if name in DRAWING else {}
    assert shared == pytest.approx(alone, **tolerance)


def test_held_out_examples_while_training(two_replicas):
    logs = []
    for strategy in (NO_STRATEGY, two_replicas):
        model = compiled(strategy, lambda: make("DCGAN"), g_optimizer="sgd", d_optimizer="sgd")
        fit = {"batch_size": 8, "validation_data": IMAGES, "shuffle": False, "verbose": 0}
        logs.append(model.fit(IMAGES, **fit).history)
    assert "val_d_loss" in logs[0]
    for name, value in logs[0].items():
        assert logs[1][name] == pytest.approx(value, rel=1e-3), name


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_predictions_of_all_inputs_and_no_others(run_eagerly, two_replicas):
    model = compiled(two_replicas, lambda: make("CycleGAN"), run_eagerly=run_eagerly)
    expected = model.translate(IMAGES)
    for num in (17, 1):
        found = model.predict(IMAGES[:num], batch_size=8, verbose=0)
        np.testing.assert_allclose(found, expected[:num], atol=1e-5)
        at_once = model.predict_on_batch(IMAGES[:num])
        np.testing.assert_allclose(at_once, expected[:num], atol=1e-5)


def coupled():
    """A GAN whose discriminator compares the examples of a batch."""
    critic = [
        keras.Input(SHAPE),
        layers.Conv2D(2, 3, activation="relu"),
        kg.layers.MinibatchStdDev(),
        layers.Flatten(),
        kg.layers.MinibatchDiscrimination(2, 3),
        layers.Dense(1),
    ]
    generator = networks.dcgan_generator(SHAPE, 3, filters=2)
    return kg.models.GAN(generator, keras.Sequential(critic), latent_dim=3, seed=1)


def test_layers_that_compare_examples_see_no_padding(two_replicas):
    alone, shared = (compiled(s, coupled) for s in (NO_STRATEGY, two_replicas))
    for num in (17, 1):
        expected = evaluated(alone, num)
        assert evaluated(shared, num) == pytest.approx(expected, rel=1e-5), num


class TestPadding:
    parts = (np.float32([[1], [2]]), np.zeros((0, 1), "float32"))

    def on_replicas(self, strategy, step):
        """What comes of a step on both replicas, of which the second has no example."""
        parts = strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(self.parts[context.replica_id_in_sync_group])
        )
        run = tf.function(lambda x: strategy.run(_replicas.never_empty(step), (x,)))
        return [np.array(r) for r in strategy.experimental_local_results(run(parts))]

    @pytest.mark.parametrize(
        ("step", "first", "second"),
        [
            (lambda x: tf.shape(x)[0], 2, 1),
            (lambda x: _replicas.num_real(tf.shape(x)[0]), 2, 0),
            (_replicas.without_padding, [[1], [2]], np.zeros((0, 1))),
            (_replicas.gather, [[1], [2]], [[1], [2]]),
            (lambda x: _replicas.own_part(2 * _replicas.gather(x), x), [[2], [4]], [[0]]),
            (lambda x: _replicas.mean(1 + tf.reduce_sum(x)), 2, 2),
        ],
    )
    def test_counts_nowhere(self, step, first, second, two_replicas):
        found = self.on_replicas(two_replicas, step)
        np.testing.assert_array_equal(found[0], first)
        np.testing.assert_array_equal(found[1], second)

    def test_is_of_any_kind(self):
        for dtype in (tf.float16, tf.int32, tf.bool, tf.string):
            x = _replicas.filled(tf.zeros((0, 2), dtype))
            assert x.shape == (1, 2)
            assert x.dtype == dtype
