"""Presets: each builds the model that its file describes, for its own data and for others."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import keras_gans as kg
from keras_gans import _zoo, presets
from keras_gans.presets import (
    _images,
    semi_supervised_mnist,
    srgan_photographs,
    stackgan_shapes,
)


@pytest.mark.parametrize("name", presets.list())
def test_builds_a_compiled_model_of_its_class(name):
    preset = presets.get(name)
    model = kg.models.GenerativeModel.from_preset(name, load_weights=False)
    assert type(model) is preset.model
    assert model.compiled
    assert preset.name == name


@pytest.mark.parametrize("name", presets.list())
def test_states_what_a_card_says(name):
    preset = presets.get(name)
    for text in (preset.title, preset.summary, preset.differs, *preset.limits, *preset.usage):
        assert isinstance(text, str)
    assert set(preset.paper) == {"title", "authors", "year", "url"}
    assert set(preset.data) == {"name", "description", "url", "license"}
    assert preset.steps == preset.epochs * preset.steps_per_epoch > 0


#: Presets whose trained models are not there, to be trained on in their tests.
UNTRAINED = [name for name in presets.list() if name not in _zoo.names()]


@pytest.mark.slow
@pytest.mark.mnist
@pytest.mark.parametrize("name", UNTRAINED)
def test_takes_a_step_on_its_data(name):
    preset = presets.get(name)
    model = preset.build(preset.info, filters=2)
    preset.compile(model)
    batches, _ = preset.load(batch_size=8, seed=0, repeat=True)
    x, y = batches if isinstance(batches, tuple) else (batches, None)
    history = model.fit(x, y, steps_per_epoch=1, verbose=0).history
    assert np.isfinite(list(history.values())).all()


@pytest.mark.slow
def test_features_of_srgan_learn_before_it(monkeypatch):
    monkeypatch.setattr(srgan_photographs, "STEPS_OF_FEATURES", 1)
    preset = presets.get("srgan_photographs")
    model = preset.build(preset.info, filters=2)
    preset.compile(model)
    before = model.get_weights()
    preset.prepare(model, preset.load(batch_size=8, seed=0, repeat=True)[0])
    after = model.get_weights()
    changed = [(a != b).any() for a, b in zip(before, after, strict=True)]
    assert sum(changed) == len(model.feature_extractor.weights)
    assert not model.feature_extractor.trainable
    first = preset.load(batch_size=32, seed=0)[0].take(1)
    assert model.feature_extractor.predict(first, verbose=0).std() == pytest.approx(1, abs=0.2)


def test_patches_are_turned_by_their_place():
    images = tf.random.normal((9, 4, 4, 3), seed=0)
    turned = srgan_photographs.turned(images).numpy()
    np.testing.assert_array_equal(turned[[0, 8]], images.numpy()[[0, 8]])
    np.testing.assert_array_equal(turned[1], np.rot90(images[1]))
    np.testing.assert_array_equal(turned[4], images[4].numpy()[:, ::-1])
    assert len({turned[i].tobytes() for i in range(9)}) == 9


@pytest.mark.slow
def test_stage_one_of_stackgan_learns_before_stage_two(monkeypatch):
    monkeypatch.setattr(stackgan_shapes, "STEPS_OF_STAGE_I", 10)
    preset = presets.get("stackgan_shapes")
    model = preset.build(preset.info, filters=4)
    preset.compile(model)
    before = model.discriminator.get_weights(), model.generator.get_weights()
    fit, moved = kg.models.StackGAN.fit, []

    def fit_and_look(self, *args, **kwargs):
        at_first = self.generator.get_weights()
        fit(self, *args, **kwargs)
        changed = zip(at_first, self.generator.get_weights(), strict=True)
        moved.extend((a != b).any() for a, b in changed)

    monkeypatch.setattr(kg.models.StackGAN, "fit", fit_and_look)
    preset.prepare(model, preset.load(batch_size=4, seed=0, repeat=True)[0])
    np.testing.assert_equal(model.discriminator.get_weights(), before[0])
    after = model.generator.get_weights()
    changed = [(a != b).any() for a, b in zip(before[1], after, strict=True)]
    assert 0 < sum(changed) <= len(model.generator.get_layer("stage_one").weights)
    assert np.mean(moved) > 0.9  # all but seeds and the like


def test_drawings_are_read_as_their_captions_say():
    images, captions = stackgan_shapes.drawings("test")
    images, captions = images[:100], captions[:100]
    read = stackgan_shapes.what_is_drawn(images)
    assert read == [stackgan_shapes.in_order(caption) for caption in captions]
    assert set(captions) < set(stackgan_shapes.every_caption())
    white = stackgan_shapes.what_is_drawn(np.ones_like(images[:5]))
    assert all(
        said != stackgan_shapes.in_order(c) for said, c in zip(white, captions, strict=False)
    )


def test_all_but_a_few_labels_are_hidden():
    labels = np.arange(1000) % 10
    few = semi_supervised_mnist.hide_all_but(labels, 3)
    assert np.bincount(few + 1).tolist() == [970] + 10 * [3]
    np.testing.assert_array_equal(few[few >= 0], labels[few >= 0])


def test_few_labels_of_own_pictures_of_any_size():
    images = np.random.default_rng(0).uniform(-1, 1, (60, 12, 10, 3)).astype("float32")
    preset = presets.get("semi_supervised_mnist")
    source = images, np.arange(60) % 3
    batches, info = preset.load(source, batch_size=4, seed=0, image_size=8, channels=1)
    assert info.image_shape == (8, 8, 1)
    assert next(iter(batches))[0].shape == (4, 8, 8, 1)


def test_pictures_that_cannot_be_written_stop_no_training(tmp_path, monkeypatch):
    gan = kg.models.GAN(
        kg.networks.mlp_generator((2,), 2, (4,)), kg.networks.mlp_discriminator((2,), (4,)), 2
    )
    gan.compile()
    save, full = Image.Image.save, [True, False]

    def save_where_there_is_room(picture, path, *args, **kwargs):
        if full.pop(0):
            raise OSError(28, "No space left on device")
        save(picture, path, *args, **kwargs)

    monkeypatch.setattr(Image.Image, "save", save_where_there_is_room)
    draw = _images.PictureEachEpoch(tmp_path / "drawn", lambda model: Image.new("L", (4, 4)))
    with pytest.warns(UserWarning, match=r"epoch_0001.png"):
        gan.fit(np.zeros((8, 2), "float32"), batch_size=4, epochs=2, verbose=0, callbacks=[draw])
    assert [path.name for path in (tmp_path / "drawn").iterdir()] == ["epoch_0002.png"]


def test_an_unknown_name_is_refused_with_those_that_are_near():
    with pytest.raises(ValueError, match=r"`name` must .*'wgan_gp_mnits'.*'wgan_gp_mnist'"):
        presets.get("wgan_gp_mnits")
    with pytest.raises(ValueError, match=r"There are .*wgan_gp_mnist"):
        presets.get("zzzzzzzz")


def test_rates_follow_the_run_and_the_updates_of_each_network():
    gan = kg.models.WGANGP.from_preset("wgan_gp_digits", load_weights=False, n_critic=2)
    preset = presets.get("wgan_gp_digits")
    preset.compile(gan, steps_per_epoch=10, epochs=3, rates={"d_optimizer": 1e-3})
    generator, critic = gan.g_optimizer._learning_rate, gan.d_optimizer._learning_rate
    assert (generator.learning_rate, generator.total_steps) == (5e-4, 30)
    assert (critic.learning_rate, critic.total_steps) == (1e-3, 60)
    assert float(critic(60)) == 0.0


def test_half_cosine_ends_near_zero():
    schedule = _images.half_cosine(1e-3, 100)
    np.testing.assert_allclose(
        [schedule(0), schedule(50), schedule(100)], [1e-3, 5.1e-4, 2e-5], rtol=1e-5
    )


def test_changes_reach_the_networks_and_the_model():
    gan = kg.models.WGANGP.from_preset(
        "wgan_gp_digits", load_weights=False, filters=4, latent_dim=3, gp_weight=1.0
    )
    assert gan.latent_dim == 3
    assert float(gan.gp_weight) == 1.0
    assert gan.generator.count_params() < 10_000


def test_nearest_images_are_those_of_the_data():
    batches, _ = kg.data.load("digits", batch_size=1500, shuffle=False)
    (images,) = batches.as_numpy_iterator()
    found = _images.beside_nearest(images[:8], images)
    assert found.shape == (8 * (1 + _images.NEIGHBORS), 8, 8, 1)
    np.testing.assert_array_equal(found[:8], images[:8])
    np.testing.assert_array_equal(found[8:16], images[:8])  # the nearest of each is itself
    distances = ((found.reshape(4, 8, -1) - images[:8].reshape(8, -1)) ** 2).sum(axis=-1)
    assert (np.diff(distances, axis=0) >= 0).all()
    assert distances[2].min() > 0
