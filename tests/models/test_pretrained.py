"""Models as presets: written, found and made again to train on from."""

import json
import types
import zipfile

import keras
import numpy as np
import pytest
from PIL import Image

import keras_gans as kg
from keras_gans import _zoo, cards
from keras_gans.models import half_precision


def tiny(filters=4, **kwargs):
    keras.utils.set_random_seed(0)
    return kg.models.WGANGP(
        kg.networks.dcgan_generator((8, 8, 1), 4, filters=filters),
        kg.networks.dcgan_discriminator((8, 8, 1), filters=filters, normalization=None),
        latent_dim=4,
        n_critic=1,
        ema_decay=0.9,
        **kwargs,
    )


IMAGES = np.random.default_rng(0).uniform(-1, 1, (16, 8, 8, 1)).astype("float32")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A trained model's folder, the weights to go on with and what it drew."""
    gan = tiny()
    gan.compile()
    gan.fit(IMAGES, batch_size=8, epochs=2, verbose=0)
    weights = gan.get_weights()
    folder = tmp_path_factory.mktemp("presets") / "preset"
    gan.save_to_preset(folder)
    for one, other in zip(weights, gan.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)  # the model itself stays as it is
    gan.ema_generator.assign_to_network()
    differs = [(a != b).any() for a, b in zip(weights, gan.get_weights(), strict=True)]
    assert any(differs)
    weights = gan.get_weights()
    return types.SimpleNamespace(folder=folder, weights=weights, samples=gan.sample(4, seed=0))


@pytest.fixture
def folder(saved):
    return saved.folder


class TestHalfPrecision:
    def test_rounds_floats_alone(self):
        weights = [np.array([1 / 3, 1.0], "float32"), np.array([3, 70_000])]
        floats, integers = half_precision.rounded(weights)
        np.testing.assert_array_equal(floats, np.array([1 / 3, 1.0], "float16").astype("float32"))
        assert floats.dtype == "float32"
        np.testing.assert_array_equal(integers, [3, 70_000])

    def test_what_is_beyond_float16_is_refused(self):
        with pytest.raises(ValueError, match=r"beyond 65,504.*1e\+06"):
            half_precision.rounded([np.array([1e6], "float32")])

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_what_is_not_finite_is_refused(self, value):
        with pytest.raises(ValueError, match="not finite"):
            half_precision.rounded([np.array([1.0, value], "float32")])

    @pytest.mark.slow
    def test_a_saved_model_of_half_the_size_draws_the_same(self, tmp_path):
        gan = tiny(filters=64)
        gan.export(tmp_path / "whole")
        gan.export(tmp_path / "half", half_precision=True)
        data = "variables/variables.data-00000-of-00001"
        sizes = [(tmp_path / name / data).stat().st_size for name in ("half", "whole")]
        assert sizes[0] < 0.6 * sizes[1]
        half, whole = (kg.load(tmp_path / name) for name in ("half", "whole"))
        np.testing.assert_allclose(half.sample(8, seed=0), whole.sample(8, seed=0), atol=5e-3)
        np.testing.assert_allclose(half.score(IMAGES), whole.score(IMAGES), atol=5e-3)
        assert (half.sample(8, seed=0) != whole.sample(8, seed=0)).any()

    def test_files_of_other_formats_are_refused(self, tmp_path):
        with pytest.raises(ValueError, match=r"`half_precision` must be False for files"):
            tiny().export(tmp_path / "a.onnx", format="onnx", half_precision=True)


class TestSaveToPreset:
    def test_holds_all_that_others_need(self, folder):
        names = {path.name for path in folder.iterdir()}
        assert {"saved_model.pb", "keras_gans.json", "model.keras", "README.md"} <= names
        assert kg.load(folder).sample(2).shape == (2, 8, 8, 1)

    def test_is_compressed(self, folder):
        with zipfile.ZipFile(folder / "model.keras") as archive:
            entries = archive.infolist()
            assert all(entry.compress_type == zipfile.ZIP_LZMA for entry in entries)
            assert archive.testzip() is None

    def test_is_loaded_by_keras(self, saved):
        gan = keras.models.load_model(saved.folder / "model.keras")
        np.testing.assert_allclose(gan.sample(4, seed=0), saved.samples, atol=5e-3)

    @pytest.mark.slow
    def test_replaces_an_older_one(self, tmp_path):
        for title in ("One", "Another"):
            tiny().save_to_preset(tmp_path / "preset", {"title": title})
        assert "# Another" in (tmp_path / "preset" / "README.md").read_text()

    @pytest.mark.slow
    def test_keeps_pictures_and_facts(self, tmp_path):
        picture = Image.new("L", (4, 4))
        facts = {"title": "Black", "pictures": [{"file": "black.png", "caption": "Black."}]}
        tiny().save_to_preset(tmp_path / "preset", facts, {"black.png": picture})
        assert (tmp_path / "preset" / "black.png").is_file()
        assert "![Black.](black.png)" in (tmp_path / "preset" / "README.md").read_text()
        assert cards.read(tmp_path / "preset")["parameters"]["generator"] > 0

    @pytest.mark.parametrize(
        "facts, pictures, message",
        [
            ("title", {}, "`facts` must be a dictionary"),
            ({"title": object()}, {}, "`facts` must hold JSON values"),
            ({"quality": {"results": {"fid": np.nan}}}, {}, "`facts` must hold JSON values"),
            ({"pictures": {"a.png": "A."}}, {}, "`facts` must hold .* no card can be made"),
            ({}, [], "`pictures` must be a dictionary"),
            ({}, {"a.png": 3}, "`pictures` must hold Pillow's images .*'a.png' with 3"),
            ({}, {"../a.png": Image.new("L", (4, 4))}, "`pictures` must hold .*'../a.png'"),
        ],
    )
    def test_what_no_card_is_made_of_leaves_nothing(self, tmp_path, facts, pictures, message):
        with pytest.raises((ValueError, TypeError), match=message):
            tiny().save_to_preset(tmp_path / "preset", facts, pictures)
        assert list(tmp_path.iterdir()) == []


CAPTIONS = ["a red circle", "a blue square"]


def draws_captions(encoder=None):
    encoder = encoder or kg.networks.ngram_encoder(CAPTIONS)
    size = encoder.output_shape[1]
    gan = kg.models.StackGAN(
        kg.networks.stackgan_generator((8, 8, 3), 4, size, conditioning_dim=2, filters=2),
        kg.networks.stackgan_discriminator((8, 8, 3), size, 2, text_dim=2, normalization=None),
        encoder,
        latent_dim=4,
        techniques=[kg.techniques.R1()],
    )
    gan.compile()
    return gan


class TestFromPreset:
    def test_of_a_folder_trains_on(self, saved):
        gan = kg.models.WGANGP.from_preset(saved.folder)
        assert gan.compiled
        for one, other in zip(saved.weights, gan.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-3, rtol=1e-3)
        before = gan.generator.get_weights()
        gan.fit(IMAGES, batch_size=8, verbose=0)
        after = gan.generator.get_weights()
        assert any((a != b).any() for a, b in zip(before, after, strict=True))

    def test_without_weights_is_new(self, saved):
        keras.utils.set_random_seed(7)
        gan = kg.models.WGANGP.from_preset(saved.folder, load_weights=False)
        assert np.abs(gan.generator.get_weights()[0] - saved.weights[0]).max() > 0.01

    def test_takes_changes(self, folder):
        gan = kg.models.WGANGP.from_preset(
            folder, n_critic=7, gp_weight=2.0, techniques=[kg.techniques.InstanceNoise()]
        )
        assert (gan.n_critic, float(gan.gp_weight)) == (7, 2.0)
        assert type(gan.techniques[0]) is kg.techniques.InstanceNoise

    @pytest.mark.parametrize(
        "changes",
        [
            {"ema_decay": 0.9},
            {"techniques": [kg.techniques.R1(), kg.techniques.LeCam()]},
            {"techniques": [], "ema_decay": None},
        ],
    )
    def test_keeps_networks_beside_what_begins_anew(self, saved, changes):
        gan = kg.models.from_preset(saved.folder, **changes)
        count = len(gan.generator.weights) + len(gan.discriminator.weights)
        kept = kg.models.from_preset(saved.folder)
        for name in ("generator", "discriminator"):
            pairs = zip(getattr(kept, name).weights, getattr(gan, name).weights, strict=True)
            for one, other in pairs:
                np.testing.assert_array_equal(one, other)
                count -= 1
        assert count == 0
        np.testing.assert_allclose(gan.sample(4, seed=0), saved.samples, atol=5e-3)
        gan.fit(IMAGES, batch_size=8, verbose=0)

    def test_keeps_averages_beside_new_techniques(self):
        gan = kg.models.from_preset("wgan_gp_digits", techniques=[kg.techniques.R1()])
        kept = kg.models.from_preset("wgan_gp_digits")
        np.testing.assert_array_equal(gan.sample(4, seed=0), kept.sample(4, seed=0))

    @pytest.mark.slow
    def test_keeps_techniques_and_what_a_text_encoder_knows(self, tmp_path):
        """Neither are weights: techniques belong to one model, and words to a layer's files."""
        gan = draws_captions()
        gan.save_to_preset(tmp_path / "preset")
        images = gan.sample(2, ["a red circle", "a blue square"], seed=0)
        for again in (
            kg.models.from_preset(tmp_path / "preset"),
            kg.models.from_preset(tmp_path / "preset", kl_weight=1.0),
        ):
            assert [type(technique) for technique in again.techniques] == [kg.techniques.R1]
            made = again.sample(2, ["a red circle", "a blue square"], seed=0)
            np.testing.assert_allclose(made, images, atol=5e-3)
        assert float(again.kl_weight) == 1.0

    @pytest.mark.slow
    def test_keeps_an_encoder_that_was_adapted(self, tmp_path):
        words = keras.layers.TextVectorization(output_mode="multi_hot")
        words.adapt(CAPTIONS)
        texts = keras.Input((), dtype="string")
        gan = draws_captions(keras.Model(texts, words(texts)))
        gan.save_to_preset(tmp_path / "preset")
        for changes in ({}, {"kl_weight": 1.0}):
            again = kg.models.from_preset(tmp_path / "preset", **changes)
            images = [model.sample(2, "a red circle", seed=0) for model in (gan, again)]
            np.testing.assert_allclose(*images, atol=5e-3)

    def test_of_any_model(self, folder):
        assert type(kg.models.from_preset(folder)) is kg.models.WGANGP
        assert type(kg.models.GAN.from_preset(folder)) is kg.models.WGANGP

    def test_of_another_class_is_refused(self, folder):
        with pytest.raises(ValueError, match=r"`preset` must be that of a VAE.*of a WGANGP"):
            kg.models.VAE.from_preset(folder)
        with pytest.raises(ValueError, match=r"`preset` must be that of a VAE.*of a WGANGP"):
            kg.models.VAE.from_preset("wgan_gp_digits", load_weights=False)

    def test_a_saved_model_alone_is_refused(self, tmp_path):
        tiny().export(tmp_path / "exported")
        with pytest.raises(ValueError, match=r"`preset` must .* has no model.keras"):
            kg.models.from_preset(tmp_path / "exported")

    def test_a_wrong_name_gets_those_that_are_near(self):
        with pytest.raises(ValueError, match=r"`preset` must .*'wgan_gp_digit'.*wgan_gp_digits"):
            kg.models.from_preset("wgan_gp_digit")
        with pytest.raises(ValueError, match=r"`preset` must .*mean 'dcgan_mnist'"):
            kg.models.from_preset("dcgan_mnits", load_weights=False)

    def test_weights_that_are_not_here(self, tmp_path, monkeypatch):
        monkeypatch.setattr(_zoo, "CHECKOUT", tmp_path / "none")
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ValueError, match=r"`load_weights` must be False .*'wgan_gp_digits'"):
            kg.models.from_preset("wgan_gp_digits")

    def test_what_is_no_folder_or_damaged(self, folder, tmp_path):
        with pytest.raises(ValueError, match=r"`preset` must .*nowhere', which is no folder"):
            kg.models.from_preset(tmp_path / "nowhere")
        content = (folder / "model.keras").read_bytes()
        (tmp_path / "model.keras").write_bytes(content[: len(content) // 2])
        with pytest.raises(ValueError, match=r"`preset` must .*model.keras is damaged"):
            kg.models.from_preset(tmp_path)

    def test_weights_of_other_networks_are_refused(self, folder):
        other = kg.networks.dcgan_generator((8, 8, 1), 4, filters=8)
        with pytest.raises(ValueError, match=r"`load_weights` must be False for other networks"):
            kg.models.from_preset(folder, generator=other)


def test_facts_are_json(folder):
    facts = json.loads((folder / "preset.json").read_text())
    assert facts["model"] == "WGANGP"
    assert set(facts["versions"]) == {"keras_gans", "keras", "tensorflow"}
    assert (folder / "README.md").read_text() == cards.page(facts)
