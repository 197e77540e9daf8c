"""What several benchmarks need to train: data as arrays, schedules, budgets, rounds."""

import json
import os
import pathlib
import time

import keras
import numpy as np
import tensorflow as tf

import keras_gans as kg

#: Steps by which the time of one is measured.
TIMED_STEPS = 48


@keras.saving.register_keras_serializable(package="benchmarks")
class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A constant learning rate, then a straight line to zero over the second half."""

    def __init__(self, learning_rate, steps):
        self.learning_rate = learning_rate
        self.steps = steps

    def __call__(self, step):
        remaining = 1 - tf.cast(step, "float32") / self.steps
        return self.learning_rate * tf.clip_by_value(2 * remaining, 0.0, 1.0)

    def get_config(self):
        return {"learning_rate": self.learning_rate, "steps": self.steps}


def cosine_adam(learning_rate, steps):
    """Adam without momentum, whose learning rate falls to nearly zero as half a cosine."""
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps, alpha=0.02)
    return keras.optimizers.Adam(schedule, beta_1=0.0, beta_2=0.99)


def cosine_adams(learning_rate, steps, n_critic=1):
    """What a GAN of two players is compiled with: `cosine_adam` for each, over its own updates."""
    return {
        "g_optimizer": cosine_adam(learning_rate, steps),
        "d_optimizer": cosine_adam(learning_rate, n_critic * steps),
    }


def mnist(split):
    """All images and labels of a split, in the order of the dataset."""
    return images_and_labels("mnist", split)


def images_and_labels(name, split):
    """All images and labels of a split of a dataset, in its order."""
    batches, _ = kg.data.load(name, split, batch_size=1000, labels=True, shuffle=False)
    images, labels = zip(*batches.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def minutes_of_two_cores():
    """The process's time on two cores: half of its CPU time, whatever else these cores do."""
    return time.process_time() / 120


def steps_within(minutes, make, batches, folder):
    """How many steps take so many minutes of two cores, as measured when a run was begun.

    Args:
        minutes: Number.
        make: Function of a number of steps that returns a compiled model, to be thrown away.
        batches: Endless dataset.
        folder: Path of the run's folder, where the number is kept for when the run goes on.
    """
    plan = pathlib.Path(folder) / "plan.json"
    if plan.exists():
        return json.loads(plan.read_text())["steps"]
    model = make(1000)
    model.fit(batches, steps_per_epoch=2, verbose=0)  # which compiles the step
    start = minutes_of_two_cores()
    model.fit(batches, steps_per_epoch=TIMED_STEPS, verbose=0)
    minutes_a_step = (minutes_of_two_cores() - start) / TIMED_STEPS
    steps = max(int(minutes / minutes_a_step), 1)
    _write(plan, {"steps": steps, "milliseconds_a_step": 60_000 * minutes_a_step})
    return steps


def train_in_rounds(model, x, steps, rounds, folder, measure, options):
    """Train, measuring after each of some rounds; a run that was stopped goes on.

    Args:
        model: Compiled model.
        x: Endless dataset whose order follows from a seed.
        steps: Integer, of the whole run; cut to a multiple of `rounds`.
        rounds: Integer.
        folder: Path of the run's folder.
        measure: Function of the model that returns a dictionary of numbers.
        options: What makes a run another one, which is then refused: a dictionary.

    Returns:
        List of the rounds' records: `step`, `minutes` of two cores until then, losses, and what was
        measured.
    """
    found = Rounds(pathlib.Path(folder) / "rounds.json", measure)
    checkpoint = kg.callbacks.Checkpoint(folder, configuration=options)
    length = max(steps // rounds, 1)
    model.fit(x, epochs=rounds, steps_per_epoch=length, verbose=0, callbacks=[found, checkpoint])
    return found.records[:rounds]


class Rounds(keras.callbacks.Callback):
    """Measures a model after each epoch, and keeps what it finds in a file."""

    def __init__(self, path, measure):
        super().__init__()
        self.path, self.measure = path, measure
        self.records = json.loads(path.read_text()) if path.exists() else []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = minutes_of_two_cores()

    def on_epoch_end(self, epoch, logs=None):
        minutes = minutes_of_two_cores() - self.start
        del self.records[epoch:]  # of an epoch that was measured, but not kept
        before = self.records[-1] if self.records else {"step": 0, "minutes": 0}
        record = {
            "step": before["step"] + self.params["steps"],
            "minutes": round(before["minutes"] + minutes, 2),
            **self.measure(self.model),
            **{name: round(float(value), 4) for name, value in (logs or {}).items()},
        }
        print(record, flush=True)
        self.records.append(record)
        _write(self.path, self.records)


def _write(path, values):
    """Write JSON values, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(values))
    os.replace(new, path)
