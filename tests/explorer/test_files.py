"""Files of what is seen, read again."""

import io
import json

import numpy as np
import pytest
from PIL import Image

import keras_gans as kg
from keras_gans.explorer import files
from keras_gans.explorer.views import Point
from keras_gans.serving import ArraySpec

IMAGES = np.random.default_rng(0).uniform(-1, 1, (6, 8, 8, 3)).astype("float32")


def read(file):
    return Image.open(io.BytesIO(file))


def encoded(size, mode="RGB", color="red", kind="PNG"):
    file = io.BytesIO()
    Image.new(mode, size, color).save(file, kind)
    return file.getvalue()


def images_of(*shape):
    return ArraySpec("examples", (None, *shape))


def test_a_grid_is_that_of_other_commands():
    np.testing.assert_array_equal(read(files.grid(IMAGES, 3)), kg.data.image_grid(IMAGES, 3))


def test_a_single_image_has_its_own_pixels():
    np.testing.assert_array_equal(read(files.single(IMAGES[0])), kg.data.images.to_uint8(IMAGES[0]))


def test_an_animation_shows_paths_side_by_side_and_goes_back():
    paths = [np.stack([np.full((8, 8, 1), x) for x in path]) for path in ([-1, 0, 1], [1, 0, -1])]
    with read(files.animation(paths)) as animation:
        shades = []
        for i in range(animation.n_frames):
            animation.seek(i)
            shades.append(np.asarray(animation.convert("L"))[18, [18, 52]].tolist())
    assert shades == [[0, 255], [128, 128], [255, 0], [128, 128]]


def test_latents_are_arguments_of_generate():
    points = [Point(np.float32([0.5, -1]), "cat"), Point(np.float32([2, 0.1]), "dog")]
    latents = np.load(io.BytesIO(files.npy(points)))
    assert latents.dtype == "float32"
    np.testing.assert_array_equal(latents, [[0.5, -1], np.float32([2, 0.1])])
    content = json.loads(files.as_json(points, seed=3))
    assert (content["labels"], content["seed"]) == (["cat", "dog"], 3)
    np.testing.assert_array_equal(np.float32(content["latents"]), latents)
    assert "labels" not in json.loads(files.as_json([Point(np.float32([1]))]))


@pytest.mark.parametrize(
    ("size", "shape", "expected"),
    [
        ((8, 6), (6, 8, 3), (6, 8, 3)),
        ((40, 30), (8, 8, 3), (8, 8, 3)),
        ((40, 30), (8, 8, 1), (8, 8, 1)),
        ((40, 30), (None, None, 3), (30, 40, 3)),
        ((512, 300), (None, None, 3), (150, 256, 3)),
    ],
)
def test_pictures_get_the_size_of_the_model(size, shape, expected):
    image = files.image(encoded(size), images_of(*shape))
    assert (image.shape, image.dtype) == (expected, "float32")
    red = [1, -1, -1] if expected[2] == 3 else [2 * 76 / 255 - 1]
    np.testing.assert_allclose(image, np.broadcast_to(red, expected), atol=0.01)


def test_a_picture_of_the_right_size_keeps_its_pixels():
    content = files.single(IMAGES[0])
    expected = kg.data.images.to_uint8(IMAGES[0])
    image = files.image(content, images_of(8, 8, 3))
    np.testing.assert_array_equal(kg.data.images.to_uint8(image), expected)


@pytest.mark.parametrize("content", [b"", b"no picture", encoded((64, 64), kind="JPEG")[:200]])
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(ValueError, match="must be a picture that can be read"):
        files.image(content, images_of(8, 8, 3))
