"""Datasets by name, from folders and from arrays."""

import os
import pathlib
import shutil

import keras
import numpy as np
import pytest
import requests
import tensorflow as tf
from PIL import Image
from sklearn.datasets import load_digits

from keras_gans.data import load, loading, look, named, save_grid, to_uint8


def all_of(dataset):
    """Every batch of a dataset, concatenated."""
    return tf.nest.map_structure(lambda *parts: np.concatenate(parts), *dataset.as_numpy_iterator())


def images_of(num=10, channels=1):
    return np.random.default_rng(0).integers(0, 256, (num, 6, 8, channels), "uint8")


class TestDigits:
    def test_are_scikit_learns_scaled(self):
        dataset, info = load("digits", split="all", batch_size=1797, labels=True)
        images, labels = all_of(dataset)
        digits = load_digits()
        np.testing.assert_allclose(images[..., 0], digits.images / 8 - 1)
        np.testing.assert_array_equal(labels, digits.target)
        assert images.dtype == np.float32
        assert labels.dtype == np.int32
        assert (images.min(), images.max()) == (-1, 1)
        assert info.name == "digits"
        assert info.image_shape == (8, 8, 1)
        assert (info.num_examples, info.num_classes, info.split) == (1797, 10, "all")
        assert info.class_names == tuple("0123456789")

    def test_splits_are_disjoint(self):
        parts = {
            split: all_of(load("digits", split, batch_size=num)[0])
            for split, num in (("train", 1500), ("test", 297), ("all", 1797))
        }
        lines = {k: sorted(v.reshape(len(v), -1).tolist()) for k, v in parts.items()}
        assert sorted(lines["train"] + lines["test"]) == lines["all"]
        assert load("digits")[1].num_examples == 1500
        assert load("digits", split="test")[1].num_examples == 297

    def test_unknown_splits_are_refused(self):
        with pytest.raises(ValueError, match=r"`split` must be one of \['train', 'test', 'all'\]"):
            load("digits", split="validation")


class TestBatches:
    def test_have_a_fixed_size_and_drop_the_remainder(self):
        dataset, info = load(images_of(10), batch_size=4)
        assert dataset.element_spec == tf.TensorSpec((4, 6, 8, 1), tf.float32)
        assert [len(batch) for batch in dataset] == [4, 4]
        assert info.num_examples == 10

    def test_training_splits_are_shuffled_anew_in_every_epoch(self):
        dataset, _ = load(images_of(64), batch_size=64, seed=1)
        first, second = (to_uint8(all_of(dataset)) for _ in range(2))
        assert not np.array_equal(first, images_of(64))
        assert not np.array_equal(first, second)
        for epoch in (first, second):
            assert sorted(map(bytes, epoch)) == sorted(map(bytes, images_of(64)))

    def test_the_same_seed_gives_the_same_epochs(self):
        datasets = [load(images_of(64), batch_size=64, seed=seed)[0] for seed in (1, 1, 2)]
        for _ in range(2):
            a, b, c = (all_of(dataset) for dataset in datasets)
            np.testing.assert_array_equal(a, b)
            assert not np.array_equal(a, c)

    def test_order_is_kept_if_asked(self):
        dataset, _ = load(images_of(64), batch_size=64, shuffle=False)
        np.testing.assert_array_equal(to_uint8(all_of(dataset)), images_of(64))

    def test_other_splits_keep_their_order_unless_asked(self):
        a, b, c = (
            all_of(load("digits", split="test", seed=0, shuffle=shuffle)[0])
            for shuffle in (None, False, True)
        )
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)

    @pytest.mark.parametrize("kind", ["array", "labeled", "folder"])
    def test_what_is_not_divided_has_one_split(self, kind, tmp_path):
        save_grid(np.zeros((1, 4, 4, 1)), tmp_path / "picture.png")
        labeled = (images_of(4), np.arange(4))
        source = {"array": images_of(4), "labeled": labeled, "folder": tmp_path}[kind]
        with pytest.raises(ValueError, match=r"`split` must be 'train' for an? .*split='test'"):
            load(source, split="test", batch_size=1, image_size=4)

    def test_splits_are_strings(self):
        with pytest.raises(TypeError, match="`split`"):
            load("digits", split=None)

    def test_the_shuffle_buffer_is_bounded(self, monkeypatch):
        """Of a hundred images at a time, the first batch holds none that come much later."""
        monkeypatch.setattr(loading, "CACHE_BYTES", 4 * 16 * 100)
        images = np.linspace(-1, 1, 1000)[:, None, None, None] * np.ones((4, 4, 1))
        first = next(iter(load(images, batch_size=32, seed=0)[0])).numpy()
        places = np.rint((first[:, 0, 0, 0] + 1) / 2 * 999)
        assert 32 < places.max() < 132
        assert loading._buffer_size(1000, fitting=100, batch_size=200) == 200

    def test_labels_stay_with_their_images(self):
        images = np.broadcast_to(np.arange(50, dtype="uint8")[:, None, None, None], (50, 4, 4, 1))
        dataset, info = load((images, np.arange(50)), batch_size=50, labels=True, seed=0)
        x, y = all_of(dataset)
        np.testing.assert_array_equal(to_uint8(x)[:, 0, 0, 0], y)
        assert not np.array_equal(y, np.arange(50))
        assert info.num_classes == 50

    def test_more_than_there_is_is_refused(self):
        with pytest.raises(ValueError, match=r"`batch_size` must be at most .* 10 .*batch_size=11"):
            load(images_of(10), batch_size=11)

    @pytest.mark.parametrize("value, error", [(0, ValueError), (2.5, TypeError)])
    def test_sizes_are_positive_integers(self, value, error):
        with pytest.raises(error, match="`batch_size` must be a positive integer"):
            load("digits", batch_size=value)


class TestArrays:
    @pytest.mark.parametrize("channels", [1, 3])
    def test_pixels_are_scaled(self, channels):
        images = images_of(channels=channels)
        x = all_of(load(images, batch_size=10, shuffle=False)[0])
        assert x.dtype == np.float32
        np.testing.assert_allclose(x, images / 127.5 - 1, atol=1e-6)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_floats_are_taken_as_they_are(self, dtype):
        images = np.random.default_rng(0).uniform(-1, 1, (5, 4, 4, 1)).astype(dtype)
        x = all_of(load(images, batch_size=5, shuffle=False)[0])
        assert x.dtype == np.float32
        np.testing.assert_array_equal(x, images.astype("float32"))

    def test_the_channel_axis_may_be_missing(self):
        dataset, info = load(images_of()[..., 0], batch_size=10, shuffle=False)
        np.testing.assert_array_equal(to_uint8(all_of(dataset)), images_of())
        assert info.image_shape == (6, 8, 1)

    @pytest.mark.parametrize(
        "source, message",
        [
            (np.zeros((5, 4)), r"`source` must have shape .*\(5, 4\)"),
            (np.zeros((5, 4, 4, 2)), r"`source` must have shape"),
            (np.zeros((0, 4, 4, 1)), r"`source` must have shape"),
            (np.full((5, 4, 4, 1), 255.0), r"`source` must hold .* from 255.0 to 255.0"),
            (np.full((5, 4, 4, 1), -2.0), r"`source` must hold .* from -2.0"),
            (np.full((5, 4, 4, 1), np.nan), r"`source` must hold .* finite"),
            (np.zeros((5, 4, 4, 1), "int64"), r"`source` must hold .*int64"),
            (np.full((5, 4, 4, 1), None), r"`source` must hold .*Received: object$"),
            ((images_of(5), np.arange(4)), r"`source` must have one integer label"),
            ((images_of(5), np.ones(5)), r"`source` must have one integer label .*float64"),
        ],
    )
    def test_bad_arrays_are_refused(self, source, message):
        with pytest.raises(ValueError, match=message):
            load(source, batch_size=1)

    @pytest.mark.parametrize("source", [None, 3, [1, 2], (1, 2, 3)])
    def test_other_kinds_are_refused(self, source):
        with pytest.raises(TypeError, match="`source` must be a name, a folder, an array"):
            load(source)

    def test_labels_that_are_not_there_are_refused(self):
        with pytest.raises(ValueError, match="`source` must have classes where `labels` is True"):
            load(images_of(), batch_size=1, labels=True)

    @pytest.mark.parametrize("first", [-1, -5, 2**31])
    def test_labels_that_count_nothing_are_refused(self, first):
        labels = first + np.arange(10)
        with pytest.raises(ValueError, match=f"`source` must have labels .*labels {first} to"):
            load((images_of(), labels), batch_size=1)

    def test_labels_where_there_are_any(self):
        images = images_of()
        without, info = load(images, batch_size=1, labels=None)
        assert without.element_spec.shape == (1, *info.image_shape)
        having, _ = load((images, np.arange(len(images))), batch_size=1, labels=None)
        assert having.element_spec[1].shape == (1,)


class TestImageSize:
    @pytest.mark.parametrize(
        "size, expected", [(4, (4, 4)), ((3, 8), (3, 8)), ([12, 16], (12, 16))]
    )
    def test_images_are_resized(self, size, expected):
        dataset, info = load(images_of(channels=3), batch_size=10, image_size=size)
        assert info.image_shape == (*expected, 3)
        assert dataset.element_spec.shape == (10, *expected, 3)
        x = all_of(dataset)
        assert x.shape == (10, *expected, 3)
        assert np.abs(x).max() <= 1

    def test_the_center_is_cut_before_resizing(self):
        images = np.full((1, 8, 16, 1), -1.0)
        images[:, :, 4:12] = 1.0
        x = all_of(load(images, batch_size=1, image_size=4)[0])
        np.testing.assert_allclose(x, np.ones((1, 4, 4, 1)), atol=1e-6)

    def test_shrinking_averages(self):
        stripes = np.full((1, 16, 16, 1), -1.0)
        stripes[:, :, ::4] = 1.0
        x = all_of(load(stripes, batch_size=1, image_size=4)[0])
        np.testing.assert_allclose(x, np.full((1, 4, 4, 1), -0.5), atol=0.15)

    @pytest.mark.parametrize(
        "size, error", [(0, ValueError), ((4, 4, 4), ValueError), (2.5, TypeError)]
    )
    def test_bad_sizes_are_named(self, size, error):
        with pytest.raises(error, match="`image_size` must be"):
            load(images_of(), batch_size=1, image_size=size)


def draw_pictures(folder, colors, size=(12, 10)):
    folder.mkdir(parents=True, exist_ok=True)
    for i, color in enumerate(colors):
        Image.new("RGB", (size[0] + i, size[1]), color).save(folder / f"{i}.png")


def draw_noise(path, size=(12, 10), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(len(path.name)).integers(0, 256, (*size, 3), "uint8")
    Image.fromarray(pixels).save(path, **options)


class TestFolders:
    @pytest.mark.parametrize("classes", [("",), ("b", "a", "a-b")])
    def test_are_read_in_the_order_of_keras(self, tmp_path, classes):
        names = ["2.png", "10.png", "a.jpg", "a/z.jpeg", "a/b/c.bmp", "a-b/c.GIF", "Ünicode ☃.PNG"]
        for i, name in enumerate(names):
            for place in classes:
                draw_noise(tmp_path / "pictures" / place / name, (9 + i, 20 - 2 * i))
        if classes == ("",):
            for name in ("a", "a-b"):  # the deeper ones would make classes
                shutil.rmtree(tmp_path / "pictures" / name)
        labels = len(classes) > 1
        expected = keras.utils.image_dataset_from_directory(
            tmp_path / "pictures",
            labels="inferred" if labels else None,
            label_mode="int" if labels else None,
            batch_size=None,
            image_size=(7, 5),
            shuffle=False,
            verbose=False,
        )
        num = len(expected.file_paths)
        assert num == (21 if labels else 4)
        dataset, info = load(
            tmp_path / "pictures", batch_size=num, image_size=(7, 5), labels=labels, shuffle=False
        )
        found = all_of(dataset)
        pictures = [np.asarray(Image.open(p).convert("RGB")) for p in expected.file_paths]
        if labels:
            found, found_labels = found
            np.testing.assert_array_equal(
                found_labels, [label for _, label in expected.as_numpy_iterator()]
            )
        for image, pixels in zip(found, pictures, strict=True):
            expected = look.resized(tf.constant(pixels / np.float32(127.5) - 1), (7, 5))
            np.testing.assert_array_equal(image, expected)
        assert (info.num_examples, info.num_classes) == (num, 3 if labels else None)

    def test_of_pictures(self, tmp_path):
        draw_pictures(tmp_path, ["red", "lime", "blue"])
        dataset, info = load(tmp_path, batch_size=3, image_size=(4, 6), shuffle=False)
        x = to_uint8(all_of(dataset))
        expected = 255 * np.eye(3)[:, None, None] * np.ones((3, 4, 6, 3))
        np.testing.assert_array_equal(x, expected)
        assert info.image_shape == (4, 6, 3)
        assert (info.num_examples, info.num_classes) == (3, None)
        assert info.name == tmp_path.name

    def test_of_classes(self, tmp_path):
        draw_pictures(tmp_path / "cats", ["red", "red"])
        draw_pictures(tmp_path / "dogs", ["blue"])
        dataset, info = load(str(tmp_path), batch_size=3, image_size=4, labels=True, shuffle=False)
        x, y = all_of(dataset)
        np.testing.assert_array_equal(y, [0, 0, 1])
        assert y.dtype == np.int32
        np.testing.assert_array_equal(to_uint8(x)[:, 0, 0], [[255, 0, 0], [255, 0, 0], [0, 0, 255]])
        assert (info.num_examples, info.num_classes) == (3, 2)
        assert info.class_names == ("cats", "dogs")

    def test_need_an_image_size(self, tmp_path):
        with pytest.raises(ValueError, match="`image_size` must be given for a folder"):
            load(tmp_path)

    def test_without_pictures_are_refused(self, tmp_path):
        (tmp_path / "notes.txt").touch()
        (tmp_path / "folder.png").mkdir()
        with pytest.raises(ValueError, match=r"`source` must hold pictures, files that end in"):
            load(tmp_path, image_size=4)

    def test_that_are_missing_are_refused(self, tmp_path):
        for source in (tmp_path / "missing", str(tmp_path / "missing")):
            with pytest.raises(ValueError, match=r"`source` must be .*missing"):
                load(source, image_size=4)


class TestClassNames:
    """The classes of one folder can number those of another."""

    def folders(self, tmp_path):
        for color in ("blue", "lime", "red"):
            draw_pictures(tmp_path / "train" / color, [color])
        for color in ("lime", "red"):
            draw_pictures(tmp_path / "test" / color, [color])
        return tmp_path / "train", tmp_path / "test"

    def labels(self, folder, num, class_names=None):
        dataset, info = load(
            folder, batch_size=num, image_size=4, labels=True, class_names=class_names
        )
        images, labels = all_of(dataset)
        colors = [("red", "lime", "blue")[i] for i in images[:, 0, 0].argmax(axis=-1)]
        return dict(zip(colors, labels.tolist(), strict=True)), info

    def test_number_another_folder_alike(self, tmp_path):
        train, test = self.folders(tmp_path)
        expected, info = self.labels(train, 3)
        assert expected == {"blue": 0, "lime": 1, "red": 2}
        assert self.labels(test, 2)[0] == {"lime": 0, "red": 1}
        labels, info = self.labels(test, 2, info.class_names)
        assert labels == {"lime": 1, "red": 2}
        assert (info.num_classes, info.class_names) == (3, ("blue", "lime", "red"))

    def test_may_come_in_any_order(self, tmp_path):
        train, _ = self.folders(tmp_path)
        labels, info = self.labels(train, 3, ["red", "blue", "lime"])
        assert labels == {"red": 0, "blue": 1, "lime": 2}
        assert info.class_names == ("red", "blue", "lime")

    def test_that_a_folder_does_not_keep_to_are_refused(self, tmp_path):
        train, test = self.folders(tmp_path)
        with pytest.raises(ValueError, match=r"`class_names` must name all .*with others: blue$"):
            load(train, batch_size=1, image_size=4, class_names=("lime", "red"))
        with pytest.raises(ValueError, match=r"`class_names` must name all .*with none$"):
            load(test / "red", batch_size=1, image_size=4, class_names=("lime", "red"))

    def test_of_arrays(self):
        source = images_of(4), np.array([0, 1, 0, 1])
        _, info = load(source, batch_size=1, class_names=["cat", "dog", "cow"])
        assert (info.num_classes, info.class_names) == (3, ("cat", "dog", "cow"))
        assert load(source, batch_size=1)[1].class_names is None
        for bad in (images_of(4), (images_of(4), np.arange(4)), (images_of(4), np.arange(4) - 1)):
            with pytest.raises(ValueError, match="`class_names` must name the classes that"):
                load(bad, batch_size=1, class_names=["cat", "dog", "cow"])

    def test_that_a_source_has_itself_are_no_argument(self):
        for name in ("digits", "mnist"):
            with pytest.raises(ValueError, match=f"`class_names` must be None for '{name}'"):
                load(name, class_names=["cat"])

    @pytest.mark.parametrize(
        ("names", "error"), [("cat", TypeError), ([1], TypeError), ([], ValueError)]
    )
    def test_must_be_names(self, names, error):
        with pytest.raises(error, match="`class_names` must be"):
            load((images_of(4), np.zeros(4, int)), class_names=names)
        with pytest.raises(ValueError, match="different"):
            load((images_of(4), np.zeros(4, int)), class_names=["a", "a"])


class TestChannels:
    """Grey, colors or opacity: of every source alike."""

    PIXELS = np.array([[[255, 0, 0, 255], [0, 0, 255, 0]]] * 2, "uint8")  # red beside hidden blue

    @pytest.fixture(params=["array", "folder"])
    def source(self, request, tmp_path):
        if request.param == "array":
            return self.PIXELS[None]
        Image.fromarray(self.PIXELS).save(tmp_path / "a.png")
        return tmp_path

    @pytest.mark.parametrize(
        ("channels", "background", "expected"),
        [
            (1, "white", [[76], [255]]),
            (1, "black", [[76], [0]]),
            (3, "white", [[255, 0, 0], [255, 255, 255]]),
            (3, "#00ff00", [[255, 0, 0], [0, 255, 0]]),
        ],
    )
    def test_without_opacity_stand_on_the_background(self, source, channels, background, expected):
        dataset, info = load(
            source, batch_size=1, image_size=2, channels=channels, background=background
        )
        assert info.image_shape == (2, 2, channels)
        np.testing.assert_array_equal(to_uint8(all_of(dataset))[0, 0], expected)

    def test_four_keep_the_opacity(self, source):
        dataset, info = load(source, batch_size=1, image_size=2, channels=4)
        assert info.image_shape == (2, 2, 4)
        pixels = to_uint8(all_of(dataset))[0, 0]
        np.testing.assert_array_equal(pixels[0], [255, 0, 0, 255])
        assert pixels[1, 3] == 0

    def test_hidden_colors_do_not_come_out_by_resizing(self, source):
        half = all_of(load(source, batch_size=1, image_size=1, channels=4)[0])
        np.testing.assert_array_equal(to_uint8(half)[0, 0, 0], [255, 0, 0, 128])

    def test_are_added_where_there_are_fewer(self):
        for own, channels in ((1, 3), (1, 4), (3, 4)):
            images = images_of(2, own)
            dataset, info = load(images, batch_size=2, channels=channels, shuffle=False)
            assert info.image_shape == (6, 8, channels)
            found = to_uint8(all_of(dataset))
            np.testing.assert_array_equal(found[..., :3], np.broadcast_to(images, (2, 6, 8, 3)))
            np.testing.assert_array_equal(found[..., 3:], np.full((2, 6, 8, channels - 3), 255))

    def test_of_arrays_stay_unless_asked(self):
        images = images_of(2, 4)
        dataset, info = load(images, batch_size=2, shuffle=False)
        assert info.image_shape == (6, 8, 4)
        np.testing.assert_array_equal(to_uint8(all_of(dataset)), images)

    def test_of_names(self):
        dataset, info = load("digits", batch_size=100, channels=3, shuffle=False)
        assert info.image_shape == (8, 8, 3)
        images = all_of(dataset)
        np.testing.assert_array_equal(images[..., 0], images[..., 2])

    def test_others_are_refused(self):
        with pytest.raises(ValueError, match=r"`channels` must be one of \[1, 3, 4\].*=2"):
            load("digits", channels=2)
        for background in ("no color", None, 3):
            with pytest.raises(ValueError, match="`background` must be a color"):
                load("digits", background=background)


class TestResizing:
    """One way for all: what a source holds decides nothing."""

    def noise(self, side=256):
        return np.random.default_rng(0).integers(0, 256, (side, side, 3), "uint8")

    def test_folders_and_arrays_agree_and_do_not_alias(self, tmp_path):
        noise = self.noise()
        Image.fromarray(noise).save(tmp_path / "noise.png")
        of_folder, of_array = (
            all_of(load(source, batch_size=1, image_size=32)[0])
            for source in (tmp_path, noise[None])
        )
        np.testing.assert_array_equal(of_folder, of_array)
        assert of_folder.std() / 2 < 0.06  # of uniform noise, .29 before

    @pytest.mark.parametrize("channels", [1, 3])
    def test_to_the_size_that_images_have_is_left_out(self, channels):
        """As it would change nothing."""
        image = tf.constant(images_of(1, channels)[0] / np.float32(127.5) - 1)
        assert look.resized(image, (6, 8)) is image
        np.testing.assert_array_equal(look._resized_channels(image, (6, 8)), image)

    def test_does_not_depend_on_the_data_format(self):
        expected = all_of(load(self.noise()[None], batch_size=1, image_size=8)[0])
        keras.config.set_image_data_format("channels_first")
        try:
            found = all_of(load(self.noise()[None], batch_size=1, image_size=8)[0])
        finally:
            keras.config.set_image_data_format("channels_last")
        np.testing.assert_array_equal(found, expected)

    @pytest.mark.parametrize("format", ["PNG", "JPEG"])
    def test_large_pictures_are_shrunk_as_they_are_decoded(self, tmp_path, monkeypatch, format):
        from keras_gans.data import pictures

        x = np.linspace(0, 255, 640)
        picture = Image.fromarray(np.add.outer(x / 2, x / 2).astype("uint8")).convert("RGB")
        picture.crop((0, 0, 640, 320)).save(tmp_path / "a", format, quality=95)
        os.rename(tmp_path / "a", tmp_path / f"a.{format.lower()}")
        expected = all_of(load(tmp_path, batch_size=1, image_size=16)[0])
        monkeypatch.setattr(pictures, "LARGE", 1000)
        pixels = pictures.decoded(tmp_path / f"a.{format.lower()}", (16, 16))
        assert 64 <= min(pixels.shape[:2]) < 128
        found = all_of(load(tmp_path, batch_size=1, image_size=16)[0])
        np.testing.assert_allclose(found, expected, atol=0.02)


def truncated(path, **options):
    draw_noise(path, (60, 60), **options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flipped(path):
    draw_noise(path, (60, 60))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)


def linked_outside(path):
    draw_noise(path.parent.parent / "outside.png")
    path.symlink_to("../outside.png")


#: How to make what cannot be read, and what is said of it.
BAD_PICTURES = {
    "empty.png": (lambda path: path.touch(), "header cannot be read: UnidentifiedImageError"),
    "text.jpg": (lambda path: path.write_text("hello"), "header cannot be read"),
    "other.png": (lambda path: draw_noise(path, format="PCX"), "header cannot be read"),
    "half.jpg": (truncated, "pixels cannot be decoded"),
    "half.PNG": (truncated, "pixels cannot be decoded"),
    "flipped.png": (flipped, "pixels cannot be decoded"),
    "huge.png": (lambda path: Image.new("1", (10_001, 10_000)).save(path), "100,000,000 pixels"),
    "bomb.png": (lambda path: Image.new("1", (20_000, 20_000)).save(path), "DecompressionBomb"),
    "link.png": (linked_outside, "leads out of the folder"),
    "dangling.png": (lambda path: path.symlink_to("missing"), "is not a file"),
    "loop.png": (lambda path: path.symlink_to("loop.png"), "is not a file"),
    "pipe.png": (os.mkfifo, "is not a file"),
}


class TestBadPictures:
    def pictures(self, tmp_path, *bad):
        folder = tmp_path / "pictures"
        draw_pictures(folder, ["red", "lime"])
        for name in bad:
            BAD_PICTURES[name][0](folder / name)
        return folder

    @pytest.mark.parametrize("name", BAD_PICTURES)
    def test_are_refused_or_left_out_as_asked(self, tmp_path, name):
        folder = self.pictures(tmp_path, name)
        fault = BAD_PICTURES[name][1]
        with pytest.raises(ValueError, match=f"with 1 of 3 that cannot: .*{name} .*{fault}"):
            load(folder, batch_size=2, image_size=4)
        with pytest.warns(UserWarning, match=f"^1 of 3 pictures .*left out.*{name} .*{fault}"):
            dataset, info = load(folder, batch_size=2, image_size=4, shuffle=False, on_error="skip")
        assert info.num_examples == 2
        np.testing.assert_array_equal(
            to_uint8(all_of(dataset))[:, 0, 0], [[255, 0, 0], [0, 255, 0]]
        )

    def test_a_few_of_many_are_named(self, tmp_path):
        folder = self.pictures(tmp_path, *BAD_PICTURES)
        num = len(BAD_PICTURES)
        with pytest.warns(UserWarning, match=rf"^{num} of {num + 2} .*, …$") as caught:
            _, info = load(folder, batch_size=2, image_size=4, on_error="skip")
        assert info.num_examples == 2
        (warning,) = caught
        assert str(warning.message).count("(") == 3
        assert warning.filename == __file__

    def test_that_are_no_kind_of_picture_are_left_out_with_a_warning(self, tmp_path):
        draw_pictures(tmp_path / "cats", ["red"])
        for name in ("cats/a.heic", "cats/deep/b.svg", "notes.txt", ".hidden"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        with pytest.warns(UserWarning, match=r"^3 files .*/notes\.txt, .*/cats/a\.heic, .*b\.svg$"):
            _, info = load(tmp_path, batch_size=1, image_size=4)
        assert (info.num_examples, info.class_names) == (1, ("cats",))

    def test_are_missed_in_empty_sub_folders(self, tmp_path):
        draw_pictures(tmp_path / "cats", ["red"])
        draw_pictures(tmp_path / "dogs", ["blue"])
        (tmp_path / "cows" / "deep").mkdir(parents=True)
        with pytest.warns(
            UserWarning, match=r"^1 sub-folders .* hold no pictures: cows$"
        ) as caught:
            dataset, info = load(tmp_path, batch_size=2, image_size=4, labels=True, shuffle=False)
        assert caught[0].filename == __file__
        assert (info.num_classes, info.class_names) == (2, ("cats", "dogs"))
        np.testing.assert_array_equal(all_of(dataset)[1], [0, 1])

    def test_beside_empty_sub_folders_have_no_classes(self, tmp_path):
        draw_pictures(tmp_path, ["red"])
        (tmp_path / "samples").mkdir()
        with pytest.warns(UserWarning, match=r"^1 sub-folders .* no pictures: samples$"):
            _, info = load(tmp_path, batch_size=1, image_size=4)
        assert (info.num_examples, info.num_classes, info.class_names) == (1, None, None)

    @pytest.mark.parametrize("on_error", ["raise", "skip"])
    def test_beside_the_classes_are_left_out_with_a_warning(self, tmp_path, on_error):
        draw_pictures(tmp_path, ["red", "lime"])
        draw_pictures(tmp_path / "cats", ["red"])
        with pytest.warns(UserWarning, match="^2 pictures .* beside its sub-folders") as caught:
            _, info = load(tmp_path, batch_size=1, image_size=4, on_error=on_error)
        assert caught[0].filename == __file__
        assert (info.num_examples, info.num_classes) == (1, 1)

    def test_in_folders_that_cannot_be_read_are_not_overlooked(self, tmp_path, monkeypatch):
        draw_pictures(tmp_path / "cats", ["red", "red"])
        draw_pictures(tmp_path / "cats" / "deep", ["red", "red"])
        scandir, access = os.scandir, os.access
        deep = str(tmp_path / "cats" / "deep")

        def closed(path):
            if str(path) == deep:
                raise PermissionError(13, "Permission denied", deep)
            return scandir(path)

        monkeypatch.setattr(os, "scandir", closed)
        monkeypatch.setattr(os, "access", lambda path, mode: path != deep and access(path, mode))
        with pytest.raises(ValueError, match=r"1 of 3 .*deep \(it is a folder that cannot be read"):
            load(tmp_path, batch_size=2, image_size=4)

    def test_leave_the_classes_as_they_are(self, tmp_path):
        draw_pictures(tmp_path / "cats", ["red", "red"])
        (tmp_path / "cows").mkdir()
        (tmp_path / "cows" / "0.png").touch()
        draw_pictures(tmp_path / "dogs", ["blue"])
        with pytest.warns(UserWarning, match="1 of 4 pictures"):
            dataset, info = load(
                tmp_path, batch_size=3, image_size=4, labels=True, on_error="skip", seed=0
            )
        images, labels = all_of(dataset)
        assert (info.num_examples, info.num_classes) == (3, 3)
        np.testing.assert_array_equal(to_uint8(images)[:, 0, 0, 2] == 255, labels == 2)
        assert sorted(labels) == [0, 0, 2]

    def test_alone_are_refused_even_if_skipped(self, tmp_path):
        (tmp_path / "empty.png").touch()
        with (
            pytest.warns(UserWarning, match="1 of 1 pictures"),
            pytest.raises(ValueError, match="without any that can be read"),
        ):
            load(tmp_path, batch_size=1, image_size=4, on_error="skip")

    @pytest.mark.parametrize("on_error", ["raise", "skip"])
    def test_good_ones_are_no_cause_to_warn(self, tmp_path, on_error, recwarn):
        draw_pictures(tmp_path, ["red", "lime"])
        (tmp_path / "again.png").symlink_to("0.png")
        damaged_exif = b"Exif\0\0MM\0\x2a\0\0\xff\xff"
        Image.new("RGB", (4, 4)).save(tmp_path / "b.jpg", exif=damaged_exif)
        _, info = load(tmp_path, batch_size=2, image_size=4, on_error=on_error)
        assert info.num_examples == 4
        assert not [w for w in recwarn if "pictures" in str(w.message) or "EXIF" in str(w.message)]

    def test_the_pixels_of_the_frame_that_is_shown_count(self, tmp_path, monkeypatch):
        from keras_gans.data import pictures

        draw_pictures(tmp_path, ["red"], (10, 10))
        frames = [Image.new("L", (10, 10), gray) for gray in range(5)]
        frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
        monkeypatch.setattr(pictures, "MAX_PIXELS", 100)
        assert load(tmp_path, batch_size=1, image_size=4)[1].num_examples == 2
        monkeypatch.setattr(pictures, "MAX_PIXELS", 99)
        with pytest.raises(ValueError, match=r"film\.gif \(it has more than 99 pixels"):
            load(tmp_path, batch_size=1, image_size=4)

    def test_hidden_files_and_folders_are_no_pictures(self, tmp_path):
        draw_pictures(tmp_path, ["red", "lime"])
        (tmp_path / "._0.png").write_bytes(b"what macOS leaves in archives")
        draw_pictures(tmp_path / ".thumbnails", ["blue"])
        _, info = load(tmp_path, batch_size=2, image_size=4)
        assert (info.num_examples, info.num_classes) == (2, None)
        draw_pictures(tmp_path / "cats", ["red"])
        draw_pictures(tmp_path / "cats" / ".thumbnails", ["blue"])
        _, info = load(tmp_path / "cats", batch_size=1, image_size=4)
        assert (info.num_examples, info.num_classes) == (1, None)
        for name in ("0.png", "1.png"):
            (tmp_path / name).unlink()
        _, info = load(tmp_path, batch_size=1, image_size=4)
        assert (info.num_examples, info.num_classes) == (1, 1)

    def test_classes_that_lead_out_of_the_folder_are_refused(self, tmp_path):
        draw_pictures(tmp_path / "outside", ["red"])
        draw_pictures(tmp_path / "pictures" / "cats", ["red"])
        (tmp_path / "pictures" / "dogs").symlink_to("../outside")
        with pytest.raises(ValueError, match=r"sub-folders itself. .*dogs', which leads out"):
            load(tmp_path / "pictures", batch_size=1, image_size=4, on_error="skip")
        (tmp_path / "link").symlink_to("pictures/cats")
        assert load(tmp_path / "link", batch_size=1, image_size=4)[1].num_examples == 1

    def test_names_need_not_be_utf_8(self, tmp_path):
        draw_pictures(tmp_path, ["red"])
        os.rename(tmp_path / "0.png", os.fsencode(tmp_path) + b"/\xff.png")
        dataset, _ = load(tmp_path, batch_size=1, image_size=4)
        np.testing.assert_array_equal(to_uint8(all_of(dataset))[0, 0, 0], [255, 0, 0])

    @pytest.mark.parametrize(
        "mode, name",
        [
            ("CMYK", "a.jpg"),
            ("L", "a.jpg"),
            ("L", "a.bmp"),
            ("1", "a.png"),
            ("P", "a.png"),
            ("LA", "a.png"),
            ("RGBA", "a.png"),
            ("I;16", "a.png"),
            ("P", "a.gif"),
        ],
    )
    def test_pictures_of_any_mode_are_good(self, tmp_path, mode, name):
        white = Image.new("L", (8, 8), 255)
        if mode == "I;16":
            white = Image.fromarray(np.full((8, 8), 65535, "uint16"))
        (white if mode == "I;16" else white.convert("RGB").convert(mode)).save(tmp_path / name)
        dataset, _ = load(tmp_path, batch_size=1, image_size=4)
        np.testing.assert_array_equal(to_uint8(all_of(dataset)), np.full((1, 4, 4, 3), 255))

    @pytest.mark.parametrize("size", [(1, 3000), (3000, 1), (1, 1)])
    def test_pictures_of_any_shape_are_good(self, tmp_path, size):
        Image.new("RGB", size, "white").save(tmp_path / "a.png")
        dataset, _ = load(tmp_path, batch_size=1, image_size=4)
        np.testing.assert_array_equal(to_uint8(all_of(dataset)), np.full((1, 4, 4, 3), 255))

    def test_the_first_frame_of_an_animation_is_taken(self, tmp_path):
        frames = [Image.new("RGB", (8, 8), color) for color in ("red", "lime")]
        frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
        dataset, info = load(tmp_path, batch_size=1, image_size=4)
        assert info.num_examples == 1
        np.testing.assert_array_equal(to_uint8(all_of(dataset))[0, 0, 0], [255, 0, 0])

    def test_what_to_do_must_be_known(self):
        with pytest.raises(ValueError, match=r"`on_error` must be one of \['raise', 'skip'\]"):
            load("digits", on_error="ignore")


def no_download(self, **kwargs):
    raise ConnectionError("there is no network")


class TestNamedDatasets:
    @pytest.mark.parametrize("name", ["no_such_dataset", "no/such/folder", "two words", "a.png"])
    def test_unknown_names_are_refused(self, name):
        with pytest.raises(ValueError, match=f"`source` must be 'digits', .*source='{name}'"):
            load(name)

    def test_what_cannot_be_downloaded_says_so(self, monkeypatch):
        import tensorflow_datasets as tfds

        monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", no_download)
        with pytest.raises(OSError, match=r"'cifar10' cannot be downloaded.*there is no network"):
            load("cifar10")

    def test_without_a_network_that_is_said_at_once_and_nothing_is_left(
        self, tmp_path, monkeypatch
    ):
        """And nothing is left on the disk. TFDS alone would try for minutes."""
        import tensorflow_datasets as tfds

        def head(url, timeout):
            raise requests.ConnectionError("no route to host")

        monkeypatch.setattr(requests, "head", head)
        builder = tfds.builder("fashion_mnist", data_dir=tmp_path / "new")
        with pytest.raises(OSError, match=r"'fashion_mnist' cannot .* none in .* host .* reached"):
            named.prepared(builder, "train")
        assert list(tmp_path.iterdir()) == []

    def test_what_breaks_off_leaves_no_empty_folders(self, tmp_path, monkeypatch):
        import tensorflow_datasets as tfds

        def download_and_prepare(builder):
            for name in ("fashion_mnist/3.0.1", "downloads/extracted", "other/1.0.0"):
                (tmp_path / "new" / name).mkdir(parents=True)
            raise ConnectionError("the network is lost")

        monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", download_and_prepare)
        builder = tfds.builder("fashion_mnist", data_dir=tmp_path / "new")
        with pytest.raises(OSError, match="the network is lost"):
            named.prepared(builder, "train")
        assert [path.name for path in (tmp_path / "new").iterdir()] == ["other"]

    def test_what_holds_no_images_is_not_downloaded(self, monkeypatch):
        import tensorflow_datasets as tfds

        monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", no_download)
        with pytest.raises(ValueError, match=r"`source` must be an image dataset.*'text'"):
            load("imdb_reviews")

    def test_what_differs_in_size_needs_an_image_size(self, monkeypatch):
        import tensorflow_datasets as tfds

        monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", no_download)
        with pytest.raises(ValueError, match="`image_size` must be given for 'oxford_flowers102'"):
            load("oxford_flowers102")

    def test_any_image_dataset(self):
        import tensorflow_datasets as tfds

        with tfds.testing.mock_data(num_examples=6):
            dataset, info = load("cifar10", batch_size=3, labels=True)
            batches = list(dataset)
        assert info.image_shape == (32, 32, 3)
        assert info.num_classes == 10
        assert info.class_names == tuple("0123456789")  # the made-up data have no others
        assert len(batches) == 2
        for x, y in batches:
            assert x.shape == (3, 32, 32, 3)
            assert y.shape == (3,)
            assert x.dtype == tf.float32
            assert -1 <= np.min(x) < -0.9 and 0.9 < np.max(x) <= 1

    def test_class_names_are_known_once_the_data_are_prepared(self, monkeypatch):
        """CIFAR-10's come with the download."""
        import tensorflow_datasets as tfds

        names = ["airplane", "automobile", *map(str, range(8))]

        def prepare(builder):
            builder.info.features["label"].names = names

        with tfds.testing.mock_data(num_examples=6):
            monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", prepare)
            _, info = load("cifar10", batch_size=3)
        assert info.class_names == tuple(names)


@pytest.mark.mnist
@pytest.mark.skipif(
    not pathlib.Path(os.environ.get("TFDS_DATA_DIR", ""), "mnist").is_dir()
    or "TFDS_DATA_DIR" not in os.environ,
    reason="TFDS_DATA_DIR is not set, or holds no mnist",
)
class TestMNIST:
    @pytest.mark.parametrize(
        "split, num", [("train", 60_000), ("test", 10_000), ("test[:5%]", 500)]
    )
    def test_splits(self, split, num):
        dataset, info = load("mnist", split=split, batch_size=100)
        assert dataset.element_spec == tf.TensorSpec((100, 28, 28, 1), tf.float32)
        assert (info.num_examples, info.num_classes, info.split) == (num, 10, split)
        assert info.image_shape == (28, 28, 1)

    def test_images_and_labels(self):
        dataset, _ = load("mnist", split="test", batch_size=10_000, labels=True)
        x, y = all_of(dataset)
        assert (x.min(), x.max()) == (-1, 1)
        np.testing.assert_allclose(x.mean(), 2 * 0.1325 - 1, atol=1e-3)  # of the test images
        np.testing.assert_array_equal(
            np.bincount(y), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
        )

    def test_unknown_splits_are_refused(self):
        for split in ("validation", "test[:"):
            with pytest.raises(ValueError, match="`split` must be a split of 'mnist'"):
                load("mnist", split=split)

    def test_can_be_resized(self):
        dataset, info = load("mnist", split="test[:10]", batch_size=10, image_size=32)
        assert info.image_shape == (32, 32, 1)
        assert all_of(dataset).shape == (10, 32, 32, 1)


class TestEndlessBatches:
    def batches(self, num, **kwargs):
        images = np.linspace(-1, 1, 20, dtype="float32")[:, None, None, None] * np.ones((4, 4, 1))
        dataset, _ = load(images.astype("float32"), batch_size=6, repeat=True, **kwargs)
        return [batch[:, 0, 0, 0].tolist() for batch in dataset.take(num).as_numpy_iterator()]

    @pytest.mark.parametrize("global_seed", [0, 5])
    @pytest.mark.parametrize("skip", [0, 1, 3, 7, 300])
    def test_skipping_is_going_on(self, skip, global_seed):
        keras.utils.set_random_seed(global_seed)
        expected = self.batches(skip + 10, seed=0)[skip:]
        keras.utils.set_random_seed(global_seed + 1)
        assert self.batches(10, seed=0, skip=skip) == expected

    def test_every_round_has_an_order_of_its_own(self):
        batches = self.batches(30, seed=3)
        rounds = np.reshape(batches, (10, 18))
        assert all(len(set(numbers)) == 18 for numbers in rounds)
        assert len({tuple(numbers) for numbers in rounds}) == 10
        assert batches != self.batches(30, seed=4)

    def test_are_known_to_be_endless(self):
        dataset, _ = load("digits", repeat=True, seed=0)
        assert dataset.cardinality() == tf.data.INFINITE_CARDINALITY

    def test_without_shuffling(self):
        first, second, third, again = self.batches(4, seed=0, shuffle=False)
        assert first < second < third
        assert again == first

    def test_a_named_dataset(self):
        whole, _ = load("digits", batch_size=64, seed=1, repeat=True, labels=True)
        rest, _ = load("digits", batch_size=64, seed=1, repeat=True, labels=True, skip=30)
        expected = list(whole.skip(30).take(3).as_numpy_iterator())
        for a, b in zip(expected, rest.take(3).as_numpy_iterator(), strict=True):
            np.testing.assert_array_equal(a[0], b[0])
            np.testing.assert_array_equal(a[1], b[1])

    def test_one_round_can_begin_later(self):
        images = np.zeros((20, 4, 4, 1), "float32")
        assert load(images, batch_size=6, skip=2)[0].cardinality() == 1

    def test_bad_arguments(self):
        with pytest.raises(ValueError, match="`skip` must be an integer of at least 0"):
            load("digits", skip=-1)
