"""Schedules against their closed forms in float64."""

import keras
import numpy as np
import pytest

from keras_gans.models.schedules import GrowingHalfLife, HalfCosine, LinearToZero

STEPS = [0, 1, 37, 50, 99, 100, 101, 10**6]
CASES = [
    (LinearToZero(2.0, 100, start=50), lambda t: 2 * min(1, max(0, (100 - t) / 50))),
    (
        HalfCosine(2e-4, 5e-5, 100),
        lambda t: 2e-4 + (5e-5 - 2e-4) * (1 - np.cos(np.pi * min(t, 100) / 100)) / 2,
    ),
    (
        HalfCosine(0.9, 0.99, 100),
        lambda t: 0.9 + 0.09 * (1 - np.cos(np.pi * min(t, 100) / 100)) / 2,
    ),
    (
        GrowingHalfLife(0.5 ** (1 / 200), 100),
        lambda t: t and 0.5 ** (1 / (100 * (1 - np.cos(np.pi * min(t, 100) / 100)))),
    ),
]


@pytest.mark.parametrize(("schedule", "expected"), CASES)
def test_closed_forms(schedule, expected):
    for step in STEPS:
        np.testing.assert_allclose(schedule(step), expected(step), rtol=1e-4)


@pytest.mark.parametrize("schedule", [schedule for schedule, _ in CASES])
def test_they_are_saved(schedule):
    config = keras.saving.serialize_keras_object(schedule)
    again = keras.saving.deserialize_keras_object(config)
    assert again.get_config() == schedule.get_config()
