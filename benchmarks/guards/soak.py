"""Soak: what a process holds while a small WGAN-GP trains for long, every callback on.

The callbacks are all of keras_gans's and those of Keras that write, restore, swap or schedule; the
model is evaluated after every epoch. At the end of each epoch the resident memory, the threads and
the open file handles of the process are counted. The first tenth of the epochs warms up; then the
median over the last tenth is compared with the median over the tenth after the warm-up: memory may
have grown by 5 %, threads and handles not at all. Otherwise the command fails.

Two things grow that are not ours, with Keras 3.15 and TensorFlow 2.21. TensorFlow keeps every
Python number that it ever made a tensor of, and Keras's `TensorBoard` makes one of every loss of
every step. Keras makes a new optimizer, of which TensorFlow keeps a part, whenever it saves one: it
looks for the attributes to leave out under `saving_attr_skiplist_…`, and stores them under
`saving_attr_skipset_…`. Both are measured beside the rest, with plain Keras; `--plug` lets go of
both after each epoch, so that what remains is ours.

    TF_NUM_INTRAOP_THREADS=1 python benchmarks/guards/soak.py
    TF_NUM_INTRAOP_THREADS=1 python benchmarks/guards/soak.py --plug

The results go to benchmarks/results/soak.json and soak_plugged.json, the curves to soak.png and
soak_plugged.png. Linux only: the counts are read from /proc.
"""

import argparse
import os
import pathlib
import statistics
import sys
import tempfile
import time

import keras
import matplotlib.pyplot as plt
import tensorflow as tf
from keras.src.backend.common import global_state
from tensorflow.python.eager import context

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from keras_gans import runs

LATENT_DIM = 16
#: How many times its value after the warm-up each count may be in the end.
BOUNDS = {"resident_mib": 1.05, "threads": 1.0, "file_handles": 1.0}


def held():
    """What this process holds now."""
    status = pathlib.Path("/proc/self/status")
    if not status.exists():
        sys.exit("The soak reads memory, threads and file handles from /proc: run it on Linux.")
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return {
        "resident_mib": int(fields["VmRSS"].split()[0]) / 1024,
        "threads": int(fields["Threads"]),
        "file_handles": len(os.listdir("/proc/self/fd")),
    }


class Recorder(keras.callbacks.Callback):
    """Count what the process holds after every epoch."""

    def __init__(self):
        super().__init__()
        self.records = []

    def on_epoch_end(self, epoch, logs=None):
        step = int(self.model.optimizer.iterations)
        self.records.append({"step": step, **held()})


class PlugLeaks(keras.callbacks.Callback):
    """Let go of what TensorFlow keeps, and put what Keras stores where it looks for it."""

    def on_epoch_end(self, epoch, logs=None):
        context.context()._clear_caches()
        for kind in ("Layer", "Functional", "Metric", "Optimizer"):
            stored = global_state.get_global_attribute(f"saving_attr_skipset_{kind}")
            if stored is not None:
                global_state.set_global_attribute(f"saving_attr_skiplist_{kind}", stored)


def every_callback(folder):
    run = runs.Run(folder / "run")
    return [
        kg.callbacks.TerminateOnNaN(run.checkpoint),
        runs.StopOnSignal(),
        kg.callbacks.SampleGrid(folder / "samples", tensorboard=folder / "samples"),
        kg.callbacks.LatentInterpolation(folder / "interpolations"),
        kg.callbacks.Checkpoint(run.folder),
        keras.callbacks.BackupAndRestore(folder / "backup"),
        keras.callbacks.CSVLogger(folder / "log.csv"),
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.99),
        keras.callbacks.ModelCheckpoint(folder / "model_checkpoint.keras"),
        keras.callbacks.SwapEMAWeights(),
        keras.callbacks.TensorBoard(folder / "tensorboard", histogram_freq=1),
    ]


@keras.saving.register_keras_serializable("soak")
def pixels(images):
    return keras.ops.reshape(images, (-1, 64))


def adam():
    return keras.optimizers.Adam(1e-4, beta_1=0.0, beta_2=0.9, use_ema=True)


def train(options, folder):
    """Train from the first step to the last, and return a record an epoch."""
    keras.utils.set_random_seed(options.seed)
    digits, info = kg.data.load("digits", batch_size=options.batch_size)
    held_out, _ = kg.data.load("digits", "test", batch_size=100, shuffle=False)
    gan = kg.models.WGANGP(
        kg.networks.dcgan_generator(info.image_shape, LATENT_DIM, options.filters),
        kg.networks.dcgan_discriminator(info.image_shape, options.filters, normalization=None),
        latent_dim=LATENT_DIM,
        n_critic=options.n_critic,
        ema_decay=0.99,
    )
    gan.compile(adam(), adam(), metrics=[kg.metrics.FrechetDistance(pixels)])
    recorder = Recorder()
    gan.fit(
        digits.repeat(),
        epochs=options.steps // options.steps_per_epoch,
        steps_per_epoch=options.steps_per_epoch,
        validation_data=held_out,
        callbacks=[*every_callback(folder), *([PlugLeaks()] if options.plug else []), recorder],
        verbose=2,
    )
    return recorder.records


def kept_elsewhere(numbers=20_000, saves=100):
    """KiB kept of each number that becomes a tensor, and of each saving of plain Keras."""
    plain = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    plain.compile("adam", "mse")
    plain.optimizer.build(plain.trainable_variables)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "plain.weights.h5"
        of_a_save = growth(lambda _: plain.save_weights(path), saves)
    return {
        "kib_of_a_number": growth(lambda i: tf.constant(i + 0.5), numbers),
        "kib_of_a_saved_optimizer": of_a_save,
    }


def growth(action, times):
    """KiB by which this process grows at each call, but for the first calls."""
    for i in range(times):
        action(i)
    before = held()["resident_mib"]
    for i in range(times, 2 * times):
        action(i)
    return (held()["resident_mib"] - before) * 1024 / times


def compare(records):
    """Each count after the warm-up and in the end: medians over a tenth of the epochs."""
    tenth = len(records) // 10
    windows = {"after_warm_up": records[tenth : 2 * tenth], "at_the_end": records[-tenth:]}
    counts = {}
    for name, bound in BOUNDS.items():
        medians = {key: statistics.median(r[name] for r in w) for key, w in windows.items()}
        ratio = medians["at_the_end"] / medians["after_warm_up"]
        counts[name] = {**medians, "ratio": ratio, "bound": bound, "holds": ratio <= bound}
    return counts


def draw(records, path):
    figure, axes = plt.subplots(3, 1, sharex=True, figsize=(8, 7), layout="constrained")
    steps = [record["step"] for record in records]
    tenth = len(records) // 10
    labels = {"resident_mib": "resident memory, MiB", "file_handles": "file handles"}
    for ax, name in zip(axes, BOUNDS, strict=True):
        values = [record[name] for record in records]
        ax.plot(steps, values, ".-", color="tab:blue")
        for first, last in ((tenth, 2 * tenth), (len(steps) - tenth, len(steps))):
            ax.axvspan(steps[first], steps[last - 1], color="0.9", zorder=0)
        ax.set(ylabel=labels.get(name, name), ylim=(0, 1.1 * max(values)))
    axes[-1].set(xlabel="steps; gray: the tenths that are compared")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--steps-per-epoch", type=int, default=200)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--filters", type=int, default=8)
    parser.add_argument("--n-critic", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plug", action="store_true", help="the leaks of Keras and TensorFlow")
    options = parser.parse_args()
    if options.steps < 20 * options.steps_per_epoch:
        parser.error("--steps must make at least 20 epochs: tenths of them are compared")

    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        records = train(options, pathlib.Path(folder))
    counts = compare(records)
    name = "soak_plugged" if options.plug else "soak"
    values = {
        "counts": counts,
        "kept_by_keras_and_tensorflow": kept_elsewhere(),
        "seconds": time.perf_counter() - start,
        "epochs": records,
    }
    results.save(name, options, values)
    draw(records, results.FOLDER / f"{name}.png")
    broken = [name for name, count in counts.items() if not count["holds"]]
    if broken:
        sys.exit(f"Error: {', '.join(broken)} grew beyond the bound.")


if __name__ == "__main__":
    main()
