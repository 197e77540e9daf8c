"""The trained models of the repository: they draw, and are as good as their cards say."""

import numpy as np
import pytest
from PIL import Image

import keras_gans as kg
from benchmarks import zoo
from keras_gans import _zoo, cards, presets
from keras_gans.commands import publishing

FOLDER = _zoo.CHECKOUT
TRAINED = sorted(folder.name for folder in FOLDER.glob("*") if (folder / cards.FACTS).exists())

on_their_data = pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, marks=[pytest.mark.mnist] if presets.get(name).dataset == "mnist" else []
        )
        for name in TRAINED
    ],
)

#: The most bytes of a trained model's folder, and of all.
LARGEST, ALL = 8 * 2**20, 60 * 2**20


def bytes_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", TRAINED)
def test_is_made_by_its_preset(name):
    preset, facts = presets.get(name), cards.read(FOLDER / name)
    assert facts["model"] == preset.model.__name__
    assert facts["training"]["steps"] == preset.steps
    stated = publishing.of_preset(preset)
    assert {name: facts[name] for name in stated} == stated
    assert f"train --preset {name} " in facts["training"]["command"]


@pytest.mark.parametrize("name", TRAINED)
def test_card_is_made_of_its_facts(name):
    facts = cards.read(FOLDER / name)
    assert (FOLDER / name / cards.PAGE).read_text(encoding="utf-8") == cards.page(facts)
    assert facts["pictures"] or facts.get("texts")
    for picture in facts["pictures"]:
        with Image.open(FOLDER / name / picture["file"]) as image:
            assert image.size[0] > 100


def test_are_small():
    sizes = {name: bytes_of(FOLDER / name) for name in TRAINED}
    assert {name for name, size in sizes.items() if size > LARGEST} == set()
    assert sum(sizes.values()) < ALL


@pytest.mark.slow
@on_their_data
def test_is_as_good_as_its_card_says(name):
    quality = cards.read(FOLDER / name)["quality"]
    measured = presets.get(name).measure(kg.load(name), only_check=True)["results"]
    check = quality["check"]
    assert measured[check] == pytest.approx(quality["results"][check], rel=quality["tolerance"])


@pytest.mark.slow
@on_their_data
def test_draws_its_pictures(name):
    """What a picture of the card shows is what the files draw."""
    for file, (picture, _) in presets.get(name).pictures(kg.load(name)).items():
        with Image.open(FOLDER / name / file) as kept:
            difference = np.asarray(picture, "int16") - np.asarray(kept, "int16")
        assert np.abs(difference).max() <= 2, file


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name in TRAINED if cards.read(FOLDER / name).get("texts")]
)
def test_writes_its_texts(name):
    assert presets.get(name).texts(kg.load(name)) == cards.read(FOLDER / name)["texts"]


@pytest.mark.slow
@on_their_data
def test_trains_on(name):
    preset = presets.get(name)
    model = kg.models.from_preset(name)
    before = model.get_weights()
    batches, _ = preset.load(batch_size=4, seed=0, repeat=True)
    x, y = batches if isinstance(batches, tuple) else (batches, None)
    model.fit(x, y, steps_per_epoch=1, verbose=0)
    changed = [(a != b).any() for a, b in zip(before, model.get_weights(), strict=True)]
    assert any(changed)


def test_digits_score_above_noise():
    """The critic that comes with the generator tells real digits from noise."""
    served = kg.load("wgan_gp_digits")
    real = np.concatenate(list(kg.data.load("digits", split="test")[0].as_numpy_iterator()))
    noise = np.random.default_rng(0).uniform(-1, 1, real.shape)
    assert served.score(real).mean() > served.score(noise).mean() + 1


def test_tables_are_made_of_the_cards():
    """Those of `saved_models` and of README: `python -m benchmarks.zoo` writes them."""
    facts = zoo.all_facts()
    assert set(facts) == set(TRAINED)
    assert zoo.PAGE.read_text(encoding="utf-8") == zoo.page(facts)
    readme = zoo.README.read_text(encoding="utf-8")
    assert zoo.in_readme(readme, facts) == readme
