"""Trainings of workers one of which is killed, to be started again: functions of such processes."""

import functools
import json
import os

import keras
import numpy as np
import tensorflow as tf

import keras_gans as kg
from tests import killing

POINTS = np.random.default_rng(0).uniform(-1, 1, (40, 2)).astype("float32")

#: Points of a save that workers come to, and where names are not exchanged those that differ.
CHIEF = ("save", "meeting 1", "rename 1", "meeting 2", "rename 2", "rename 3", "meeting 3", "saved")
OTHER = ("save", "meeting 1", "meeting 2", "meeting 3", "saved")
WITHOUT_EXCHANGE = ("rename 2", "rename 3")


def index():
    """The number of this worker; 0 is the chief's."""
    return json.loads(os.environ["TF_CONFIG"])["task"]["index"]


@functools.cache
def strategy():
    tf.config.experimental.enable_op_determinism()
    return tf.distribute.MultiWorkerMirroredStrategy()


def train(path, *callbacks, epochs=3, shuffle=True):
    """Train, and let the chief write all numbers that come of it."""
    with strategy().scope():
        keras.utils.set_random_seed(0)
        gan = kg.models.WGANGP(
            kg.networks.mlp_generator((2,), 2, (4,)),
            kg.networks.mlp_discriminator((2,), (4,)),
            latent_dim=2,
            n_critic=1,
            ema_decay=0.9,
            seed=1,
        )
        gan.compile()
    arguments = {"batch_size": 8, "epochs": epochs, "shuffle": shuffle, "verbose": 0}
    gan.fit(POINTS, **arguments, callbacks=list(callbacks))
    if index() == 0:
        np.savez(path, *map(keras.ops.convert_to_numpy, killing.numbers(gan)))


def without_a_stop(shuffled, in_order):
    train(shuffled)
    train(in_order, shuffle=False)


def with_checkpoints(folder, path, worker=None, point=None, n=1, exchanges=True, epochs=3):
    """Train with `Checkpoint`; the worker, if any, is killed at a point of a save."""
    if index() == worker:
        killing.watch(killing.At(point, n), exchanges)
    train(path, kg.callbacks.Checkpoint(folder, every=2), epochs=epochs)


def with_backups(folder, path, worker=None):
    """Train with Keras's `BackupAndRestore`; the worker, if any, is killed before a save."""

    def end_of_epoch(epoch, logs):
        if index() == worker and epoch == 1:
            killing.kill()

    killed = keras.callbacks.LambdaCallback(on_epoch_end=end_of_epoch)
    backup = keras.callbacks.BackupAndRestore(folder, delete_checkpoint=False)
    train(path, killed, backup, shuffle=False)
