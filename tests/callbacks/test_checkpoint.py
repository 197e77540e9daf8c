"""A training that is stopped and started again is the training that never was stopped."""

import json
import os
import shutil
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import config

import keras_gans as kg
from keras_gans.callbacks import Checkpoint
from tests.models import every_model
from tests.shared import assert_same_weights, assert_same_weights_of_optimizers

pytestmark = pytest.mark.first_cases

X = np.random.default_rng(0).uniform(-1, 1, (70, 2)).astype("float32")
IMAGES = X.reshape(35, 2, 2, 1)


def make_gan(seed=1, n_critic=2, units=4, **arguments):
    keras.utils.set_random_seed(0)
    gan = kg.models.WGANGP(
        kg.networks.mlp_generator((2,), 2, (units,)),
        kg.networks.mlp_discriminator((2,), (units,)),
        latent_dim=2,
        n_critic=n_critic,
        ema_decay=0.9,
        seed=seed,
    )
    gan.compile(**arguments)
    return gan


def make_dcgan():
    keras.utils.set_random_seed(0)
    generator = kg.networks.mlp_generator((2, 2, 1), 2, (4,))
    gan = kg.models.GAN(generator, kg.networks.mlp_discriminator((2, 2, 1), (4,)), 2, seed=1)
    gan.compile()
    return gan


class Stop(keras.callbacks.Callback):
    """End training after some steps."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        self.step -= 1
        if self.step == 0:
            self.model.stop_training = True


class Killed(Exception):
    pass


class Kill(Stop):
    """End the process, as far as a test can, before the step has had its effects."""

    def on_train_batch_begin(self, batch, logs=None):
        if self.step == 1:
            raise Killed


class Shuffling(keras.utils.PyDataset):
    """Another order after each epoch, as Keras's own examples have."""

    def __init__(self, shuffles=True):
        super().__init__()
        self.shuffles = shuffles
        self.random, self.order = np.random.default_rng(3), np.arange(len(X))

    @property
    def num_batches(self):
        return 8

    def __getitem__(self, index):
        return X[self.order[8 * index : 8 * index + 8]]

    def on_epoch_end(self):
        if self.shuffles:
            self.order = self.random.permutation(len(X))


def endless(shuffles=False):
    dataset = Shuffling(shuffles)
    dataset_of = type(
        "Endless",
        (Shuffling,),
        {
            "num_batches": None,
            "__getitem__": lambda self, index: dataset[index % 8],
        },
    )
    return dataset_of(shuffles=False)


def dataset():
    return tf.data.Dataset.from_tensor_slices(X).shuffle(70, seed=1).batch(8)


#: What `fit` may be given, and what makes the model.
DATA = {
    "array": (lambda: {"x": X, "batch_size": 8}, make_gan),
    "array, some steps an epoch": (
        lambda: {"x": X, "batch_size": 8, "steps_per_epoch": 3},
        make_gan,
    ),
    "array in order": (lambda: {"x": X, "batch_size": 8, "shuffle": False}, make_gan),
    "dataset": (lambda: {"x": dataset()}, make_gan),
    "dataset, repeated": (lambda: {"x": dataset().repeat(), "steps_per_epoch": 5}, make_gan),
    "dataset of unknown length": (
        lambda: {"x": dataset().filter(lambda x: len(x) == 8)},
        make_gan,
    ),
    "load": (
        lambda: {"x": kg.data.load(IMAGES, batch_size=4, seed=2)[0], "steps_per_epoch": 3},
        make_dcgan,
    ),
    "load, repeated": (
        lambda: {
            "x": kg.data.load(IMAGES, batch_size=4, seed=2, repeat=True)[0],
            "steps_per_epoch": 3,
        },
        make_dcgan,
    ),
    "PyDataset": (lambda: {"x": Shuffling()}, make_gan),
    "PyDataset, some steps an epoch": (
        lambda: {"x": Shuffling(shuffles=False), "steps_per_epoch": 3},
        make_gan,
    ),
    "PyDataset, endless": (lambda: {"x": endless(), "steps_per_epoch": 3}, make_gan),
}


def assert_same(model, other):
    assert_same_weights(model, other)
    for name in model.optimizer_networks:
        assert_same_weights_of_optimizers(getattr(model, name), getattr(other, name))


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize("name", DATA)
def test_goes_on_as_if_never_stopped(name, tmp_path):
    """After a stop in an epoch, and after a crash in another one."""
    data, make = DATA[name]
    whole, folder = make(), tmp_path / "run"
    expected = whole.fit(**data(), epochs=4, verbose=0).history

    def fit(*others):
        model = make()
        callbacks = [*others, Checkpoint(folder, every=1)]
        return model, model.fit(**data(), epochs=4, verbose=0, callbacks=callbacks)

    _, history = fit(Stop(2))
    assert history.epoch == [0]
    with pytest.raises(Killed):
        fit(Kill(5))
    model, history = fit()
    assert_same(model, whole)
    assert history.epoch == list(range(history.epoch[0], 4))
    for loss, values in history.history.items():
        assert len(values) == len(history.epoch)
        assert values[-1] == expected[loss][-1]  # of an epoch that was not cut
    assert fit()[1].epoch == []


@pytest.mark.slow
def test_several_steps_at_once(tmp_path):
    whole, folder = make_gan(steps_per_execution=3), tmp_path / "run"
    data = {"x": X, "batch_size": 7, "verbose": 0, "epochs": 2}  # 5 steps an epoch
    whole.fit(**data)
    stopped, again = make_gan(steps_per_execution=3), make_gan(steps_per_execution=3)
    stopped.fit(**data, callbacks=[Stop(3), Checkpoint(folder)])
    assert int(stopped.g_optimizer.iterations) == 8
    again.fit(**data, callbacks=[Checkpoint(folder)])
    assert_same(again, whole)


@pytest.mark.parametrize("name", every_model.tiers("VAE"))
def test_every_model_goes_on(name, tmp_path):
    def make():
        keras.utils.set_random_seed(0)
        model = every_model.make(name)
        model.compile()
        return model

    def fit(model, *callbacks):
        every_model.fit(model, epochs=3, shuffle=True, callbacks=list(callbacks))
        return model

    whole = fit(make())
    fit(make(), Stop(2), Checkpoint(tmp_path / "run"))
    assert_same(fit(make(), Checkpoint(tmp_path / "run")), whole)


@pytest.mark.slow
def test_an_epoch_without_an_end(tmp_path):
    """Of `kg.data.load` again and again, which knows how to begin later."""

    def fit(gan, *callbacks):
        data = kg.data.load(IMAGES, batch_size=4, seed=2, repeat=True)[0]
        gan.fit(data, epochs=1, verbose=0, callbacks=list(callbacks))
        return gan

    whole = fit(make_dcgan(), Stop(7))
    fit(make_dcgan(), Stop(3), Checkpoint(tmp_path / "run"))
    assert_same(fit(make_dcgan(), Stop(4), Checkpoint(tmp_path / "run")), whole)


@pytest.mark.slow
def test_numbers_of_numpy(tmp_path):
    whole = make_gan()
    arguments = {"batch_size": np.int64(8), "steps_per_epoch": np.int32(3)}
    fit(tmp_path / "a", whole, epochs=2, initial_epoch=np.int64(0), **arguments)
    fit(tmp_path / "b", **arguments)
    again = make_gan()
    fit(tmp_path / "b", again, epochs=2, batch_size=8, steps_per_epoch=3)
    assert_same(again, whole)


class Steps(keras.callbacks.Callback):
    """What steps the checkpoint had been made after, at the beginning of each step."""

    def __init__(self, folder):
        super().__init__()
        self.folder, self.seen = folder, []

    def on_train_batch_begin(self, batch, logs=None):
        with zipfile.ZipFile(self.folder / "model.keras") as archive:
            self.seen.append(json.loads(archive.read("run.json"))["progress"]["steps"])


def test_checkpoints_within_an_epoch(tmp_path):
    fit(tmp_path, epochs=1)  # 4 steps
    steps = Steps(tmp_path)
    arguments = {"batch_size": 8, "epochs": 3, "verbose": 0}
    make_gan().fit(X, **arguments, callbacks=[Checkpoint(tmp_path, every=2), steps])
    assert steps.seen == [4, 4, 6, 6, 8, 8, 10, 10]


@pytest.mark.slow
def test_two_calls_of_fit_are_one_run(tmp_path):
    def train(folder, *callbacks):
        gan = make_gan()
        for first, end in ((0, 2), (2, 4)):
            arguments = {"initial_epoch": first, "epochs": end, "batch_size": 8, "verbose": 0}
            gan.fit(X, **arguments, callbacks=[*callbacks, Checkpoint(folder)])
            if gan.stop_training:
                return gan
        return gan

    whole = train(tmp_path / "whole")
    for step in (3, 10):
        folder = tmp_path / f"stopped after {step}"
        train(folder, Stop(step))
        assert_same(train(folder), whole)


def test_replicas_may_change_in_number(tmp_path, two_replicas):
    def fit(gan, *callbacks):
        return gan.fit(X, batch_size=8, epochs=3, verbose=0, callbacks=list(callbacks))

    whole, folder = make_gan(), tmp_path / "run"
    fit(whole)
    with two_replicas.scope():
        stopped = make_gan()
    fit(stopped, Stop(6), Checkpoint(folder))
    again = make_gan()
    fit(again, Checkpoint(folder))
    assert_same_weights(again, whole, rtol=1e-5, atol=1e-6)


def test_the_folder_is_that_of_the_command_line(tmp_path):
    folder = tmp_path / "run"
    gan = make_gan()
    gan.fit(X, batch_size=8, epochs=2, verbose=0, callbacks=[Checkpoint(folder)])
    found = {path.name for path in folder.iterdir()} - {".lock"}
    assert found == {"config.json", "log.csv", "model.keras", "model.previous.keras"}
    assert_same_weights(keras.models.load_model(folder / "model.keras"), gan)
    assert len((folder / "log.csv").read_text().splitlines()) == 3


def fit(folder, model=None, configuration=None, **data):
    data = {"x": X, "batch_size": 8, "epochs": 1, "verbose": 0, **data}
    model = make_gan() if model is None else model
    return model.fit(**data, callbacks=[Checkpoint(folder, configuration=configuration)])


class TestRefused:
    """Before anything is trained, and without a change in the folder."""

    @pytest.fixture
    def folder(self, tmp_path):
        fit(tmp_path / "run", configuration={"lr": 0.1})
        return tmp_path / "run"

    def refused(self, folder, match, **arguments):
        before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        with pytest.raises(ValueError, match=match):
            fit(folder, epochs=2, **arguments)
        after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        assert after == before

    @pytest.mark.parametrize(
        "arguments",
        [{"x": X[::-1]}, {"x": X[:64]}, {"batch_size": 16}, {"steps_per_epoch": 2}],
        ids=["other rows", "fewer", "batch size", "steps"],
    )
    def test_other_data(self, folder, arguments):
        match = r"`folder` must be a new folder for a new configuration: .* data="
        self.refused(folder, match, configuration={"lr": 0.1}, **arguments)

    def test_another_configuration(self, folder):
        self.refused(folder, r"lr=0\.1 \(now 0\.2\)", configuration={"lr": 0.2})

    @pytest.mark.parametrize(
        "arguments, match",
        [
            ({"seed": 2}, r"a WGANGP with seed=1 \(now 2\)"),
            ({"n_critic": 1}, r"."),
            ({"units": 8}, r"model\.keras is whole, but cannot be loaded"),
        ],
        ids=str,
    )
    def test_another_model(self, folder, arguments, match):
        self.refused(folder, match, model=make_gan(**arguments), configuration={"lr": 0.1})

    def test_the_checkpoint_of_another_run(self, folder, tmp_path):
        """Be it one of the same model, of another one, or of no run at all."""
        fit(tmp_path / "other", configuration={"lr": 0.1})
        others = [tmp_path / "other" / "model.keras", tmp_path / "plain", tmp_path / "sequential"]
        make_gan().save(others[1].with_suffix(".keras"))
        plain = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        plain.save(others[2].with_suffix(".keras"))
        for other in others:
            shutil.copy(other.with_suffix(".keras"), folder / "model.keras")
            match = (
                r"model\.keras is whole, but cannot be loaded: it is a checkpoint of another run"
            )
            self.refused(folder, match, configuration={"lr": 0.1})

    @pytest.mark.parametrize("configuration", [[], {"a": object()}, {"a": X}, 3])
    def test_configurations_that_are_no_json(self, configuration, tmp_path):
        if configuration == []:
            configuration = [1]
        with pytest.raises(TypeError, match="`configuration` must be a dictionary"):
            Checkpoint(tmp_path, configuration=configuration)

    def test_a_model_that_cannot_be_saved(self, tmp_path):
        class Own(keras.layers.Layer):
            def __init__(self, something):
                super().__init__()

            def call(self, inputs):
                return inputs

        network = keras.Sequential([keras.Input((2,)), Own(object()), keras.layers.Dense(1)])
        gan = kg.models.GAN(kg.networks.mlp_generator((2,), 2, (4,)), network, 2)
        with pytest.warns(UserWarning, match="without a config"):
            gan.compile()
        with pytest.raises(ValueError, match="`Checkpoint` needs a model that can be saved"):
            fit(tmp_path / "run", gan)
        assert not list(tmp_path.iterdir())

    def test_two_checkpoints(self, tmp_path):
        callbacks = [Checkpoint(tmp_path / "a"), Checkpoint(tmp_path / "b")]
        with pytest.raises(ValueError, match="`callbacks` must hold one that keeps checkpoints"):
            make_gan().fit(X, batch_size=8, verbose=0, callbacks=callbacks)

    def test_data_before_a_folder_is_made(self, tmp_path):
        with pytest.raises(ValueError, match="must hold"):
            fit(tmp_path / "run", x=np.zeros((20, 3), "float32"))
        assert not list(tmp_path.iterdir())


class Remove(keras.callbacks.Callback):
    """Take the folder away from a run in the middle of an epoch; let another one begin there."""

    def __init__(self, folder, other):
        super().__init__()
        self.folder, self.other = folder, other

    def on_train_batch_end(self, batch, logs=None):
        if batch == 1:
            if self.other is None:
                shutil.rmtree(self.folder)
            else:
                os.rename(self.folder, self.folder.with_name("away"))
                shutil.copytree(self.other, self.folder)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_folder_that_is_taken_away_ends_the_run(tmp_path, replaced):
    folder, other = tmp_path / "run", None
    if replaced:
        other = tmp_path / "other"
        fit(other)
    remove = Remove(folder, other)
    grid = kg.callbacks.SampleGrid(folder / "samples", num=4)
    with pytest.raises(RuntimeError, match="was removed or replaced while a run was training"):
        make_dcgan().fit(
            IMAGES, batch_size=8, verbose=0, callbacks=[remove, Checkpoint(folder), grid]
        )
    if replaced:
        kept = [path.read_bytes() for path in sorted(other.iterdir())]
        assert [path.read_bytes() for path in sorted(folder.iterdir())] == kept
    else:
        assert not folder.exists()


@pytest.mark.slow
class TestUnknownOrders:
    @pytest.mark.parametrize(
        "make, problem",
        [
            (lambda: (X[:8] for _ in range(100)), "is a generator"),
            (
                lambda: tf.data.Dataset.from_tensor_slices(X).shuffle(9).batch(8).repeat(),
                "is shuffled without a seed",
            ),
        ],
        ids=["generator", "shuffle"],
    )
    def test_are_warned_of_and_go_on(self, make, problem, tmp_path, monkeypatch):
        gan = make_gan()
        tf.random.set_seed(None)
        # Under it TensorFlow refuses to shuffle without a seed.
        monkeypatch.setattr(config, "is_op_determinism_enabled", lambda: False)
        for end in (1, 2):
            with pytest.warns(UserWarning, match=f"`x` {problem}"):
                data = make()
                history = gan.fit(
                    data,
                    epochs=end,
                    steps_per_epoch=2,
                    verbose=0,
                    callbacks=[Checkpoint(tmp_path / "run")],
                )
            assert history.epoch == [end - 1]
        assert int(gan.g_optimizer.iterations) == 4

    def test_of_load_without_a_seed(self, tmp_path):
        batches, _ = kg.data.load(IMAGES, batch_size=4, repeat=True)
        with pytest.warns(UserWarning, match="shuffled without a seed"):
            make_dcgan().fit(
                batches, steps_per_epoch=1, verbose=0, callbacks=[Checkpoint(tmp_path / "run")]
            )


@pytest.mark.slow
def test_a_checkpoint_of_an_earlier_version_is_gone_on_with(tmp_path):
    """It has no record of its run, as its configuration has no name."""
    folder, arguments = tmp_path / "run", {"steps_per_epoch": 3}
    whole = make_gan()
    fit(tmp_path / "whole", whole, epochs=3, **arguments)
    fit(folder, epochs=2, **arguments)
    config = json.loads((folder / "config.json").read_text())
    del config["run"], config["data"]
    (folder / "config.json").write_text(json.dumps(config))
    with zipfile.ZipFile(folder / "model.keras") as archive:
        members = {n: archive.read(n) for n in archive.namelist() if n != "run.json"}
    with zipfile.ZipFile(folder / "model.keras", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    again = make_gan()
    assert fit(folder, again, epochs=3, **arguments).epoch == [2]
    assert int(again.g_optimizer.iterations) == 9
