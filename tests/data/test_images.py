"""Pictures: rounding, and pixels where they belong."""

import numpy as np
import pytest
from PIL import Image

from keras_gans.data import image_grid, save_animation, save_grid, save_paths, to_uint8


def test_pixels_are_rounded_and_clipped():
    pixels = np.arange(256)
    centers = pixels / 127.5 - 1
    for shift in (-0.4, 0.0, 0.4):
        np.testing.assert_array_equal(to_uint8(centers + shift / 127.5), pixels)
    np.testing.assert_array_equal(to_uint8([-np.inf, -7.0, 1.01, 7.0, np.inf]), [0, 0] + 3 * [255])
    np.testing.assert_array_equal(to_uint8([np.nan, 1.0]), [0, 255])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_pixels_survive_the_round_trip(dtype):
    pixels = np.arange(256, dtype="uint8").reshape(4, 8, 8, 1)
    again = to_uint8((pixels / 127.5 - 1).astype(dtype))
    assert again.dtype == np.uint8
    np.testing.assert_array_equal(again, pixels)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_grid_puts_every_pixel_where_it_belongs(channels):
    images = np.random.default_rng(0).uniform(-1, 1, (5, 4, 3, channels))
    grid = np.asarray(image_grid(images, columns=2, padding=1, scale=2))
    assert grid.shape == (3 * 9 + 1, 2 * 7 + 1, channels)[: 2 if channels == 1 else 3]
    grid = grid.reshape(*grid.shape[:2], channels)
    expected = np.full(grid.shape, 255)
    for i, image in enumerate(to_uint8(images)):
        for row in range(8):
            for column in range(6):
                y, x = 1 + (i // 2) * 9 + row, 1 + (i % 2) * 7 + column
                expected[y, x] = image[row // 2, column // 2]
    np.testing.assert_array_equal(grid, expected)


@pytest.mark.parametrize("num, columns, rows", [(1, 1, 1), (2, 2, 1), (4, 2, 2), (5, 3, 2)])
def test_the_grid_is_nearly_square(num, columns, rows):
    grid = image_grid(np.zeros((num, 8, 8, 1)), scale=1)
    assert grid.size == (columns * 10 + 2, rows * 10 + 2)
    assert grid.mode == "L"


def test_colors_keep_their_channels():
    red = np.array([1, -1, -1]) * np.ones((1, 2, 2, 3))
    grid = image_grid(red, padding=0, scale=1)
    assert grid.mode == "RGB"
    assert grid.getpixel((1, 1)) == (255, 0, 0)


@pytest.mark.parametrize("shape", [(4, 8, 8), (0, 8, 8, 1), (4, 8, 8, 2), (8, 8, 3), (4, 2)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"`images` must have shape .* Received: shape \("):
        image_grid(np.zeros(shape))


@pytest.mark.parametrize("argument", ["columns", "scale"])
def test_sizes_must_be_positive(argument):
    with pytest.raises(ValueError, match=f"`{argument}` must be a positive integer.*=0"):
        image_grid(np.zeros((4, 8, 8, 1)), **{argument: 0})


def test_the_grid_is_saved_and_its_folder_made(tmp_path):
    images = np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 3))
    save_grid(images, tmp_path / "new" / "grid.png", columns=4, padding=0, scale=1)
    with Image.open(tmp_path / "new" / "grid.png") as picture:
        saved = np.asarray(picture)
    np.testing.assert_array_equal(saved, np.concatenate(to_uint8(images), axis=1))


def test_an_unknown_format_writes_nothing(tmp_path):
    with pytest.raises(ValueError, match="unknown file extension"):
        save_grid(np.zeros((4, 8, 8, 1)), tmp_path / "grid.picture")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("side", "pixels"), [(8, 32), (28, 56), (32, 32), (33, 33)])
def test_small_images_are_enlarged(side, pixels):
    assert image_grid(np.zeros((1, side, side, 1)), padding=0).size == (pixels, pixels)


def test_paths_are_rows_and_an_animation_there_and_back(tmp_path):
    images = np.linspace(-1, 1, 6).reshape(2, 3, 1, 1, 1) * np.ones((2, 3, 8, 8, 1))
    save_paths(images, tmp_path / "paths.png", scale=1)
    with Image.open(tmp_path / "paths.png") as picture:
        expected = image_grid(images.reshape(6, 8, 8, 1), columns=3, scale=1)
        np.testing.assert_array_equal(picture, expected)
    with Image.open(tmp_path / "paths.gif") as animation:
        shades = []
        for i in range(animation.n_frames):
            animation.seek(i)
            shades.append(animation.convert("L").getpixel((4, 4)))
    np.testing.assert_allclose(shades, [0, 51, 102, 51], atol=1)


@pytest.mark.parametrize("shape", [(2, 3, 8, 8), (2, 1, 8, 8, 1)])
def test_paths_of_another_shape_are_refused(tmp_path, shape):
    with pytest.raises(ValueError, match="`images` must have shape"):
        save_paths(np.zeros(shape), tmp_path / "paths.png")
    assert list(tmp_path.iterdir()) == []


def test_animations_are_gifs_of_something(tmp_path):
    frame = image_grid(np.zeros((1, 8, 8, 1)))
    with pytest.raises(ValueError, match="`frames` must hold"):
        save_animation([], tmp_path / "a.gif")
    for frames in (7, np.zeros((2, 8, 8)), [frame, None]):
        with pytest.raises(TypeError, match="`frames` must be a sequence of"):
            save_animation(frames, tmp_path / "a.gif")
    with pytest.raises(ValueError, match="`filepath` must end in"):
        save_animation([frame], tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []
