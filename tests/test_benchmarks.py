"""Benchmarks on a tiny budget: that they run, and what must hold even so."""

import argparse
import importlib
import json

import numpy as np
import pytest
from keras import layers

import keras_gans as kg


@pytest.fixture
def benchmark(repository, monkeypatch):
    """Import a benchmark by its name."""
    monkeypatch.syspath_prepend(repository / "benchmarks")
    return importlib.import_module


def test_the_minimax_gradient_vanishes_and_a_critic_s_does_not(benchmark, monkeypatch):
    module = benchmark("vanishing_gradient")
    monkeypatch.setattr(module, "GRADIENTS", 5)
    steps, norms = 100, {}
    for game in ("GAN", "WGAN c = 0.1", "WGAN-GP one-sided"):
        gradients, _ = module.play(module.GAMES[game], steps, seed=0)
        for label, values in gradients.items():
            curve = module.summary(values[None], steps)
            norms[label] = curve["norm"]
            assert curve["steps"][-1] == steps
            assert curve["towards_data"][-1] == 1
    assert norms["minimax"][-1] < 0.03
    assert norms["non-saturating"][-1] > 1
    assert norms["non-saturating"][-1] > 10 * norms["non-saturating"][1]
    assert 0.3 < norms["WGAN, clipping at 0.1"][-1] < 1.5
    assert 0.7 < norms["WGAN-GP, one-sided"][-1] < 1.5


def options(folder):
    return argparse.Namespace(
        steps=10, batch_size=4, filters=2, resnet_filters=2, resnet_blocks=2, output=str(folder)
    )


def kinds(network):
    return {type(layer).__name__ for layer in network._flatten_layers()}


def test_the_architectures_of_the_robustness_table(benchmark, tmp_path):
    module = benchmark("robustness")
    networks = {
        name: build(options(tmp_path), "layer") for name, (build, _) in module.ARCHITECTURES.items()
    }
    for generator, critic in networks.values():
        assert generator.output_shape == critic.input_shape == (None, 28, 28, 1)
        assert generator.input_shape == (None, module.LATENT_DIM)
        assert "BatchNormalization" not in kinds(critic)
    rectifiers = {"ReLU", "LeakyReLU"}
    for name in ("gated", "tanh"):
        assert not rectifiers & (kinds(networks[name][0]) | kinds(networks[name][1]))
    normalizations = {"BatchNormalization", "GroupNormalization"}
    for network in (*networks["no_normalization"], networks["constant_filters"][0]):
        assert not normalizations & kinds(network)
    generator, _ = networks["constant_filters"]
    grown = [c.filters for c in generator.layers if isinstance(c, layers.Conv2DTranspose)]
    assert set(grown[:-1]) == {2}


def test_a_gate_multiplies_one_half_of_the_channels_by_the_other(benchmark):
    gate = benchmark("robustness").Gate()
    x = np.random.default_rng(0).normal(size=(3, 4, 4, 6)).astype("float32")
    expected = np.tanh(x[..., :3]) / (1 + np.exp(-x[..., 3:]))
    np.testing.assert_allclose(gate(x), expected, rtol=1e-5, atol=1e-6)
    assert gate.compute_output_shape(x.shape) == expected.shape


def test_cells_of_the_robustness_table_are_trained_measured_and_kept(
    benchmark, tmp_path, monkeypatch
):
    module = benchmark("robustness")
    monkeypatch.setattr(module, "SAMPLES", 100)
    images = np.random.default_rng(0).uniform(-1, 1, (200, 28, 28, 1)).astype("float32")
    load = kg.data.load

    def noise(name, split="train", **kwargs):
        return load(images, **kwargs)

    monkeypatch.setattr(kg.data, "load", noise)
    cells = [module.Cell("wgan_gp", "gated", 1), module.Cell("lsgan", "mlp", 5)]
    for cell in cells:
        assert module.read(cell, options(tmp_path)) is None
        module.train_cell(cell, options(tmp_path))
    records = {cell: module.read(cell, options(tmp_path)) for cell in cells}
    for cell, record in records.items():
        assert record["finite"]
        assert (
            record["learning_rate"] == module.METHODS[cell.method].learning_rate * cell.rate_factor
        )
        assert record["trains"] == (record["frechet_distance"] < module.TRAINS_BELOW)
        assert len(record["losses"]["g_loss"]) == module.EPOCHS
    module.draw(records, options(tmp_path), tmp_path / "table.png")
    assert (tmp_path / "table.png").exists()
    longer = options(tmp_path)
    longer.steps = 20
    assert module.read(cells[0], longer) is None


def test_the_better_learning_rate_is_taken_and_a_diverged_one_never(benchmark):
    module = benchmark("robustness")
    distances = {("wgan", 1): 9.0, ("wgan", 5): 3.0, ("dcgan", 1): 50.0, ("dcgan", 5): None}
    records = {
        module.Cell(method, "baseline", factor): {"finite": d is not None, "frechet_distance": d}
        for (method, factor), d in distances.items()
    }
    assert module.best_rate_factors(records) == {"wgan": 5, "dcgan": 1}


def test_alae_codes_are_measured_beside_pixels_and_untrained_codes(
    benchmark, tmp_path, monkeypatch
):
    module = benchmark("alae_mnist")
    monkeypatch.setattr(module.results, "FOLDER", tmp_path)
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 120)
    images = np.clip(random.normal(labels[:, None] - 0.5, 0.3, (120, 784)), -1, 1)
    images = images.reshape(-1, 28, 28, 1).astype("float32")
    monkeypatch.setattr(module, "mnist", lambda split: (images, labels))
    small = ["--epochs", "1", "--batch-size", "40", "--latent-dim", "2", "--code-dim", "6"]
    units = ["--generator-units", "8", "--encoder-units", "8"]
    monkeypatch.setattr("sys.argv", ["alae_mnist.py", *small, *units])
    module.main()
    result = json.loads((tmp_path / "alae_mnist.json").read_text())["results"]
    assert set(result["accuracy"]) == {"pixels", "codes before training", "codes"}
    for view in result["accuracy"].values():
        assert view["linear_svm"] > 0.95
        assert view["nearest_neighbour"] > 0.95
        assert view["c"] in module.CHOICES_OF_C
    assert result["reconstruction"]["mean_squared_error"] > 0
    assert (tmp_path / "alae_mnist.png").exists()
