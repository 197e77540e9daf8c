"""What workers do besides training steps, as one of two: each claim is a function with asserts.

    python -m tests.distribution.worker FOLDER [CLAIM ...]

`FOLDER` is shared; `own` is a folder of this worker alone.
"""

import pathlib
import random
import sys

import keras
import numpy as np
import tensorflow as tf

import keras_gans as kg
from keras_gans import _replicas
from tests.shared import assert_same_weights

IMAGES = np.random.default_rng(0).uniform(-1, 1, (40, 8, 8, 1)).astype("float32")
STEPS = 5
BATCH_SIZE = 4


def make(strategy, **arguments):
    keras.utils.set_random_seed(0)
    with strategy.scope():
        gan = kg.models.WGANGP(
            kg.networks.mlp_generator((8, 8, 1), 4, (8,)),
            kg.networks.mlp_discriminator((8, 8, 1), (8,)),
            latent_dim=4,
            n_critic=2,
            seed=1,
        )
        optimizers = [keras.optimizers.SGD(1e-3), keras.optimizers.SGD(1e-3)]
        gan.compile(*optimizers, **arguments)
    return gan


def fit(gan, *callbacks, **kwargs):
    kwargs = {"batch_size": BATCH_SIZE, "verbose": 0, "callbacks": list(callbacks), **kwargs}
    return gan.fit(IMAGES, **kwargs).history


def is_chief(strategy):
    return strategy.extended.should_checkpoint


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def callbacks_write_on_the_chief(strategy, shared, own):
    gan = make(strategy)
    fit(
        gan,
        kg.callbacks.SampleGrid(own, num=4, tensorboard=own / "tensorboard"),
        kg.callbacks.LatentInterpolation(own / "paths", num=2, steps=3),
        kg.callbacks.Report(own / "report.html", num=4),
        keras.callbacks.ModelCheckpoint(own / "best.keras", "d_loss", mode="min"),
        epochs=2,
    )
    written = [
        "animation.gif",
        "best.keras",
        "epoch_0001.png",
        "epoch_0002.png",
        *(f"paths/epoch_000{i}.{kind}" for i in (1, 2) for kind in ("gif", "png")),
        "report.html",
    ]
    found = [name for name in names(own) if not name.startswith("tensorboard")]
    assert found == (written if is_chief(strategy) else []), found


def all_read_what_the_chief_saved_and_train_on(strategy, shared, own):
    alone, gan = make(tf.distribute.get_strategy()), make(strategy)
    for model in (alone, gan):
        fit(model)
    gan.save(shared / "model.keras")
    gan.save_weights(shared / "model.weights.h5")
    gan.export(shared / "saved_model")
    with strategy.scope():
        loaded = keras.models.load_model(shared / "model.keras")
    read = make(strategy)
    read.load_weights(shared / "model.weights.h5")
    for model in (alone, gan, loaded, read):
        fit(model)
    assert_same_weights(gan, loaded)
    assert_same_weights(gan, read)
    assert_same_weights(alone, gan, rtol=1e-5, atol=1e-6)
    served = kg.load(shared / "saved_model").sample(3, seed=0)
    assert served.shape == (3, 8, 8, 1)
    gan.save_to_preset(shared / "preset")
    again = kg.models.from_preset(shared / "preset")
    np.testing.assert_allclose(again.sample(3, seed=0), gan.sample(3, seed=0), atol=5e-3)
    try:
        gan.save_weights(shared / "shards.weights.json", max_shard_size=1)
    except ValueError as error:
        assert "`max_shard_size` must be None" in str(error)
    else:
        raise AssertionError("workers write shards over each other")


def a_run_is_restored_at_its_epoch(strategy, shared, own):
    (shared / "backup").mkdir(exist_ok=True)  # Keras's workers would fall over each other

    def backup():
        return keras.callbacks.BackupAndRestore(shared / "backup", delete_checkpoint=False)

    whole, gan, again = make(strategy), make(strategy), make(strategy)
    fit(whole, epochs=3, shuffle=False)
    fit(gan, backup(), epochs=2, shuffle=False)
    history = fit(again, backup(), epochs=3, shuffle=False)
    assert len(history["d_loss"]) == 1
    assert_same_weights(whole, again)


def several_steps_at_once_are_the_same_steps(strategy, shared, own):
    one, three = make(strategy), make(strategy, steps_per_execution=3)
    logs = [fit(gan, epochs=2, validation_data=IMAGES) for gan in (one, three)]
    assert three.g_optimizer.iterations.numpy() == 2 * STEPS
    assert_same_weights(one, three, rtol=1e-5, atol=1e-7)
    for name, values in logs[0].items():
        np.testing.assert_allclose(logs[1][name], values, rtol=1e-4, atol=1e-6, err_msg=name)


def half_precision_trains(strategy, shared, own):
    expected = fit(make(strategy))
    for policy in ("mixed_bfloat16", "mixed_float16"):
        keras.config.set_dtype_policy(policy)
        for name, values in fit(make(strategy)).items():
            np.testing.assert_allclose(values, expected[name], rtol=0.1, atol=0.05)
    keras.config.set_dtype_policy("float32")


def divergence_stops_all(strategy, shared, own):
    callback = kg.callbacks.TerminateOnNaN()
    gan = make(strategy)
    gan.discriminator.layers[-1].bias.assign([np.inf])
    fit(gan, callback)
    assert callback.message.startswith("Step 1: ")
    assert gan.g_optimizer.iterations.numpy() == 1


def metrics_of_a_model_are_those_of_one_process(strategy, shared, own):
    results = []
    for each in (tf.distribute.get_strategy(), strategy):
        with each.scope():
            pixels = keras.layers.Flatten()
            metrics = [kg.metrics.FrechetDistance(feature_extractor=pixels)]
        gan = make(each, metrics=metrics)
        results.append(gan.evaluate(IMAGES, batch_size=8, verbose=0, return_dict=True))
    assert set(results[0]) > set(gan.loss_names)
    for name, value in results[0].items():
        np.testing.assert_allclose(results[1][name], value, rtol=1e-4, err_msg=name)


def numbers(strategy, dataset):
    """What this worker reads of an epoch, step by step: the first pixels of its images."""
    steps = strategy.experimental_distribute_dataset(dataset)
    batches = [strategy.experimental_local_results(step)[0].numpy() for step in steps]
    return [np.rint(batch[:, 0, 0, 0] * 100).astype(int).tolist() for batch in batches]


def all_workers(strategy, folder, values):
    """The values of all workers, joined."""
    np.save(folder / f"{strategy.cluster_resolver.task_id}.npy", values)
    _replicas.wait_for_all(strategy)
    return np.concatenate([np.load(path) for path in folder.glob("*.npy")]).tolist()


def data_is_shared_without_gaps(strategy, shared, own):
    images = (np.arange(48) / 100)[:, None, None, None] * np.ones((4, 4, 1))
    random.seed(strategy.cluster_resolver.task_id)
    for per_worker in (False, True):
        with strategy.scope():
            dataset, info = kg.data.load(images, batch_size=8, per_worker=per_worker)
        assert info.num_examples == 48
        steps = numbers(strategy, dataset)
        assert [len(step) for step in steps] == [4] * 6
        folder = shared / str(per_worker)
        folder.mkdir(exist_ok=True)
        assert sorted(all_workers(strategy, folder, np.concatenate(steps))) == list(range(48))
        if per_worker:
            assert len({number % 2 for step in steps for number in step}) == 1


def rounds_of_ones_own_data_go_on_where_they_stopped(strategy, shared, own):
    images = (np.arange(36) / 100)[:, None, None, None] * np.ones((4, 4, 1))

    def steps(skip):
        arguments = {"seed": 0, "repeat": True, "skip": skip, "per_worker": True}
        with strategy.scope():
            dataset, _ = kg.data.load(images, batch_size=8, **arguments)
        return numbers(strategy, dataset.take(10))

    assert steps(0)[7:] == steps(7)[:13]


def workers_that_cannot_agree_are_refused(strategy, shared, own):
    for load in (kg.data.load, kg.data.load_text):
        source = "digits" if load is kg.data.load else "to be or not to be " * 100
        try:
            load(source)
        except ValueError as error:
            assert "`seed` must be given" in str(error)
        else:
            raise AssertionError("it shuffles on each worker in another way")
        load(source, seed=0)


CLAIMS = [
    callbacks_write_on_the_chief,
    all_read_what_the_chief_saved_and_train_on,
    a_run_is_restored_at_its_epoch,
    several_steps_at_once_are_the_same_steps,
    half_precision_trains,
    divergence_stops_all,
    metrics_of_a_model_are_those_of_one_process,
    data_is_shared_without_gaps,
    rounds_of_ones_own_data_go_on_where_they_stopped,
    workers_that_cannot_agree_are_refused,
]


def main(folder, *names):
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    tf.config.experimental.enable_op_determinism()
    for claim in CLAIMS:
        if names and claim.__name__ not in names:
            continue
        shared = pathlib.Path(folder) / claim.__name__ / "shared"
        own = shared.with_name(f"worker_{strategy.cluster_resolver.task_id}")
        for path in (shared, own):
            path.mkdir(parents=True, exist_ok=True)
        claim(strategy, shared, own)
        print(f"{claim.__name__} holds", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
