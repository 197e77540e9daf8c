"""What every metric must do, whatever it measures."""

import json

import hypothesis.strategies as st
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings

import keras_gans as kg
from tests.metrics.metric_cases import CASES, values

pytestmark = pytest.mark.first_cases

every_metric = pytest.mark.parametrize("name", CASES)


def one_shot(case):
    metric = case.make()
    case.feed(metric, case.real, case.generated)
    return values(metric.result())


def assert_equal(result, expected, tolerance):
    assert result.keys() == expected.keys()
    for key, value in expected.items():
        assert np.isfinite(value)
        assert result[key] == pytest.approx(value, rel=tolerance, abs=1e-13), key


@every_metric
@settings(max_examples=5, deadline=None, derandomize=True)
@given(data=st.data())
def test_streaming_equals_one_shot_for_any_split(name, data):
    case = CASES[name]
    metric = case.make()
    for side in ("real", "generated") if case.two_sample else ("generated",):
        samples = getattr(case, side)
        cuts = data.draw(st.lists(st.integers(0, len(samples)), max_size=4).map(sorted), side)
        for batch in np.split(samples, cuts):
            case.feed(metric, **{side: batch})
    assert_equal(values(metric.result()), one_shot(case), case.tolerance)


@every_metric
def test_inside_a_function_it_equals_the_eager_result(name):
    case = CASES[name]
    metric = case.make()

    @tf.function(reduce_retracing=True)
    def step(real, generated):
        case.feed(metric, real, generated)
        return metric.result()

    for part in (slice(None, 10), slice(10, None)):
        real = case.real[part] if case.two_sample else None
        result = step(real, case.generated[part])
    assert_equal(values(result), one_shot(case), case.tolerance)


@every_metric
def test_too_few_samples_are_nan_in_a_function(name):
    case = CASES[name]
    metric = case.make()
    case.feed(metric, case.real[:1] if case.two_sample else None, case.generated[:1])
    single_is_enough = name.startswith(
        ("mode_coverage", "js_2", "sliced_wasserstein", "psnr", "ssim")
    )
    result = values(tf.function(metric.result)())
    assert all(np.isfinite(value) == single_is_enough for value in result.values())
    if not single_is_enough:
        with pytest.raises(ValueError, match=r"must hold at least \d+ samples.*Received: 1"):
            metric.result()


@every_metric
def test_merged_metrics_equal_one(name):
    case = CASES[name]
    # Below the capacity of the bounded subsets, where a merge is exact; one subset of kernels.
    config = case.make().get_config()
    config |= {key: 1000 for key in ("subset_size", "max_samples", "max_patches") if key in config}
    # To which split a sample goes depends on the place in the stream, which a merge does not know.
    config |= {"splits": 1} if "splits" in config else {}
    cls = type(case.make())
    whole, first, second, unused = (cls.from_config(config) for _ in range(4))
    case.feed(whole, case.real, case.generated)
    real = np.split(case.real, [10]) if case.two_sample else (None, None)
    for metric, real_part, part in zip(
        (first, second), real, np.split(case.generated, [12]), strict=True
    ):
        case.feed(metric, real_part, part)
    first.merge_state([second, unused])
    # Where patches lie depends on the place in the stream, which a merge does not know.
    if name != "sliced_wasserstein":
        assert_equal(values(first.result()), values(whole.result()), case.tolerance)
    unused.merge_state([first])
    assert_equal(values(unused.result()), values(first.result()), case.tolerance)


@every_metric
def test_merging_another_kind_is_an_error(name):
    with pytest.raises(TypeError, match=r"`metrics` must be .* objects. Received"):
        CASES[name].make().merge_state([keras.metrics.Mean()])


@every_metric
def test_reset_forgets_every_sample(name):
    case = CASES[name]
    metric = case.make()
    case.feed(metric, case.real, case.generated[::-1])
    metric.reset_state()
    assert all(np.isnan(value) for value in values(metric.result()).values())
    case.feed(metric, case.real, case.generated)
    assert_equal(values(metric.result()), one_shot(case), case.tolerance)


@every_metric
def test_without_samples_the_result_is_nan(name):
    assert all(np.isnan(value) for value in values(CASES[name].make().result()).values())


@every_metric
def test_config_round_trip(name):
    case = CASES[name]
    original = case.make()
    config = original.get_config()
    restored = keras.saving.deserialize_keras_object(
        json.loads(json.dumps(keras.saving.serialize_keras_object(original)))
    )
    assert type(restored) is type(original)
    assert restored.get_config() == config
    case.feed(restored, case.real, case.generated)
    assert_equal(values(restored.result()), one_shot(case), case.tolerance)


@every_metric
def test_result_has_the_dtype(name):
    case = CASES[name]
    config = {**case.make().get_config(), "dtype": "float32"}
    metric = type(case.make()).from_config(config)
    case.feed(metric, case.real, case.generated)
    result = metric.result()
    for value in result.values() if isinstance(result, dict) else [result]:
        assert value.dtype == tf.float32 and value.shape == ()


@every_metric
def test_nan_is_an_error(name):
    case = CASES[name]
    if name == "js_2":
        pytest.skip("its input has no NaN")
    bad = case.generated.copy()
    bad.flat[3] = np.nan
    with pytest.raises(ValueError, match=r"`generated` must be finite. Received"):
        case.feed(case.make(), case.real, bad)
    metric = case.make()
    case.feed(metric, case.real, case.generated)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"`generated` must be finite"):
        tf.function(lambda generated: case.feed(metric, None, generated))(bad)


@every_metric
def test_wrong_rank_is_an_error(name):
    case = CASES[name]
    with pytest.raises(ValueError, match=r"`generated` must be .*of shape .* Received: shape"):
        case.feed(case.make(), case.real, case.generated[..., None])


@every_metric
def test_other_shapes_after_the_first_are_an_error(name):
    case = CASES[name]
    if name == "js_2":
        pytest.skip("texts may differ in length")
    metric = case.make()
    case.feed(metric, case.real, case.generated)
    with pytest.raises(ValueError, match=r"`generated` must be of shape .* Received: shape"):
        case.feed(metric, None, case.generated[..., :1])


@every_metric
def test_no_numbers_are_an_error(name):
    case = CASES[name]
    with pytest.raises(TypeError, match=r"`generated` must be .* Received: "):
        case.feed(case.make(), case.real, case.generated > 0)


@pytest.mark.parametrize("name", sorted(set(CASES) - {"js_2"}))  # texts may be empty
def test_an_empty_sample_is_an_error(name):
    case = CASES[name]
    empty = np.asarray(case.generated)[..., :0]
    with pytest.raises(ValueError, match="`generated` must"):
        case.feed(case.make(), case.real, empty)


def test_an_extractor_that_does_not_fit_the_samples_is_an_error():
    metric = kg.metrics.FrechetDistance(feature_extractor=keras.initializers.Zeros())
    with pytest.raises(ValueError, match="`feature_extractor` must take what `real` holds"):
        metric.update_state(np.ones((8, 2)), np.ones((8, 2)))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.two_sample])
class TestTwoSample:
    def test_nothing_at_all_is_an_error(self, name):
        with pytest.raises(ValueError, match=r"`real` or `generated` must be given"):
            CASES[name].make().update_state(None, None)

    def test_an_error_leaves_the_state_as_it_was(self, name):
        case = CASES[name]
        metric = case.make()
        case.feed(metric, case.real, case.generated)
        with pytest.raises((TypeError, ValueError)):
            metric.update_state(case.real, case.generated[..., None])
        assert_equal(values(metric.result()), one_shot(case), case.tolerance)

    def test_one_side_alone_has_no_result(self, name):
        case = CASES[name]
        metric = case.make()
        metric.update_state(case.real, None)
        with pytest.raises(ValueError, match=r"`generated` must hold .* Received: (0|none)"):
            metric.result()

    def test_arguments_are_real_then_generated(self, name):
        case = CASES[name]
        metric = case.make()
        metric.update_state(case.real, case.generated)
        assert_equal(values(metric.result()), one_shot(case), case.tolerance)


class TestInModel:
    """In `compile` and `evaluate` of a model whose test step feeds them."""

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(4)
            self.dense.build((None, 4))
            self.built = True

        def call(self, inputs):
            return self.dense(inputs)

        def compile(self, sample_metrics):
            super().compile(optimizer=None)
            self.sample_metrics = sample_metrics

        @property
        def metrics(self):
            return self.sample_metrics

        def test_step(self, data):
            for metric in self.sample_metrics:
                metric.update_state(data, self.dense(data))
            return self.get_metrics_result()

    @pytest.mark.parametrize("name", ["frechet_distance", "kernel_distance", "precision_recall"])
    def test_evaluate_gives_the_result(self, name):
        case = CASES[name]
        model = self.Model()
        model.compile([case.make()])
        real = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
        logs = model.evaluate(real, batch_size=8, verbose=0, return_dict=True)
        direct = case.make()
        direct.update_state(real, model.dense(real))
        expected = values(direct.result())
        if "result" in expected:
            expected = {name: expected["result"]}
        assert_equal(logs, expected, 1e-6)
