"""Every model with all techniques that it allows: train, save, load, train on, export."""

import keras
import numpy as np
import pytest

import keras_gans as kg
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
}
MODELS = {
    "GAN": {"objective": "minimax"},
    "DCGAN": {},
    "LSGAN": {"a": -1.0, "c": 0.0},
    "WGAN": {"n_critic": 2},
    "WGANGP": {"n_critic": 2},
    "ConditionalGAN": {"ema_decay": 0.5},
    "ConditionalWGAN": {"n_critic": 2},
    "ConditionalWGANGP": {"n_critic": 2},
    "SemiSupervisedGAN": {},
}
WITHOUT_TARGETS = {"LSGAN", "WGAN", "WGANGP", "ConditionalWGAN", "ConditionalWGANGP"}
WITH_BATCH_NORMALIZATION = {"DCGAN"}
WITH_A_PENALTY = {"WGANGP", "ConditionalWGANGP"}
POINTS = kg.data.ring_of_gaussians().sample(32, seed=0)
IMAGES = np.random.default_rng(0).uniform(-1, 1, (32, 4, 4, 1)).astype("float32")
LABELS = np.arange(32) % 3
FEW_LABELS = np.where(np.arange(32) < 12, LABELS, -1)


def allowed(model):
    """A new technique of every kind that makes sense."""
    refused = {"label_smoothing"} if model in WITHOUT_TARGETS else set()
    refused |= {"gradient_penalty"} if model in WITH_A_PENALTY else set()
    if model in WITH_BATCH_NORMALIZATION:
        refused |= {"r1", "r2", "dragan", "gradient_penalty"}
    return [make() for name, make in TECHNIQUES.items() if name not in refused]


def make(model, techniques, **kwargs):
    """Tiny dense networks, but for DCGAN, which is about convolutional ones."""
    if model == "DCGAN":
        return kg.models.DCGAN(
            kg.networks.dcgan_generator((4, 4, 1), 3, filters=2),
            kg.networks.dcgan_discriminator((4, 4, 1), filters=2),
            latent_dim=3,
            seed=1,
            techniques=techniques,
            **kwargs,
        )
    labels = {"num_classes": 3} if model.startswith("Conditional") else {}
    logits = {"num_logits": 3} if model == "SemiSupervisedGAN" else {}
    return getattr(kg.models, model)(
        kg.networks.mlp_generator((2,), 3, (8,), **labels),
        kg.networks.mlp_discriminator((2,), (8,), **labels, **logits),
        latent_dim=3,
        seed=1,
        techniques=techniques,
        **{**MODELS[model], **kwargs},
    )


def fit(model):
    labels = LABELS if model.conditional else None
    if isinstance(model, kg.models.SemiSupervisedGAN):
        labels = FEW_LABELS
    examples = IMAGES if isinstance(model, kg.models.DCGAN) else POINTS
    history = model.fit(examples, labels, batch_size=8, shuffle=False, verbose=0).history
    assert np.isfinite(list(history.values())).all()
    return history


@pytest.mark.parametrize("model", MODELS)
def test_trains_saves_loads_and_exports_on_two_replicas(model, two_replicas, tmp_path):
    keras.utils.set_random_seed(0)
    alone = make(model, allowed(model))
    keras.utils.set_random_seed(0)
    with two_replicas.scope():
        trained = make(model, allowed(model))
    for gan in (alone, trained):
        with gan.distribute_strategy.scope():
            optimizers = [keras.optimizers.SGD(1e-3) for _ in range(2)]
        gan.compile(*optimizers, run_eagerly=gan is alone)
        fit(gan)
    assert_same_weights(alone, trained, rtol=1e-5, atol=1e-6)

    trained.save(tmp_path / "model.keras")
    with two_replicas.scope():
        loaded = keras.models.load_model(tmp_path / "model.keras")
    assert [type(t) for t in loaded.techniques] == [type(t) for t in trained.techniques]
    assert_same_weights(trained, loaded)
    for gan in (trained, loaded):
        fit(gan)
    assert_same_weights(trained, loaded)

    loaded.export(tmp_path / "saved_model")
    labels = [0, 1, 2] if model.startswith("Conditional") else None
    served = kg.load(tmp_path / "saved_model").sample(3, labels=labels, seed=0)
    np.testing.assert_allclose(served, trained.sample(3, labels=labels, seed=0), atol=1e-6)


@pytest.mark.parametrize("model", sorted(WITHOUT_TARGETS))
def test_label_smoothing_is_refused_where_there_are_no_targets(model):
    with pytest.raises(ValueError, match=r"no such targets .* Received: objective '"):
        make(model, [TECHNIQUES["label_smoothing"]()])


class TestAllTechniquesTogether(ModelTests):
    """Whatever a model promises, it promises with techniques, too."""

    def make_model(self):
        return kg.models.GAN(
            kg.networks.mlp_generator((2,), 3, (8,)),
            kg.networks.mlp_discriminator((2,), (8,)),
            latent_dim=3,
            n_critic=2,
            seed=1,
            techniques=[make_technique() for make_technique in TECHNIQUES.values()],
        )

    @property
    def examples(self):
        return kg.data.ring_of_gaussians().sample(64, seed=0)
