import itertools

import numpy as np
import pytest

import keras_gans as kg
from keras_gans.data.shapes import COLORS, PLACES, SHAPES, SIZES


def test_the_same_seed_draws_the_same():
    a, b = (kg.data.drawn_shapes(5, 16, 2, seed=3) for _ in range(2))
    np.testing.assert_array_equal(a[0], b[0])
    np.testing.assert_array_equal(a[1], b[1])
    assert not np.array_equal(kg.data.drawn_shapes(5, 16, 2, seed=4)[0], a[0])


def test_captions_say_what_is_drawn():
    """Color, size and rough shape can be measured in the image of one shape."""
    images, captions = kg.data.drawn_shapes(200, 32, seed=0)
    assert images.dtype == np.float32
    assert -1 <= images.min() and images.max() == 1
    assert set(captions) == {
        f"a {size} {color} {shape}"
        for size, color, shape in itertools.product(SIZES, COLORS, SHAPES)
    }
    areas = {}
    for image, caption in zip(images, captions, strict=True):
        _, size, color, shape = caption.split()
        is_drawn = (np.abs(image - COLORS[color]) < 1e-6).all(-1)
        areas.setdefault((size, shape), []).append(is_drawn.sum())
        assert is_drawn.any()
        distance = np.abs(image - np.ones(3)).sum(-1)
        ink = distance > 0  # nothing but the color, its edges and the white ground
        span = np.array(COLORS[color]) - 1
        share = (image[ink] - 1) @ span / (span @ span)
        np.testing.assert_allclose(image[ink], 1 + share[:, None] * span, atol=1e-6)
    for shape in SHAPES:
        assert max(areas["small", shape]) < min(areas["large", shape])
    assert np.mean(areas["large", "triangle"]) < np.mean(areas["large", "circle"])
    assert np.mean(areas["large", "circle"]) < np.mean(areas["large", "square"])


def test_two_shapes_lie_as_the_caption_says():
    images, captions = kg.data.drawn_shapes(100, 32, 2, seed=0)
    places = set()
    for image, caption in zip(images, captions, strict=True):
        place = next(name for name in PLACES if f" {name} " in caption)
        places.add(place)
        first, second = (part.split() for part in caption.split(f" {place} "))
        assert first[2:] != second[2:]
        if first[2] == second[2]:
            continue
        centers = [
            np.mean(np.nonzero((np.abs(image - COLORS[color]) < 1e-6).all(-1)), axis=1)
            for color in (first[2], second[2])
        ]
        direction = (centers[0] - centers[1]) @ np.array(PLACES[place])
        assert direction > 8
    assert places == set(PLACES)


@pytest.mark.parametrize(
    "arguments", [{"num": 0}, {"num": 1, "image_size": 7}, {"num": 1, "num_shapes": 3}]
)
def test_refuses_what_is_out_of_range(arguments):
    with pytest.raises(ValueError, match=f"`{list(arguments)[-1]}` must be"):
        kg.data.drawn_shapes(**arguments)
