"""Every model with all techniques that it allows: train, save, load, train on, export."""

import keras
import numpy as np
import pytest

import keras_gans as kg
from keras_gans._configured import arguments_of
from tests.fuzz import models as calls
from tests.models import every_model
from tests.shared import ModelTests, assert_same_weights

TECHNIQUES = {
    "feature_matching": lambda: kg.techniques.FeatureMatching(weight=0.1),
    "historical_averaging": lambda: kg.techniques.HistoricalAveraging(decay=0.9),
    "label_smoothing": kg.techniques.LabelSmoothing,
    "instance_noise": lambda: kg.techniques.InstanceNoise(decay=0.9),
    "experience_replay": lambda: kg.techniques.ExperienceReplay(capacity=12),
    "r1": lambda: kg.techniques.R1(weight=0.1, every=2),
    "r2": lambda: kg.techniques.R2(weight=0.1),
    "dragan": lambda: kg.techniques.DRAGAN(weight=0.1),
    "gradient_penalty": lambda: kg.techniques.GradientPenalty(weight=0.1),
    "path_length": lambda: kg.techniques.PathLength(weight=0.001, every=2),
    "lecam": lambda: kg.techniques.LeCam(decay=0.9),
    "top_k": lambda: kg.techniques.TopK(decay=0.9),
    "packing": lambda: kg.techniques.Packing(2),
    "differentiable_augmentation": lambda: kg.techniques.DifferentiableAugmentation(),
    "consistency_regularization": lambda: kg.techniques.ConsistencyRegularization(0.1, True),
    "adaptive_augmentation": lambda: kg.techniques.AdaptiveAugmentation(
        p=0.3, interval=2, adjustment_images=100, cutout=0.5
    ),
}
OF_IMAGES = {"differentiable_augmentation", "consistency_regularization", "adaptive_augmentation"}
WITHOUT_SIGNS = ("wasserstein", "least_squares", "least_squares_with_codes")
MODELS = every_model.that_take("techniques")
PENALTIES = {name for name, make in TECHNIQUES.items() if isinstance(make(), kg.techniques.Penalty)}


def refused(model):
    """The names of the techniques that make no sense for a model."""
    model = getattr(model, "levels", [model])[0]
    names = set()
    if model.objective.discriminator is not kg.losses.cross_entropy_discriminator_loss:
        names |= {"label_smoothing"}
    if "gradient_penalty" in model.loss_names:
        names |= {"gradient_penalty"}
    if not model.takes_packs:
        names |= {"packing"}
    if len(model.judged_shape) != 3:
        names |= OF_IMAGES
    if model.objective.relativistic or model.objective.name in WITHOUT_SIGNS:
        names |= {"adaptive_augmentation"}
    if normalizes_batches(model.discriminator):
        names |= PENALTIES
    if normalizes_batches(model.generator) or not hasattr(model, "draw_latents"):
        names |= {"path_length"}
    return names


def normalizes_batches(network):
    layers = network._flatten_layers()
    return any(isinstance(layer, keras.layers.BatchNormalization) for layer in layers)


#: Of weights, where pixels whose features are small are normalized, and rounding errors with them.
ROUNDING = {"ProgressiveGAN": 1e-5, "StackGAN": 1e-5}


def allowed(name):
    """A new technique of every kind that makes sense."""
    if "techniques" not in arguments_of(getattr(kg.models, name)):
        return {}
    names = set(TECHNIQUES) - refused(every_model.make(name))
    return {"techniques": [make() for key, make in TECHNIQUES.items() if key in names]}


def fit(model):
    history = every_model.fit(model).history
    assert np.isfinite(list(history.values())).all()


#: Models whose steps are those of others in all but the formulas of losses.
ALIKE = {"DCGAN", "LSGAN", "WGAN", "ConditionalGAN", "ConditionalWGAN"}
APART = [name for name in every_model.NAMES if name not in ALIKE]


@pytest.mark.parametrize("name", every_model.tiers("VAE", APART))
def test_trains_saves_loads_and_exports_on_two_replicas(name, two_replicas, tmp_path):
    keras.utils.set_random_seed(0)
    alone = every_model.make(name, **allowed(name))
    keras.utils.set_random_seed(0)
    with two_replicas.scope():
        trained = every_model.make(name, **allowed(name))
    for model in (alone, trained):
        with model.distribute_strategy.scope():
            optimizers = {key: keras.optimizers.SGD(1e-3) for key in model.optimizer_networks}
        model.compile(**optimizers, run_eagerly=model is alone)
        fit(model)
    assert_same_weights(alone, trained, rtol=1e-5, atol=ROUNDING.get(name, 1e-6))

    trained.save(tmp_path / "model.keras")
    with two_replicas.scope():
        loaded = keras.models.load_model(tmp_path / "model.keras")
    assert list(map(type, techniques_of(loaded))) == list(map(type, techniques_of(trained)))
    assert_same_weights(trained, loaded)
    for model in (trained, loaded):
        fit(model)
    assert_same_weights(trained, loaded)

    loaded.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    for verb in trained.served_verbs():
        arguments = calls.of_verb(verb)
        found, expected = (getattr(m, verb.name)(**arguments) for m in (served, trained))
        if expected.dtype.kind == "U":
            np.testing.assert_array_equal(found, expected)
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def techniques_of(model):
    return getattr(model, "techniques", ())


@pytest.mark.parametrize("name", every_model.tiers("DCGAN", MODELS))
def test_what_makes_no_sense_is_refused(name):
    for technique in refused(every_model.make(name)):
        with pytest.raises(ValueError, match=r"`techniques` must not hold|must not use batch norm"):
            every_model.make(name, techniques=[TECHNIQUES[technique]()])


def test_every_technique_is_among_them():
    bases = kg.techniques.Technique, kg.techniques.LazyRegularization, kg.techniques.Penalty
    kinds = {getattr(kg.techniques, name) for name in kg.techniques.__all__}
    assert {type(make()) for make in TECHNIQUES.values()} == kinds - set(bases)


def test_an_evaluation_shows_the_losses_of_the_class_alone(capsys):
    """Also in its progress bar, and what callbacks are told."""
    told = []
    gan = every_model.make("GAN", techniques=[kg.techniques.R1(), kg.techniques.FeatureMatching()])
    gan.compile()
    x, _ = every_model.examples(gan)
    teller = keras.callbacks.LambdaCallback()
    teller.on_test_end = lambda logs=None: told.append(logs)
    gan.evaluate(x, batch_size=8, verbose=1, callbacks=[teller])
    history = gan.fit(x, batch_size=8, validation_data=x, verbose=2, callbacks=[teller]).history
    assert [set(logs) for logs in told] == [{"g_loss", "d_loss"}] * 2
    assert set(gan.test_on_batch(x, return_dict=True)) == {"g_loss", "d_loss"}
    assert len(gan.test_on_batch(x)) == 2
    of_training = {"g_loss", "d_loss", "r1", "feature_matching"}
    assert set(history) == {*of_training, "val_g_loss", "val_d_loss"}
    assert {name for name in of_training if history[name] != [0.0]} == of_training
    shown = capsys.readouterr().out
    assert "r1: 0.0" not in shown
    assert "val_r1" not in shown


class TestAllTechniquesTogether(ModelTests):
    """Whatever a model promises, it promises with techniques, too."""

    noise_of_losses = 0.25  # of three seeds they differ by up to 0.12

    def make_model(self):
        return every_model.make("GAN", n_critic=2, **allowed("GAN"))

    @property
    def examples(self):
        return kg.data.ring_of_gaussians().sample(64, seed=0)


@pytest.mark.slow
class TestAllTechniquesOfImagesTogether(ModelTests):
    noise_of_losses = 0.25

    def make_model(self):
        techniques = [make_technique() for make_technique in TECHNIQUES.values()]
        return kg.models.GAN(
            kg.networks.dcgan_generator((8, 8, 3), 3, filters=2, normalization=None),
            kg.networks.dcgan_discriminator((8, 8, 6), filters=2, normalization=None),
            latent_dim=3,
            seed=1,
            techniques=techniques,
        )

    @property
    def examples(self):
        return np.random.default_rng(0).uniform(-1, 1, (64, 8, 8, 3)).astype("float32")
