"""Picture files, as an image viewer shows them: Pillow decides."""

import contextlib
import functools
import io
import math
import threading

import numpy as np
from PIL import Image, ImageCms, ImageColor, ImageOps

#: What files may hold, of what Pillow reads: rasters, whose decoders run no code of the file's own.
FORMATS = (
    "AVIF BMP DIB GIF JPEG JPEG2000 MPO PNG PPM QOI TGA TIFF WEBP"  # what Pillow calls them
).split()

#: Pictures with more pixels are never decoded, and together with others no more at one time.
MAX_PIXELS = 10**8

#: Pictures with more pixels are shrunk as they are decoded, while both sides stay four times as
#: long as they are to be.
LARGE = 2**22

#: Modes of 16 bits a pixel, and those of more bits in formats that mean 16.
_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")


@functools.cache
def formats():
    """Those of `FORMATS` that this Pillow reads."""
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


@functools.cache
def endings():
    """Endings of the files that are taken for pictures, in small letters."""
    return tuple(e for e, name in Image.registered_extensions().items() if name in formats())


def color(name, value):
    """Return `(red, green, blue)` in 0 … 255 of a color's name, or say why it is none."""
    try:
        return ImageColor.getrgb(value)[:3]
    except (ValueError, AttributeError, TypeError):
        raise ValueError(
            f"`{name}` must be a color, such as 'white' or '#ff8000'. Received: {name}={value!r}"
        ) from None


def fault(path):
    """Return what is wrong with a file that should be a picture, or `None`."""
    try:
        picture = Image.open(path, formats=formats())
    except Exception as error:
        return f"its header cannot be read: {type(error).__name__}"
    try:
        with picture:
            if math.prod(picture.size) > MAX_PIXELS:
                return f"it has more than {MAX_PIXELS:,} pixels"
            if _mode(picture) is None:
                return "nobody knows which of its numbers are black and white"
            picture.verify()
        decoded(path, (64, 64))
    except Exception as error:
        return f"its pixels cannot be decoded: {error}"
    return None


def decoded(path, size, channels=3, background=(255, 255, 255)):
    """Return the pixels of a picture's first frame, turned as its EXIF data say.

    Args:
        path: Path of the file.
        size: `(height, width)` that the picture is to be resized to afterwards.
        channels: 1, 3 or 4: gray, sRGB, or sRGB with opacity.
        background: `(red, green, blue)`, seen where the picture is transparent; with 4 channels,
            the color where it is wholly so.

    Returns:
        uint8 array `(height, width, channels)`. Large pictures lack most of what will be cut off
        for the aspect ratio of `size`.

    Raises:
        OSError, ValueError, …: Whatever Pillow raises, if it cannot be decoded to the end.
    """
    with Image.open(path, formats=formats()) as picture:
        if math.prod(picture.size) > MAX_PIXELS:
            raise ValueError(f"{path!r} has more than {MAX_PIXELS:,} pixels")
        is_large = math.prod(picture.size) > LARGE
        least = 4 * max(size)
        if is_large:
            picture.draft(None, (least, least))  # a JPEG decodes to a fraction of its size
        with _PIXELS_AT_ONCE.taking(math.prod(picture.size)):
            picture.load()
            mode = _mode(picture)
            _turn_upright(picture)
            factor = max(1, min(picture.size) // least) if is_large else 1
            strips = _strips(picture, size, factor) if is_large else [picture]
            pixels = [_pixels(strip, mode, factor, channels, background) for strip in strips]
            picture.close()  # and with it its memory, before another takes its place
        return np.concatenate(pixels)


def _strips(picture, size, factor):
    """Yield what is seen of a large picture in strips of about `LARGE` pixels, from the top.

    What is done to a picture takes several times its memory. In units of `factor` pixels, the most
    of what will be cut off for the aspect ratio of `size` is left out, alike on both sides: two
    units stay for a cut that rounds.
    """
    width, height = (-(-side // factor) for side in picture.size)
    left = max(0, (width - -(-height * size[1] // size[0])) // 2 - 2)
    top = max(0, (height - -(-width * size[0] // size[1])) // 2 - 2)
    right, bottom = width - left, height - top
    rows = max(1, LARGE // (factor**2 * (right - left)))
    for first in range(top, bottom, rows):
        box = (left, first, right, min(first + rows, bottom))
        yield picture.crop([min(n * factor, picture.size[i % 2]) for i, n in enumerate(box)])


def _pixels(picture, mode, factor, channels, background):
    """Return the pixels of a picture, or of a part of one, for each square of side `factor` one.

    `mode` is what `_mode` says of the whole.
    """
    picture = _in_srgb(_of_8_bits(picture) if mode == "16 bits" else picture)
    if factor > 1:
        picture = (picture.convert("L") if picture.mode == "1" else picture).reduce(factor)
    return _with_channels(picture, channels, background)


class _Budget:
    """An amount of something that threads share: who asks for too much waits.

    Whoever asks while nothing is taken gets it, however much it is.
    """

    def __init__(self, total):
        self.total = total
        self.taken = 0
        self.changed = threading.Condition()

    @contextlib.contextmanager
    def taking(self, amount):
        with self.changed:
            self.changed.wait_for(lambda: not self.taken or self.taken + amount <= self.total)
            self.taken += amount
        try:
            yield
        finally:
            with self.changed:
                self.taken -= amount
                self.changed.notify_all()


_PIXELS_AT_ONCE = _Budget(MAX_PIXELS)


def _mode(picture):
    """The kind of a picture's numbers, or `None` if nobody knows which of them are white."""
    if picture.mode in _SIXTEEN_BITS or (picture.mode == "I" and picture.format in ("PNG", "PPM")):
        return "16 bits"
    return None if picture.mode in ("I", "F") else picture.mode


def _of_8_bits(picture):
    """The same gray picture with 8 bits; Pillow cuts 16 bits off instead of scaling them."""
    numbers = np.asarray(picture)
    gray = Image.fromarray(np.rint(numbers / 257).astype("uint8"))
    key = picture.info.get("transparency")
    if isinstance(key, int):
        gray.putalpha(Image.fromarray(np.where(numbers == key, 0, 255).astype("uint8")))
    return gray


def _turn_upright(picture):
    """Turn a picture as its EXIF data say; damaged ones say nothing."""
    with contextlib.suppress(Exception):  # whatever is raised: a viewer does not stop at it
        ImageOps.exif_transpose(picture, in_place=True)


def _in_srgb(picture):
    """The picture's colors as they look: those of its color profile, if it has one, in sRGB."""
    profile = picture.info.get("icc_profile")
    if picture.has_transparency_data:
        picture = picture if picture.mode == "RGBA" else picture.convert("RGBA")
    elif picture.mode not in ("1", "L", "RGB", "CMYK"):
        picture = picture.convert("RGB")
    try:
        transform = profile and _transform(profile, picture.mode)
        return ImageCms.applyTransform(picture, transform) if transform else picture
    except (ImageCms.PyCMSError, OSError, ValueError):  # of a profile that viewers ignore
        return picture


@functools.lru_cache(maxsize=32)
def _transform(profile, mode):
    """From a color profile to sRGB, or `None` if that changes nothing."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = {"RGB": "RGB ", "RGBA": "RGB ", "CMYK": "CMYK"}.get(mode)
    is_srgb = "sRGB" in ImageCms.getProfileDescription(profile)
    if profile.profile.xcolor_space != space or is_srgb:
        return None
    to_mode = "RGB" if mode == "CMYK" else mode
    return ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, to_mode)


def _with_channels(picture, channels, background):
    if channels == 4:
        pixels = np.array(picture.convert("RGBA"))
        pixels[pixels[..., 3] == 0, :3] = background
        return pixels
    if picture.mode == "RGBA":
        picture = Image.alpha_composite(
            Image.new("RGBA", picture.size, (*background, 255)), picture
        )
    pixels = np.asarray(picture.convert("RGB" if channels == 3 else "L"))
    return pixels.reshape(*pixels.shape[:2], channels)
