"""What there is to see of a model, against the verbs that it has."""

import importlib

import numpy as np
import pytest

import keras_gans as kg
from keras_gans.explorer.views import Explorer, Point, Truncation, columns_of
from tests.explorer import exported


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    """An explorer of a model with named classes."""
    return Explorer(kg.load(exported.pets(tmp_path_factory.mktemp("pets") / "saved_model")))


def tiny(name, folder, **kwargs):
    """An explorer of the tiny model of a test file of models."""
    model = importlib.import_module(f"tests.models.test_{name}").tiny(**kwargs)
    model.export(folder / "saved_model")
    return Explorer(kg.load(folder / "saved_model"))


class TestClasses:
    def test_what_there_is(self, pets):
        assert pets.draws
        assert pets.conditions == "classes"
        assert pets.class_names == list(exported.CLASSES)
        assert pets.facts == ["images 8×8×1", "4 latents", "3 classes"]
        assert (pets.makes_text, pets.mixes, pets.truncation, pets.edits) == (
            *(False, False),
            *(None, {}),
        )

    def test_draws_are_those_of_sample(self, pets):
        points = pets.draw(5, seed=3, condition=1)
        assert [point.condition for point in points] == [1] * 5
        expected = pets.generator.sample(5, "dog", seed=3)
        np.testing.assert_allclose(pets.examples(points), expected, atol=1e-6)
        assert np.ptp(expected) > 0.1

    def test_every_class_comes_in_turn(self, pets):
        points = pets.draw(5, seed=0)
        assert [point.condition for point in points] == [0, 1, 2, 0, 1]

    @pytest.mark.parametrize("kind", ["spherical", "linear"])
    def test_a_path_goes_from_one_to_the_other(self, kind, pets):
        a, b = pets.draw(2, seed=0, condition=2)
        (path,) = pets.between(a, b, 5, kind)
        assert len(path) == 5
        made = pets.examples(path)
        np.testing.assert_allclose(made[[0, -1]], pets.examples([a, b]), atol=1e-5)
        assert np.abs(np.diff(made, axis=0)).max(axis=(1, 2, 3)).min() > 0

    def test_between_two_classes_there_is_a_path_of_each(self, pets):
        a, b = pets.draw(2, seed=0)
        paths = pets.between(a, b, 3)
        assert [[point.condition for point in path] for path in paths] == [[0] * 3, [1] * 3]
        np.testing.assert_array_equal(paths[0][1].latents, paths[1][1].latents)

    def test_a_walk_goes_on_in_small_steps(self, pets):
        small, large = (
            np.stack([point.latents for point in pets.walk(50, size, seed=1, condition=1)])
            for size in (0.1, 1.0)
        )
        assert np.abs(np.diff(small, axis=0)).mean() < np.abs(np.diff(large, axis=0)).mean() / 2
        assert {point.condition for point in pets.walk(3, 0.1, 0)} == {0}

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda pets: pets.draw(0, 0), "`num` must be a positive integer"),
            (lambda pets: pets.draw(1, -1), "`seed` must be"),
            (lambda pets: pets.examples(pets.draw(1, 0, condition=3)), "`labels` must be"),
            (lambda pets: pets.walk(2, 0.0, 0), "`step_size` must be"),
            (lambda pets: pets.between(*pets.draw(2, 0), 1), "`steps` must be"),
        ],
    )
    def test_what_is_out_of_range(self, call, message, pets):
        with pytest.raises(ValueError, match=message):
            call(pets)


def test_classes_without_names_are_numbers(tmp_path):
    explorer = Explorer(kg.load(exported.pets(tmp_path / "saved_model", class_names=None)))
    assert explorer.class_names == ["0", "1", "2"]


@pytest.mark.slow
def test_a_model_of_points_has_nothing_to_look_at(tmp_path):
    with pytest.raises(ValueError, match=r"`run` must hold a model .* one with generate, sample"):
        tiny("conditional_gan", tmp_path)


@pytest.mark.slow
class TestOtherModels:
    def test_styles_are_mixed_one_after_the_other(self, tmp_path):
        explorer = tiny("stylegan2", tmp_path, shape=(8, 8, 1))
        assert explorer.mixes
        assert explorer.truncation == Truncation("codes", 0.7, 1.0)
        a, b = explorer.draw(2, seed=0, truncation=0.5)
        mixed = explorer.mixtures(a, b, 0.5)
        assert len(mixed) == explorer.generator.map(a.latents[None]).shape[1] + 1
        expected = explorer.generator.generate([a.latents, b.latents], truncation=0.5)
        np.testing.assert_allclose(mixed[[0, -1]], expected, atol=1e-5)
        np.testing.assert_allclose(explorer.examples([a, b], 0.5), expected, atol=1e-5)

    def test_latents_are_truncated(self, tmp_path):
        explorer = tiny("biggan", tmp_path)
        assert explorer.truncation == Truncation("latents", None, 2.0)
        assert not explorer.mixes
        points = explorer.draw(50, seed=0, condition=1, truncation=0.3)
        assert np.abs([point.latents for point in points]).max() <= 0.3
        expected = explorer.generator.sample(50, 1, seed=0, truncation=0.3)
        np.testing.assert_allclose(explorer.examples(points), expected, atol=1e-5)
        assert np.abs([point.latents for point in explorer.draw(50, seed=0)]).max() > 1

    def test_images_are_reconstructed(self, tmp_path):
        explorer = tiny("vae", tmp_path)
        assert explorer.draws
        assert list(explorer.edits) == ["reconstruct"]
        image = np.linspace(-1, 1, 16, dtype="float32").reshape(4, 4, 1)
        expected = explorer.generator.reconstruct(image[None])[0]
        np.testing.assert_array_equal(explorer.edit("reconstruct", image), expected)

    def test_images_are_translated_in_each_direction(self, tmp_path):
        explorer = tiny("cycle_gan", tmp_path)
        assert not explorer.draws
        assert explorer.facts == ["verbs: translate"]
        assert [verb.fixed for verb in explorer.edits["translate"]] == [
            {"direction": "ab"},
            {"direction": "ba"},
        ]
        image = np.linspace(-1, 1, 16, dtype="float32").reshape(4, 4, 1)
        there, back = (explorer.edit("translate", image, direction=d) for d in ("ab", "ba"))
        np.testing.assert_array_equal(there, explorer.generator.translate(image[None], "ab")[0])
        assert np.abs(there - back).max() > 0

    def test_images_of_any_size_become_larger(self, tmp_path):
        explorer = tiny("srgan", tmp_path)
        (verb,) = explorer.edits["upscale"]
        assert verb.inputs["images"].shape[1:3] == (None, None)
        assert explorer.edit("upscale", np.zeros((6, 4, 1), "float32")).shape[0] > 6

    def test_texts_are_written(self, tmp_path):
        explorer = tiny("text_gan", tmp_path)
        assert explorer.makes_text
        assert explorer.facts == ["texts", "2 latents"]
        points = explorer.draw(3, seed=0)
        np.testing.assert_array_equal(
            explorer.examples(points), explorer.generator.sample(3, seed=0)
        )

    def test_sentences_are_drawn(self, tmp_path):
        explorer = tiny("stackgan", tmp_path)
        assert explorer.conditions == "sentences"
        points = explorer.draw(2, 0, "a red circle")
        assert {point.condition for point in points} == {"a red circle"}
        expected = explorer.generator.sample(2, "a red circle", 0)
        np.testing.assert_allclose(explorer.examples(points), expected, atol=1e-5)
        with pytest.raises(ValueError, match="must be a sentence"):
            explorer.draw(2, 0)


@pytest.mark.parametrize(
    ("num", "classes", "columns"),
    [(36, None, 6), (37, None, 7), (30, 10, 10), (36, 3, 6), (2, 3, 2), (144, 1000, 12)],
)
def test_columns_are_of_classes(num, classes, columns):
    assert columns_of(num, classes) == columns


def test_points_are_told_apart():
    a, b = (Point(np.zeros(2)) for _ in range(2))
    assert a != b
