"""What is new is one file: an objective, an augmentation, defined in a test and nowhere else."""

import ast

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.models import every_model
from tests.models.relativistic import RELATIVISTIC
from tests.shared import assert_same_weights

POINTS = every_model.POINTS


class TestARelativisticObjective:
    def test_both_updates_follow_the_gradient_of_pairs(self):
        """Written out in TensorFlow: no rounding but that of float32."""
        gan = every_model.make("GAN", objective=RELATIVISTIC)
        gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
        copies = [keras.models.clone_model(n) for n in (gan.generator, gan.discriminator)]
        for copy, network in zip(copies, (gan.generator, gan.discriminator), strict=True):
            copy.set_weights(network.get_weights())
        generator, discriminator = copies
        seeds = keras.random.SeedGenerator(1)
        first, second = (keras.random.normal((8, 3), seed=seeds) for _ in range(2))
        logs = gan.train_on_batch(POINTS[:8], return_dict=True)

        real, losses = tf.constant(POINTS[:8]), []
        for latents, network, sign in ((first, discriminator, 1), (second, generator, -1)):
            with tf.GradientTape() as tape:
                gap = discriminator(generator(latents)) - discriminator(real)
                losses.append(tf.reduce_mean(tf.math.softplus(sign * gap)))
            weights = network.trainable_variables
            for weight, g in zip(weights, tape.gradient(losses[-1], weights), strict=True):
                weight.assign_sub(0.1 * g)
        np.testing.assert_allclose([logs["d_loss"], logs["g_loss"]], losses, rtol=1e-5)
        assert_same_weights(gan.generator, generator, atol=1e-6)
        assert_same_weights(gan.discriminator, discriminator, atol=1e-6)

    @pytest.mark.first_cases
    @pytest.mark.parametrize("name", ["ConditionalGAN", "SemiSupervisedGAN", "DCGAN"])
    def test_trains_saves_and_loads_any_model(self, name, tmp_path):
        gan = every_model.make(name, objective=RELATIVISTIC, generator_batch_multiple=2)
        gan.compile()
        assert np.isfinite(list(every_model.fit(gan).history.values())).all()
        assert np.isfinite(gan.evaluate(*every_model.examples(gan), verbose=0)).all()
        gan.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        assert again.objective.relativistic
        for model in (gan, again):
            every_model.fit(model)
        assert_same_weights(gan, again)

    def test_others_do_not_pay_for_real_logits(self):
        calls = {}
        for objective in ("non_saturating", RELATIVISTIC):
            gan = every_model.make("GAN", objective=objective)
            gan.compile(run_eagerly=True)
            discriminate, seen = gan.discriminate, []

            def spy(*args, discriminate=discriminate, seen=seen, **kwargs):
                seen.append(args)
                return discriminate(*args, **kwargs)

            vars(gan)["discriminate"] = spy
            gan.train_generator(tf.constant(POINTS[:8]))
            calls[str(objective)] = len(seen)
        assert list(calls.values()) == [1, 2]


@keras.saving.register_keras_serializable(package="tests")
class RandomScaling(kg.techniques.Technique):
    """Scale every example by a factor, drawn once for each; look at the logits of real ones."""

    def prepare(self, model):
        self.mean_logit = self.add_state("mean_logit")

    def augment(self, model, examples):
        factors = model.draw(keras.random.uniform, keras.ops.shape(examples)[0], (1,))
        self.factors = factors
        return examples * (1 + factors)

    def update(self, model, network, outputs):
        if network == "discriminator":
            self.mean_logit.assign(keras.ops.mean(outputs["real_logits"]))


class TestAnAugmentation:
    def gan(self, *techniques):
        generator = kg.networks.mlp_generator((2,), 3, (8,))
        discriminator = keras.Sequential(
            [keras.Input((2,)), keras.layers.Dense(8, "tanh"), keras.layers.Dense(1)]
        )
        gan = kg.models.GAN(generator, discriminator, 3, techniques=techniques, seed=1)
        gan.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0), run_eagerly=True)
        return gan

    def test_r1_is_taken_at_the_originals_through_the_augmentation(self):
        """d/dx D(s x) = s A ((1 − tanh²(s x A + c)) ∘ b), in float64 NumPy."""
        scaling, r1 = RandomScaling(), kg.techniques.R1(weight=0.3)
        gan = self.gan(scaling, r1)
        loss = kg.models.LossResult({"loss": tf.constant(0.0)})
        result = r1.loss(gan, "discriminator", loss, tf.constant(POINTS[:8]), None)
        a, c, b, _ = (w.astype("float64") for w in gan.discriminator.get_weights())
        s = 1 + scaling.factors.numpy().astype("float64")
        gradients = s * ((1 - np.tanh(s * POINTS[:8] @ a + c) ** 2) * b[:, 0]) @ a.T
        expected = 0.5 * np.mean(np.sum(gradients**2, axis=1))
        np.testing.assert_allclose(result.logged["r1"], expected, rtol=1e-5)
        np.testing.assert_allclose(result.loss, 0.3 * expected, rtol=1e-5)

    def test_the_generator_learns_through_it(self):
        """dG-loss/dfake has the factor of the augmentation."""
        scaling = RandomScaling()
        gan = self.gan(scaling)
        fake = tf.constant(POINTS[:8])
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(fake)
            through = gan.discriminate(fake, training=True)
            scaled = fake * (1 + scaling.factors)
            tape.watch(scaled)
            plain = gan.discriminate(scaled)
        expected = (1 + scaling.factors) * tape.gradient(plain, scaled)
        np.testing.assert_allclose(tape.gradient(through, fake), expected, rtol=1e-5)

    def test_sees_the_logits_that_were_computed_anyway(self):
        scaling = RandomScaling()
        gan = self.gan(scaling)
        calls, discriminate = [], gan.discriminate

        def spy(*args, **kwargs):
            calls.append(discriminate(*args, **kwargs))
            return calls[-1]

        vars(gan)["discriminate"] = spy
        gan.train_discriminator(tf.constant(POINTS[:8]))
        assert len(calls) == 2
        np.testing.assert_allclose(scaling.mean_logit, np.mean(calls[0]), rtol=1e-6)

    def test_evaluation_is_without_it(self):
        gan, plain = self.gan(RandomScaling()), self.gan()
        plain.generator.set_weights(gan.generator.get_weights())
        plain.discriminator.set_weights(gan.discriminator.get_weights())
        np.testing.assert_array_equal(
            gan.evaluate(POINTS, verbose=0), plain.evaluate(POINTS, verbose=0)
        )


class TestARegistry:
    """Models, endpoints and verbs are known from themselves, not from lists elsewhere."""

    def names(self):
        models = [every_model.make(name) for name in every_model.NAMES]
        yield set(every_model.NAMES)
        yield {every_model.file_of(type(model)) for model in models}
        yield {verb.name for model in models for verb in model.served_verbs()}

    def lists(self, path, names, most):
        """Lists, tuples, sets and dictionaries of a file that hold more of the names."""
        for node in ast.walk(ast.parse(path.read_text())):
            parts = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
            held = {part.value for part in parts if isinstance(part, ast.Constant)}
            held |= {part.attr for part in parts if isinstance(part, ast.Attribute)}
            if len(held & names) > most:
                yield f"{path}:{node.lineno}", held & names

    def test_no_list_of_the_package_knows_them(self, repository):
        package, found = repository / "keras_gans", {}
        before = package / "_manifest.py"  # with what SavedModels had when there were no manifests
        for names in self.names():
            for path in set(package.rglob("*.py")) - {package / "models/__init__.py", before}:
                found |= self.lists(path, names, most=2)
        assert not found

    def test_tests_choose_a_few_models_or_take_all(self, repository):
        found, names = {}, set(every_model.NAMES)
        for folder in ("tests", "benchmarks/guards"):
            for path in (repository / folder).rglob("*.py"):
                found |= self.lists(path, names, most=len(names) // 3)
        assert not found

    def test_a_model_without_a_tiny_one_is_told_what_to_write(self):
        class Elsewhere(kg.models.GAN):
            pass

        Elsewhere.__module__ = "keras_gans.models.elsewhere"
        with pytest.raises(NotImplementedError, match=r"tests/models/test_elsewhere.py .*`tiny\("):
            every_model.definitions(Elsewhere)
