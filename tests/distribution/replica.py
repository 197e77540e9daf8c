"""Train and evaluate every model that has tests, on some replicas, and write down what came of it.

    python -m tests.distribution.replica OUTPUT REPLICAS [NAME ...] [--seed SEED]
        [--runs FOLDER [--stop STEP]]

`REPLICAS` are those of this process; TF_CONFIG names the other workers, if any. With 0 replicas
there is no strategy. In `FOLDER` are checkpoints, from which a training that was stopped after a
step goes on: its logs are those of the last epoch alone.
"""

import argparse
import importlib
import os
import pathlib

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.distribute.collective_all_reduce_strategy import CollectiveAllReduceExtended

import keras_gans as kg
from tests.shared import ModelTests


class BatchCoupled(ModelTests):
    """Layers and a technique that look at all examples of a batch; used here alone."""

    examples = kg.data.ring_of_gaussians().sample(64, seed=0)

    def make_model(self):
        discriminator = [
            keras.Input((2,)),
            keras.layers.Dense(8, activation="relu"),
            kg.layers.MinibatchDiscrimination(2, 3),
            kg.layers.MinibatchStdDev(group_size=4),
            keras.layers.BatchNormalization(synchronized=True),
            keras.layers.Dense(1),
        ]
        return kg.models.GAN(
            kg.networks.mlp_generator((2,), 3, (8,), normalization="batch"),
            keras.Sequential(discriminator),
            latent_dim=3,
            seed=1,
            techniques=[kg.techniques.ExperienceReplay(capacity=12)],
        )


class LayersOfKeras(ModelTests):
    """Noise and statistics of layers that know nothing of replicas, and convolutions."""

    examples = np.random.default_rng(0).uniform(-1, 1, (64, 4, 4, 1)).astype("float32")

    def make_model(self):
        generator = [
            keras.Input((3,)),
            keras.layers.Dense(16),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.2),
            keras.layers.Reshape((4, 4, 1)),
        ]
        discriminator = [
            keras.Input((4, 4, 1)),
            keras.layers.GaussianNoise(0.1),
            keras.layers.Conv2D(2, 3, activation="relu"),
            keras.layers.SpatialDropout2D(0.2),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
        return kg.models.GAN(
            keras.Sequential(generator), keras.Sequential(discriminator), latent_dim=3, seed=1
        )


def cases():
    """Every subclass of `ModelTests`, by name."""
    for path in sorted((pathlib.Path(__file__).parents[1] / "models").glob("test_*.py")):
        importlib.import_module(f"tests.models.{path.stem}")
    return {case.__name__.removeprefix("Test"): case() for case in ModelTests.__subclasses__()}


def make_strategy(replicas):
    if not replicas:
        return tf.distribute.get_strategy()
    cpus = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(
        cpus[0], [tf.config.LogicalDeviceConfiguration()] * replicas
    )
    devices = [f"CPU:{i}" for i in range(replicas)]
    if "TF_CONFIG" not in os.environ:
        return tf.distribute.MirroredStrategy(devices)
    # TensorFlow gives a worker as many replicas as it has GPUs, but one only if it has CPUs.
    CollectiveAllReduceExtended._initialize_local_devices = lambda self, resolver, worker: (
        tuple(f"{worker}/device:{device}" for device in devices),
        "CPU",
    )
    return tf.distribute.MultiWorkerMirroredStrategy()


class Stop(keras.callbacks.Callback):
    """End training after a step."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 == self.step:
            self.model.stop_training = True


def train(case, strategy, folder=None, stop=None, seed=0):
    """Return weights and logs of two epochs and an evaluation, by name.

    The last batch of the evaluation is a single example.
    """
    callbacks = [kg.callbacks.Checkpoint(folder)] if folder else []
    if stop is not None:
        callbacks.insert(0, Stop(stop))
    keras.utils.set_random_seed(seed)
    with strategy.scope():
        model = case.sgd(case.make_model())
    logs = case.fit(model, epochs=2, shuffle=True, callbacks=callbacks).history
    x, y = (part if part is None else part[: 1 - case.batch_size] for part in case.unpacked())
    tested = model.evaluate(x, y, batch_size=case.batch_size, verbose=0, return_dict=True)
    found = {f"{i} {w.path}": keras.ops.convert_to_numpy(w) for i, w in enumerate(model.weights)}
    found |= {f"log {name}": values[-1:] if folder else values for name, values in logs.items()}
    found |= {f"test {name}": value for name, value in tested.items()}
    keras.utils.clear_session(free_memory=False)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("output")
    parser.add_argument("replicas", type=int)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--runs", type=pathlib.Path)
    parser.add_argument("--stop", type=int)
    parser.add_argument(
        "--seed", type=int, default=0, help="of weights and of the order of the data"
    )
    options = parser.parse_args()
    tf.config.experimental.enable_op_determinism()
    strategy = make_strategy(options.replicas)
    results = {}
    for name in options.names or cases():
        folder = options.runs and options.runs / name
        found = train(cases()[name], strategy, folder, options.stop, options.seed)
        results |= {f"{name} {k}": v for k, v in found.items()}
    if strategy.extended.should_checkpoint:
        np.savez(
            options.output, **{name.replace("/", "|"): value for name, value in results.items()}
        )


if __name__ == "__main__":
    main()
