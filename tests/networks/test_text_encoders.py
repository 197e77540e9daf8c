import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg

TEXTS = ["a red circle", "a blue square", "a red circle"]


def test_embeddings_are_the_words_and_pairs():
    encoder = kg.networks.ngram_encoder(TEXTS)
    embeddings = encoder(tf.constant(["A red square!", "a red", "", "nothing known"])).numpy()
    assert embeddings.dtype == np.float32
    assert encoder.output_shape == (None, 9)  # 5 words, "a red", "red circle", "a blue", …
    np.testing.assert_array_equal(embeddings.sum(1), [4, 3, 0, 0])
    np.testing.assert_array_equal(np.unique(embeddings), [0, 1])


def test_pairs_tell_the_order():
    texts = ["red circle above blue square", "blue circle above red square"]
    pairs, words = kg.networks.ngram_encoder(texts), kg.networks.ngram_encoder(texts, ngrams=1)
    a, b = pairs(tf.constant(texts)).numpy()
    assert np.abs(a - b).max() > 0.1
    a, b = words(tf.constant(texts)).numpy()
    np.testing.assert_array_equal(a, b)


def test_the_most_frequent_are_kept():
    encoder = kg.networks.ngram_encoder(["a b", "a c", "a d"], ngrams=1, max_ngrams=1)
    np.testing.assert_array_equal(encoder(tf.constant(["a", "b"])), [[1], [0]])


def test_is_saved_with_what_it_knows(tmp_path):
    encoder = kg.networks.ngram_encoder(TEXTS)
    encoder.save(tmp_path / "encoder.keras")
    again = keras.models.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(again(tf.constant(TEXTS)), encoder(tf.constant(TEXTS)))


@pytest.mark.parametrize("texts", [[], "a red circle"])
def test_refuses_what_is_no_list_of_texts(texts):
    with pytest.raises(ValueError, match="`texts` must be a list of strings"):
        kg.networks.ngram_encoder(texts)


def test_refuses_what_are_no_strings():
    with pytest.raises(TypeError, match="`texts` must be a string"):
        kg.networks.ngram_encoder(["a", 1])
