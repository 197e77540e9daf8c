"""What holds for every model, and is refused by every model."""

import json

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.fuzz.models import of_verb
from tests.models import every_model
from tests.shared import assert_same_weights

#: How the names of arguments begin that are networks of logits.
OF_LOGITS = ("discriminator", "decoder", "network")
layers, ops = keras.layers, keras.ops
LARGE = {"BigGAN", "ProgressiveGAN", "R3GAN", "StackGAN", "StyleGAN2", "TextGAN"}


@pytest.fixture
def float64():
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")


@pytest.mark.parametrize("name", every_model.tiers(set(every_model.NAMES) - LARGE))
def test_fits_saves_loads_and_exports(name, tmp_path):
    model = every_model.make(name)
    model.compile()
    history = every_model.fit(model).history
    assert set(history) == set(model.loss_names)
    assert np.isfinite(list(history.values())).all()
    model.save(tmp_path / "model.keras")
    model.export(tmp_path / "saved_model")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert_same_weights(again, model)
    served = kg.load(tmp_path / "saved_model")
    for verb in model.served_verbs():
        arguments = {**of_verb(verb), **verb.fixed}
        expected, *found = (getattr(m, verb.name)(**arguments) for m in (model, again, served))
        for outputs in found:
            if expected.dtype.kind == "U":
                np.testing.assert_array_equal(outputs, expected)
            else:
                np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", every_model.tiers("GAN"))
def test_trains_in_float64(name, float64):
    model = every_model.make(name)
    model.compile()
    history = every_model.fit(model, steps_per_epoch=1).history
    assert np.isfinite(list(history.values())).all()
    x, y = every_model.examples(model)
    assert np.isfinite(model.evaluate(x[:4], None if y is None else y[:4], verbose=0)).all()


@pytest.mark.slow
@pytest.mark.parametrize("run_eagerly", [False, True])
@pytest.mark.parametrize("name", ["GAN", "DCGAN"])
def test_every_technique_trains_in_float64(name, run_eagerly, float64):
    """Also in updates in which lazy terms are not due."""
    from tests.models.test_every_technique import allowed

    model = every_model.make(name, **allowed(name))
    model.compile(run_eagerly=run_eagerly)
    every_model.fit(model, steps_per_epoch=2)


class TestLogits:
    def ending(self, *last, shape=(4,)):
        return keras.Sequential([keras.Input(shape), *last])

    def function(self, function, shape=(4,)):
        x = keras.Input(shape)
        return keras.Model(x, function(x))

    @property
    def networks(self):
        """Networks that end in an activation, seen or hidden."""
        dense = layers.Dense
        sigmoid = self.ending(dense(1, activation="sigmoid"))
        image, text = (4, 4, 1), (3, 4)
        return {
            "argument": sigmoid,
            "function": self.ending(dense(1, activation=keras.activations.tanh)),
            "layer": self.ending(dense(1), layers.Activation("hard_sigmoid")),
            "half precision": self.ending(
                dense(1, dtype="mixed_float16"), layers.Activation("sigmoid", dtype="float32")
            ),
            "softmax": self.ending(dense(3), layers.Softmax()),
            "patches": self.ending(
                layers.Conv2D(1, 2, activation="sigmoid"), layers.Flatten(), shape=image
            ),
            "pooled": self.ending(
                layers.Conv2D(1, 2, activation="sigmoid"),
                layers.GlobalAveragePooling2D(),
                layers.Dropout(0.1),
                layers.Activation("linear"),
                shape=image,
            ),
            "wrapped": self.ending(layers.SpectralNormalization(dense(1, activation="sigmoid"))),
            "own wrapper": self.ending(
                kg.layers.SpectralNormalization(dense(1, activation="sigmoid"))
            ),
            "wrapped network": self.ending(layers.TimeDistributed(sigmoid), shape=text),
            "nested": self.ending(dense(4), self.ending(dense(4), sigmoid)),
            "nested function": self.function(lambda x: sigmoid(dense(4)(x))),
            "operation": self.function(lambda x: ops.sigmoid(dense(1)(x))),
            "cast": self.function(
                lambda x: ops.cast(ops.sigmoid(dense(1, dtype="float16")(x)), "float32")
            ),
            "reshaped": self.function(lambda x: ops.reshape(ops.tanh(dense(1)(x)), (-1,))),
            "mean": self.function(lambda x: ops.mean(ops.sigmoid(dense(3)(x)), axis=-1)),
            "log": self.function(lambda x: ops.log_softmax(dense(2)(x))),
            "part": self.function(lambda x: ops.softmax(dense(3)(x))[:, :1]),
        }

    def test_activations_at_the_end_are_found(self):
        for kind, network in self.networks.items():
            with pytest.raises(ValueError, match=r"`critic` must end in logits.*whose layer '"):
                kg.models.checks.logits("critic", network)
                pytest.fail(kind)

    def test_other_networks_are_let_through(self):
        dense = layers.Dense
        for network in (
            self.ending(dense(1)),
            self.ending(dense(3, activation="sigmoid"), dense(1)),
            self.ending(dense(3), layers.LeakyReLU()),
            self.function(lambda x: 3 * ops.sigmoid(dense(1)(x))),
            self.function(lambda x: layers.Add()([ops.sigmoid(x), x])),
            kg.networks.mlp_discriminator((2,), (8,), num_classes=3),
            kg.networks.dcgan_discriminator((8, 8, 1), filters=2),
            kg.networks.resnet_discriminator((8, 8, 1), filters=2),
            kg.networks.patch_discriminator((16, 16, 1), 2, 1),
            kg.networks.text_discriminator(4, 5, 4, 1),
        ):
            kg.models.checks.logits("critic", network)

    @pytest.mark.parametrize("name", every_model.tiers("ALAE"))
    def test_every_model_refuses_them(self, name):
        model = every_model.make(name)
        config = model.get_config()
        arguments = [argument for argument in config if argument.startswith(OF_LOGITS)]
        assert arguments
        for argument in arguments:
            held = getattr(model, argument)
            for k, network in enumerate(held if isinstance(held, tuple) else [held]):
                outputs = layers.Activation("sigmoid")(network.outputs[0])
                wrong = keras.Model(network.inputs, outputs)
                place = argument
                if isinstance(held, tuple):
                    wrong, place = [*held[:k], wrong, *held[k + 1 :]], rf"{argument}\[{k}\]"
                wrong = keras.saving.serialize_keras_object(wrong)
                given = {**model.get_config(), argument: wrong}  # which Keras uses up
                with pytest.raises(ValueError, match=f"`{place}` must end in logits"):
                    getattr(kg.models, name).from_config(given)

    def test_a_decoder_of_means_may_end_in_tanh(self):
        encoder = kg.networks.mlp_encoder((4,), 2, (8,))
        decoder = self.ending(layers.Dense(4, activation="tanh"), shape=(2,))
        kg.models.VAE(encoder, decoder, 2, likelihood="gaussian")


class TestWhatCannotChange:
    @pytest.mark.slow
    def test_arguments_are_refused_afterwards(self):
        for name in every_model.NAMES:
            model = every_model.make(name)
            for argument, value in model.get_config().items():
                if argument not in ("name", "trainable", "dtype"):
                    if hasattr(getattr(type(model), argument, None), "__set__"):
                        continue  # a number that may change
                    with pytest.raises(AttributeError, match=f"`{argument}` must stay as it is"):
                        setattr(model, argument, object())
                    assert value == model.get_config()[argument]

    @pytest.mark.parametrize(
        ("make", "name", "value"),
        [
            (lambda: kg.techniques.ExperienceReplay(4), "capacity", 8),
            (lambda: kg.techniques.FeatureMatching(), "alone", True),
            (lambda: kg.constraints.ClipConstraint(0.1), "clip_value", 0.2),
            (lambda: kg.likelihoods.Gaussian(0.1), "stddev", 0.2),
            (lambda: kg.losses.Objective(min, max, "own"), "generator", min),
        ],
    )
    def test_so_are_those_of_their_parts(self, make, name, value):
        part = make()
        setattr(part, name, getattr(part, name))
        with pytest.raises(AttributeError, match=f"`{name}` must stay as it is.*{name}="):
            setattr(part, name, value)

    def test_techniques_cannot_be_added(self):
        with pytest.raises(AttributeError):
            every_model.make("GAN").techniques.append(kg.techniques.InstanceNoise())


@keras.saving.register_keras_serializable("tests")
class PassesOn(kg.models.WGANGP):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)


@keras.saving.register_keras_serializable("tests")
class Builds(kg.models.WGANGP):
    def __init__(self, width=8, latent_dim=3):
        generator = kg.networks.mlp_generator((2,), latent_dim, (width,))
        super().__init__(generator, kg.networks.mlp_discriminator((2,), (width,)), latent_dim, 2)


@keras.saving.register_keras_serializable("tests")
class BuildsAndPassesOn(kg.models.WGANGP):
    def __init__(self, width, /, *, gp_weight=0.5, **kwargs):
        generator = kg.networks.mlp_generator((2,), 3, (width,))
        discriminator = kg.networks.mlp_discriminator((2,), (width,))
        super().__init__(generator, discriminator, 3, gp_weight=gp_weight, **kwargs)


class Unsaveable(kg.models.WGANGP):
    def __init__(self, *args, data=None, **kwargs):
        super().__init__(*args, **kwargs)


class ForgetsAnArgument(kg.models.WGANGP):
    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)

    def get_config(self):
        config = super().get_config()
        del config["width"]
        return config


class TestSubclasses:
    def networks(self):
        return kg.networks.mlp_generator((2,), 3, (8,)), kg.networks.mlp_discriminator((2,), (8,))

    def models(self):
        yield PassesOn(*self.networks(), 3, 2, gp_weight=0.5, name="own")
        yield PassesOn(*self.networks(), latent_dim=3, n_critic=2, techniques=[])
        yield Builds(width=4)
        yield BuildsAndPassesOn(4, n_critic=2, seed=3, ema_decay=0.5)

    def test_with_any_constructor_save_and_load(self, tmp_path):
        for model in self.models():
            model.compile()
            model.save(tmp_path / "model.keras")
            again = keras.models.load_model(tmp_path / "model.keras")
            assert json.dumps(again.get_config()) == json.dumps(model.get_config())
            assert_same_weights(model, again)
            assert again.gp_weight == model.gp_weight
            np.testing.assert_array_equal(again.sample(2, seed=0), model.sample(2, seed=0))

    def test_those_that_cannot_be_saved_are_refused_before_training(self):
        model = Unsaveable(*self.networks(), 3, data=object())
        with pytest.raises(ValueError, match="Unsaveable must be able to make itself again"):
            model.compile()
        generator, discriminator = self.networks()
        model = ForgetsAnArgument(4, generator=generator, discriminator=discriminator, latent_dim=3)
        with pytest.raises(ValueError, match=r"make itself again.*'width'"):
            model.compile()


@pytest.mark.parametrize(
    "metrics",
    [["accuracy"], "accuracy", [keras.metrics.MeanSquaredError()], [max], {"a": 1}],
)
def test_metrics_of_other_kinds_are_refused_in_compile(metrics):
    for name in every_model.NAMES:
        with pytest.raises(TypeError, match="`metrics` must"):
            every_model.make(name).compile(metrics=metrics)


def test_metrics_of_one_name_are_refused():
    metrics = [kg.metrics.SlicedWasserstein(), kg.metrics.SlicedWasserstein()]
    with pytest.raises(ValueError, match="`metrics` must have different names"):
        every_model.make("GAN").compile(metrics=metrics)


class TestPapersSchedules:
    def rates(self, name, steps, **kwargs):
        model = every_model.make(name, **kwargs)
        model.compile(total_steps=8)
        return [
            [float(optimizer._learning_rate(step)) for step in steps]
            for optimizer in (model.g_optimizer, model.d_optimizer)
        ]

    @pytest.mark.parametrize("name", ["WGANGP", "ConditionalWGANGP"])
    def test_wgan_gp_goes_linearly_to_zero(self, name):
        generator, discriminator = self.rates(name, [0, 4, 8, 16, 17], n_critic=2)
        np.testing.assert_allclose(generator, [2e-4, 1e-4, 0, 0, 0])
        np.testing.assert_allclose(discriminator, [2e-4, 1.5e-4, 1e-4, 0, 0])

    def test_cycle_gan_does_so_in_the_second_half(self):
        for rates in self.rates("CycleGAN", [0, 4, 6, 8]):
            np.testing.assert_allclose(rates, [2e-4, 2e-4, 1e-4, 0])

    def test_they_are_saved(self, tmp_path):
        model = every_model.make("WGANGP")
        model.compile(total_steps=8)
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        assert again.d_optimizer.get_config() == model.d_optimizer.get_config()

    @pytest.mark.parametrize("name", every_model.tiers("WGANGP"))
    def test_where_there_is_none_it_is_refused(self, name):
        model = every_model.make(name)
        if model.learning_rates(8) is None:
            with pytest.raises(ValueError, match="`total_steps` must be None: the learning rates"):
                model.compile(total_steps=8)
        with pytest.raises(ValueError, match="`total_steps` must be None beside optimizers"):
            model.compile(total_steps=8, **{next(iter(model.optimizer_networks)): "sgd"})


TAKE_MULTIPLES = every_model.that_take("generator_batch_multiple")


class TestGeneratorBatchMultiple:
    @pytest.mark.parametrize("name", every_model.tiers("ConditionalGAN", TAKE_MULTIPLES))
    def test_the_generator_learns_from_so_many_more_fakes(self, name):
        model = every_model.make(name, generator_batch_multiple=2)
        model.compile(run_eagerly=True)
        seen = []
        generator_loss = model.generator_loss

        def spy(real_logits, fake_logits, *args):
            seen.append(len(fake_logits))
            return generator_loss(real_logits, fake_logits, *args)

        vars(model)["generator_loss"] = spy
        every_model.fit(model, steps_per_epoch=1)
        assert seen == [16]

    def test_replicas_give_them_the_same_labels(self, two_replicas):
        trained = []
        for strategy in (two_replicas, tf.distribute.get_strategy()):
            keras.utils.set_random_seed(0)
            with strategy.scope():
                model = every_model.make("ConditionalGAN", generator_batch_multiple=2)
                model.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01))
            every_model.fit(model)
            trained.append(model)
        assert_same_weights(*trained, rtol=1e-4, atol=1e-6)


def test_cycle_gan_takes_batches_of_one():
    model = every_model.make("CycleGAN")
    model.compile()
    a, b = every_model.examples(model)
    model.fit(a[:3], b[:3], verbose=0)
    assert int(model.g_optimizer.iterations) == 3


@pytest.mark.parametrize("name", ["dcgan_generator", "patch_discriminator", "text_generator"])
def test_builders_refuse_channels_first(name):
    arguments = {"text_generator": (8, 5)}.get(name, ((8, 8, 1),))
    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(ValueError, match=r"image_data_format.* must be 'channels_last'"):
            getattr(kg.networks, name)(*arguments)
    finally:
        keras.config.set_image_data_format("channels_last")


def test_trackers_read_what_they_log_of_an_optimizer():
    model = every_model.make("ALAE")
    model.compile(d_optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1, 2)))
    config = model.optimizer.get_config()
    assert config["name"] == model.optimizer.name == "optimizer_group"
    assert config["d_optimizer/class_name"] == "Adam"
    assert config["r_optimizer/learning_rate"] == pytest.approx(2e-3)
    assert float(model.optimizer.learning_rate) == 1
    assert int(model.optimizer.iterations) == 0


@pytest.mark.parametrize("name", every_model.tiers("CycleGAN"))
def test_files_hold_networks_by_public_attributes(name, tmp_path):
    """So that what one version wrote can be read by the next."""
    model = every_model.make(name)
    model.compile()
    model.save_weights(tmp_path / "model.weights.h5")
    with h5py.File(tmp_path / "model.weights.h5") as file:
        assert not [part for part in file if part.startswith("_")]
