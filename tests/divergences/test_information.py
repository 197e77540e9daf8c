"""KL, JS and total variation on histograms and on TFP distributions."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats
from tensorflow_probability import distributions as tfd

from keras_gans.divergences import js_divergence, kl_divergence, total_variation

pytestmark = pytest.mark.first_cases

ALL = (kl_divergence, js_divergence, total_variation)
P, Q = np.array([0.36, 0.48, 0.16]), np.full(3, 1 / 3)
bounded = settings(max_examples=40, deadline=None, derandomize=True)


@st.composite
def histograms(draw, count=2):
    size = draw(st.integers(1, 8))
    mass = st.lists(st.sampled_from([0.0, 0.1, 1.0, 2.5, 7.0]), min_size=size, max_size=size)
    drawn = [np.array(draw(mass.filter(any))) for _ in range(count)]
    return [h / h.sum() for h in drawn]


def js_by_scipy(p, q):
    m = (p + q) / 2
    return (special.rel_entr(p, m).sum() + special.rel_entr(q, m).sum()) / 2


def test_the_table_of_the_lecture():
    assert float(kl_divergence(Q, P)) == pytest.approx(0.0974550, abs=5e-8)
    assert float(kl_divergence(P, Q)) == pytest.approx(0.0852995, abs=2e-7)


def test_the_table_as_printed():
    """The lecture adds up rounded terms and prints 0.09637; its own terms add up to 0.09636."""
    rounded = np.full(3, 0.333)
    assert float(kl_divergence(rounded, P)) == pytest.approx(0.0963581, abs=5e-8)
    assert float(kl_divergence(rounded, P)) == pytest.approx(0.09637, abs=1.5e-5)
    terms = np.round(rounded * np.log(rounded / P), 5)
    np.testing.assert_allclose(terms, [-0.02596, -0.12176, 0.24408], atol=1e-12)


@bounded
@given(histograms())
def test_histograms_agree_with_scipy(pair):
    p, q = pair
    assert float(kl_divergence(p, q)) == pytest.approx(special.rel_entr(p, q).sum(), abs=1e-12)
    assert float(js_divergence(p, q)) == pytest.approx(js_by_scipy(p, q), abs=1e-12)
    assert float(total_variation(p, q)) == pytest.approx(np.abs(p - q).sum() / 2, abs=1e-12)


@bounded
@given(histograms(count=3))
def test_histogram_properties(triple):
    p, q, r = triple
    for divergence in ALL:
        assert float(divergence(p, p)) == pytest.approx(0, abs=1e-14)
        assert float(divergence(p, q)) >= 0
    for symmetric in (js_divergence, total_variation):
        assert float(symmetric(p, q)) == pytest.approx(float(symmetric(q, p)), abs=1e-14)
    assert float(js_divergence(p, q)) <= np.log(2)
    assert float(total_variation(p, q)) <= 1 + 1e-12
    for metric in (total_variation, lambda a, b: np.sqrt(js_divergence(a, b))):
        assert metric(p, r) <= metric(p, q) + metric(q, r) + 1e-9
    # Pinsker
    assert float(total_variation(p, q)) <= np.sqrt(float(kl_divergence(p, q)) / 2) + 1e-9


def test_zeros_follow_the_mathematics():
    assert float(kl_divergence([1.0, 0.0], [0.5, 0.5])) == pytest.approx(np.log(2), abs=1e-15)
    assert float(kl_divergence([0.5, 0.5], [1.0, 0.0])) == np.inf
    assert float(kl_divergence([1.0, 0.0, 0.0], [0.5, 0.5, 0.0])) == pytest.approx(np.log(2))
    assert float(js_divergence([1.0, 0.0], [0.0, 1.0])) == pytest.approx(np.log(2), abs=1e-15)
    assert float(total_variation([1.0, 0.0], [0.0, 1.0])) == 1


@pytest.mark.parametrize("theta", [-2, 1, 7])
def test_parallel_lines_as_histograms(theta):
    """Two vertical lines on a grid: all that these divergences see is that they are disjoint."""
    line = np.zeros((20, 10))
    line[10] = 0.1
    p, q = line.ravel(), np.roll(line, theta, axis=0).ravel()
    assert float(kl_divergence(p, q)) == float(kl_divergence(q, p)) == np.inf
    assert float(js_divergence(p, q)) == pytest.approx(np.log(2), abs=1e-12)
    assert float(total_variation(p, q)) == pytest.approx(1, abs=1e-12)
    assert float(js_divergence(p, p)) == 0


@pytest.mark.parametrize("theta", [0.0, 0.3, -5.0])
def test_parallel_lines_as_distributions(theta):
    def line(x):
        return tfd.Blockwise([tfd.Deterministic(x), tfd.Uniform(0.0, 1.0)])

    p, q = line(0.0), line(theta)
    disjoint = theta != 0
    expected = np.inf if disjoint else 0
    assert float(kl_divergence(p, q, num_samples=100)) == expected
    assert float(kl_divergence(q, p, num_samples=100)) == expected
    js, error = js_divergence(p, q, num_samples=100, return_standard_error=True)
    assert float(js) == pytest.approx(np.log(2) if disjoint else 0, abs=1e-12)
    assert float(error) == pytest.approx(0, abs=1e-12)
    assert float(total_variation(p, q, num_samples=100)) == pytest.approx(float(disjoint))


@pytest.mark.parametrize("divergence", ALL)
def test_batches_equal_loops(divergence):
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(5), (4, 3)), rng.dirichlet(np.ones(5), 3)
    expected = [[float(divergence(p[i, j], q[j])) for j in range(3)] for i in range(4)]
    np.testing.assert_allclose(divergence(p, q), expected, rtol=1e-12)


@pytest.mark.parametrize("divergence", ALL)
def test_float64_inside_and_the_same_in_a_graph(divergence):
    p, q = tf.constant([0.2, 0.8]), tf.constant([0.7, 0.3])
    eager = divergence(p, q)
    assert eager.dtype == tf.float64
    np.testing.assert_allclose(tf.function(divergence)(p, q), eager, rtol=1e-14)


def test_gradients_are_finite_where_p_is_zero():
    p = tf.constant([0.0, 0.4, 0.6], tf.float64)
    q = tf.constant([0.2, 0.3, 0.5], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(q)
        value = kl_divergence(p, q)
    np.testing.assert_allclose(tape.gradient(value, q), -p / q, rtol=1e-12)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (tfd.Normal(0.1, 1.0), tfd.Normal(1.0, 2.0)),
        (tfd.Normal(0.1e-6, 1e-6), tfd.Normal(1e-6, 2e-6)),
        (tfd.Exponential(1.0), tfd.Exponential(3.0)),
        (tfd.Gamma(2.0, 1.0), tfd.Gamma(3.0, 2.0)),
        (tfd.Beta(2.0, 3.0), tfd.Beta(4.0, 1.5)),
        (tfd.Uniform(0.0, 1.0), tfd.Uniform(-1.0, 2.0)),
        (tfd.Laplace(0.0, 1.0), tfd.Laplace(2.0, 0.5)),
        (tfd.LogNormal(0.0, 1.0), tfd.LogNormal(0.5, 0.7)),
    ],
    ids=lambda d: d.name,
)
def test_quadrature_agrees_with_registered_forms(p, q):
    registered = tfd.kl_divergence(p, q)
    assert float(kl_divergence(p, q)) == pytest.approx(float(registered), rel=2e-6)
    exact = float(kl_divergence(p, q, method="closed_form"))
    assert float(kl_divergence(p, q, method="quadrature")) == pytest.approx(exact, abs=1e-8)


@pytest.mark.parametrize(
    ("p", "q", "reference", "limits"),
    [
        (
            tfd.Gamma(1.0, 1.0),
            tfd.Gamma(0.5, 1.0),
            (stats.gamma(1.0).pdf, stats.gamma(0.5).pdf),
            (0, np.inf),
        ),
        (
            tfd.StudentT(3.0, 0.0, 1.0),
            tfd.Normal(1.0, 2.0),
            (stats.t(3.0).pdf, stats.norm(1, 2).pdf),
            (-np.inf, np.inf),
        ),
    ],
    ids=["gamma", "student"],
)
def test_quadrature_agrees_with_scipy(p, q, reference, limits):
    def split(function):
        middle = 1.0
        ends = [(limits[0], middle), (middle, limits[1])]
        return sum(integrate.quad(function, *e, epsabs=1e-12, limit=500)[0] for e in ends)

    f, g = reference

    def js(x):
        m = (f(x) + g(x)) / 2
        return (special.rel_entr(f(x), m) + special.rel_entr(g(x), m)) / 2

    assert float(js_divergence(p, q)) == pytest.approx(split(js), abs=1e-6)
    tv = split(lambda x: abs(f(x) - g(x)) / 2)
    assert float(total_variation(p, q)) == pytest.approx(tv, abs=1e-6)


def test_total_variation_of_gaussians_is_known():
    value = total_variation(tfd.Normal(0.0, 1.0), tfd.Normal(2.0, 1.0))
    assert float(value) == pytest.approx(2 * stats.norm.cdf(1) - 1, abs=1e-9)


def test_far_modes_of_different_scales():
    """Disjoint mixtures: JS = log 2 exactly, however narrow and far apart the modes."""
    p = tfd.MixtureSameFamily(
        tfd.Categorical(probs=[0.3, 0.7]), tfd.Normal([-1e3, 5.0], [1e-3, 0.1])
    )
    q = tfd.MixtureSameFamily(tfd.Categorical(probs=[0.5, 0.5]), tfd.Normal([0.0, 1e4], [0.1, 1.0]))
    assert float(js_divergence(p, q)) == pytest.approx(np.log(2), abs=1e-8)
    assert float(total_variation(p, q)) == pytest.approx(1, abs=1e-8)
    assert float(js_divergence(p, p)) == pytest.approx(0, abs=1e-12)


@pytest.mark.slow
def test_batches_of_distributions():
    p, q = tfd.Normal([0.0, 1.0, 100.0], 1.0), tfd.Normal(1.0, 1.0)
    for divergence in ALL:
        batched = divergence(p, q, method="quadrature")
        single = [divergence(tfd.Normal(m, 1.0), q, method="quadrature") for m in (0.0, 1.0, 100.0)]
        np.testing.assert_allclose(batched, single, atol=1e-8)


@pytest.mark.parametrize("divergence", ALL)
def test_monte_carlo_agrees_with_quadrature(divergence):
    p, q = tfd.Normal(0.0, 1.0), tfd.Normal(1.0, 1.5)
    exact, no_error = divergence(p, q, return_standard_error=True)
    value, error = divergence(
        p, q, method="monte_carlo", num_samples=20_000, seed=1, return_standard_error=True
    )
    assert float(no_error) == 0
    assert 0 < float(error) < 0.02
    assert abs(float(value - exact)) < 4 * float(error)


def test_standard_error_is_the_spread_of_estimates():
    p, q = tfd.Normal(0.0, 1.0), tfd.Normal(1.0, 1.5)
    draws = [
        js_divergence(
            p, q, method="monte_carlo", num_samples=500, seed=s, return_standard_error=True
        )
        for s in range(60)
    ]
    values, errors = np.array(draws, dtype=float).T
    assert np.std(values) == pytest.approx(errors.mean(), rel=0.35)


def test_monte_carlo_is_seeded():
    p = tfd.MultivariateNormalDiag([0.0, 0.0], [1.0, 1.0])
    q = tfd.MultivariateNormalDiag([1.0, 0.0], [1.0, 2.0])
    first, again, other = (float(js_divergence(p, q, num_samples=100, seed=s)) for s in (3, 3, 4))
    assert first == again != other


def test_discrete_distributions():
    p, q = tfd.Categorical(probs=[0.5, 0.5, 0.0]), tfd.Categorical(probs=[0.25, 0.25, 0.5])
    expected = js_by_scipy(np.array([0.5, 0.5, 0.0]), np.array([0.25, 0.25, 0.5]))
    assert float(js_divergence(p, q)) == pytest.approx(expected, abs=1e-7)
    assert float(kl_divergence(q, p)) == np.inf
    value, error = js_divergence(
        tfd.Poisson(3.0), tfd.Poisson(4.0), seed=0, return_standard_error=True
    )
    k = np.arange(60)
    expected = js_by_scipy(stats.poisson(3).pmf(k), stats.poisson(4).pmf(k))
    assert float(error) > 0
    assert abs(float(value) - expected) < 4 * float(error)


def test_gradient_through_quadrature_and_monte_carlo():
    def of_mean(m, **options):
        return js_divergence(tfd.Normal(m, 1.0), tfd.Normal(np.float64(0), 1.0), **options)

    m = tf.constant(1.0, tf.float64)
    slope = (of_mean(m + 1e-4) - of_mean(m - 1e-4)) / 2e-4
    for options, tolerance in (
        ({}, 1e-6),
        ({"method": "monte_carlo", "num_samples": 50_000, "seed": 0}, 2e-2),
    ):
        with tf.GradientTape() as tape:
            tape.watch(m)
            value = of_mean(m, **options)
        assert float(tape.gradient(value, m)) == pytest.approx(float(slope), rel=tolerance)


def test_gradient_of_draws_that_cannot_be_differentiated():
    def of_weight(w):
        mixture = tfd.Categorical(probs=tf.stack([w, 1 - w]))
        p = tfd.MixtureSameFamily(mixture, tfd.Normal(np.array([-1.0, 1.0]), np.ones(2)))
        return p, tfd.Normal(np.float64(0), np.float64(1.5))

    w = tf.constant(0.3, tf.float64)
    gradients = []
    for options in ({}, {"method": "monte_carlo", "num_samples": 100_000, "seed": 0}):
        with tf.GradientTape() as tape:
            tape.watch(w)
            value = kl_divergence(*of_weight(w), **options)
        gradients.append(float(tape.gradient(value, w)))
    assert gradients[1] == pytest.approx(gradients[0], rel=0.05)


@pytest.mark.slow
def test_distributions_in_a_graph():
    @tf.function
    def between(mean):
        return js_divergence(tfd.Normal(mean, 1.0), tfd.Normal(np.float64(0), 1.0))

    mean = tf.constant(1.0, tf.float64)
    eager = js_divergence(tfd.Normal(mean, 1.0), tfd.Normal(np.float64(0), 1.0))
    assert float(between(mean)) == pytest.approx(float(eager), abs=1e-12)


@pytest.mark.parametrize(
    ("p", "q", "kind", "message"),
    [
        ([0.5, 0.6], [0.5, 0.5], ValueError, "`p` must be normalized .*Received: p="),
        ([0.5, 0.5], [3, 1], ValueError, "`q` must be normalized"),
        ([1.5, -0.5], [0.5, 0.5], ValueError, "`p` must be non-negative"),
        ([np.nan, 0.5], [0.5, 0.5], ValueError, "`p` must be finite"),
        ([0.5, 0.5], [np.inf, 0.5], ValueError, "`q` must be finite"),
        ([0.5, 0.5], [0.2, 0.3, 0.5], ValueError, "`q` must be a histogram over the 2 bins"),
        ([[0.5, 0.5]] * 2, [[0.5, 0.5]] * 3, ValueError, "`q` must be of a shape that broadcasts"),
        ([], [], ValueError, "`p` must be a histogram .* at least one bin"),
        (1.0, [1.0], ValueError, "`p` must be a histogram"),
        (["a", "b"], [0.5, 0.5], TypeError, "`p` must be an array of real numbers"),
        ([[0.5], [0.2, 0.3]], [1.0], TypeError, "`p` must be a rectangular array"),
        ([0.5, tf.constant([0.2, 0.3])], [1.0], TypeError, "`p` must be a rectangular array"),
        ([0.5, 0.5], tfd.Normal(0.0, 1.0), TypeError, "`q` must be of the kind of `p`"),
        (
            tfd.Normal(0.0, 1.0),
            tfd.MultivariateNormalDiag([0.0, 0.0]),
            ValueError,
            "`q` must be a distribution of the event shape",
        ),
    ],
)
def test_bad_input_is_named(p, q, kind, message):
    for divergence in ALL:
        with pytest.raises(kind, match=message):
            divergence(p, q)


def test_bad_options_are_named():
    p, q = tfd.Normal(0.0, 1.0), tfd.Normal(1.0, 1.0)
    with pytest.raises(ValueError, match=r"`method` must be one of \['auto'"):
        kl_divergence(p, q, method="guess")
    with pytest.raises(ValueError, match="`num_samples` must be an integer"):
        kl_divergence(p, q, method="monte_carlo", num_samples=1)
    with pytest.raises(ValueError, match="`method` must be 'auto'"):
        js_divergence(p, q, method="closed_form")
    with pytest.raises(ValueError, match="`method` must be 'auto' or 'monte_carlo'"):
        js_divergence(tfd.Poisson(1.0), tfd.Poisson(2.0), method="quadrature")
