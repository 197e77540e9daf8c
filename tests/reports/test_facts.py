"""Facts: what a model is made of, and what it runs on."""

import keras
import numpy as np
import pytest

import keras_gans as kg
from keras_gans.reports import facts
from tests.models import every_model


def rows(tables):
    return {table.heading: {row[0]: row[1:] for row in table.rows} for table in tables}


@pytest.mark.parametrize("name", every_model.tiers({"WGANGP", "LAPGAN"}))
def test_of_every_model(name):
    model = every_model.make(name)
    model.compile()
    found = rows(facts.of_model(model))
    assert found["Model"]["class"] == [name]
    trained = {n for names in model.optimizer_networks.values() for n in names}
    assert trained <= set(found["Networks"])
    for network in trained:
        parameters, trainable, *_ = found["Networks"][network]
        assert parameters == f"{getattr(model, network).count_params():,}"
        assert int(trainable.replace(",", "")) > 0
    assert set(found["Optimizers"]) == set(model.optimizer_networks)
    assert not trained & set(found["Model"])


def test_of_a_model():
    gan = every_model.make(
        "GAN", n_critic=2, techniques=[kg.techniques.ExperienceReplay(16)], ema_decay=0.9
    )
    gan.compile(d_optimizer=keras.optimizers.SGD(0.25, momentum=0.5))
    found = rows(facts.of_model(gan))
    assert found["Model"]["n_critic"] == ["2"]
    assert found["Model"]["techniques"][0].startswith("ExperienceReplay(capacity=16")
    kind, networks, rate, settings = found["Optimizers"]["d_optimizer"]
    assert (kind, networks, rate) == ("SGD", "discriminator", "0.25")
    assert "momentum=0.5" in settings
    *_, inputs, outputs = found["Networks"]["generator"]
    assert (inputs, outputs) == ("3", "2")
    assert list(found["Networks"]) == ["generator", "discriminator"]


def test_learning_rates_are_those_of_now():
    gan = every_model.make("GAN")
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], [0.5, 0.125])
    gan.compile(g_optimizer=keras.optimizers.SGD(schedule), d_optimizer=keras.optimizers.SGD(0.5))
    gan.d_optimizer.learning_rate = 0.25
    expected = {"learning rate of g_optimizer": 0.5, "learning rate of d_optimizer": 0.25}
    assert facts.learning_rates(gan) == expected
    rate = rows(facts.of_model(gan))["Optimizers"]["g_optimizer"][2]
    assert rate == "0.5, by PiecewiseConstantDecay"


def test_of_half_precision():
    gan = every_model.make("GAN")
    gan.compile(g_optimizer=keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.5)))
    assert rows(facts.of_model(gan))["Optimizers"]["g_optimizer"][0] == "SGD"


def test_of_any_keras_model():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    found = rows(facts.of_model(model))
    assert found["Model"] == {"class": ["Sequential"]}
    assert found["Optimizers"]["optimizer"][:3] == ["SGD", "", "0.01"]


def test_of_data():
    _, info = kg.data.load("digits")
    found = rows([facts.of_data(info)])["Data"]
    assert found["name"] == ["digits"]
    assert found["image shape"] == ["8, 8, 1"]
    assert not facts.of_data(None).rows


def test_of_the_environment():
    found = rows([facts.of_environment(every_model.make("GAN"))])["Environment"]
    assert found["keras"] == [keras.__version__]
    assert found["numpy"] == [np.__version__]
    assert (
        found["replicas"] == ["1 (_DefaultDistributionStrategy)"] or found["replicas"][0][0] == "1"
    )
    assert found["GPUs"][0]


def test_the_command(monkeypatch):
    monkeypatch.setattr("sys.orig_argv", ["/usr/bin/python3", "-m", "keras_gans", "a b"])
    assert facts.given_command() == "python3 -m keras_gans 'a b'"
    monkeypatch.setattr("sys.ps1", ">>> ", raising=False)
    assert facts.given_command() is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "none"),
        (0.5, "0.5"),
        ([], "none"),
        ([1, "a"], "1, a"),
        ({"a": [1, 2]}, "a=1, 2"),
        (np.float32(0.5), "0.5"),
        (keras.initializers.Constant(2.0), "Constant(value=2.0)"),
        (len, "len"),
        (object(), "object"),
    ],
)
def test_values_are_described_in_a_few_words(value, expected):
    assert facts.described(value) == expected
