import numpy as np
import pytest

from keras_gans.metrics import ModeCoverage

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
    assert measure(samples) == {"modes_covered": 3, "good_share": 0.8}
    assert measure(samples, threshold=3.0)["good_share"] == pytest.approx(0.6)
    assert measure(samples, threshold=5.0)["good_share"] == 1.0


@pytest.mark.parametrize(("number", "covered"), [(4, 1), (5, 2), (6, 2)])
def test_a_mode_needs_its_share(number, covered):
    """Of 100 samples an even part is 50, and a tenth of it is 5."""
    samples = np.repeat([[0.0], [1.0]], [100 - number, number], axis=0)
    result = measure(samples, modes=[[0.0], [1.0]], min_share=0.1)
    assert result == {"modes_covered": covered, "good_share": 1.0}


def test_nothing_near_covers_nothing():
    assert measure(np.zeros((10, 2))) == {"modes_covered": 0, "good_share": 0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"modes": [0.0, 1.0]}, "`modes` must be an array of shape"),
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


def test_samples_of_other_dimension_are_an_error():
    with pytest.raises(ValueError, match=r"`generated` must be of shape \(batch, 2\)"):
        measure(np.zeros((4, 3)))
