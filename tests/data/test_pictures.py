"""Picture files look as an image viewer shows them."""

import threading

import numpy as np
import pytest
from PIL import Image, ImageCms

from keras_gans.data import load, pictures
from tests.data.memory import takes_at_most

pytestmark = pytest.mark.first_cases

RED, LIME, BLUE, WHITE = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]


def decoded(path, channels=3, **kwargs):
    assert pictures.fault(path) is None
    return pictures.decoded(path, (8, 8), channels, **kwargs)


def test_palettes_are_looked_up(tmp_path):
    for name in ("a.bmp", "a.png", "a.gif", "a.tiff", "a.tga"):
        picture = Image.new("P", (4, 4), 1)
        picture.putpalette([0, 0, 0, *BLUE, *RED])
        picture.save(tmp_path / name)
        np.testing.assert_array_equal(decoded(tmp_path / name)[0, 0], BLUE)


@pytest.mark.parametrize("name", ["a.png", "a.tiff", "a.ppm", "a.jp2"])
def test_sixteen_bits_are_scaled(tmp_path, name):
    gray = np.array([[0, 257 * 100, 257 * 200, 65535]] * 4, "uint16")
    Image.fromarray(gray).save(tmp_path / name)
    np.testing.assert_array_equal(decoded(tmp_path / name, 1)[0, :, 0], [0, 100, 200, 255])


def test_a_transparent_gray_of_sixteen_bits_shows_the_background(tmp_path):
    gray = np.array([[0, 257 * 100, 257 * 200, 65535]] * 4, "uint16")
    Image.fromarray(gray).save(tmp_path / "a.png", transparency=257 * 100)
    np.testing.assert_array_equal(decoded(tmp_path / "a.png", 1)[0, :, 0], [0, 255, 200, 255])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tiff"])
def test_pictures_stand_upright(tmp_path, name, orientation):
    upright = Image.new("RGB", (16, 32), "white")
    upright.paste("red", (0, 0, 8, 16))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / name, exif=exif, quality=100)
    pixels = decoded(tmp_path / name)
    assert pixels.shape == (32, 16, 3)
    np.testing.assert_allclose(pixels[4, 3], RED, atol=5)
    for row, column in ((4, 12), (28, 3), (28, 12)):
        np.testing.assert_allclose(pixels[row, column], WHITE, atol=5)


def test_damaged_exif_data_say_nothing(tmp_path):
    Image.new("RGB", (4, 4), "red").save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0\x2a\0\0\xff\xff")
    np.testing.assert_allclose(decoded(tmp_path / "a.jpg")[0, 0], RED, atol=5)


@pytest.mark.parametrize(
    "ending",
    "avif bmp dib gif jfif jp2 jpg JPEG pgm png qoi tga tif webp".split(),
)
def test_kinds(tmp_path, ending):
    name = f"a.{ending}"
    if not name.lower().endswith(pictures.endings()):
        pytest.skip("an old Pillow")
    Image.new("RGB", (16, 16), (120, 120, 120)).save(tmp_path / name)
    np.testing.assert_allclose(decoded(tmp_path / name)[8, 8], [120] * 3, atol=3)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_modes(tmp_path, mode, channels):
    white = Image.new("RGB", (4, 4), "white")
    if mode == "LAB":
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        white = ImageCms.profileToProfile(white, *profiles, outputMode="LAB")
    white.convert(mode).save(tmp_path / "a.tiff")
    pixels = decoded(tmp_path / "a.tiff", channels)
    np.testing.assert_allclose(pixels, np.full((4, 4, channels), 255), atol=3)


class TestTransparency:
    @pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tiff", "a.tga"])
    def test_shows_the_background(self, tmp_path, name):
        pixels = np.array([[[*RED, 255], [*BLUE, 0], [0, 0, 0, 128]]] * 3, "uint8")
        Image.fromarray(pixels).save(tmp_path / name, lossless=True)
        np.testing.assert_array_equal(decoded(tmp_path / name)[0], [RED, WHITE, [127, 127, 127]])
        np.testing.assert_array_equal(
            decoded(tmp_path / name, background=tuple(LIME))[0], [RED, LIME, [0, 127, 0]]
        )
        with_opacity = decoded(tmp_path / name, 4, background=tuple(LIME))[0]
        np.testing.assert_array_equal(with_opacity, [[*RED, 255], [*LIME, 0], [0, 0, 0, 128]])

    def test_of_palettes_and_keys(self, tmp_path):
        picture = Image.new("P", (4, 4), 1)
        picture.putpalette([*RED, *BLUE])
        picture.putpixel((0, 0), 0)
        for name in ("a.png", "a.gif"):
            picture.save(tmp_path / name, transparency=1)
            np.testing.assert_array_equal(decoded(tmp_path / name)[0, :2], [RED, WHITE])
        Image.new("RGB", (4, 4), "blue").save(tmp_path / "b.png", transparency=tuple(BLUE))
        np.testing.assert_array_equal(decoded(tmp_path / "b.png")[0, 0], WHITE)


def test_animations_show_their_first_frame(tmp_path):
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "lime")]
    for name in ("a.gif", "a.png", "a.webp", "a.tiff"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], lossless=True)
        np.testing.assert_array_equal(decoded(tmp_path / name)[0, 0], RED)


def swapped_profile():
    """The color profile of a screen whose red is blue."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = data.replace("sRGB".encode("utf-16-be"), "sBGR".encode("utf-16-be"))
    return data.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_colors_are_those_of_the_profile(tmp_path, mode):
    picture = Image.new("RGB", (4, 4), "red").convert(mode)
    picture.save(tmp_path / "a.png", icc_profile=swapped_profile())
    np.testing.assert_allclose(decoded(tmp_path / "a.png")[0, 0], BLUE, atol=2)
    for data in (
        b"",
        b"no profile",
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    ):
        picture.save(tmp_path / "a.png", icc_profile=data)
        np.testing.assert_array_equal(decoded(tmp_path / "a.png")[0, 0], RED)


def test_numbers_without_a_known_white_are_no_picture(tmp_path):
    Image.fromarray(np.ones((4, 4), "float32")).save(tmp_path / "float.tiff")
    Image.fromarray(np.ones((4, 4), "int32")).save(tmp_path / "int.tiff")
    for name in ("float.tiff", "int.tiff"):
        assert "black and white" in pictures.fault(tmp_path / name)


def test_nothing_is_said_about_what_a_viewer_does_not_mind(tmp_path, capfd):
    """TensorFlow's libpng wrote a line for each of these at every epoch."""
    Image.new("RGB", (4, 4), "red").save(tmp_path / "a.png", icc_profile=b"no profile")
    picture = Image.new("RGB", (4, 4), "red")
    picture.save(tmp_path / "b.png", exif=b"no exif data")
    for name in ("a.png", "b.png"):
        np.testing.assert_array_equal(decoded(tmp_path / name)[0, 0], RED)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("size", [(53, 90), (90, 53), (300, 7), (7, 300)])
def test_large_pictures_look_like_small_ones(tmp_path, monkeypatch, mode, size):
    """Read in strips and without what will be cut off, where there is nothing to shrink."""
    random = np.random.default_rng(0)
    if mode == "I;16":
        picture = Image.fromarray(random.integers(0, 2**16, size, "uint16"))
    else:
        picture = Image.fromarray(random.integers(0, 256, (*size, 3), "uint8"))
        picture = picture.convert("RGBA" if mode in ("LA", "RGBA") else "RGB").convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "a.png", exif=exif)

    def loaded():
        return load(tmp_path, batch_size=1, image_size=(15, 17))[0].get_single_element()

    expected = loaded()
    monkeypatch.setattr(pictures, "LARGE", 500)
    np.testing.assert_array_equal(loaded(), expected)


@pytest.mark.parametrize("mode", ["1", "RGBA"])
def test_large_pictures_of_any_mode_are_shrunk(tmp_path, mode):
    Image.new("RGB", (2100, 2100), "white").convert(mode).save(tmp_path / "a.png")
    assert pictures.fault(tmp_path / "a.png") is None
    pixels = pictures.decoded(tmp_path / "a.png", (64, 64))
    np.testing.assert_array_equal(pixels, np.full((263, 263, 3), 255))


@pytest.mark.parametrize(("mode", "size"), [("RGBA", (3000, 3000)), ("RGB", (450_000, 20))])
@pytest.mark.slow
def test_large_pictures_take_little_more_than_their_pixels(tmp_path, mode, size):
    """Pillow keeps 4 bytes a pixel, of one at a time; the rest is for what is done to them."""
    small, large = tmp_path / "small", tmp_path / "large"
    for folder, its_size in ((small, (64, 64)), (large, size)):
        folder.mkdir()
        for i in range(4):
            Image.new(mode, its_size).save(folder / f"{i}.png")
    load = "list(kg.data.load({!r}, batch_size=4, image_size=64)[0])"
    bounded = "kg.data.pictures._PIXELS_AT_ONCE.total = 9_000_000\n"
    code, preparation = bounded + load.format(str(large)), load.format(str(small))
    assert takes_at_most(4 * 9_000_000 + 90_000_000, code, preparation)


def test_a_budget_is_never_exceeded():
    budget = pictures._Budget(10)
    taken, most = [], []
    lock = threading.Lock()

    def work(amount):
        for _ in range(20):
            with budget.taking(amount):
                with lock:
                    taken.append(amount)
                    most.append(sum(taken))
                with lock:
                    taken.remove(amount)

    threads = [threading.Thread(target=work, args=[amount]) for amount in (3, 4, 5, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) <= 10
    assert budget.taken == 0
