from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from keras_gans.metrics import NGramJSDivergence


def reference(real, generated, n):
    def distribution(texts):
        counts = Counter(tuple(text[i : i + n]) for text in texts for i in range(len(text) - n + 1))
        return {ngram: count / counts.total() for ngram, count in counts.items()}

    p, q = distribution(real), distribution(generated)
    divergence = 0.0
    for ngram in p.keys() | q.keys():
        a, b = p.get(ngram, 0.0), q.get(ngram, 0.0)
        divergence += sum(r / 2 * np.log(2 * r / (a + b)) for r in (a, b) if r)
    return divergence


def measure(real, generated, n, **arguments):
    metric = NGramJSDivergence(n, **arguments)
    metric.update_state(real, generated)
    return float(metric.result())


def tokens(number, seed, p):
    return np.random.default_rng(seed).geometric(p, (number, 32))


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_tokens_equal_a_counter(n):
    real, generated = tokens(40, 0, 0.2), tokens(33, 1, 0.3)
    expected = reference(real.tolist(), generated.tolist(), n)
    assert measure(real, generated, n) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_strings_equal_a_counter(n):
    real = ["to be, or not to be", "naïve café", "x", ""]
    generated = ["that is the question", "café au lait", "ab"]
    assert measure(real, generated, n) == pytest.approx(reference(real, generated, n), rel=1e-12)


def test_bits():
    assert measure(["ab"], ["cd"], 1, base=2) == pytest.approx(1.0, rel=1e-12)
    nats = measure(["aab"], ["abc"], 2)
    assert measure(["aab"], ["abc"], 2, base=2) == pytest.approx(nats / np.log(2), rel=1e-12)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_protocol_of_the_reference_code(n):
    """Bits, of texts that are cut or filled up to 32 characters, padding counted."""
    real = ["to be, or not to be", "that is the question", "x" * 40, ""]
    generated = ["the", "slings and arrows of outrageous fortune"]
    padded = [[text[:32].ljust(32, "`") for text in texts] for texts in (real, generated)]
    expected = reference(*padded, n) / np.log(2)
    assert measure(real, generated, n, base=2, length=32) == pytest.approx(expected, rel=1e-12)
    assert measure(real, generated, n) != pytest.approx(expected, rel=1e-2)


def test_tokens_are_padded_with_what_is_no_token():
    expected = reference([[1, 2, -1, -1]], [[1, 2, 0, -1]], 2)
    assert measure([[1, 2]], [[1, 2, 0]], 2, length=4) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"base": 1.0}, r"`base` must be a number in \(1, inf\)"), ({"length": 3}, "at least 4")],
)
def test_bases_and_lengths_out_of_range_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        NGramJSDivergence(4, **arguments)


def test_ngrams_of_tokens_are_not_confused():
    """(1, 23) and (12, 3) are different bigrams."""
    assert measure([[1, 23]], [[12, 3]], 2) == pytest.approx(np.log(2))


def test_equal_texts_are_at_zero_and_disjoint_ones_at_log_two():
    real = tokens(20, 2, 0.3)
    assert measure(real, real[::-1], 3) == pytest.approx(0.0, abs=1e-14)
    assert measure(real, real + 1000, 3) == pytest.approx(np.log(2), rel=1e-12)


def test_it_is_symmetric():
    real, generated = tokens(20, 3, 0.2), tokens(20, 4, 0.3)
    assert measure(real, generated, 2) == pytest.approx(measure(generated, real, 2), rel=1e-12)


def test_a_full_table_gives_a_lower_bound():
    real, generated = tokens(40, 5, 0.1), tokens(40, 6, 0.2)
    exact = measure(real, generated, 2)
    bounds = [measure(real, generated, 2, capacity=capacity) for capacity in (20, 100, 400)]
    assert 0 < bounds[0] < bounds[1] < bounds[2] < exact


def test_a_full_table_still_counts_the_ngrams_it_knows():
    metric = NGramJSDivergence(n=1, capacity=3)
    metric.update_state([[1, 2, 3, 4, 5]], [[1, 1, 1, 1, 1]])
    metric.update_state([[1, 2, 6, 7, 8]], [[2, 9, 9, 9, 9]])
    pooled = reference([[1, 2, 0, 0, 0, 1, 2, 0, 0, 0]], [[1] * 5 + [2] + [0] * 4], 1)
    assert float(metric.result()) == pytest.approx(pooled, rel=1e-12)


def test_texts_too_short_are_an_error():
    with pytest.raises(ValueError, match=r"`generated` must be tokens .* with length ≥ 4"):
        NGramJSDivergence(n=4).update_state(generated=[[1, 2, 3]])


def test_mixed_kinds_are_an_error():
    with pytest.raises(TypeError, match=r"`generated` must be integers or strings as `real` is"):
        NGramJSDivergence(n=1).update_state(["abc"], [[1, 2]])


def test_real_numbers_are_an_error():
    with pytest.raises(TypeError, match=r"`real` must be integer tokens or strings. Received"):
        NGramJSDivergence(n=1).update_state(real=[[0.5, 0.5]])


def test_strings_and_tensors_of_them_in_one_list_are_refused():
    texts = ["ab", tf.constant(["a", "b"])]
    with pytest.raises(TypeError, match="`generated` must be an array"):
        NGramJSDivergence(1).update_state(real=["ab"], generated=texts)
