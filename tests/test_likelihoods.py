import keras
import numpy as np
import pytest
from scipy import stats

import keras_gans as kg


def test_bernoulli_is_that_of_scipy():
    generator = np.random.default_rng(0)
    x = generator.choice([-1.0, 1.0], (5, 3, 2))
    logits = generator.normal(size=x.shape)
    expected = stats.bernoulli(1 / (1 + np.exp(-logits))).logpmf((x + 1) / 2).sum((1, 2))
    found = kg.likelihoods.Bernoulli().log_prob(x, [logits])
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    mean = 2 / (1 + np.exp(-logits)) - 1
    np.testing.assert_allclose(kg.likelihoods.Bernoulli().mean(logits), mean, rtol=1e-10)


def test_gray_pixels_get_their_cross_entropy():
    x, logits = np.array([[0.5]]), np.array([[0.2]])
    white = 1 / (1 + np.exp(-0.2))
    expected = 0.75 * np.log(white) + 0.25 * np.log(1 - white)
    np.testing.assert_allclose(kg.likelihoods.Bernoulli().log_prob(x, [logits]), [expected])


@pytest.mark.parametrize("logit", [-200.0, 200.0])
def test_sure_logits_stay_finite(logit):
    x = np.array([[1.0]], "float32")
    found = kg.likelihoods.Bernoulli().log_prob(x, [np.array([[logit]], "float32")])
    np.testing.assert_allclose(found, [min(logit, 0.0)], atol=1e-6)


def test_gaussian_is_that_of_scipy():
    generator = np.random.default_rng(0)
    x, mean = generator.normal(size=(2, 5, 3, 2))
    for log_variance in (generator.normal(size=x.shape), generator.normal(size=(5, 1, 1))):
        expected = stats.norm(mean, np.exp(log_variance / 2)).logpdf(x).sum((1, 2))
        found = kg.likelihoods.Gaussian().log_prob(x, [mean, log_variance])
        np.testing.assert_allclose(found, expected, rtol=1e-10)
    expected = stats.norm(mean, 0.1).logpdf(x).sum((1, 2))
    gaussian = kg.likelihoods.Gaussian(0.1)
    np.testing.assert_allclose(gaussian.log_prob(x, [mean]), expected, rtol=1e-10)
    np.testing.assert_array_equal(gaussian.mean(mean), mean)


def test_half_precision_is_widened():
    x = np.ones((2, 3), "float16")
    found = kg.likelihoods.Gaussian().log_prob(x, [x])
    assert found.dtype == "float32"


def test_config_round_trip():
    again = kg.likelihoods.Gaussian.from_config(kg.likelihoods.Gaussian(0.3).get_config())
    assert again.stddev == 0.3
    restored = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(kg.likelihoods.Bernoulli())
    )
    assert isinstance(restored, kg.likelihoods.Bernoulli)


@pytest.mark.parametrize(("stddev", "error"), [(0.0, ValueError), ("1", TypeError)])
def test_refuses_a_bad_stddev(stddev, error):
    with pytest.raises(error, match="`stddev` must be a number"):
        kg.likelihoods.Gaussian(stddev)
