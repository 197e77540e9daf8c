"""PNG files of nothing but pixels, which any decoder shows alike.

TensorFlow reads them without Python, whose threads wait for each other: small ones many times
faster than Pillow.
"""

import contextlib
import os
import struct
import zlib

import tensorflow as tf

from keras_gans.data import pictures

_SIGNATURE = b"\x89PNG\r\n\x1a\n"

#: Longer files are not looked into: what is saved is little beside the time of their decoding.
MAX_BYTES = 2**17

#: libpng, which TensorFlow uses, refuses pictures with longer sides.
MAX_SIDE = 10**6

#: Channels of pictures, by what headers say after the size: 8 bits, gray or red-green-blue, and the
#: only ways of compression and filtering that there are; not interlaced.
_CHANNELS = {(8, 0, 0, 0, 0): 1, (8, 2, 0, 0, 0): 3}


def size(path, channels):
    """Return `(height, width)` of an undamaged PNG that `decoded` shows as `pictures.decoded` does.

    That is known of a header, pixels and an end alone, and `None` is returned of any other file.
    With more, such as a palette, a color profile, an orientation or further frames, it is Pillow
    that knows how a picture looks; and it says what is wrong with damaged ones. Colors that are to
    be gray are left to it, too.
    """
    with contextlib.suppress(OSError, struct.error, zlib.error):
        data = _beginning(path)
        if data.startswith(_SIGNATURE):
            return _size(list(_chunks(data)), channels)
    return None


def decoded(path, channels):
    """Return the pixels of a plain PNG, a uint8 tensor `(height, width, channels)`."""
    return tf.io.decode_png(tf.io.read_file(path), channels)


def _beginning(path):
    """The first `MAX_BYTES` of a file. Python's own files take three times as long."""
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, MAX_BYTES)
    finally:
        os.close(file)


def _chunks(data):
    """Yield the names and contents of chunks. `struct.error` or `zlib.error` if one is damaged."""
    place = len(_SIGNATURE)
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        start, end = place + 4, place + 8 + length
        (checksum,) = struct.unpack_from(">I", data, end)
        if zlib.crc32(data[start:end]) != checksum:
            raise zlib.error("a wrong checksum")
        yield data[start : start + 4], data[start + 4 : end]
        place = end + 4


def _size(chunks, channels):
    names = [name for name, _ in chunks]
    if names != [b"IHDR", *[b"IDAT"] * (len(names) - 2), b"IEND"]:
        return None
    header, *data, end = (content for _, content in chunks)
    width, height, *kind = struct.unpack(">II5B", header)
    own_channels = _CHANNELS.get(tuple(kind), 5)
    is_sized = 0 < width * height <= pictures.LARGE and max(width, height) <= MAX_SIDE
    is_shown = own_channels <= channels and is_sized and not end
    is_plain = is_shown and _are_rows(b"".join(data), 1 + width * own_channels, height)
    return (height, width) if is_plain else None


def _are_rows(data, length, number):
    """Whether data inflate to rows of a known length, each of which begins with its filter."""
    inflater = zlib.decompressobj(wbits=0)  # as libpng does, which believes the data's window
    rows = inflater.decompress(data, length * number + 1)
    is_whole = inflater.eof and not inflater.unused_data and len(rows) == length * number
    return is_whole and max(rows[::length]) <= 4
