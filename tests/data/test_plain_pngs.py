"""PNG files of nothing but pixels look as Pillow shows them; all others are left to it."""

import itertools
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from keras_gans.data import load, pictures, plain_pngs

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def noise(mode="RGB", size=(7, 5), seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), "uint8")
    return Image.fromarray(pixels).convert(mode)


def header(width=3, height=2, depth=8, color=0, interlaced=0):
    return b"IHDR", struct.pack(">II5B", width, height, depth, color, 0, 0, interlaced)


def pixels(rows=b"\0abc\0def"):
    return b"IDAT", zlib.compress(rows)


END = b"IEND", b""


def write(path, *chunks):
    """Write a PNG of chunks, pairs of a name and contents, with the right checksums."""
    with open(path, "wb") as file:
        file.write(SIGNATURE)
        for name, content in chunks:
            checksum = zlib.crc32(name + content)
            file.write(struct.pack(">I", len(content)) + name + content)
            file.write(struct.pack(">I", checksum))
    return path


def read(path):
    """The chunks of a PNG, as `write` takes them."""
    data, place = path.read_bytes(), len(SIGNATURE)
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        yield data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        place += length + 12


def assert_is_plain(path, channels):
    """And that it looks as Pillow shows it."""
    assert plain_pngs.size(path, channels) == Image.open(path).size[::-1]
    assert pictures.fault(path) is None
    found = plain_pngs.decoded(str(path), channels)
    np.testing.assert_array_equal(found, pictures.decoded(path, (8, 8), channels))


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_look_as_pillow_shows_them(tmp_path, mode, channels):
    path = tmp_path / "a.png"
    for size, options in itertools.product(
        [(7, 5), (1, 1), (1, 90), (90, 1), (120, 110)],
        [{}, {"optimize": True}, {"compress_level": 0}, {"compress_level": 9}],
    ):
        noise(mode, size).save(path, **options)
        if (mode, channels) == ("RGB", 1):
            assert not plain_pngs.size(path, channels)
        else:
            assert_is_plain(path, channels)


def test_may_have_their_pixels_in_many_chunks(tmp_path):
    name, data = pixels()
    parts = [(name, data[i : i + 1]) for i in range(len(data))]
    assert_is_plain(write(tmp_path / "a.png", header(), (name, b""), *parts, END), 1)


def with_text(key):
    text = PngImagePlugin.PngInfo()
    text.add_text(key, "text")
    return text


def exif(orientation=6):
    data = Image.Exif()
    data[0x0112] = orientation
    return data


#: Mode of a picture, and options to save it with.
OTHERS = {
    "palette": ("P", {}),
    "palette_of_two": ("P", {"bits": 1}),
    "black_and_white": ("1", {}),
    "gray_with_opacity": ("LA", {}),
    "opacity": ("RGBA", {}),
    "sixteen_bits": ("I;16", {}),
    "transparent_gray": ("L", {"transparency": 3}),
    "transparent_color": ("RGB", {"transparency": (1, 2, 3)}),
    "profile": (
        "RGB",
        {"icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()},
    ),
    "orientation": ("RGB", {"exif": exif()}),
    "text": ("RGB", {"pnginfo": with_text("Raw profile type exif")}),
    "resolution": ("RGB", {"dpi": (72, 72)}),
    "animation": ("RGB", {"save_all": True, "append_images": [noise(seed=1)]}),
    "jpeg": ("RGB", {"format": "JPEG"}),
    "bmp": ("L", {"format": "BMP"}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_others_are_left_to_pillow(tmp_path, name):
    mode, options = OTHERS[name]
    picture = noise().convert("L").convert(mode) if mode == "I;16" else noise(mode)
    picture.save(tmp_path / "a.png", **options)
    assert pictures.fault(tmp_path / "a.png") is None
    for channels in (1, 3, 4):
        assert not plain_pngs.size(tmp_path / "a.png", channels)


RARE = {
    "interlaced": [header(1, 1, interlaced=1), pixels(b"\0a"), END],
    "two_bits": [header(4, 1, depth=2), pixels(b"\0a"), END],
    "sixteen_bits_of_color": [header(1, 1, 16, 2), pixels(b"\0abcdef"), END],
    "unused_palette": [header(1, 1, 8, 2), (b"PLTE", b"abc"), pixels(b"\0abc"), END],
    "chunk_after_pixels": [header(), pixels(), (b"eXIf", b"MM"), END],
    "unknown_chunk": [header(), (b"abCd", b""), pixels(), END],
    "end_with_contents": [header(), pixels(), (b"IEND", b"a")],
    "long": [header(10**6 + 1, 1), pixels(bytes(10**6 + 2)), END],
    "large": [header(2049, 2048), pixels(bytes(2050 * 2048)), END],
    "bytes_after_the_end": [header(), pixels(), END, (b"abCd", b"")],
}


@pytest.mark.parametrize("name", RARE)
def test_rare_ones_are_left_to_pillow(tmp_path, name):
    path = write(tmp_path / "a.png", *RARE[name])
    assert pictures.fault(path) is None
    assert not plain_pngs.size(path, 3)


DATA = zlib.compress(b"\0abc\0def")

DAMAGED = {
    "no_chunks": [],
    "header_alone": [header()],
    "no_pixels": [header(), END],
    "no_header": [pixels(), END],
    "no_end": [header(), pixels()],
    "short_header": [(b"IHDR", bytes(12)), pixels(), END],
    "no_width": [header(width=0), pixels(), END],
    "unknown_kind": [header(color=1), pixels(), END],
    "too_few_rows": [header(height=3), pixels(), END],
    "unknown_filter": [header(), pixels(b"\0abc\5def"), END],
    "no_end_of_the_pixels": [header(), (b"IDAT", DATA[:-5]), END],
    "wrong_sum_of_the_pixels": [header(), (b"IDAT", DATA[:-1] + b"a"), END],
    "no_deflated_pixels": [header(), (b"IDAT", b"hello"), END],
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_ones_are_not_plain(tmp_path, name):
    assert not plain_pngs.size(write(tmp_path / "a.png", *DAMAGED[name]), 3)


def test_too_many_rows_are_not_plain(tmp_path):
    """Whether Pillow minds them or not."""
    assert not plain_pngs.size(write(tmp_path / "a.png", header(height=1), pixels(), END), 3)
    after_them = b"IDAT", DATA + b"a"
    assert not plain_pngs.size(write(tmp_path / "a.png", header(), after_them, END), 3)


def test_no_byte_can_be_lost_or_changed(tmp_path):
    path = tmp_path / "a.png"
    noise().save(path)
    data = path.read_bytes()
    assert plain_pngs.size(path, 3) == (5, 7)
    for i in range(len(data)):
        for damaged in (data[:i], data[:i] + bytes([data[i] ^ 16]) + data[i + 1 :]):
            path.write_bytes(damaged)
            assert not plain_pngs.size(path, 3)
    for damaged in (data + b"\0", data + data, bytes(len(data))):
        path.write_bytes(damaged)
        assert not plain_pngs.size(path, 3)


def test_what_cannot_be_opened_is_not_plain(tmp_path):
    assert not plain_pngs.size(tmp_path / "missing.png", 3)


def test_long_files_are_not_looked_into(tmp_path, monkeypatch):
    noise().save(tmp_path / "a.png")
    length = (tmp_path / "a.png").stat().st_size
    for limit, expected in ((length, (5, 7)), (length - 1, None)):
        monkeypatch.setattr(plain_pngs, "MAX_BYTES", limit)
        assert plain_pngs.size(tmp_path / "a.png", 3) == expected


def mutated(data, random):
    """Bytes of which some are changed, lost or repeated."""
    data = bytearray(data)
    for _ in range(random.integers(1, 4)):
        i, j = sorted(random.integers(0, len(data) + 1, 2))
        j = min(j, i + 4)
        kind = random.integers(4)
        if kind == 0 and i < j:
            data[i] = random.integers(256)
        elif kind == 1:
            del data[i:j]
        elif kind == 2:
            data[i:i] = data[i:j]
        elif kind == 3 and i < j:
            data[i] ^= 1 << random.integers(8)
    return bytes(data)


@pytest.mark.slow
def test_pillow_finds_nothing_wrong_with_them(tmp_path):
    """Whatever happens to files: whole, in their chunks, or in their pixels before deflation."""
    random = np.random.default_rng(0)
    num_plain = 0
    for i in range(6000):
        mode, size = random.choice(["L", "RGB"]), random.integers(1, 9, 2)
        path = tmp_path / f"{i % 50}.png"
        noise(str(mode), tuple(size), seed=i).save(path, compress_level=int(random.integers(10)))
        head, *body, end = read(path)
        if i % 3 == 0:
            path.write_bytes(mutated(path.read_bytes(), random))
        elif i % 3 == 1:
            chunks = [head, *body, end]
            place = int(random.integers(len(chunks)))
            chunks[place] = chunks[place][0], mutated(chunks[place][1], random)
            write(path, *chunks)
        else:
            rows = zlib.decompress(b"".join(content for _, content in body))
            write(path, head, pixels(mutated(rows, random)), end)
        for channels in (1, 3, 4):
            if plain_pngs.size(path, channels):
                num_plain += 1
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    assert_is_plain(path, channels)
    assert num_plain > 500


class TestFolders:
    def test_show_both_kinds_as_pillow_does(self, tmp_path, monkeypatch):
        for i, mode in enumerate(["L", "RGB", "P", "RGBA", "LA", "RGB"]):
            noise(mode, (9 + i, 12), seed=i).save(tmp_path / f"{i}.png")
        noise().save(tmp_path / "a.jpg")
        for channels in (1, 3, 4):
            options = {"batch_size": 7, "image_size": 6, "shuffle": False, "channels": channels}
            found = load(tmp_path, **options)[0].get_single_element()
            with monkeypatch.context() as context:
                context.setattr(plain_pngs, "size", lambda path, channels: None)
                expected = load(tmp_path, **options)[0].get_single_element()
            np.testing.assert_array_equal(found, expected)

    def test_read_plain_ones_without_pillow(self, tmp_path, monkeypatch):
        for i in range(4):
            noise(seed=i).save(tmp_path / f"{i}.png")
        monkeypatch.setattr(Image, "open", None)
        batch = load(tmp_path, batch_size=4, image_size=(5, 7), shuffle=False)[0]
        expected = [np.asarray(noise(seed=i)) for i in range(4)]
        np.testing.assert_allclose(
            batch.get_single_element(), np.divide(expected, 127.5) - 1, atol=1e-6
        )
