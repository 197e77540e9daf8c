"""Curves: what is kept of many numbers, and what a page reads back."""

import json
import math

import numpy as np
import pytest

from keras_gans.reports.curves import MOST_POINTS, Curves, thinned


def curves_of(**values):
    curves = Curves()
    for epoch in range(max(map(len, values.values()))):
        curves.add(epoch, {name: v[epoch] for name, v in values.items() if epoch < len(v)})
    return curves


def test_numbers_are_kept_by_name_and_epoch():
    curves = curves_of(a=[1.0, np.float32(2)], b=[np.array(3)])
    assert curves.by_name == {"a": {0: 1.0, 1: 2.0}, "b": {0: 3.0}}
    assert curves.last("a") == 2.0
    assert curves.is_constant("b") and not curves.is_constant("a")


def test_what_is_no_number_is_left_out():
    curves = Curves()
    curves.add(0, {"a": "NA", "b": [1, 2], "c": None, "d": "0.5", "e": 10**400})
    assert curves.by_name == {"d": {0: 0.5}}


def test_cut_drops_an_epoch_and_those_after_it():
    curves = curves_of(a=[1, 2, 3], b=[1, 2])
    curves.cut(1)
    assert curves.by_name == {"a": {0: 1}, "b": {0: 1}}
    curves.cut(0)
    assert curves.by_name == {}


def test_json_gives_them_back_to_six_digits():
    values = [1 / 3, -1e-30, math.nan, math.inf, -math.inf, 1e300]
    text = json.dumps(curves_of(a=values).to_json(), allow_nan=False)
    again = Curves.from_json(json.loads(text))
    np.testing.assert_allclose(list(again.by_name["a"].values()), values, rtol=1e-5)
    assert list(again.by_name["a"]) == list(range(6))


@pytest.mark.parametrize("found", [[], {"a": 1}, {"a": [[0], [1, 2]]}, {"a": [["x"], [1]]}])
def test_other_json_is_refused(found):
    with pytest.raises((ValueError, TypeError, AttributeError)):
        Curves.from_json(found)


class TestThinned:
    def test_few_points_are_all_kept(self):
        points = {epoch: 0.0 for epoch in range(10)}
        assert thinned(points, most=10) is points

    def test_extremes_and_ends_stay_in_place(self):
        random = np.random.default_rng(0)
        points = dict(enumerate(random.normal(size=5000)))
        points[1234], points[4321] = 100.0, -100.0
        kept = thinned(points)
        assert len(kept) <= MOST_POINTS
        assert kept[1234] == 100.0 and kept[4321] == -100.0
        assert list(kept) == sorted(kept)
        assert {0, 4999} <= set(kept)
        assert all(points[epoch] == value for epoch, value in kept.items())

    def test_what_is_not_finite_is_seen(self):
        points = dict.fromkeys(range(5000), 1.0)
        points[2500] = math.nan
        assert math.isnan(thinned(points)[2500])

    def test_again_and_again_no_part_is_lost(self):
        curves = Curves()
        for epoch in range(20_000):
            curves.add(epoch, {"a": math.sin(epoch / 500)})
        epochs = np.array(list(thinned(curves.by_name["a"])))
        assert len(epochs) <= MOST_POINTS
        assert np.diff(epochs).max() < 3 * 20_000 / (MOST_POINTS / 3)
