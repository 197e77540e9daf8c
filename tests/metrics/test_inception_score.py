import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from keras_gans.metrics import InceptionScore
from keras_gans.metrics.inception_score import splits_of


def reference(logits, splits):
    """exp(E KL(p(y|x) ‖ p(y))) of each split."""
    scores = []
    dealt = splits_of(np.arange(len(logits)), splits, seed=0).numpy()
    for split in range(splits):
        log_p = log_softmax(logits[dealt == split], axis=1)
        p = np.exp(log_p)
        scores.append(np.exp(np.mean(np.sum(p * (log_p - np.log(p.mean(axis=0))), axis=1))))
    return np.mean(scores), np.std(scores)


@pytest.mark.parametrize("splits", [1, 3, 10])
def test_equals_the_formula(splits):
    logits = 4 * np.random.default_rng(0).normal(size=(53, 7))
    metric = InceptionScore(splits=splits)
    metric.update_state(logits)
    mean, deviation = reference(logits, splits)
    assert float(metric.result()) == pytest.approx(mean, rel=1e-12)
    assert float(metric.standard_deviation()) == pytest.approx(deviation, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("order", ["in turn", "sorted", "shuffled"])
def test_the_order_of_the_samples_does_not_matter(order):
    """Sharp predictions, alike in number: 10 · exp(−9 / (2 · 200)) = 9.78 with 200 in a split."""
    classes = np.arange(2000) % 10
    if order == "sorted":
        classes.sort()
    if order == "shuffled":
        np.random.default_rng(0).shuffle(classes)
    metric = InceptionScore(from_logits=False)
    metric.update_state(np.eye(10)[classes])
    assert float(metric.result()) == pytest.approx(10 if order == "sorted" else 9.78, abs=0.1)


@pytest.mark.parametrize("splits", [1, 3, 10])
def test_every_split_gets_as_many_of_every_period(splits):
    dealt = splits_of(np.arange(3001), splits, seed=1).numpy()
    assert np.ptp(np.bincount(dealt, minlength=splits)) <= 1
    assert np.ptp(np.bincount(dealt[:splits])) == 0
    table = np.zeros((10, splits))
    np.add.at(table, (np.arange(3000) % 10, dealt[:3000]), 1)
    expected = 3000 / table.size
    chi_squared = np.sum((table - expected) ** 2 / expected)
    assert chi_squared < 130  # at most 81 degrees of freedom: p < 0.0005 beyond


def test_the_splits_depend_on_the_seed_alone():
    a, b, c = (splits_of(np.arange(50), 10, seed).numpy().tolist() for seed in (0, 0, 1))
    assert a == b != c
    late = splits_of(np.arange(37, 50), 10, 0).numpy().tolist()
    assert late == a[37:]


def test_a_merge_adds_the_splits():
    logits = 4 * np.random.default_rng(0).normal(size=(30, 5))
    first, second = InceptionScore(splits=3), InceptionScore(splits=3)
    first.update_state(logits[:12])
    second.update_state(logits[12:])
    first.merge_state([second])
    dealt = np.concatenate([splits_of(np.arange(n), 3, 0).numpy() for n in (12, 18)])
    for split, score in enumerate(first.split_scores().numpy()):
        assert score == pytest.approx(reference(logits[dealt == split], 1)[0], rel=1e-12)


def test_probabilities_equal_their_logits():
    logits = 2 * np.random.default_rng(1).normal(size=(40, 5))
    metric = InceptionScore(splits=2, from_logits=False)
    metric.update_state(softmax(logits, axis=1))
    assert float(metric.result()) == pytest.approx(reference(logits, 2)[0], rel=1e-12)


def test_uniform_predictions_score_one():
    metric = InceptionScore()
    metric.update_state(np.zeros((100, 12)))
    assert float(metric.result()) == pytest.approx(1.0, abs=1e-14)


def test_equal_sharp_predictions_score_one():
    metric = InceptionScore(splits=2, from_logits=False)
    metric.update_state(np.tile([[0.0, 1.0, 0.0]], (10, 1)))
    assert float(metric.result()) == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize("from_logits", [False, True])
def test_sharp_and_diverse_predictions_score_the_number_of_classes(from_logits):
    predictions = np.repeat(np.eye(6), 20, axis=0)
    metric = InceptionScore(splits=5, from_logits=from_logits)
    metric.update_state(predictions * (1000.0 if from_logits else 1.0))
    assert float(metric.result()) == pytest.approx(6.0, rel=1e-12)


def test_float32_logits_lose_nothing():
    logits = (30 * np.random.default_rng(2).normal(size=(64, 10))).astype("float32")
    metric = InceptionScore(splits=1)
    metric.update_state(logits)
    assert float(metric.result()) == pytest.approx(
        reference(logits.astype("float64"), 1)[0], rel=1e-12
    )


@pytest.mark.parametrize("row", [[0.5, 0.4], [1.5, -0.5], [2.0, 1.0]])
def test_rows_that_are_no_distribution_are_an_error(row):
    with pytest.raises(
        ValueError, match=r"`generated` must be probabilities whose rows sum to one"
    ):
        InceptionScore(from_logits=False).update_state([[0.5, 0.5], row])


def test_fewer_samples_than_splits_is_an_error():
    metric = InceptionScore(splits=10)
    metric.update_state(np.zeros((9, 3)))
    with pytest.raises(ValueError, match=r"at least 10 samples"):
        metric.result()


@pytest.mark.parametrize("splits", [0, 1.5, True])
def test_splits_must_be_a_positive_integer(splits):
    with pytest.raises((ValueError, TypeError), match="`splits` must be a positive integer"):
        InceptionScore(splits=splits)
