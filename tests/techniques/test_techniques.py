"""Each technique against its formula in NumPy; what it keeps; what it refuses."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans import losses, techniques

POINTS = kg.data.ring_of_gaussians().sample(64, seed=0)


def gan(*chosen, model=kg.models.GAN, units=(8,), **kwargs):
    return model(
        kg.networks.mlp_generator((2,), 3, (8,)),
        kg.networks.mlp_discriminator((2,), units),
        latent_dim=3,
        seed=1,
        techniques=chosen,
        **kwargs,
    )


def compiled(*chosen, **kwargs):
    model = gan(*chosen, **kwargs)
    model.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
    return model


def with_term(technique, model, network, loss, real=None, fake=None):
    """A loss with what a technique adds to it."""
    plain = kg.models.LossResult({"loss": tf.constant(loss)})
    return technique.loss(model, network, plain, real, fake).loss


def fit(model, **kwargs):
    return model.fit(POINTS, batch_size=16, shuffle=False, verbose=0, **kwargs)


class TestLabelSmoothing:
    real = np.random.default_rng(0).normal(0, 3, (9, 1))
    fake = np.random.default_rng(1).normal(0, 3, (9, 1))

    @pytest.mark.parametrize(("alpha", "beta"), [(0.9, 0.0), (0.8, 0.1), (1.0, 0.0)])
    def test_is_the_cross_entropy_with_smoothed_targets(self, alpha, beta):
        smoothed = techniques.LabelSmoothing(alpha, beta).objective(losses.minimax)

        def binary_cross_entropy(target, logits):
            p = 1 / (1 + np.exp(-logits))
            return -np.mean(target * np.log(p) + (1 - target) * np.log(1 - p))

        expected = binary_cross_entropy(alpha, self.real) + binary_cross_entropy(beta, self.fake)
        np.testing.assert_allclose(smoothed.discriminator(self.real, self.fake), expected, 1e-12)

    def test_one_side_leaves_the_other_side_and_the_generator_alone(self):
        smoothed = techniques.LabelSmoothing(0.9).objective(losses.non_saturating)
        nothing = tf.constant([[-1e4]], tf.float64), tf.constant([[0.0]], tf.float64)
        for fake in nothing:
            gaps = [
                o.discriminator(self.real, fake) - o.discriminator(self.real, self.fake)
                for o in (smoothed, losses.non_saturating)
            ]
            np.testing.assert_allclose(gaps[0], gaps[1], rtol=1e-12)
        assert smoothed.generator is losses.non_saturating.generator

    def test_extreme_logits(self):
        smoothed = techniques.LabelSmoothing(0.9).objective(losses.minimax)
        extreme = tf.constant([[1e4]], tf.float64)
        # 0.1 · 1e4 for the real one that is called real too surely, 1e4 for the fake.
        np.testing.assert_allclose(smoothed.discriminator(extreme, extreme), 1e3 + 1e4)
        np.testing.assert_allclose(smoothed.discriminator(-extreme, -extreme), 0.9e4)

    def test_gradients_match_finite_differences(self):
        smoothed = techniques.LabelSmoothing(0.9, 0.1).objective(losses.minimax)
        logits = [tf.constant(self.real), tf.constant(self.fake)]
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = smoothed.discriminator(*logits)
        for side, gradient in enumerate(tape.gradient(loss, logits)):
            for i in range(len(self.real)):
                nudged = []
                for step in (1e-5, -1e-5):
                    moved = [self.real.copy(), self.fake.copy()]
                    moved[side][i] += step
                    nudged.append(float(smoothed.discriminator(*moved)))
                difference = (nudged[0] - nudged[1]) / 2e-5
                np.testing.assert_allclose(gradient[i, 0], difference, rtol=1e-6, atol=1e-9)

    @pytest.mark.parametrize(("alpha", "beta"), [(0.9, 0.0), (0.8, 0.3)])
    def test_the_optimum_is_the_weighted_density_ratio(self, alpha, beta):
        """At the logit of D* the loss of a point seen p_r and p_g of the time has no slope."""
        p_r, p_g = 0.3, 0.5
        optimum = (alpha * p_r + beta * p_g) / (p_r + p_g)
        logit = tf.Variable(np.log(optimum / (1 - optimum)))
        with tf.GradientTape() as tape:
            loss = p_r * techniques.label_smoothing.cross_entropy(alpha, logit)
            loss += p_g * techniques.label_smoothing.cross_entropy(beta, logit)
        np.testing.assert_allclose(tape.gradient(loss, logit), 0, atol=1e-15)

    @pytest.mark.parametrize(("real", "fake"), [(1.1, 0.0), (0.0, 0.0), (0.9, -0.1), (0.5, 0.5)])
    def test_refuses_targets_out_of_range(self, real, fake):
        with pytest.raises(ValueError, match=r"`(real|fake)` must be"):
            techniques.LabelSmoothing(real, fake)

    def test_refuses_an_objective_of_ones_own(self):
        own = losses.Objective(lambda real, fake: real, lambda real, fake: fake)
        with pytest.raises(ValueError, match="`techniques` must not hold LabelSmoothing"):
            gan(techniques.LabelSmoothing(), objective=own)


class TestInstanceNoise:
    def test_the_discriminator_sees_noise_of_the_given_deviation(self):
        noise = techniques.InstanceNoise(0.3)
        model = gan(noise)
        seen = noise.augment(model, tf.zeros((20_000, 2))).numpy()
        np.testing.assert_allclose(seen.std(axis=0), 0.3, rtol=0.03)
        np.testing.assert_allclose(seen.mean(axis=0), 0.0, atol=0.01)

    def test_labels_are_left_alone(self):
        noise = techniques.InstanceNoise(0.3)
        model = gan(noise)
        examples = [tf.zeros((4, 2)), tf.constant([0, 1, 2, 1])]
        points, labels = noise.augment(model, examples)
        assert np.abs(points).min() > 0
        np.testing.assert_array_equal(labels, examples[1])

    def test_conditions_of_floats_are_left_alone(self):
        noise = techniques.InstanceNoise(0.3)
        examples = [tf.zeros((4, 2)), tf.ones((4, 3))]
        points, embeddings = noise.augment(gan(noise), examples)
        assert np.abs(points).min() > 0
        np.testing.assert_array_equal(embeddings, examples[1])

    def test_decays_with_the_generators_updates(self):
        noise = techniques.InstanceNoise(0.5, decay=0.9)
        model = compiled(noise, n_critic=2)
        fit(model, epochs=3)
        assert int(model.g_optimizer.iterations) == 6
        np.testing.assert_allclose(noise.stddev, 0.5 * 0.9**6, rtol=1e-5)

    def test_both_networks_learn_from_it(self):
        """Real examples in training the discriminator, and fakes, which are zero, everywhere."""
        seen = []
        model = compiled(techniques.InstanceNoise(0.5))
        discriminator = model.discriminator
        model.generator.set_weights([0 * weight for weight in model.generator.get_weights()])

        def spy(inputs, **kwargs):
            seen.append(inputs.numpy())
            return discriminator.original(inputs, **kwargs)

        discriminator.original, discriminator.call = discriminator.call, spy
        model.train_discriminator(tf.constant(POINTS[:8]))
        model.train_generator(tf.constant(POINTS[:8]))
        both, generated = seen
        real, fake = both[0::2], both[1::2]
        assert 0.3 < (real - POINTS[:8]).std() < 0.8
        assert 0.3 < fake.std() < 0.8
        assert 0.3 < generated.std() < 0.8

    @pytest.mark.parametrize("kwargs", [{"stddev": -1}, {"decay": 0}, {"decay": 1.1}])
    def test_refuses_numbers_out_of_range(self, kwargs):
        with pytest.raises(ValueError, match="must be a number in"):
            techniques.InstanceNoise(**kwargs)


class TestHistoricalAveraging:
    def test_keeps_the_mean_of_the_past_parameters(self):
        averaging = techniques.HistoricalAveraging()
        model = compiled(averaging)
        past = {"generator": [], "discriminator": []}
        for start in range(0, 64, 16):
            model.train_discriminator(tf.constant(POINTS[start : start + 16]))
            past["discriminator"].append(model.discriminator.get_weights())
            model.train_generator(tf.constant(POINTS[start : start + 16]))
            past["generator"].append(model.generator.get_weights())
        for network, history in past.items():
            for i, parameter in enumerate(getattr(model, network).trainable_variables):
                expected = np.mean([weights[i] for weights in history], axis=0)
                mean = averaging.mean_of(parameter)
                np.testing.assert_allclose(mean, expected, rtol=1e-5, atol=1e-7)

    @pytest.mark.parametrize("name", ["generator", "discriminator"])
    def test_adds_the_squared_distance_to_the_mean(self, name):
        averaging = techniques.HistoricalAveraging(weight=0.5, decay=0.9)
        model = compiled(averaging)
        fit(model)
        network = getattr(model, name)
        for variable in network.trainable_variables:
            variable.assign(variable + 0.25)
        distance = sum(
            np.sum((variable.numpy() - averaging.mean_of(variable).numpy()) ** 2)
            for variable in network.trainable_variables
        )
        loss = with_term(averaging, model, name, 2.0)
        np.testing.assert_allclose(loss, 2 + 0.5 * 0.9**4 * distance, rtol=1e-5)

    def test_leaves_frozen_layers_out(self):
        averaging = techniques.HistoricalAveraging(weight=1.0, decay=1.0)
        model = gan(averaging)
        frozen, trained = model.generator.layers[1], model.generator.layers[3]
        frozen.trainable = False
        model.compile()
        fit(model)
        for layer in (frozen, trained):
            layer.kernel.assign(layer.kernel + 1)
        loss = with_term(averaging, model, "generator", 0.0)
        distance = sum(
            np.sum((v.numpy() - averaging.mean_of(v).numpy()) ** 2)
            for v in model.generator.trainable_variables
        )
        assert len(model.generator.trainable_variables) == 2
        np.testing.assert_allclose(loss, distance, rtol=1e-5)

    def test_adds_nothing_while_there_is_no_past(self):
        averaging = techniques.HistoricalAveraging(weight=10.0)
        loss = with_term(averaging, gan(averaging), "generator", 2.0)
        assert float(loss) == 2.0


class TestFeatureMatching:
    def features(self, model, layer, x):
        output = model.discriminator.get_layer(layer).output
        return keras.Model(model.discriminator.inputs, output)(x).numpy()

    @pytest.mark.parametrize("alone", [False, True])
    def test_is_the_mean_squared_difference_of_the_mean_features(self, alone):
        matching = techniques.FeatureMatching(layer=3, weight=2.0, alone=alone)
        model = gan(matching, units=(8, 4))
        name = model.discriminator.layers[4].name  # the input does not count
        real, fake = tf.constant(POINTS[:8]), tf.constant(POINTS[8:16])
        gap = self.features(model, name, real).mean(0) - self.features(model, name, fake).mean(0)
        loss = with_term(matching, model, "generator", 5.0, real, fake)
        expected = 2 * np.mean(gap.astype("float64") ** 2) + 5
        np.testing.assert_allclose(loss, expected, rtol=1e-5)
        logits = None, tf.constant([[1.0]])
        assert (float(model.generator_loss(*logits).loss) == 0) == alone
        assert float(model.generator_loss(*logits, training=False).loss) > 0
        assert float(with_term(matching, model, "discriminator", 5.0, real, fake)) == 5

    def test_compares_means_not_examples(self):
        matching = techniques.FeatureMatching(alone=True)
        model = gan(matching)
        real = tf.constant(POINTS[:8])
        shuffled = tf.random.shuffle(real, seed=1)
        np.testing.assert_allclose(
            with_term(matching, model, "generator", 0.0, real, shuffled), 0, atol=1e-10
        )

    def test_by_default_takes_what_the_logit_is_made_of(self):
        by_default, by_index = techniques.FeatureMatching(), techniques.FeatureMatching(-2)
        model = gan(by_default, by_index)
        real, fake = tf.constant(POINTS[:8]), tf.constant(POINTS[8:16])
        techniques_of = (by_default, by_index)
        terms = [with_term(t, model, "generator", 0.0, real, fake) for t in techniques_of]
        assert float(terms[0]) == float(terms[1]) > 0

    def test_by_default_takes_features_before_noise(self):
        network = keras.Sequential(
            [
                keras.Input((2,)),
                keras.layers.Dense(8, "relu", name="features"),
                keras.layers.Dropout(0.5),
                keras.layers.GaussianNoise(0.5),
                keras.layers.Dense(1),
            ]
        )
        matching = techniques.FeatureMatching(alone=True)
        generator = kg.networks.mlp_generator((2,), 3, (8,))
        model = kg.models.GAN(generator, network, latent_dim=3, techniques=[matching])
        real, fake = tf.constant(POINTS[:8]), tf.constant(POINTS[8:16])
        gap = [self.features(model, "features", x).mean(0) for x in (real, fake)]
        loss = with_term(matching, model, "generator", 0.0, real, fake)
        np.testing.assert_allclose(loss, np.mean((gap[0] - gap[1]) ** 2), rtol=1e-5)

    @pytest.mark.parametrize("layer", ["nowhere", 17, "input_layer"])
    def test_refuses_a_layer_that_is_not_there(self, layer):
        with pytest.raises(ValueError, match="`layer` must name a layer of the discriminator"):
            gan(techniques.FeatureMatching(layer))

    def test_asks_for_a_layer_where_there_is_no_default(self):
        nested = keras.Sequential([keras.Input((2,)), kg.networks.mlp_discriminator((2,), (8,))])
        with pytest.raises(ValueError, match="where there is no dense or convolutional layer"):
            kg.models.GAN(
                kg.networks.mlp_generator((2,), 3, (8,)),
                nested,
                latent_dim=3,
                techniques=[techniques.FeatureMatching()],
            )

    def test_alone_leaves_other_techniques_their_terms(self):
        """In either order."""
        matching, averaging = (
            techniques.FeatureMatching(alone=True),
            techniques.HistoricalAveraging(5.0),
        )
        losses_of = []
        for order in ((matching, averaging), (averaging, matching)):
            chosen = [type(t).from_config(t.get_config()) for t in order]
            keras.utils.set_random_seed(0)
            model = compiled(*chosen)
            losses_of.append(fit(model, epochs=3).history["g_loss"])
        np.testing.assert_allclose(*losses_of, rtol=1e-5)

    def test_the_discriminators_statistics_stay(self):
        model = kg.models.GAN(
            kg.networks.mlp_generator((2,), 3, (8,)),
            kg.networks.mlp_discriminator((2,), (8, 8), normalization="batch"),
            latent_dim=3,
            techniques=[techniques.FeatureMatching()],
        )
        model.compile()
        assert model.discriminator.non_trainable_variables
        before = model.discriminator.get_weights()
        model.train_generator(tf.constant(POINTS[:8]))
        for u, v in zip(before, model.discriminator.get_weights(), strict=True):
            np.testing.assert_array_equal(u, v)


class TestExperienceReplay:
    def batch(self, first, num=4):
        """Fakes that say their number."""
        return tf.constant([[float(first + i), 0.0] for i in range(num)])

    def test_shows_the_present_until_the_memory_is_full(self):
        replay = techniques.ExperienceReplay(capacity=8, probability=1.0)
        model = gan(replay)
        for first in (0, 4):
            shown = replay.replay(model, self.batch(first))
            np.testing.assert_array_equal(shown, self.batch(first))
        assert int(replay.kept) == 8
        np.testing.assert_array_equal(replay.memory[0][:, 0], np.arange(8))

    def test_then_exchanges_past_and_present(self):
        replay = techniques.ExperienceReplay(capacity=8, probability=1.0)
        model = gan(replay)
        for first in (0, 4):
            replay.replay(model, self.batch(first))
        for first in (8, 12, 16):
            before = set(replay.memory[0][:, 0].numpy())
            shown = set(replay.replay(model, self.batch(first)).numpy()[:, 0])
            after = set(replay.memory[0][:, 0].numpy())
            assert len(shown) == 4
            assert shown <= before
            assert after == (before - shown) | {first, first + 1, first + 2, first + 3}

    @pytest.mark.parametrize("probability", [0.0, 0.3])
    def test_exchanges_with_the_given_probability(self, probability):
        replay = techniques.ExperienceReplay(capacity=500, probability=probability)
        model = gan(replay)
        replay.replay(model, self.batch(0, 500))
        shown = replay.replay(model, self.batch(500, 500)).numpy()[:, 0]
        assert abs((shown < 500).mean() - probability) < 0.07
        kept = replay.memory[0][:, 0].numpy()
        assert sorted([*shown, *kept]) == list(range(1000))

    def test_a_batch_larger_than_the_memory(self):
        replay = techniques.ExperienceReplay(capacity=3, probability=1.0)
        model = gan(replay)
        np.testing.assert_array_equal(replay.replay(model, self.batch(0, 5)), self.batch(0, 5))
        shown = replay.replay(model, self.batch(5, 5)).numpy()[:, 0]
        assert sorted(shown[:3]) == [0, 1, 2]
        assert list(shown[3:]) == [8, 9]

    def test_fills_up_and_overflows_in_one_batch(self):
        replay = techniques.ExperienceReplay(capacity=6, probability=1.0)
        model = gan(replay)
        for first in (0, 4):
            np.testing.assert_array_equal(
                replay.replay(model, self.batch(first)), self.batch(first)
            )
        np.testing.assert_array_equal(replay.memory[0][:, 0], np.arange(6))

    def test_labels_stay_with_their_images(self):
        replay = techniques.ExperienceReplay(capacity=6, probability=0.5)
        model = kg.models.ConditionalGAN(
            kg.networks.mlp_generator((2,), 3, (8,), num_classes=30),
            kg.networks.mlp_discriminator((2,), (8,), num_classes=30),
            latent_dim=3,
            techniques=[replay],
        )
        for first in range(0, 24, 4):
            labels = tf.range(first, first + 4)
            points, shown = replay.replay(model, [self.batch(first), labels])
            np.testing.assert_array_equal(points[:, 0], tf.cast(shown, tf.float32))
        np.testing.assert_array_equal(replay.memory[0][:, 0], replay.memory[1].numpy())

    def test_survives_saving(self, tmp_path):
        model = compiled(techniques.ExperienceReplay(capacity=24))
        fit(model)
        model.save(tmp_path / "model.keras")
        memory = keras.models.load_model(tmp_path / "model.keras").techniques[0].memory[0]
        np.testing.assert_array_equal(memory, model.techniques[0].memory[0])
        assert np.abs(memory).min(axis=1).max() > 0

    @pytest.mark.parametrize("kwargs", [{"capacity": 0}, {"probability": 1.5}])
    def test_refuses_numbers_out_of_range(self, kwargs):
        with pytest.raises(ValueError, match="must be"):
            techniques.ExperienceReplay(**kwargs)


@pytest.mark.parametrize(
    "technique",
    [
        techniques.FeatureMatching("dense", 0.5, alone=True),
        techniques.HistoricalAveraging(0.5, 0.9),
        techniques.LabelSmoothing(0.8, 0.1),
        techniques.InstanceNoise(0.2, 0.9),
        techniques.ExperienceReplay(17, 0.25),
    ],
)
def test_config_round_trip(technique):
    again = type(technique).from_config(technique.get_config())
    assert again.get_config() == technique.get_config()


@pytest.mark.parametrize(
    "wrong", [techniques.InstanceNoise(), [1], ["InstanceNoise"], 3, keras.Input((2,))]
)
def test_refuses_what_is_not_a_list_of_techniques(wrong):
    with pytest.raises(TypeError, match="`techniques` must"):
        gan().__class__(
            kg.networks.mlp_generator((2,), 3, (8,)),
            kg.networks.mlp_discriminator((2,), (8,)),
            latent_dim=3,
            techniques=wrong,
        )


@pytest.mark.first_cases
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("model", [kg.models.GAN, kg.models.WGANGP])
def test_examples_of_any_float_type(dtype, model):
    adversary = gan(techniques.InstanceNoise(), techniques.ExperienceReplay(8), model=model)
    adversary.compile()
    history = adversary.fit(POINTS.astype(dtype), batch_size=8, verbose=0).history
    assert np.isfinite(list(history.values())).all()
    assert np.isfinite(adversary.evaluate(POINTS.astype(dtype), verbose=0)).all()


def test_a_technique_belongs_to_one_model():
    noise = techniques.InstanceNoise()
    gan(noise)
    with pytest.raises(ValueError, match="must be new for each model"):
        gan(noise)


def test_evaluation_is_of_the_objective_without_techniques():
    smoothed, plain = compiled(techniques.LabelSmoothing(0.5)), compiled()
    smoothed.set_weights(plain.get_weights())
    logs = [m.evaluate(POINTS, verbose=0, return_dict=True) for m in (smoothed, plain)]
    assert logs[0] == logs[1]


def test_refuses_one_technique_twice():
    noise = techniques.InstanceNoise()
    with pytest.raises(ValueError, match="different objects"):
        gan(noise, noise)


def test_a_technique_that_overrides_nothing_changes_nothing():
    plain, with_technique = compiled(), compiled(techniques.Technique())
    with_technique.set_weights(plain.get_weights())
    for model in (plain, with_technique):
        fit(model)
    for u, v in zip(plain.get_weights(), with_technique.get_weights(), strict=True):
        np.testing.assert_array_equal(u, v)
