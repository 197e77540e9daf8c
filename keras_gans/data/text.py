"""Text by name, from files and from strings, ready for `fit`.

A text is read piece by piece into an array of the numbers of its characters, one byte each if there
are no more than 256 different ones, so that a text of gigabytes fits in memory.
"""

import array
import dataclasses
import os
import pathlib
import sys

import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans._typing import PathLike
from keras_gans.data import named, orders, workers

#: What stands for characters outside a vocabulary: Unicode's replacement character.
UNKNOWN = "\ufffd"

#: Characters that are read at once.
_PIECE = 2**18

_SOURCES = (
    "`source` must be the name of a TFDS dataset, the path of a text file, or a text with spaces."
)


@dataclasses.dataclass(frozen=True)
class TextInfo:
    """What a dataset of texts holds.

    Attributes:
        name: String.
        vocabulary: String, the different characters of this split, by their code points.
        num_examples: Integer, windows of the text.
        length: Integer, characters of a window.
        split: String, which part of the dataset.

    Example:

    >>> import keras_gans as kg
    >>> train, info = kg.data.load_text("to be, or not to be", length=4, batch_size=8)
    >>> info.vocabulary, info.vocabulary_size, info.num_examples
    (' ,benort', 10, 16)
    """

    name: str
    vocabulary: str
    num_examples: int
    length: int
    split: str

    @property
    def vocabulary_size(self) -> int:
        """Channels of a network for this text: see `vocabulary_size`."""
        return vocabulary_size(self.vocabulary)


def vocabulary_size(vocabulary: str) -> int:
    """Return how many channels a network for texts has: one for each character, and two more.

    The others are padding, after the end of a text, and characters outside the vocabulary.

    Example:

    >>> import keras_gans as kg
    >>> kg.data.vocabulary_size("abc")
    5
    """
    return len(vocabulary) + 2


def load_text(
    source: PathLike = "tiny_shakespeare",
    split: str = "train",
    length: int = 32,
    batch_size: int = 64,
    stride: int = 1,
    shuffle: bool | None = None,
    seed: int | None = None,
) -> tuple[tf.data.Dataset, TextInfo]:
    """Load a running text, cut into windows of `length` characters, in shuffled batches.

    The windows begin at the characters 0, `stride`, 2 · `stride`, …: with a stride of 1, the
    default, wherever a whole window fits; with a stride of `length` they do not overlap. Nothing is
    changed in them: upper case, punctuation and line ends stay. In memory a text takes one byte a
    character, or two if it has more than 256 different ones, and three times that as it is read.

    Args:
        source: One of
            - the name of a TFDS dataset with a feature `"text"`, as for `load`: downloaded once,
              to `TFDS_DATA_DIR` if that is set. Its examples are joined by line ends. Defaults to
              `"tiny_shakespeare"`;
            - the path of a UTF-8 text file;
            - the text itself: any other string with a space or a line end in it.
        split: String, part of a named dataset, such as `"train"` or `"test"`; files and strings
            have `"train"` only. Defaults to `"train"`.
        length: Positive integer, characters of a window. Defaults to `32`.
        batch_size: Positive integer. Windows that do not fill a batch are dropped. Defaults to
            `64`.
        stride: Positive integer, characters from one window to the next. Defaults to `1`.
        shuffle: Boolean. Defaults to `None`: yes for training splits, no for others.
        seed: Integer or `None`, of the order. Defaults to `None`.

    Returns:
        `(dataset, info)`: a `tf.data.Dataset` of strings `(batch_size,)`, UTF-8, and a `TextInfo`.

    Raises:
        ValueError: If the source or the split is unknown, or the text is too short for one batch.
        TypeError: If the source is of another kind.
        OSError: If a named dataset cannot be downloaded, or a file cannot be read.

    Example:

    >>> import keras_gans as kg
    >>> text = "to be, or not to be"
    >>> windows, _ = kg.data.load_text(text, length=6, batch_size=3, stride=6, shuffle=False)
    >>> next(iter(windows)).numpy().tolist()
    [b'to be,', b' or no', b't to b']
    """
    length = _checks.positive_int("length", length)
    batch_size = _checks.positive_int("batch_size", batch_size)
    stride = _checks.positive_int("stride", stride)
    is_shuffled = named.is_shuffled(shuffle, _checks.string("split", split))
    seed = workers.agreed_seed(seed) if is_shuffled else _checks.seed("seed", seed)
    name, pieces = _pieces(source, split)
    characters, vocabulary = _numbered(pieces)
    num_windows = max(0, len(characters) - length + stride) // stride
    if num_windows < batch_size:
        raise ValueError(
            f"`source` must hold at least one batch of {batch_size} windows of {length} "
            f"characters. Received: {name!r} with {len(characters)} characters, {num_windows} "
            "windows"
        )
    windows = orders.batches(num_windows, batch_size, is_shuffled, seed)
    windows = windows.map(_cutter(characters, vocabulary, length, stride))
    info = TextInfo(name, "".join(sorted(map(chr, vocabulary))), num_windows, length, split)
    return workers.read_by_all(windows).prefetch(tf.data.AUTOTUNE), info


def _cutter(characters, vocabulary, length, stride):
    """Return a function from numbers of windows to the windows, UTF-8 strings."""
    with tf.device("CPU:0"):  # where datasets are read
        characters = tf.constant(characters)
        vocabulary = tf.constant(vocabulary, tf.int32)
        offsets = tf.range(length, dtype=tf.int64)

    def cut(numbers):
        windows = tf.gather(characters, numbers[:, None] * stride + offsets)
        return tf.strings.unicode_encode(tf.gather(vocabulary, tf.cast(windows, tf.int64)), "UTF-8")

    return cut


def _numbered(pieces):
    """Return the characters of a text as numbers, and the code point that each number stands for.

    Args:
        pieces: Strings that make up the text.

    Returns:
        An array of the narrowest unsigned integers that can number the vocabulary, and a list.
    """
    number_of = np.full(sys.maxunicode + 1, -1, "int32")
    vocabulary: list[int] = []
    characters = array.array("B")
    for piece in pieces:
        points = np.frombuffer(piece.encode("utf-32-le"), "<u4")
        new = np.unique(points[number_of[points] < 0])
        number_of[new] = len(vocabulary) + np.arange(len(new))
        vocabulary += new.tolist()
        kind = np.min_scalar_type(max(0, len(vocabulary) - 1)).char
        if kind != characters.typecode:
            characters = array.array(kind, np.asarray(characters).astype(kind).tobytes())
        characters.frombytes(number_of[points].astype(kind).tobytes())
    return np.asarray(characters), vocabulary


def _pieces(source, split):
    """Return the name of a source, and an iterator of the strings that make up its text."""
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(f"{_SOURCES} Received: source of type {type(source).__name__}")
    if isinstance(source, os.PathLike) or os.path.isfile(source):
        named.refuse_split(split, "a file")
        return pathlib.Path(source).name, _of_file(pathlib.Path(source))
    if any(character.isspace() for character in source):
        named.refuse_split(split, "a string")
        return "text", _of_string(source)
    builder = named.builder(source, _SOURCES)
    if "text" not in builder.info.features:
        raise ValueError(
            f"`source` must be a text dataset. Received: source={source!r}, which holds "
            f"{list(builder.info.features)}"
        )
    examples = named.prepared(builder, split).map(lambda example: example["text"])
    return source, _joined(examples.as_numpy_iterator())


def _of_string(text):
    return (text[i : i + _PIECE] for i in range(0, len(text), _PIECE))


def _of_file(path):
    with open(path, encoding="utf-8-sig") as file:
        try:
            yield from iter(lambda: file.read(_PIECE), "")
        except UnicodeDecodeError as error:
            read = file.buffer.tell()  # type: ignore[attr-defined]
            place = read - len(error.object) + error.start
            raise ValueError(
                f"`source` must be UTF-8 text. Received: {str(path)!r}, with the byte "
                f"{error.object[error.start]:#04x} at {place:,}: {error.reason}"
            ) from None


def _joined(texts):
    """The pieces of texts with a line end between each two."""
    for i, text in enumerate(texts):
        yield from _of_string(("\n" if i else "") + text.decode("utf-8"))
