"""Running text, cut into windows."""

import os

import keras
import pytest
import tensorflow as tf

from keras_gans.data import load_text, text, vocabulary_size
from tests.data.memory import takes_at_most

pytestmark = pytest.mark.first_cases

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


@pytest.mark.parametrize("num", [1, 2, 3, 5, 97, 1000])
def test_every_window_comes_once_in_every_epoch(num):
    characters = " " + "".join(map(chr, range(0x4E00, 0x4E00 + num - 1)))
    dataset, _ = load_text(characters, length=1, batch_size=1, seed=0)
    for _ in range(3):
        assert sorted(all_of(dataset)) == sorted(characters)


def test_epochs_go_on_where_they_stopped():
    def load():
        keras.utils.set_random_seed(0)
        return load_text(TEXT, length=5, batch_size=2, seed=1)[0]

    dataset = load()
    assert len(dataset) == len(load().repeat(3)) // 3 == (len(TEXT) - 4) // 2
    epochs = all_of(dataset) + all_of(dataset) + all_of(dataset)
    assert all_of(load().repeat(3)) == epochs
    for skipped in (1, 19, 25):
        assert all_of(load().repeat(3).skip(skipped)) == epochs[2 * skipped :]


def test_orders_without_a_seed_differ():
    orders = [all_of(load_text(TEXT, length=5, batch_size=1)[0]) for _ in range(3)]
    assert orders[0] != orders[1] != orders[2]


def test_a_text_is_read_piece_by_piece(tmp_path, monkeypatch):
    """Whatever the number of different characters, and wherever a piece ends."""
    monkeypatch.setattr(text, "_PIECE", 7)
    for last in (0x80, 0x200, 0x20000):
        characters = "".join(map(chr, range(0x20, last, 1 + last // 3000))) + TEXT + "\u20ac"
        (tmp_path / "a.txt").write_text(characters, encoding="utf-8-sig", errors="replace")
        expected = (tmp_path / "a.txt").read_text(encoding="utf-8-sig")
        for source in (tmp_path / "a.txt", expected):
            windows, info = load_text(source, length=9, batch_size=1, stride=9, shuffle=False)
            assert "".join(all_of(windows)) == expected[: len(expected) // 9 * 9]
            assert info.vocabulary == "".join(sorted(set(expected)))


def test_line_ends_are_those_of_python(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"to be,\r\nor not\r\n")
    dataset, _ = load_text(tmp_path / "a.txt", length=14, batch_size=1)
    assert all_of(dataset) == ["to be,\nor not\n"]


@pytest.mark.parametrize(
    "words", ["to be, or not to be: that is the question.\n", "日本語の文章。\n"]
)
@pytest.mark.slow
def test_a_large_file_takes_a_few_bytes_a_character(tmp_path, words):
    path = tmp_path / "large.txt"
    path.write_text(words * (8_000_000 // len(words)), encoding="utf-8")
    load = "next(iter(kg.data.load_text({!r}, length=32, seed=0)[0]))"
    small = "to be, or not to be " * 100
    assert takes_at_most(6 * 8_000_000, load.format(str(path)), preparation=load.format(small))


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
    with pytest.raises(ValueError, match=r"`source` must be UTF-8 text.*latin\.txt.* 0xe9 at 3:"):
        load_text(tmp_path / "latin.txt")
    (tmp_path / "late.txt").write_bytes(b"\xef\xbb\xbf" + b"to be " * 100_000 + b"\xff no")
    with pytest.raises(ValueError, match=r"0xff at 600,003: invalid start byte"):
        load_text(tmp_path / "late.txt")
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


def test_examples_of_a_named_dataset_are_joined_by_line_ends():
    assert "".join(text._joined([b"to", b"", b"be, or"])) == "to\n\nbe, or"


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
