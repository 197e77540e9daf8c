"""SampleGrid, LatentInterpolation, and Keras's own callbacks with a model of two optimizers."""

import csv

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import keras_gans as kg
from keras_gans import latents
from keras_gans.callbacks import LatentInterpolation, SampleGrid
from keras_gans.callbacks.pictures import columns_of_classes, write_animation
from keras_gans.data import image_grid

pytestmark = pytest.mark.first_cases

X = np.random.default_rng(0).uniform(-1, 1, (24, 8, 8, 1)).astype("float32")


def make_gan():
    keras.utils.set_random_seed(0)
    gan = kg.models.WGANGP(
        kg.networks.mlp_generator((8, 8, 1), 2, (4,)),
        kg.networks.mlp_discriminator((8, 8, 1), (4,)),
        latent_dim=2,
        n_critic=2,
    )
    gan.compile()
    return gan


def fit(gan, *callbacks, epochs=2, **kwargs):
    kwargs = {"batch_size": 6, "shuffle": False, "verbose": 0, **kwargs}
    return gan.fit(X, epochs=epochs, callbacks=list(callbacks), **kwargs)


def assert_same_weights(a, b):
    for u, v in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(u, v)


def tags(folder):
    """The tags of all summaries under a folder, and how many values each has."""
    found = {}
    for path in folder.rglob("events.out.tfevents.*"):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                found.setdefault(value.tag, []).append(value.tensor)
    return found


class Painter:
    """A stand-in for a model: new pictures at every call."""

    example_shape = (8, 8, 1)
    latent_dim = 5
    conditional = False
    distribute_strategy = tf.distribute.get_strategy()

    def __init__(self):
        self.calls = []

    def check_labels(self, labels, num):
        assert len(labels) <= num

    def sample(self, num, labels=None, seed=None):
        self.calls.append({"num": num, "labels": labels, "seed": seed})
        return np.random.default_rng(len(self.calls)).uniform(-1, 1, (num, 8, 8, 1))


def run(callback, epochs, model=None):
    callback.set_model(model or Painter())
    callback.on_train_begin()
    for epoch in epochs:
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {})
    callback.on_train_end()
    return callback.model


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def frames(folder):
    with Image.open(folder / "animation.gif") as animation:
        return animation.n_frames


class TestSampleGrid:
    def test_draws_the_same_latents_after_every_epoch(self, tmp_path):
        painter = run(SampleGrid(tmp_path / "new", num=6, labels=[1, 2], seed=7), range(2))
        assert names(tmp_path / "new") == ["animation.gif", "epoch_0001.png", "epoch_0002.png"]
        assert painter.calls == 2 * [{"num": 6, "labels": [1, 2], "seed": 7}]
        for epoch in (1, 2):
            images = np.random.default_rng(epoch).uniform(-1, 1, (6, 8, 8, 1))
            with Image.open(tmp_path / "new" / f"epoch_{epoch:04d}.png") as picture:
                np.testing.assert_array_equal(picture, image_grid(images, scale=4))

    def test_scale(self, tmp_path):
        run(SampleGrid(tmp_path, num=1, scale=1), range(1))
        with Image.open(tmp_path / "epoch_0001.png") as picture:
            assert picture.size == (12, 12)

    def test_every(self, tmp_path):
        painter = run(SampleGrid(tmp_path, num=1, every=2), range(5))
        assert names(tmp_path) == ["animation.gif", "epoch_0002.png", "epoch_0004.png"]
        assert len(painter.calls) == 2

    def test_the_animation_shows_every_grid_those_of_earlier_runs_too(self, tmp_path):
        run(SampleGrid(tmp_path, num=1), range(2))
        assert frames(tmp_path) == 2
        model = Painter()
        model.calls = [None] * 2
        run(SampleGrid(tmp_path, num=1), range(2, 5), model)
        assert frames(tmp_path) == 5

    def test_without_an_animation(self, tmp_path):
        run(SampleGrid(tmp_path, num=1, animate=False), range(1))
        assert names(tmp_path) == ["epoch_0001.png"]

    def test_without_a_single_epoch(self, tmp_path):
        run(SampleGrid(tmp_path, num=1), range(0))
        assert names(tmp_path) == []

    def test_tensorboard_gets_the_images_in_every_run(self, tmp_path):
        callback = SampleGrid(tmp_path, num=3, tensorboard=tmp_path / "logs")
        run(callback, range(2))
        run(callback, range(2, 3))
        (tag,) = tags(tmp_path / "logs")
        assert tag.startswith("samples")
        summaries = tags(tmp_path / "logs")[tag]
        assert len(summaries) == 3
        width, height, *pictures = summaries[0].string_val
        assert (width, height, len(pictures)) == (b"8", b"8", 3)

    def test_tensorboard_where_no_folder_can_be(self, tmp_path):
        with pytest.raises(OSError, match="File name too long"):
            run(SampleGrid(tmp_path, num=1, tensorboard=tmp_path / ("x" * 300)), range(1))

    def test_long_animations_keep_their_ends(self, tmp_path):
        pictures = [tmp_path / f"{i:03d}.png" for i in range(30)]
        for i, picture in enumerate(pictures):
            Image.new("L", (2, 2), 8 * i).save(picture)
        write_animation(pictures, tmp_path, longest=5)
        with Image.open(tmp_path / "animation.gif") as animation:
            assert animation.n_frames == 5
            shades = []
            for i in range(5):
                animation.seek(i)
                shades.append(animation.convert("L").getpixel((0, 0)))
        assert shades[0] == 0 and shades[-1] == 8 * 29
        assert shades == sorted(set(shades))

    @pytest.mark.parametrize(
        "arguments, error",
        [({"num": 0}, ValueError), ({"every": 1.5}, TypeError), ({"seed": -1}, ValueError)],
    )
    def test_bad_arguments_are_named(self, arguments, error):
        with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
            SampleGrid("samples", **arguments)

    @pytest.mark.slow
    def test_training_goes_the_same_way_with_it(self, tmp_path):
        a, b = make_gan(), make_gan()
        fit(a, SampleGrid(tmp_path, num=3))
        fit(b)
        assert names(tmp_path) == ["animation.gif", "epoch_0001.png", "epoch_0002.png"]
        assert_same_weights(a, b)
        with Image.open(tmp_path / "epoch_0002.png") as picture:
            np.testing.assert_array_equal(picture, image_grid(a.sample(3, seed=0), scale=4))


class TestLatentInterpolation:
    def test_draws_the_same_paths_after_every_epoch(self, tmp_path):
        gan = make_gan()
        callback = LatentInterpolation(tmp_path / "new", num=3, steps=4, kind="linear", seed=7)
        fit(gan, callback)
        assert names(tmp_path / "new") == [
            f"epoch_000{epoch}.{ending}" for epoch in (1, 2) for ending in ("gif", "png")
        ]
        paths = latents.paths(3, gan.latent_dim, 4, "linear", seed=7)
        images = gan.generate(paths.reshape(12, -1))
        with Image.open(tmp_path / "new" / "epoch_0002.png") as picture:
            np.testing.assert_array_equal(picture, image_grid(images, columns=4, scale=4))
        with Image.open(tmp_path / "new" / "epoch_0002.gif") as animation:
            assert animation.n_frames == 6

    def test_every_and_scale(self, tmp_path):
        callback = LatentInterpolation(tmp_path, num=1, steps=2, every=2, scale=1)
        fit(make_gan(), callback, epochs=3)
        assert names(tmp_path) == ["epoch_0002.gif", "epoch_0002.png"]
        with Image.open(tmp_path / "epoch_0002.png") as picture:
            assert picture.size == (22, 12)

    @pytest.mark.slow
    def test_training_goes_the_same_way_with_it(self, tmp_path):
        a, b = make_gan(), make_gan()
        fit(a, LatentInterpolation(tmp_path, num=2, steps=3, kind="walk"))
        fit(b)
        assert_same_weights(a, b)

    def test_a_path_of_a_conditional_model_has_one_class(self, tmp_path):
        model = Conditional()
        callback = LatentInterpolation(tmp_path, num=3, steps=2)
        callback.set_model(model)
        callback.on_epoch_end(0)
        np.testing.assert_array_equal(model.labels, [0, 0, 1, 1, 0, 0])

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ({"num": 0}, ValueError),
            ({"steps": 1}, ValueError),
            ({"kind": "round"}, ValueError),
            ({"seed": 0.5}, TypeError),
        ],
    )
    def test_bad_arguments_are_named(self, arguments, error):
        with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
            LatentInterpolation("paths", **arguments)


class Conditional:
    """A stand-in for a conditional model, which remembers its labels."""

    latent_dim = 5
    conditional = True
    num_classes = 2
    distribute_strategy = tf.distribute.get_strategy()

    def generate(self, latents, labels):
        self.labels = labels
        return np.zeros((len(latents), 8, 8, 1))


class Interrupt(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.slow
class TestKerasCallbacks:
    def test_model_checkpoint(self, tmp_path):
        gan = make_gan()
        path = tmp_path / "{epoch}.keras"
        fit(gan, keras.callbacks.ModelCheckpoint(path))
        assert names(tmp_path) == ["1.keras", "2.keras"]
        again = keras.models.load_model(tmp_path / "2.keras")
        assert_same_weights(gan, again)
        again = keras.models.load_model(tmp_path / "1.keras")
        fit(again, initial_epoch=1)
        assert_same_weights(gan, again)

    def test_model_checkpoint_keeps_the_best_weights(self, tmp_path):
        gan, path = make_gan(), tmp_path / "best.weights.h5"
        callback = keras.callbacks.ModelCheckpoint(
            path,
            monitor="d_loss",
            mode="min",
            save_best_only=True,
            save_weights_only=True,
        )
        history = fit(gan, callback, epochs=3).history["d_loss"]
        best = make_gan()
        fit(best, epochs=1 + int(np.argmin(history)))
        again = make_gan()
        again.load_weights(path)
        assert_same_weights(best, again)

    def test_backup_and_restore(self, tmp_path):
        uninterrupted, interrupted, resumed = make_gan(), make_gan(), make_gan()
        fit(uninterrupted, epochs=4)
        with pytest.raises(KeyboardInterrupt):
            backup = keras.callbacks.BackupAndRestore(tmp_path)
            fit(interrupted, backup, Interrupt(2), epochs=4)
        history = fit(resumed, keras.callbacks.BackupAndRestore(tmp_path), epochs=4)
        assert history.epoch == [2, 3]
        assert_same_weights(uninterrupted, resumed)
        assert int(resumed.g_optimizer.iterations) == int(uninterrupted.g_optimizer.iterations)

    def test_tensorboard(self, tmp_path):
        gan = make_gan()
        fit(gan, keras.callbacks.TensorBoard(tmp_path, histogram_freq=1))
        found = tags(tmp_path / "train")
        for name in gan.loss_names:
            assert len(found[f"epoch_{name}"]) == 2
        assert any("kernel" in tag for tag in found)

    def test_learning_rate_scheduler_tunes_both_optimizers(self):
        gan = make_gan()
        gan.d_optimizer.learning_rate = 0.5
        fit(gan, keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5))
        each_its_own = hasattr(keras.optimizers, "MultiOptimizer")  # Keras before 3.15: one for all
        expected = 0.125 if each_its_own else 0.25e-4
        np.testing.assert_allclose(gan.d_optimizer.learning_rate, expected)
        np.testing.assert_allclose(gan.g_optimizer.learning_rate, 0.25e-4)

    def test_csv_logger(self, tmp_path):
        gan = make_gan()
        history = fit(gan, keras.callbacks.CSVLogger(tmp_path / "log.csv")).history
        with open(tmp_path / "log.csv") as file:
            rows = list(csv.DictReader(file))
        assert [row["epoch"] for row in rows] == ["0", "1"]
        for name in gan.loss_names:
            assert [float(row[name]) for row in rows] == history[name]

    def test_early_stopping(self):
        callback = keras.callbacks.EarlyStopping("d_loss", min_delta=1e9, patience=1, mode="min")
        assert fit(make_gan(), callback, epochs=5).epoch == [0, 1]


def conditional_gan(num_classes, **kwargs):
    gan = kg.models.ConditionalGAN(
        kg.networks.mlp_generator((8, 8, 1), 2, (4,), num_classes=num_classes),
        kg.networks.mlp_discriminator((8, 8, 1), (4,), num_classes=num_classes),
        latent_dim=2,
        **kwargs,
    )
    gan.compile()
    return gan


class TestSampleGridOfClasses:
    def test_every_class_has_a_column(self, tmp_path):
        gan = conditional_gan(3)
        run(SampleGrid(tmp_path, num=6, seed=1), epochs=[0], model=gan)
        expected = gan.sample(6, labels=[0, 1, 2, 0, 1, 2], seed=1)
        with Image.open(tmp_path / "epoch_0001.png") as picture:
            np.testing.assert_array_equal(picture, image_grid(expected, columns=3))

    @pytest.mark.parametrize(
        ("num", "num_classes", "columns"),
        [(64, 10, 10), (64, 5, 10), (64, 3, 9), (64, 2, 8), (16, 10, 10), (100, 100, 100)],
    )
    def test_columns(self, num, num_classes, columns):
        assert columns_of_classes(num, num_classes) == columns

    def test_not_all_classes(self):
        assert columns_of_classes(64, 65) is None

    def test_columns_may_be_given(self, tmp_path):
        run(SampleGrid(tmp_path, num=6, columns=6, scale=1), epochs=[0], model=conditional_gan(3))
        with Image.open(tmp_path / "epoch_0001.png") as picture:
            assert picture.size == (62, 12)

    def test_names_are_labels(self, tmp_path):
        gan = conditional_gan(2, class_names=["cat", "dog"])
        run(SampleGrid(tmp_path, num=2, labels=["dog", "cat"]), epochs=[0], model=gan)
        with Image.open(tmp_path / "epoch_0001.png") as picture:
            np.testing.assert_array_equal(picture, image_grid(gan.sample(2, [1, 0], seed=0)))


class Never(keras.callbacks.Callback):
    """Fails if training goes on for an epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        pytest.fail("an epoch began")


@pytest.mark.parametrize("callback", [SampleGrid, LatentInterpolation])
class TestRefusedBeforeTraining:
    @pytest.mark.parametrize("labels", [[0, 1, 2], [3] * 8, [0.5] * 8, ["cat"] * 8])
    def test_labels(self, callback, labels, tmp_path):
        callbacks = [callback(tmp_path, num=8, labels=labels), Never()]
        with pytest.raises(ValueError, match="`labels` must be"):
            conditional_gan(3).fit(
                X, np.arange(24) % 3, batch_size=8, verbose=0, callbacks=callbacks
            )

    def test_labels_of_a_model_without_classes(self, callback, tmp_path):
        with pytest.raises(ValueError, match="`labels` must be None"):
            fit(make_gan(), callback(tmp_path, num=2, labels=[0, 1]), Never())

    def test_a_folder_that_cannot_be(self, callback, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(OSError, match="file"):
            fit(make_gan(), callback(tmp_path / "file" / "samples"), Never())

    def test_a_folder_that_is_closed(self, callback, tmp_path, monkeypatch):
        def closed(dir):
            raise PermissionError(13, "Permission denied", str(dir))

        monkeypatch.setattr("tempfile.TemporaryFile", closed)
        with pytest.raises(PermissionError, match="Permission denied"):
            fit(make_gan(), callback(tmp_path), Never())

    def test_a_model_without_images(self, callback, tmp_path):
        gan = kg.models.GAN(
            kg.networks.mlp_generator((2,), 3, (8,)),
            kg.networks.mlp_discriminator((2,), (8,)),
            latent_dim=3,
        )
        gan.compile()
        with pytest.raises(ValueError, match=r"needs a model that makes images.*shape \(2,\)"):
            gan.fit(np.zeros((32, 2), "float32"), callbacks=[callback(tmp_path), Never()])

    def test_more_images_than_a_picture_holds(self, callback, tmp_path):
        with pytest.raises(ValueError, match=r"`num` must be less .* about 86,505 images"):
            fit(make_gan(), callback(tmp_path, num=10**6), Never())

    def test_another_kind_of_path(self, callback):
        with pytest.raises(TypeError, match="`directory` must be a path"):
            callback(3)


def cycle_gan(channels=1):
    def generators(shape, out):
        images = keras.Input(shape)
        return keras.Model(images, keras.layers.Conv2D(out, 1, activation="tanh")(images))

    gan = kg.models.CycleGAN(
        generators((8, 8, 1), channels),
        generators((8, 8, channels), 1),
        kg.networks.patch_discriminator((8, 8, 1), 2, 1),
        kg.networks.patch_discriminator((8, 8, channels), 2, 1),
        identity_weight=0,
    )
    gan.compile()
    return gan


@pytest.mark.slow
class TestSampleGridOfTranslations:
    def test_shows_images_over_their_translations_in_both_directions(self, tmp_path):
        gan, a, b = cycle_gan(), X[:5], X[5:8]
        grid = SampleGrid(tmp_path, images=(a, b), tensorboard=tmp_path / "logs")
        gan.fit(X, X, batch_size=8, epochs=2, verbose=0, callbacks=[grid])
        assert {"animation.gif", "epoch_0001.png", "epoch_0002.png"} < set(names(tmp_path))
        rows = [(a, 5), (gan.translate(a, "ab"), 5), (b, 3), (gan.translate(b, "ba"), 3)]
        with Image.open(tmp_path / "epoch_0002.png") as picture:
            for i, (images, columns) in enumerate(rows):
                row = np.asarray(image_grid(images, columns))
                height, width = row.shape
                found = np.asarray(picture)[i * height : (i + 1) * height]
                np.testing.assert_array_equal(found[:, :width], row)
                assert (found[:, width:] == 255).all()
        assert len(tags(tmp_path / "logs")["samples"]) == 2

    def test_domains_may_differ_in_channels(self, tmp_path):
        gan, colored = cycle_gan(3), X.repeat(3, axis=3)
        run(SampleGrid(tmp_path, images=(X, colored), num=8, scale=1), epochs=[0], model=gan)
        with Image.open(tmp_path / "epoch_0001.png") as picture:
            assert (picture.mode, picture.size) == ("RGB", (22, 48))

    @pytest.mark.parametrize(
        ("images", "message"),
        [
            (None, "`images` must be given for a model that translates"),
            ((X, X[:, :4]), r"examples of shape \(8, 8, 1\)"),
            ((X, 2 * X), "scaled"),
        ],
    )
    def test_wrong_images_are_refused_before_training(self, images, message, tmp_path):
        callbacks = [SampleGrid(tmp_path, images=images), Never()]
        with pytest.raises(ValueError, match=message):
            cycle_gan().fit(X, X, batch_size=8, verbose=0, callbacks=callbacks)

    @pytest.mark.parametrize("images", [X, (X,), (X, X[:0]), (X[0], X)])
    def test_what_is_no_pair_of_images(self, images):
        with pytest.raises(ValueError, match="`images` must be"):
            SampleGrid("samples", images=images)

    def test_images_are_only_for_models_that_translate(self, tmp_path):
        with pytest.raises(ValueError, match="`images` must be None"):
            fit(make_gan(), SampleGrid(tmp_path, images=(X, X)), Never())


def test_a_scale_of_nothing_is_refused(tmp_path):
    with pytest.raises(ValueError, match="`scale`"):
        SampleGrid(tmp_path, scale=0)


def test_the_animation_leaves_out_pictures_of_another_size(tmp_path):
    for epoch, side in ((1, 8), (2, 4), (3, 4)):
        grid = np.random.default_rng(epoch).uniform(-1, 1, (1, side, side, 1))
        kg.data.save_grid(grid, tmp_path / f"epoch_{epoch:04d}.png", scale=1)
    run(SampleGrid(tmp_path), [])
    with Image.open(tmp_path / "animation.gif") as animation:
        assert animation.n_frames == 2


@pytest.mark.parametrize("length", [0, 8, 60])
def test_the_animation_leaves_out_damaged_pictures(tmp_path, length):
    for epoch in (1, 2, 3):
        grid = np.random.default_rng(epoch).uniform(-1, 1, (1, 4, 4, 1))
        kg.data.save_grid(grid, tmp_path / f"epoch_{epoch:04d}.png", scale=1)
    damaged = tmp_path / "epoch_0002.png"
    damaged.write_bytes(damaged.read_bytes()[:length])
    run(SampleGrid(tmp_path), [])
    with Image.open(tmp_path / "animation.gif") as animation:
        assert animation.n_frames == 2


def test_the_animation_leaves_out_pictures_that_are_too_large(tmp_path, monkeypatch):
    for epoch in (1, 2, 3):
        shape = (1, 4, 4 if epoch < 3 else 20, 3)
        grid = np.random.default_rng(epoch).uniform(-1, 1, shape)
        kg.data.save_grid(grid, tmp_path / f"epoch_{epoch:04d}.png", scale=1)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 8 * 8)
    run(SampleGrid(tmp_path), [])
    with Image.open(tmp_path / "animation.gif") as animation:
        assert (animation.n_frames, animation.size) == (2, (8, 8))


@pytest.mark.parametrize("kind", [SampleGrid, LatentInterpolation])
def test_a_picture_that_cannot_be_written_stops_no_training(tmp_path, kind):
    (tmp_path / "epoch_0001.png").mkdir()
    (tmp_path / "epoch_0001.png" / "kept").touch()
    with pytest.warns(UserWarning, match=r"epoch_0001\.png cannot be kept, training goes on"):
        assert fit(make_gan(), kind(tmp_path)).epoch == [0, 1]
    assert (tmp_path / "epoch_0002.png").is_file()
