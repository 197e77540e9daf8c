"""Encoders of texts: from strings to embeddings that a network can be conditioned on."""

from collections.abc import Sequence

import keras
from keras import layers

from keras_gans import _checks


def ngram_encoder(
    texts: Sequence[str],
    ngrams: int = 2,
    max_ngrams: int | None = None,
    name: str = "text_encoder",
) -> keras.Model:
    """An encoder that knows which words, and which words in a row, a text has.

    It has nothing to learn: the embedding of a text has a 1 for each of its words, pairs of words
    and so on that `texts` hold, and a 0 for all others. Pairs tell "red circle, blue square" from
    "blue circle, red square". Case and punctuation do not count.

    Args:
        texts: List of strings, those that the encoder should know: captions to train on.
        ngrams: Positive integer, the most words in a row. Defaults to `2`.
        max_ngrams: Integer above 1 or `None`. How many are known, the most frequent ones. Defaults
            to `None`, all.
        name: String. Defaults to `"text_encoder"`.

    Returns:
        `keras.Model` from strings `(batch,)` to float32 embeddings `(batch, embedding_dim)` of
        zeros and ones.

    Raises:
        ValueError, TypeError: If there are no texts, or they are no strings; if a number is out of
            range.

    Example:

    >>> import keras_gans as kg, tensorflow as tf
    >>> encoder = kg.networks.ngram_encoder(["a red circle", "a blue square"])
    >>> encoder(tf.constant(["a red square"])).shape
    TensorShape([1, 9])
    """
    if isinstance(texts, str) or not len(texts):
        raise ValueError(f"`texts` must be a list of strings. Received: texts={texts!r}")
    for text in texts:
        _checks.string("texts", text)
    ngrams = _checks.positive_int("ngrams", ngrams)
    if max_ngrams is not None:
        max_ngrams = 1 + _checks.positive_int("max_ngrams", max_ngrams)  # beside unknown ones
    reader = layers.TextVectorization(max_ngrams, ngrams=ngrams, output_mode="multi_hot")
    reader.adapt(list(dict.fromkeys(texts)))
    indices = layers.TextVectorization(
        ngrams=ngrams,
        output_mode="multi_hot",
        vocabulary=reader.get_vocabulary(include_special_tokens=False),  # part of the config
        name="ngrams",
    )
    strings = keras.Input((), dtype="string", name="texts")
    found = indices(strings)[:, 1:]
    found = layers.Rescaling(1.0, dtype="float32")(found)  # as floats
    return keras.Model(strings, found, name=name)
