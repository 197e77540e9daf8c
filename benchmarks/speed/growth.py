"""How the time of a WGAN-GP step grows, with batches, critic updates, images and replicas.

`python benchmarks/guards/speed.py growth` calls `measured` and `draw`. Replicas are logical CPUs
that share the same cores and one global batch: what grows is the price of sharing.
"""

import dataclasses
import json
import statistics
import subprocess
import sys

import keras
import numpy as np
import tensorflow as tf

import keras_gans as kg
from benchmarks.speed import devices, models
from keras_gans.data.mini_batches import interleaved_dataset


@dataclasses.dataclass(frozen=True)
class Setting:
    """A step: all but one number are those of the middle.

    Attributes:
        batch_size: Integer, examples of one mini-batch.
        n_critic: Integer, critic updates.
        side: Integer, pixels of an image's side.
        replicas: Integer, logical devices; with 0 there is no strategy.
        filters: Integer, channels next to the image.
    """

    batch_size: int = 32
    n_critic: int = 2
    side: int = 16
    replicas: int = 0
    filters: int = 8


#: What grows, in which steps, and how its axis is called.
AXES = {
    "batch_size": ((8, 16, 32, 64, 128, 256), "examples in a mini-batch"),
    "n_critic": ((1, 2, 4, 8), "critic updates in a step"),
    "side": ((8, 16, 32, 64), "side of the images in pixels"),
    "replicas": ((1, 2, 4), "replicas, of one global batch"),
}
LATENT_DIM = 32
LEAST, MOST, SECONDS = 3, 20, 1.0


def game(setting):
    """A WGAN-GP of small convolutional networks."""
    shape = (setting.side, setting.side, 1)
    gan = kg.models.WGANGP(
        kg.networks.dcgan_generator(shape, LATENT_DIM, setting.filters),
        kg.networks.dcgan_discriminator(shape, setting.filters, normalization=None),
        LATENT_DIM,
        n_critic=setting.n_critic,
        seed=0,
    )
    jit_compile = "auto" if setting.replicas else devices.jit_compile()
    gan.compile(steps_per_execution=1, jit_compile=jit_compile)
    return gan


def step_seconds(setting):
    """The median over steps."""
    if setting.replicas:
        strategy = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(setting.replicas)])
    else:
        strategy = tf.distribute.get_strategy()
    keras.utils.set_random_seed(0)
    with strategy.scope():
        gan = game(setting)
    shape = (setting.batch_size, *gan.example_shape)
    real = np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")
    batches = interleaved_dataset(
        tf.data.Dataset.from_tensors(real).repeat(), setting.n_critic, max(1, setting.replicas)
    )
    batches = iter(strategy.experimental_distribute_dataset(batches))
    gan.make_train_function()

    def take():
        return gan.train_function(batches)

    models.seconds(take)
    second = models.seconds(take)
    num = max(LEAST, min(MOST, int(SECONDS / second)))
    return statistics.median(models.seconds(take) for _ in range(num))


def logical_cpus(num):
    """Cut the CPU into as many devices, before TensorFlow has begun."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    parts = [tf.config.LogicalDeviceConfiguration()] * num
    tf.config.set_logical_device_configuration(cpu, parts)


def measured_here(name, values):
    """Seconds of a step by the number that grows, in this process."""
    return {
        value: step_seconds(dataclasses.replace(Setting(), **{name: value})) for value in values
    }


def in_process(name, values):
    """The same, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.speed.growth", name, *map(str, values)]
    done = subprocess.run(command, cwd=models.ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measured(axes=AXES):
    """Seconds of each axis, and the exponent with which they grow.

    Each number of replicas has a process, as TensorFlow takes one number of them in each.
    """
    found = {}
    for name, (values, _) in axes.items():
        parts = [[value] for value in values] if name == "replicas" else [values]
        seconds = {x: y for part in parts for x, y in in_process(name, part).items()}
        found[name] = {"seconds": seconds, "exponent": exponent(seconds)}
        print(f"{name}: exponent {found[name]['exponent']:.2f}", file=sys.stderr, flush=True)
    return found


def exponent(seconds):
    """The slope b of log(time) over log(x), by least squares: time ≈ c · xᵇ.

    What a step takes whatever its size makes it smaller than the exponent of what grows.
    """
    x, y = np.log([[float(value), second] for value, second in seconds.items()]).T
    return float(np.polyfit(x, y, 1)[0])


def draw(found, path):
    """Four panels, with the fitted lines."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

    figure, panels = plt.subplots(1, len(found), figsize=(3.6 * len(found), 3.4), squeeze=False)
    for panel, (name, of_axis) in zip(panels[0], found.items(), strict=True):
        x = np.array([float(value) for value in of_axis["seconds"]])
        milliseconds = 1000 * np.array(list(of_axis["seconds"].values()))
        b = of_axis["exponent"]
        middle = np.exp(np.mean(np.log(milliseconds)) - b * np.mean(np.log(x)))
        panel.loglog(x, middle * x**b, color="tab:orange", linewidth=1.5, label="fitted line")
        panel.loglog(x, milliseconds, "o", color="tab:blue", label="median step")
        panel.set(title=f"time ∝ x^{b:.2f}", xlabel=AXES[name][1])
        panel.set_ylim(milliseconds.min() / 1.8, milliseconds.max() * 1.8)
        panel.xaxis.set_major_locator(FixedLocator(x))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.yaxis.set_minor_locator(NullLocator())
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.grid(alpha=0.3)
    panels[0, 0].set_ylabel("one step in milliseconds")
    panels[0, 0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main():
    name, *values = sys.argv[1:]
    values = [int(value) for value in values]
    if name == "replicas":
        logical_cpus(max(values))
    else:
        devices.use_chosen()
    print(json.dumps(measured_here(name, values)))


if __name__ == "__main__":
    main()
