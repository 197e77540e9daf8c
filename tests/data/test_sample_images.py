import numpy as np
import pytest
from sklearn.datasets import load_sample_images

import keras_gans as kg

PHOTOGRAPHS = np.stack(load_sample_images().images) / 127.5 - 1


def test_patches_are_parts_of_the_photographs():
    patches = kg.data.photographs(32, stride=80)
    places = [
        (p, i, j)
        for columns in (range(0, 289, 80), range(480, 609, 80))
        for p in (0, 1)
        for i in range(0, 396, 80)
        for j in columns
    ]
    assert (patches.shape, patches.dtype) == ((len(places), 32, 32, 3), "float32")
    for patch, (p, i, j) in zip(patches, places, strict=True):
        expected = PHOTOGRAPHS[p, i : i + 32, j : j + 32]
        np.testing.assert_allclose(patch, expected, atol=1e-6)


def test_no_pixel_to_test_on_is_trained_on(monkeypatch):
    """In photographs whose pixels say which column they are from."""
    columns = np.broadcast_to(np.arange(640)[:, None] // 4, (427, 640, 3)).astype("uint8")
    found = type("Bunch", (), {"images": [columns, columns]})
    monkeypatch.setattr("sklearn.datasets.load_sample_images", lambda: found)
    seen = {
        split: set(np.rint(kg.data.photographs(16, split=split).ravel() * 127.5 + 127.5).tolist())
        for split in ("train", "test")
    }
    assert seen["test"] == set(range(80, 120))
    assert seen["train"] == set(range(160)) - seen["test"]


def test_the_name_loads_them():
    test, info = kg.data.load("photographs", "test", batch_size=8)
    assert (info.name, info.image_shape, info.num_examples) == ("photographs", (64, 64, 3), 24)
    batch = next(test.as_numpy_iterator())
    np.testing.assert_array_equal(batch, kg.data.photographs(split="test")[:8])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"patch_size": 0}, "`patch_size` must be a positive integer"),
        ({"patch_size": 161}, "`patch_size` must be at most 160"),
        ({"stride": 0}, "`stride` must be a positive integer"),
        ({"split": "all"}, "`split` must be one of"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        kg.data.photographs(**arguments)
