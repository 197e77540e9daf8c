"""Objectives: closed forms in NumPy, gradients by finite differences, serialization."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gans import losses

NAMES = ["minimax", "non_saturating", "least_squares", "wasserstein", "hinge", "relativistic"]


def log_sigmoid(x):
    return -np.logaddexp(0, -x)


#: What the papers say, with log D(x) = log σ(logit) and log(1 − D(x)) = log σ(−logit).
DISCRIMINATOR = {
    "minimax": lambda r, f: -log_sigmoid(r).mean() - log_sigmoid(-f).mean(),
    "non_saturating": lambda r, f: -log_sigmoid(r).mean() - log_sigmoid(-f).mean(),
    "least_squares": lambda r, f: ((r - 1) ** 2).mean() / 2 + (f**2).mean() / 2,
    "wasserstein": lambda r, f: f.mean() - r.mean(),
    "hinge": lambda r, f: np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(),
    "relativistic": lambda r, f: -log_sigmoid(r - f).mean(),
}
GENERATOR = {
    "minimax": lambda _, f: log_sigmoid(-f).mean(),
    "non_saturating": lambda _, f: -log_sigmoid(f).mean(),
    "least_squares": lambda _, f: ((f - 1) ** 2).mean() / 2,
    "wasserstein": lambda _, f: -f.mean(),
    "hinge": lambda _, f: -f.mean(),
    "relativistic": lambda r, f: -log_sigmoid(f - r).mean(),
}
REAL = np.random.default_rng(0).normal(0, 3, (7, 2))
FAKE = np.random.default_rng(1).normal(0, 3, (7, 2))
EXTREMES = np.array([-1e4, -50.0, -1e-9, 0.0, 1e-9, 50.0, 1e4])


@keras.saving.register_keras_serializable(package="tests")
def squared_real(real, fake):
    return keras.ops.mean(real**2) + keras.ops.mean(fake)


@keras.saving.register_keras_serializable(package="tests")
def negated(real, fake):
    return -keras.ops.mean(fake)


def of_fakes(loss, real=None):
    """A generator's loss as a function of the logits of fakes alone."""
    return lambda fake: loss(real, fake)


def gradient(loss, *logits):
    logits = [tf.constant(x) for x in logits]
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = loss(*logits)
    return [g.numpy() for g in tape.gradient(value, logits)]


def finite_differences(loss, logits, step=1e-6):
    result = np.zeros_like(logits)
    for i in np.ndindex(logits.shape):
        nudge = np.zeros_like(logits)
        nudge[i] = step
        result[i] = (loss(logits + nudge) - loss(logits - nudge)) / (2 * step)
    return result


@pytest.mark.parametrize("name", NAMES)
class TestEveryObjective:
    def test_equals_its_closed_form(self, name):
        objective = losses.get(name)
        one_by_one = [(np.array([a]), np.array([b])) for a in EXTREMES for b in EXTREMES]
        for real, fake in [(REAL, FAKE), *one_by_one]:
            d_loss = objective.discriminator(tf.constant(real), tf.constant(fake))
            g_loss = objective.generator(tf.constant(real), tf.constant(fake))
            assert d_loss.dtype == g_loss.dtype == tf.float64
            assert d_loss.shape == g_loss.shape == ()
            np.testing.assert_allclose(d_loss, DISCRIMINATOR[name](real, fake), rtol=1e-12)
            np.testing.assert_allclose(g_loss, GENERATOR[name](real, fake), rtol=1e-12)

    def test_gradients_match_finite_differences(self, name):
        objective = losses.get(name)
        by_real, by_fake = gradient(objective.discriminator, REAL, FAKE)
        (of_generator,) = gradient(of_fakes(objective.generator, REAL), FAKE)
        d_loss, g_loss = DISCRIMINATOR[name], of_fakes(GENERATOR[name], REAL)
        expected = finite_differences(lambda r: d_loss(r, FAKE), REAL)
        np.testing.assert_allclose(by_real, expected, atol=1e-8)
        expected = finite_differences(lambda f: d_loss(REAL, f), FAKE)
        np.testing.assert_allclose(by_fake, expected, atol=1e-8)
        np.testing.assert_allclose(of_generator, finite_differences(g_loss, FAKE), atol=1e-8)

    def test_gradients_are_finite_at_extreme_float32_logits(self, name):
        logits = EXTREMES.astype("float32")
        objective = losses.get(name)
        for g in gradient(objective.discriminator, logits, logits):
            assert np.isfinite(g).all()
        assert np.isfinite(gradient(of_fakes(objective.generator, logits), logits)).all()

    def test_is_found_by_name_and_by_itself(self, name):
        objective = losses.get(name)
        assert objective is getattr(losses, name)
        assert losses.get(objective) is objective
        assert repr(objective) == f"<Objective {name}>"

    def test_config_round_trip(self, name):
        config = keras.saving.serialize_keras_object(losses.get(name))
        again = keras.saving.deserialize_keras_object(config)
        assert again.name == name
        assert again.discriminator is losses.get(name).discriminator
        assert again.generator is losses.get(name).generator


def test_the_minimax_gradient_vanishes_where_fakes_are_told_apart():
    confident = np.array([-100.0])
    assert abs(gradient(of_fakes(losses.minimax.generator), confident)[0]) < 1e-40
    np.testing.assert_allclose(
        gradient(of_fakes(losses.non_saturating.generator), confident)[0], -1
    )


def test_only_the_relativistic_generator_sees_real_logits():
    assert [name for name in NAMES if losses.get(name).relativistic] == ["relativistic"]


def test_the_minimax_players_add_up_to_a_zero_sum():
    real, fake = tf.constant(REAL), tf.constant(FAKE)
    total = losses.minimax.discriminator(real, fake) + losses.minimax.generator(real, fake)
    np.testing.assert_allclose(total, -log_sigmoid(REAL).mean(), rtol=1e-12)


@pytest.mark.parametrize("objective", ["minmax", None, 3, len])
def test_unknown_objectives_are_refused_with_the_list(objective):
    with pytest.raises(ValueError, match=r"`objective` must be .*'minimax'.* Received: objective="):
        losses.get(objective)


def test_a_custom_objective_round_trip():
    objective = losses.Objective(squared_real, negated, name="mine")
    config = keras.saving.serialize_keras_object(objective)
    again = keras.saving.deserialize_keras_object(config)
    assert again.name == "mine"
    assert again.discriminator is squared_real
    assert again.generator is negated
    np.testing.assert_allclose(again.discriminator(tf.constant(2.0), tf.constant(1.0)), 5)


@pytest.mark.parametrize("argument", ["discriminator", "generator"])
def test_losses_must_be_functions(argument):
    functions = {"discriminator": squared_real, "generator": negated, argument: "hinge"}
    with pytest.raises(TypeError, match=f"`{argument}` must be a function.*'hinge'"):
        losses.Objective(**functions)


def test_a_loss_of_fakes_alone_is_refused():
    with pytest.raises(TypeError, match=r"`generator` must be a function of \(real_logits, fake_l"):
        losses.Objective(squared_real, lambda fake: fake)


def test_a_relativistic_objective_round_trip():
    objective = losses.Objective(squared_real, negated, name="mine", relativistic=True)
    config = keras.saving.serialize_keras_object(objective)
    assert keras.saving.deserialize_keras_object(config).relativistic
    del config["config"]["relativistic"]  # of a file that was written before
    assert not keras.saving.deserialize_keras_object(config).relativistic


@pytest.mark.parametrize("codes", [(0.0, 1.0, 1.0), (-1.0, 1.0, 0.0), (2.0, -0.5, 3.0)])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_least_squares_with_codes(codes, scale):
    a, b, c = codes
    objective = losses.least_squares_with_codes(a, b, c)
    real, fake = scale * REAL, scale * FAKE
    expected = ((real - b) ** 2).mean() / 2 + ((fake - a) ** 2).mean() / 2
    np.testing.assert_allclose(objective.discriminator(real, fake), expected, rtol=1e-12)
    g_loss = objective.generator(None, fake)
    np.testing.assert_allclose(g_loss, ((fake - c) ** 2).mean() / 2, rtol=1e-12)
    by_real, by_fake = gradient(objective.discriminator, real, fake)
    np.testing.assert_allclose(by_real, (real - b) / real.size, rtol=1e-12)
    np.testing.assert_allclose(by_fake, (fake - a) / fake.size, rtol=1e-12)
    (by_fake,) = gradient(of_fakes(objective.generator), fake)
    np.testing.assert_allclose(by_fake, (fake - c) / fake.size, rtol=1e-12)


def test_codes_must_differ():
    with pytest.raises(ValueError, match="`a` and `b` must differ"):
        losses.least_squares_with_codes(1.0, 1.0, 0.0)
