"""Earth mover's distance, plan, dual, assignment and Wasserstein distances."""

from itertools import permutations

import numpy as np
import ot
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import cdist
from tensorflow_probability import distributions as tfd

from keras_gans.divergences import (
    assignment,
    earth_movers_distance,
    kantorovich_dual,
    transport_plan,
    wasserstein_distance,
)

pytestmark = pytest.mark.first_cases

P, Q = [3, 2, 1, 4], [1, 2, 4, 3]
bounded = settings(max_examples=30, deadline=None, derandomize=True)
clouds = st.tuples(
    st.integers(1, 12), st.integers(1, 12), st.integers(1, 3), st.integers(0, 10_000)
)


def pair_of_clouds(n, m, d, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), 3 * rng.normal(size=(m, d)) + 1


def three_blocks_and_one():
    """¼·1[1,2] + ¼·1[3,4] + ½·1[9,10] against the uniform density on [5, 7]."""
    blocks = tfd.Uniform([1.0, 3.0, 9.0], [2.0, 4.0, 10.0])
    p = tfd.MixtureSameFamily(tfd.Categorical(probs=[0.25, 0.25, 0.5]), blocks)
    return p, tfd.Uniform(5.0, 7.0)


def test_the_piles_of_the_lecture():
    distance, steps = earth_movers_distance(P, Q, return_steps=True)
    assert float(distance) == 5
    assert steps.numpy().tolist() == [0, 2, 2, -1, 0]
    plan = transport_plan(P, Q).numpy()
    np.testing.assert_allclose(plan.sum(1), P, atol=1e-12)
    np.testing.assert_allclose(plan.sum(0), Q, atol=1e-12)
    assert (plan * np.abs(np.subtract.outer(range(4), range(4)))).sum() == pytest.approx(5)
    value, witness = kantorovich_dual(P, Q)
    assert float(value) == pytest.approx(5, abs=1e-8)
    f = witness(np.arange(4.0))
    assert np.sum(f * P) - np.sum(f * Q) == pytest.approx(5, abs=1e-8)


@pytest.mark.slow
def test_the_blocks_of_the_lecture():
    p, q = three_blocks_and_one()
    assert float(earth_movers_distance(p, q)) == pytest.approx(3, abs=1e-6)
    value, witness = kantorovich_dual(p, q)
    assert float(value) == pytest.approx(3, abs=1e-6)
    # The witness drawn in the lecture, |x − 6| up to a constant.
    x = np.linspace(1, 10, 181)
    f = witness(x).numpy()
    np.testing.assert_allclose(f - f[0], np.abs(x - 6) - 5, atol=1e-6)
    center = f[0] - 3.5  # the lecture's constant: f(1.5) = 3
    blocks = witness([1.5, 3.5, 9.5, 5.5, 6.5]).numpy() - center
    np.testing.assert_allclose(blocks, [3, 1, 2, -1, -1], atol=1e-6)
    dual = blocks @ [0.25, 0.25, 0.5, -0.5, -0.5]
    assert dual == pytest.approx(3, abs=1e-6)


def test_the_blocks_as_a_fine_histogram():
    positions = np.arange(1, 10, 0.01) + 0.005
    p = np.select([positions < 2, (positions > 3) & (positions < 4), positions > 9], [1, 1, 2], 0)
    q = np.where((positions > 5) & (positions < 7), 1, 0)
    p, q = p / p.sum(), q / q.sum()
    assert float(earth_movers_distance(p, q, positions)) == pytest.approx(3, abs=1e-6)


@pytest.mark.parametrize("theta", [0.0, 0.3, -2.0])
def test_parallel_lines(theta):
    y = np.linspace(0, 1, 30)
    line, parallel = np.stack([0 * y, y], 1), np.stack([0 * y + theta, y], 1)
    assert float(wasserstein_distance(line, parallel)) == pytest.approx(abs(theta), abs=1e-12)
    value, _ = kantorovich_dual(line, parallel)
    assert float(value) == pytest.approx(abs(theta), abs=1e-8)


@bounded
@given(st.integers(1, 10), st.integers(1, 10), st.integers(0, 10_000))
def test_the_line_agrees_with_scipy(n, m, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(-3, 4, n) / 2, rng.normal(size=m)
    p, q = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
    expected = stats.wasserstein_distance(x, y, p, q)
    assert float(earth_movers_distance(p, q, x, y)) == pytest.approx(expected, abs=1e-10)
    weighted = wasserstein_distance(x, y, x_weights=p, y_weights=q)
    assert float(weighted) == pytest.approx(expected, abs=1e-10)
    uniform = stats.wasserstein_distance(x, y)
    assert float(wasserstein_distance(x, y)) == pytest.approx(uniform, abs=1e-10)
    squared = ot.emd2_1d(x, y, p, q, metric="sqeuclidean")
    order_2 = wasserstein_distance(x, y, 2, x_weights=p, y_weights=q)
    assert float(order_2) == pytest.approx(np.sqrt(squared), abs=1e-7)


@bounded
@given(clouds)
def test_space_agrees_with_pot(case):
    x, y = pair_of_clouds(*case)
    for p in (1, 2):
        expected = ot.emd2([], [], cdist(x, y) ** p) ** (1 / p)
        assert float(wasserstein_distance(x, y, p)) == pytest.approx(expected, rel=1e-9)


def test_weighted_points_in_space_agree_with_pot():
    rng = np.random.default_rng(0)
    x, y = pair_of_clouds(7, 9, 2, 0)
    p, q = rng.dirichlet(np.ones(7)), rng.dirichlet(np.ones(9))
    expected = ot.emd2(p, q, cdist(x, y))
    assert float(earth_movers_distance(p, q, x, y)) == pytest.approx(expected, rel=1e-9)
    assert float(earth_movers_distance(5 * p, 5 * q, x, y)) == pytest.approx(5 * expected, rel=1e-9)
    plan = transport_plan(p, q, x, y).numpy()
    np.testing.assert_allclose(plan.sum(1), p, atol=1e-9)
    np.testing.assert_allclose(plan.sum(0), q, atol=1e-9)
    assert (plan * cdist(x, y)).sum() == pytest.approx(expected, rel=1e-9)


@bounded
@given(st.integers(1, 5), st.integers(1, 2), st.integers(0, 10_000))
def test_assignment_is_the_best_permutation(n, d, seed):
    x, y = pair_of_clouds(n, n, d, seed)
    cost = cdist(x, y)
    best = min(cost[range(n), order].sum() for order in permutations(range(n)))
    permutation = assignment(x, y).numpy()
    assert sorted(permutation) == list(range(n))
    assert cost[range(n), permutation].sum() == pytest.approx(best, rel=1e-12)
    assert float(wasserstein_distance(x, y)) == pytest.approx(best / n, rel=1e-9)


@bounded
@given(clouds, st.sampled_from([1, 1.5, 2]))
@pytest.mark.slow
def test_wasserstein_is_a_metric(case, p):
    n, _, d, seed = case
    x, y = pair_of_clouds(*case)
    z = np.random.default_rng(seed + 1).uniform(-2, 2, (n + 1, d))

    def distance(a, b):
        return float(wasserstein_distance(a, b, p))

    assert distance(x, y) >= 0
    assert distance(x, np.random.default_rng(0).permutation(x)) == pytest.approx(0, abs=1e-12)
    assert distance(x, y) == pytest.approx(distance(y, x), rel=1e-9)
    assert distance(x, z) <= distance(x, y) + distance(y, z) + 1e-9
    assert distance(x, y) >= float(wasserstein_distance(x, y, 1)) - 1e-9


@bounded
@given(clouds)
def test_strong_duality(case):
    x, y = pair_of_clouds(*case)
    value, witness = kantorovich_dual(x, y)
    assert float(value) == pytest.approx(float(wasserstein_distance(x, y)), abs=1e-8)
    fx, fy = witness(x).numpy(), witness(y).numpy()
    assert fx.mean() - fy.mean() == pytest.approx(float(value), abs=1e-10)
    assert fx.mean() == pytest.approx(-fy.mean(), abs=1e-10)
    # 1-Lipschitz everywhere, not only on the samples.
    z = np.random.default_rng(0).uniform(-10, 10, (60, x.shape[1]))
    z = np.concatenate([x, y, z])
    f = witness(z).numpy()
    assert (np.abs(np.subtract.outer(f, f)) <= cdist(z, z) + 1e-9).all()


def test_strong_duality_with_empty_bins():
    p, q = [0, 0.5, 0, 0.5, 0], [0.25, 0, 0.75, 0, 0]
    value, witness = kantorovich_dual(p, q)
    assert float(value) == pytest.approx(float(earth_movers_distance(p, q)), abs=1e-8)
    f = witness(np.arange(5.0)).numpy()
    assert np.abs(np.diff(f)).max() <= 1 + 1e-9


@pytest.mark.parametrize(
    ("p", "q", "expected"),
    [
        (tfd.Normal(0.0, 1.0), tfd.Normal(3.0, 1.0), 3),
        (tfd.Exponential(1.0), tfd.Exponential(0.5), 1),
        (tfd.Normal(0.0, 1.0), tfd.Normal(0.0, 3.0), 2 * np.sqrt(2 / np.pi)),
        (tfd.Uniform(0.0, 1.0), tfd.Uniform(0.0, 1.0), 0),
    ],
    ids=["shift", "exponential", "scale", "equal"],
)
def test_distributions_on_the_line(p, q, expected):
    assert float(earth_movers_distance(p, q)) == pytest.approx(expected, abs=1e-7)
    value, witness = kantorovich_dual(p, q)
    assert float(value) == pytest.approx(expected, abs=1e-7)
    f = witness(np.linspace(-5, 5, 101)).numpy()
    assert np.abs(np.diff(f)).max() <= 0.1 + 1e-9


def test_dual_of_distributions_is_a_difference_of_means():
    p, q = tfd.Normal(0.0, 1.0), tfd.Normal(0.5, 2.0)
    value, witness = kantorovich_dual(p, q)
    x = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    means = [np.mean(witness(loc + scale * x)) for loc, scale in ((0, 1), (0.5, 2))]
    assert means[0] - means[1] == pytest.approx(float(value), abs=1e-3)
    assert means[0] + means[1] == pytest.approx(0, abs=1e-3)


def test_batches_of_histograms():
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(6), (3, 2)), rng.dirichlet(np.ones(6), 2)
    x = rng.normal(size=6)
    batched, steps = earth_movers_distance(p, q, x, return_steps=True)
    assert steps.shape == (3, 2, 7)
    expected = [
        [stats.wasserstein_distance(x, x, p[i, j], q[j]) for j in range(2)] for i in range(3)
    ]
    np.testing.assert_allclose(batched, expected, rtol=1e-10)
    separate = earth_movers_distance(p, q, x, x + 1)
    expected = [
        [stats.wasserstein_distance(x, x + 1, p[i, j], q[j]) for j in range(2)] for i in range(3)
    ]
    np.testing.assert_allclose(separate, expected, rtol=1e-10)


def numerical_gradient(function, x, step=1e-5):
    gradient = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        shift = np.zeros_like(x)
        shift[index] = step
        gradient[index] = (float(function(x + shift)) - float(function(x - shift))) / (2 * step)
    return gradient


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("p", [1, 2])
def test_gradients_through_the_plan(d, p):
    x, y = pair_of_clouds(5, 7, d, 3)
    points = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(points)
        value = wasserstein_distance(points, y, p)
    expected = numerical_gradient(lambda x: wasserstein_distance(x, y, p), x)
    np.testing.assert_allclose(tape.gradient(value, points), expected, atol=1e-6)


def test_gradient_is_zero_where_the_clouds_coincide():
    x = tf.constant(np.random.default_rng(0).normal(size=(4, 2)))
    for p in (1, 2):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = wasserstein_distance(x, tf.stop_gradient(x), p)
        assert float(value) == 0
        np.testing.assert_array_equal(tape.gradient(value, x), np.zeros((4, 2)))


def test_gradient_of_the_partial_sums():
    p, q = tf.constant([0.5, 0.3, 0.2], tf.float64), tf.constant([0.1, 0.3, 0.6], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(p)
        value = earth_movers_distance(p, q)
    assert tape.gradient(value, p).numpy().tolist() == [2, 1, 0]


@pytest.mark.slow
def test_the_same_in_a_graph():
    x, y = pair_of_clouds(6, 8, 2, 0)
    signature = [tf.TensorSpec([None, 2], tf.float64)] * 2
    for function in (wasserstein_distance, transport_plan):
        graph = tf.function(lambda x, y, f=function: f(x, y), input_signature=signature)
        np.testing.assert_allclose(graph(x, y), function(x, y), rtol=1e-12)
    graph = tf.function(assignment)
    np.testing.assert_array_equal(graph(tf.constant(x), tf.constant(y[:6])), assignment(x, y[:6]))
    graph = tf.function(earth_movers_distance)
    assert float(graph(tf.constant(P), tf.constant(Q))) == 5


@pytest.mark.parametrize("p", [[-3, 2, 1, 4], [3, 2, 1, 5], [np.nan, 2, 1, 4], [3, 2, 1], []])
def test_bad_histograms_are_named(p):
    for function in (earth_movers_distance, transport_plan, kantorovich_dual):
        with pytest.raises(ValueError, match=r"`[pq]` must be .*Received: [pq]="):
            function(p, Q)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"positions": [0, 1, 2]}, "`positions` must be one position for each of 4 masses"),
        ({"q_positions": [0, 1, 2, 3]}, "`positions` must be given"),
        ({"positions": np.zeros((4, 2)), "q_positions": [0, 1, 2, 3]}, "`q_positions` must be of"),
        ({"positions": np.zeros((4, 2)), "return_steps": True}, "`positions` must be on the line"),
    ],
)
def test_bad_positions_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        earth_movers_distance(P, Q, **arguments)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((0, 2)), np.zeros((3, 2)), "`x` must be a cloud of at least 1 sample"),
        (np.zeros((3, 2)), np.zeros((3, 3)), "`y` must be of the dimension of `x`, 2"),
        (np.full((3, 2), np.nan), np.zeros((3, 2)), "`x` must be finite"),
        (np.zeros((2, 3, 2)), np.zeros((3, 2)), "`x` must be a cloud of samples of shape"),
    ],
)
def test_bad_clouds_are_named(x, y, message):
    for function in (wasserstein_distance, assignment):
        with pytest.raises(ValueError, match=message):
            function(x, y)


def test_other_bad_input_is_named():
    x = np.zeros((3, 2))
    with pytest.raises(ValueError, match="`p` must be a finite number that is at least 1"):
        wasserstein_distance(x, x, 0.5)
    with pytest.raises(ValueError, match="`x_weights` must be normalized"):
        wasserstein_distance(x, x, x_weights=[1, 1, 1])
    with pytest.raises(ValueError, match="`y_weights` must be one mass for each of the 3 points"):
        wasserstein_distance(x, x, y_weights=[0.5, 0.5])
    with pytest.raises(ValueError, match="`y` must be a cloud of 3 samples, as many as `x`"):
        assignment(x, np.zeros((4, 2)))
    with pytest.raises(TypeError, match="`q` must be of the kind of `p`"):
        earth_movers_distance(P, tfd.Normal(0.0, 1.0))
    plane = tfd.MultivariateNormalDiag([0.0, 0.0])
    with pytest.raises(ValueError, match="`p` must be a distribution with a density on the real"):
        earth_movers_distance(plane, plane)
