"""Trained models are found by name, by path and by address."""

import shutil

import pytest

import keras_gans as kg
from keras_gans import _zoo, hubs


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_GANS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def tiny():
    return kg.models.GAN(
        kg.networks.mlp_generator((2,), 2, (4,)), kg.networks.mlp_discriminator((2,), (4,)), 2
    )


def test_those_of_the_checkout_are_found():
    assert "wgan_gp_digits" in _zoo.names()
    assert kg.load("wgan_gp_digits").sample(16).shape == (16, 8, 8, 1)


def test_those_of_the_home_are_found(home, tiny):
    assert not home.exists()
    tiny.export(home / "my-model")
    assert "my-model" in _zoo.names()
    assert kg.load("my-model").sample(3).shape == (3, 2)


def test_those_of_a_checkout_are_found_from_within_by_an_installed_package(
    home, tiny, tmp_path, monkeypatch
):
    monkeypatch.setattr(_zoo, "CHECKOUT", tmp_path / "site-packages" / "saved_models")
    (tmp_path / "checkout").mkdir()
    tiny.export(tmp_path / "checkout" / "saved_models" / "mine")
    with pytest.raises(ValueError, match=r"are looked for in .*site-packages.*, .* and in .*home"):
        kg.load("mine")
    monkeypatch.chdir(tmp_path / "checkout")
    assert _zoo.names() == ["mine"]
    assert kg.load("mine").sample(3).shape == (3, 2)


def test_the_default_home_is_in_the_users_folder(monkeypatch):
    monkeypatch.delenv("KERAS_GANS_HOME", raising=False)
    assert _zoo.home().name == ".keras_gans"
    assert _zoo.home().is_absolute()


def test_a_folder_comes_before_a_name(home, tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny.export("wgan_gp_digits")
    assert kg.load("wgan_gp_digits").sample(1).shape == (1, 2)
    shutil.rmtree("wgan_gp_digits")
    assert kg.load("wgan_gp_digits").sample(1).shape == (1, 8, 8, 1)


def test_a_wrong_name_gets_those_that_are_near(home):
    with pytest.raises(ValueError, match=r"`filepath` must .*'wgan_gp_digit'\. Did you mean .*"):
        kg.load("wgan_gp_digit")
    with pytest.raises(ValueError, match=r"`filepath` must .*There are .*wgan_gp_digits"):
        kg.load("nothing")
    with pytest.raises(ValueError, match=r"saved_models and in .*home, for which KERAS_GANS_HOME"):
        kg.load("nothing")


def test_a_path_is_no_name(tmp_path):
    with pytest.raises(ValueError, match=r"must be the folder of a SavedModel, with a file"):
        kg.load(tmp_path / "wgan_gp_digits")


@pytest.mark.parametrize(
    "address", ["hf://model", "hf://user/", "kaggle://user/model", "kaggle://a/b/c/d/e/f"]
)
def test_addresses_of_another_form_are_refused(address):
    with pytest.raises(ValueError, match=r"`filepath` must be like '(hf|kaggle)://user/model"):
        kg.load(address)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(hubs, "PACKAGES", {"hf://": "no_such_package_of_a_hub"})
    with pytest.raises(ImportError, match=r"pip install no_such_package_of_a_hub"):
        kg.load("hf://user/model")
