import keras
import numpy as np
import pytest
import scipy.stats

import keras_gans as kg
from keras_gans import _memory
from keras_gans.metrics import ModeCoverage
from tests.models import every_model

RING = 2 * np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], axis=1)


def measure(samples, **arguments):
    metric = ModeCoverage(**{"modes": RING, "stddev": 0.1, **arguments})
    metric.update_state(samples)
    return {name: float(value) for name, value in metric.result().items()}


def test_samples_of_the_mixture_cover_every_mode():
    rng = np.random.default_rng(0)
    samples = RING[rng.integers(8, size=4000)] + 0.1 * rng.normal(size=(4000, 2))
    result = measure(samples)
    assert result["modes_covered"] == 8
    assert result["good_share"] == pytest.approx(1 - np.exp(-8), abs=1e-3)  # 4σ in the plane


def test_only_what_is_near_is_good():
    samples = np.concatenate(
        [RING[:3], RING[:1] + np.array([0.39, 0]), RING[:1] + np.array([0.41, 0])]
    )
    result = measure(samples)
    assert (result["modes_covered"], result["good_share"]) == (3, 0.8)
    assert measure(samples, threshold=3.0)["good_share"] == pytest.approx(0.6)
    assert measure(samples, threshold=5.0)["good_share"] == 1.0


@pytest.mark.parametrize(("number", "covered"), [(4, 1), (5, 2), (6, 2)])
def test_a_mode_needs_its_share(number, covered):
    """Of 100 samples an even part is 50, and a tenth of it is 5."""
    samples = np.repeat([[0.0], [1.0]], [100 - number, number], axis=0)
    result = measure(samples, modes=[[0.0], [1.0]], min_share=0.1)
    assert (result["modes_covered"], result["good_share"]) == (covered, 1.0)


def test_nothing_near_covers_nothing():
    result = measure(np.zeros((10, 2)))
    assert (result["modes_covered"], result["good_share"]) == (0, 0)


def test_the_divergence_is_of_all_samples_by_their_nearest_center():
    samples = [[0.0], [0.1], [0.4], [0.9], [9.0]]
    result = measure(samples, modes=[[0.0], [1.0], [-5.0]], stddev=0.01)
    assert result["mode_kl"] == pytest.approx(0.6 * np.log(0.6 * 3) + 0.4 * np.log(0.4 * 3))
    assert result["good_share"] == pytest.approx(0.2)


def test_a_part_is_that_of_the_data():
    samples = np.repeat([[0.0], [1.0]], [95, 5], axis=0)
    result = measure(samples, modes=[[0.0], [1.0]], min_share=0.9, data_shares=[19, 1])
    assert result["modes_covered"] == 2
    assert result["mode_kl"] == pytest.approx(0, abs=1e-15)
    assert measure(samples, modes=[[0.0], [1.0]], min_share=0.9)["modes_covered"] == 1


class TestClasses:
    """Modes that a classifier knows."""

    def measure(self, scores, modes=7, **arguments):
        metric = ModeCoverage(modes, **arguments)
        for batch in np.array_split(scores, 3):
            metric.update_state(batch)
        return {name: float(value) for name, value in metric.result().items()}

    @pytest.mark.parametrize("data_shares", [None, np.arange(1.0, 8.0)])
    def test_every_sample_counts_for_the_class_of_its_largest_score(self, data_shares):
        scores = np.random.default_rng(0).normal(size=(40, 7))
        scores[:, [2, 5]] -= 10
        shares = np.bincount(scores.argmax(axis=1), minlength=7) / 40
        result = self.measure(scores, data_shares=data_shares)
        data = np.ones(7) if data_shares is None else data_shares
        assert result.keys() == {"modes_covered", "mode_kl"}
        assert result["modes_covered"] == 5
        assert result["mode_kl"] == pytest.approx(scipy.stats.entropy(shares, data / data.sum()))

    def test_one_sample_covers_a_class_unless_a_share_is_asked_for(self):
        scores = np.eye(2)[[0] * 99 + [1]]
        assert self.measure(scores, 2)["modes_covered"] == 2
        assert self.measure(scores, 2, min_share=0.02)["modes_covered"] == 2
        assert self.measure(scores, 2, min_share=0.03)["modes_covered"] == 1

    def test_all_in_one_class_are_the_logarithm_of_their_number_apart(self):
        result = self.measure(np.eye(7)[[3] * 20])
        assert (result["modes_covered"], result["mode_kl"]) == (1, pytest.approx(np.log(7)))

    def test_what_the_data_have_not_is_infinitely_far(self):
        assert self.measure(np.eye(2)[[0, 1, 1]], 2, data_shares=[0, 1])["mode_kl"] == np.inf
        assert self.measure(np.eye(2)[[1, 1, 1]], 2, data_shares=[0, 1])["mode_kl"] == 0

    def test_stacked_digits(self):
        """Of real digits and of blank channels, which are of some class, too."""
        extractor = kg.metrics.PerChannelFeatures(kg.metrics.MNISTFeatures())
        random = np.random.default_rng(0)
        images = random.uniform(-1, 1, (6, 28, 28, 3)).astype("float32")
        images[3:] = np.sign(images[3:])
        classes = [
            extractor.classifier.logits(images[..., c : c + 1]).numpy().argmax(axis=1)
            for c in range(3)
        ]
        expected = np.bincount(np.array([100, 10, 1]) @ classes, minlength=1000)
        metric = ModeCoverage(1000, feature_extractor=extractor)
        metric.update_state(images)
        np.testing.assert_array_equal(metric.counts, expected)
        assert float(metric.result()["modes_covered"]) == np.count_nonzero(expected)

    def test_images_in_zero_to_one_are_refused(self):
        metric = ModeCoverage(12, feature_extractor=keras.layers.Flatten())
        metric.update_state(np.random.default_rng(0).uniform(size=(4, 2, 2, 3)))
        with pytest.raises(ValueError, match=r"`generated` must be images in \[-1, 1\].* 4 images"):
            metric.result()

    def test_it_is_measured_with_a_model(self):
        gan = every_model.make("GAN")
        gan.compile(metrics=[ModeCoverage(2)])
        x, _ = every_model.examples(gan)
        logs = gan.evaluate(x, verbose=0, return_dict=True)
        assert 1 <= logs["modes_covered"] <= 2
        assert 0 <= logs["mode_kl"] <= np.log(2)

    def test_classes_that_cannot_fit_in_memory_are_refused(self, monkeypatch):
        monkeypatch.setattr(_memory, "physical_memory", lambda: 1000)
        assert ModeCoverage(15).modes == 15
        with pytest.raises(ValueError, match="`modes` must be at most 15 for"):
            ModeCoverage(16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"modes": [0.0, 1.0]}, "`modes` must be an array of shape"),
        ({"modes": 0, "stddev": None}, "`modes` must be a positive integer"),
        ({"modes": 3}, "`stddev` must be None for a number of classes"),
        ({"data_shares": [1, 2]}, "`data_shares` must be 8 numbers of at least 0"),
        ({"data_shares": [-1, *range(7)]}, "`data_shares` must be 8 numbers of at least 0"),
        ({"data_shares": np.zeros(8)}, "`data_shares` must be 8 numbers of at least 0"),
        ({"modes": [[np.nan]]}, "`modes` must hold finite numbers only"),
        ({"stddev": 0.0}, r"`stddev` must be a number in \(0, inf\)"),
        ({"threshold": -1.0}, r"`threshold` must be a number in \(0, inf\)"),
        ({"min_share": 0.0}, r"`min_share` must be a number in \(0, 1\]"),
        ({"min_share": 1.1}, r"`min_share` must be a number in \(0, 1\]"),
    ],
)
def test_arguments_out_of_range_are_errors(arguments, message):
    with pytest.raises(ValueError, match=f"{message}.* Received"):
        ModeCoverage(**{"modes": RING, "stddev": 0.1, **arguments})


def test_a_mixture_needs_the_width_of_its_modes():
    with pytest.raises(TypeError, match=r"`stddev` must be a number in .* Received: stddev=None"):
        ModeCoverage(RING)


def test_samples_of_other_dimension_are_an_error():
    with pytest.raises(ValueError, match=r"`generated` must be of shape \(batch, 2\)"):
        measure(np.zeros((4, 3)))


def test_a_mode_that_is_not_in_the_data_is_not_covered():
    metric = ModeCoverage(3, data_shares=[1, 1, 0])
    metric.update_state(np.eye(3))
    found = metric.result()
    assert float(found["modes_covered"]) == 2 and float(found["mode_kl"]) == np.inf
