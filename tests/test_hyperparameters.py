"""Numbers that may change while a model trains."""

import inspect

import keras
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans.models.averages import DecayOfAverages
from tests.models import every_model
from tests.shared import assert_same_weights

#: What each number is made as, and what it is set to: by its class and name.
VALUES = {
    "ALAE.gamma": (10.0, 0.5),
    "BigGAN.orthogonal_weight": (1e-4, 0.1),
    "CycleGAN.cycle_weight": (10.0, 0.0),
    "CycleGAN.identity_weight": (0.5, 0.0),
    "SRGAN.adversarial_weight": (1e-3, 10.0),
    "ProgressiveGAN.drift_weight": (0.001, 5.0),
    "ProgressiveGAN.gp_weight": (10.0, 0.1),
    "R3GAN.gamma": (1.0, 30.0),
    "StackGAN.kl_weight": (2.0, 50.0),
    "StyleGAN2.style_mixing": (0.9, 0.0),
    "VAE.beta": (1.0, 30.0),
    "WGAN.clip_value": (0.01, 0.002),
    "WGANGP.gp_weight": (10.0, 0.1),
    "AdaptiveAugmentation.p": (0.0, 0.5),
    "ConsistencyRegularization.weight": (10.0, 0.1),
    "DRAGAN.weight": (10.0, 0.1),
    "ExperienceReplay.probability": (0.0, 1.0),
    "FeatureMatching.weight": (1.0, 0.0),
    "GradientPenalty.weight": (10.0, 0.1),
    "HistoricalAveraging.weight": (1.0, 5.0),
    "HistoricalAveraging.decay": (1.0, 0.1),
    "InstanceNoise.stddev": (0.1, 2.0),
    "InstanceNoise.decay": (1.0, 0.1),
    "LabelSmoothing.real": (0.9, 0.6),
    "LabelSmoothing.fake": (0.0, 0.4),
    "LeCam.weight": (0.3, 5.0),
    "LeCam.decay": (0.99, 0.1),
    "PathLength.weight": (2.0, 0.0),
    "R1.weight": (10.0, 0.1),
    "R2.weight": (10.0, 0.1),
    "TopK.fraction": (1.0, 0.5),
    "TopK.decay": (1.0, 0.1),
    "TopK.minimum": (0.5, 0.0),
}
#: Numbers that models are built from, and that cannot change.
FIXED = {
    *("LSGAN.a", "LSGAN.b", "LSGAN.c", "PathLength.momentum"),
    *(f"AdaptiveAugmentation.{name}" for name in ("target", "blit", "geom", "color", "cutout")),
}
#: Techniques for models of images.
OF_IMAGES = ("AdaptiveAugmentation", "ConsistencyRegularization")
#: Decays of moving averages, which may change and are tested apart, as they may be `None`, too: the
#: one nearest to the class of each model.
DECAYS = {
    name: (argument, decay.networks[-1])
    for name in every_model.NAMES
    for kind in reversed(getattr(kg.models, name).__mro__)
    for argument, decay in vars(kind).items()
    if isinstance(decay, DecayOfAverages)
}
SGD = keras.optimizers.SGD


def owner_and_model(case, value=None, **kwargs):
    """The object with the number, made as `value`, and the model that it is in."""
    owner, name = case.split(".")
    arguments = {} if value is None else {name: value}
    if hasattr(kg.models, owner):
        model = every_model.make(owner, **arguments, **kwargs)
        return model, model
    more = {"capacity": 12} if owner == "ExperienceReplay" else {}
    if name == "p":
        more["target"] = None
    if name in ("stddev", "weight", "fraction") and hasattr(getattr(kg.techniques, owner), "decay"):
        more["decay"] = 1.0  # so that the number stays as it was set
    technique = getattr(kg.techniques, owner)(**arguments, **more)
    model = "DCGAN" if owner in OF_IMAGES else "GAN"
    return technique, every_model.make(model, techniques=[technique], **kwargs)


def compiled(model, **kwargs):
    with model.distribute_strategy.scope():
        model.compile(**{name: SGD(0.01) for name in model.optimizer_networks}, **kwargs)
    return model


class SetOnce(keras.callbacks.Callback):
    """Sets a number after the first step."""

    def __init__(self, owner, name, value):
        super().__init__()
        self.owner, self.attribute, self.value = owner, name, value

    def on_train_batch_end(self, batch, logs=None):
        if batch == 0:
            setattr(self.owner, self.attribute, self.value)


def trained(case, values=None, scope=None, **kwargs):
    """A model whose number is set to the second value after the first step."""
    keras.utils.set_random_seed(0)
    before, after = VALUES[case] if values is None else values
    with scope or tf.distribute.get_strategy().scope():
        owner, model = owner_and_model(case, before)
    compiled(model, **kwargs)
    name = case.split(".")[1]
    every_model.fit(model, callbacks=[SetOnce(owner, name, after)])
    return model, owner


def test_every_number_of_a_constructor_may_change_or_is_known_to_be_fixed():
    found = set()
    for module in (kg.models, kg.techniques):
        for kind in vars(module).values():
            if inspect.isclass(kind) and "__init__" in vars(kind):
                for p in inspect.signature(kind.__init__).parameters.values():
                    if isinstance(p.default, float) or p.name == "decay":
                        found.add(f"{kind.__name__}.{p.name}")
    with_default = {f"{name}.{decay}" for name, (decay, _) in DECAYS.items()}
    assert found - with_default == set(VALUES) | FIXED


@pytest.mark.parametrize("case", every_model.tiers("WGANGP.gp_weight", VALUES))
def test_a_running_fit_sees_what_a_callback_sets(case):
    """As it does without graphs, where the number is a Python float."""
    model, owner = trained(case)
    assert getattr(owner, case.split(".")[1]) == VALUES[case][1]
    eager, _ = trained(case, run_eagerly=True)
    assert_same_weights(model, eager, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("case", ["WGANGP.gp_weight", "WGAN.clip_value", "InstanceNoise.stddev"])
def test_replicas_see_it_alike(case, two_replicas):
    one, _ = trained(case)
    two, owner = trained(case, scope=two_replicas.scope())
    assert_same_weights(one, two, rtol=1e-4, atol=1e-6)
    assert isinstance(getattr(owner, case.split(".")[1]), float)


@pytest.mark.parametrize("case", every_model.tiers("InstanceNoise.stddev", VALUES))
def test_it_is_saved_beside_what_the_constructor_was_given(case, tmp_path):
    name, (before, after) = case.split(".")[1], VALUES[case]
    owner, model = owner_and_model(case, before)
    compiled(model)
    setattr(owner, name, after)
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    again = keras.models.load_model(tmp_path / "model.keras")
    owner, other = owner_and_model(case, before)
    other.load_weights(tmp_path / "model.weights.h5")
    for restored in (model, again, compiled(other)):
        part = restored if owner is other else restored.techniques[0]
        assert getattr(part, name) == after
        assert part.get_config()[name] == before
        setattr(part, name, before)
        assert getattr(part, name) == before


@pytest.mark.slow
@pytest.mark.parametrize("case", ["VAE.beta", "InstanceNoise.stddev"])
def test_training_goes_on_exactly(case, tmp_path):
    model, _ = trained(case)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for restored in (model, again):
        every_model.fit(restored)
    assert_same_weights(model, again)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["WGANGP.gp_weight", "LabelSmoothing.real"])
def test_it_follows_a_schedule_of_the_models_updates(case, tmp_path):
    owner, name = case.split(".")
    before, after = VALUES[case]
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([0], [before, after])
    keras.utils.set_random_seed(0)
    owner, model = owner_and_model(case, schedule)
    every_model.fit(compiled(model))
    assert_same_weights(model, trained(case)[0], rtol=1e-4, atol=1e-6)
    assert getattr(owner, name) == pytest.approx(after)
    with pytest.raises(ValueError, match=f"`{name}` must stay as it is: it follows the schedule"):
        setattr(owner, name, before)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    part = again if owner is model else again.techniques[0]
    assert getattr(part, name) == getattr(owner, name)
    assert isinstance(part.get_config()[name], dict)


def test_a_schedule_needs_no_decay():
    schedule = keras.optimizers.schedules.PolynomialDecay(1.0, 10)
    for make in (kg.techniques.InstanceNoise, kg.techniques.HistoricalAveraging):
        assert make(schedule).decay == 1
        with pytest.raises(ValueError, match="`decay` must be None or 1"):
            make(schedule, decay=0.9)
        technique = make(schedule)
        with pytest.raises(ValueError, match="`decay` must be None or 1"):
            technique.decay = 0.9


@pytest.mark.parametrize("case", every_model.tiers("VAE.beta", VALUES))
@pytest.mark.parametrize("wrong", [float("nan"), -1.0, "much", None, True])
def test_what_the_constructor_refuses_cannot_be_set(case, wrong):
    owner, name = owner_and_model(case)[0], case.split(".")[1]
    before = getattr(owner, name)
    with pytest.raises((ValueError, TypeError), match=f"`{name}` must be a number in"):
        setattr(owner, name, wrong)
    with pytest.raises(ValueError, match=f"`{name}` must be a number: a schedule is an argument"):
        setattr(owner, name, keras.optimizers.schedules.PolynomialDecay(0.5, 10))
    assert getattr(owner, name) == before


def test_numbers_that_do_not_go_together_cannot_be_set():
    smoothing = kg.techniques.LabelSmoothing(0.9, 0.1)
    with pytest.raises(ValueError, match=r"`fake` must be below `real`.* real=0.05, fake=0.1"):
        smoothing.real = 0.05
    gan = every_model.make("CycleGAN", identity_weight=0.0)
    with pytest.raises(ValueError, match="`identity_weight` must stay 0 in a model that was made"):
        gan.identity_weight = 0.5


def test_files_of_before_leave_it_as_it_is(tmp_path):
    """An older version wrote no hyperparameters."""
    model = every_model.make("VAE", beta=3.0)
    store = {}
    model.save_own_variables(store)
    model.load_own_variables({k: v for k, v in store.items() if "hyperparameter" not in k})
    assert model.beta == 3.0


@pytest.mark.parametrize("name", every_model.tiers("GAN", DECAYS))
def test_the_decay_of_an_average_may_change(name, tmp_path):
    argument, network = DECAYS[name]
    model = compiled(every_model.make(name, **{argument: 0.5}))
    assert getattr(model, argument) == 0.5
    setattr(model, argument, 0.0)
    every_model.fit(model)
    average = model.averages[network].copy()
    assert_same_weights(average, getattr(model, network), atol=1e-6)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert getattr(again, argument) == 0.0
    assert again.get_config()[argument] == 0.5
    with pytest.raises(ValueError, match=f"`{argument}` must be a number in"):
        setattr(model, argument, 1.0)
    without = every_model.make(name, **{argument: None})
    assert getattr(without, argument) is None
    with pytest.raises(ValueError, match=f"`{argument}` must be given to the constructor"):
        setattr(without, argument, 0.5)
