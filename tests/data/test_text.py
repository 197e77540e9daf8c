"""Running text, cut into windows."""

import os

import pytest
import tensorflow as tf

from keras_gans.data import load_text, vocabulary_size

TEXT = "naïve café:\n“to be, or not to be”, 𝒳 said."

tiny_shakespeare = pytest.mark.skipif(
    not os.path.isdir(os.path.join(os.environ.get("TFDS_DATA_DIR", ""), "tiny_shakespeare")),
    reason="TFDS_DATA_DIR does not hold tiny_shakespeare",
)


def all_of(dataset):
    return [text.decode("utf-8") for batch in dataset.as_numpy_iterator() for text in batch]


@pytest.mark.parametrize("stride", [1, 3, 5, 7])
def test_windows_are_slices(stride):
    starts = range(0, len(TEXT) - 5 + 1, stride)
    dataset, info = load_text(TEXT, length=5, batch_size=1, stride=stride, shuffle=False)
    assert all_of(dataset) == [TEXT[i : i + 5] for i in starts]
    assert info.num_examples == len(starts)


def test_info():
    _, info = load_text(TEXT, length=5, batch_size=4)
    assert list(info.vocabulary) == sorted(set(TEXT))
    assert info.vocabulary_size == vocabulary_size(info.vocabulary) == len(set(TEXT)) + 2
    assert (info.name, info.length, info.split) == ("text", 5, "train")


def test_batches_have_a_fixed_size_and_drop_the_remainder():
    dataset, _ = load_text(TEXT, length=5, batch_size=16)
    assert dataset.element_spec == tf.TensorSpec((16,), tf.string)
    assert [len(batch) for batch in dataset] == [16] * ((len(TEXT) - 4) // 16)


def test_windows_are_shuffled_anew_in_every_epoch_unless_asked():
    in_order = [TEXT[i : i + 5] for i in range(len(TEXT) - 4)]
    dataset, _ = load_text(TEXT, length=5, batch_size=1, seed=1)
    first, second = all_of(dataset), all_of(dataset)
    assert first != in_order and second != in_order and first != second
    assert sorted(first) == sorted(second) == sorted(in_order)
    again, _ = load_text(TEXT, length=5, batch_size=1, seed=1)
    assert all_of(again) == first
    kept, _ = load_text(TEXT, length=5, batch_size=1, shuffle=False)
    assert all_of(kept) == in_order


def test_a_text_of_one_window():
    dataset, info = load_text("to be", length=5, batch_size=1)
    assert (all_of(dataset), info.num_examples) == (["to be"], 1)


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_reads_a_file(tmp_path, kind):
    path = tmp_path / "a play.txt"
    path.write_text(TEXT, encoding="utf-8")
    dataset, info = load_text(kind(path), length=len(TEXT), batch_size=1)
    assert (all_of(dataset), info.name) == ([TEXT], "a play.txt")


def test_a_file_must_be_utf_8_and_there(tmp_path):
    (tmp_path / "latin.txt").write_bytes("café".encode("latin-1"))
    with pytest.raises(ValueError, match=r"`source` must be UTF-8 text.*latin\.txt"):
        load_text(tmp_path / "latin.txt")
    with pytest.raises(OSError, match="nothing"):
        load_text(tmp_path / "nothing.txt")


@tiny_shakespeare
def test_tiny_shakespeare():
    dataset, info = load_text(split="validation", length=32, batch_size=1, stride=32)
    texts = all_of(dataset)
    assert info.num_examples == len(texts) == 55_770 // 32
    assert texts[0].startswith("?\n\nGREMIO:")
    assert load_text()[1].vocabulary_size == 65 + 2
    assert sorted(all_of(load_text(split="validation", stride=32, shuffle=True)[0])) != texts


@tiny_shakespeare
def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="`split` must be a split of 'tiny_shakespeare'"):
        load_text(split="prologue")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"source": "no_such_play"}, ValueError, "`source` must be the name of a TFDS dataset"),
        ({"source": "mnist"}, ValueError, r"`source` must be a text dataset.*\['image', 'label'\]"),
        ({"source": 7}, TypeError, "`source` must be the name"),
        ({"split": "test"}, ValueError, "`split` must be 'train' for a string"),
        ({"split": None}, TypeError, "`split`"),
        ({"length": 0}, ValueError, "`length`"),
        ({"stride": 0}, ValueError, "`stride`"),
        ({"batch_size": 2.5}, TypeError, "`batch_size`"),
        ({"seed": -1}, ValueError, "`seed`"),
        ({"batch_size": 40}, ValueError, "at least one batch of 40 windows of 5 .* 38 windows"),
        ({"length": 100}, ValueError, "0 windows"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        load_text(**{"source": TEXT, "length": 5, "batch_size": 1, **arguments})
