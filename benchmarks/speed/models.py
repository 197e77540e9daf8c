"""Training steps of every model of the zoo, at the sizes of its example, each in its own process.

`python benchmarks/guards/speed.py models` calls `of_all`; a model's process is
`python -m benchmarks.speed.models NAME SEED`, which prints what was found as JSON.
"""

import dataclasses
import functools
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import keras_gans as kg
from benchmarks.speed import counting, devices, plain_loops, roofline

ROOT = pathlib.Path(__file__).parents[2]
#: Seconds that a model's process may take, of which building it and its first steps are most.
LIMIT = 180
#: Steps that are timed: as many as take `SECONDS`, but no fewer than the least nor more than the
#: most; of slow steps `FEW`.
LEAST, MOST, SECONDS, SLOW, FEW = 5, 30, 1.0, 5.0, 2
PEAK_SIDE = 2048

DIGITS = kg.data.DatasetInfo("digits", (8, 8, 1), 1500, 10, "train")
MNIST = kg.data.DatasetInfo("mnist", (28, 28, 1), 60_000, 10, "train")


@dataclasses.dataclass(frozen=True)
class Case:
    """A model at the size of its example.

    Attributes:
        make: Function without arguments that returns the model, without moving averages.
        examples: Function of a model, a batch size and a random generator, to what `fit` takes as
            `(x, y)`: the examples of one step.
        batch_size: Integer, examples of one mini-batch.
        plain: Function of the model, to a plain step: see `plain_loops`. Or `None` if there is
            none, for the reason that `without` gives.
        steps: Integer, steps that are timed together, where not all steps do the same.
        shares: How often what is computed under a condition is computed, in the order of a step.
        without: String.
        counted_on: Function of the model and a batch, to one with which all shapes are known.
    """

    make: Callable
    examples: Callable
    batch_size: int
    plain: Callable | None = plain_loops.two_players
    steps: int = 1
    shares: tuple = ()
    without: str = ""
    counted_on: Callable = lambda model, batch: batch


# Examples of one step, drawn at random, as the speed does not depend on what they show


def images(model, batch_size, rng):
    num = batch_size * model.batches_per_step
    return rng.uniform(-1, 1, (num, *model.example_shape)).astype("float32"), None


def images_and_labels(model, batch_size, rng):
    num = batch_size * model.batches_per_step
    x = rng.uniform(-1, 1, (num, *model.example_spec.shape)).astype("float32")
    return x, rng.integers(0, model.num_classes, num)


def few_labels(model, batch_size, rng):
    x, y = images_and_labels(model, batch_size, rng)
    y[batch_size:] = -1
    return x, y


def patches(model, batch_size, rng):
    shape = model.discriminator.input_shape[1:]
    return rng.uniform(-1, 1, (batch_size, *shape)).astype("float32"), None


def images_of_two_domains(model, batch_size, rng):
    shapes = model.shape_of_a, model.shape_of_b
    return tuple(rng.uniform(-1, 1, (batch_size, *shape)).astype("float32") for shape in shapes)


def texts(model, batch_size, rng):
    num, length = batch_size * model.batches_per_step, model.generator.output_shape[1]
    letters = np.array(list(model.vocabulary))
    return np.array(["".join(rng.choice(letters, length)) for _ in range(num)]), None


def images_and_captions(model, batch_size, rng):
    seed = int(rng.integers(2**31))
    x, captions = kg.data.drawn_shapes(
        batch_size, image_size=model.example_shape[0], num_shapes=2, seed=seed
    )
    return np.array(x), np.array(captions)


# Models: the sizes are those of the scripts in examples/, of the dataset that each begins with


def for_images(name):
    """That of a model without an example: 28×28 images, 64 filters."""
    return getattr(kg.models, name).for_images(MNIST, filters=64, ema_decay=None)


def dcgan():
    shape = DIGITS.image_shape
    return kg.models.DCGAN(
        kg.networks.dcgan_generator(shape, 100, filters=32),
        kg.networks.dcgan_discriminator(shape, filters=32),
        latent_dim=100,
    )


def wgan_gp():
    shape = DIGITS.image_shape
    return kg.models.WGANGP(
        kg.networks.dcgan_generator(shape, 64, filters=64),
        kg.networks.dcgan_discriminator(shape, filters=64, normalization=None),
        latent_dim=64,
    )


def conditional_wgan_gp():
    shape, sizes = DIGITS.image_shape, {"filters": 32, "num_classes": 10}
    return kg.models.ConditionalWGANGP(
        kg.networks.dcgan_generator(shape, 64, **sizes),
        kg.networks.dcgan_discriminator(shape, normalization=None, **sizes),
        latent_dim=64,
    )


def vae():
    shape, hidden = DIGITS.image_shape, (256, 256)
    return kg.models.VAE(
        kg.networks.mlp_encoder(shape, 10, hidden),
        kg.networks.mlp_decoder(shape, 10, hidden),
        latent_dim=10,
    )


def alae():
    shape, hidden = DIGITS.image_shape, (64, 64)
    return kg.models.ALAE(
        kg.networks.mlp_generator((64,), 32, hidden),
        kg.networks.style_generator(shape, 64, filters=32),
        kg.networks.style_encoder(shape, 64, filters=32),
        kg.networks.mlp_discriminator((64,), hidden),
        latent_dim=32,
        gamma=1.0,
    )


def cycle_gan():
    shape = (24, 24, 3)
    generators = [
        kg.networks.translation_generator(shape, filters=16, num_blocks=3) for _ in range(2)
    ]
    discriminators = [
        kg.networks.patch_discriminator(shape, filters=32, num_layers=2) for _ in range(2)
    ]
    return kg.models.CycleGAN(*generators, *discriminators)


def text_gan():
    vocabulary = " abcdefghijklmnopqrstuvwxyz"
    size = len(vocabulary) + 2  # padding, and unknown characters
    return kg.models.TextGAN(
        kg.networks.text_generator(16, size, 64, 64, 2),
        kg.networks.text_discriminator(16, size, 64, 2),
        latent_dim=64,
        vocabulary=vocabulary,
        n_critic=5,
    )


def semi_supervised():
    shape = DIGITS.image_shape
    parts = [keras.Input(shape), layers.Flatten(), layers.GaussianNoise(0.3)]
    for _ in range(2):
        parts += [layers.Dense(256, activation="leaky_relu"), layers.GaussianNoise(0.5)]
    return kg.models.SemiSupervisedGAN(
        kg.networks.mlp_generator(shape, 50, (256, 256), normalization="batch"),
        keras.Sequential([*parts, layers.Dense(10)]),
        latent_dim=50,
        classifier_ema_decay=None,
    )


def lapgan():
    shape = DIGITS.image_shape
    return kg.models.LAPGAN(
        kg.networks.lapgan_generators(shape, 64, 2, 32),
        kg.networks.lapgan_discriminators(shape, 2, 32, dropout=0.0),
        latent_dim=64,
        techniques=[kg.techniques.R1(weight=0.1)],
    )


def progressive():
    """At its last level, where it has grown."""
    widths = {"filters": 32, "max_filters": 128}
    gan = kg.models.ProgressiveGAN(
        kg.networks.progressive_generator((16, 16, 1), 64, **widths),
        kg.networks.progressive_discriminator((16, 16, 1), **widths),
        latent_dim=64,
        images_per_phase=32_000,
        ema_decay=None,
    )
    gan.images_seen.assign(gan.growth.ends[-1])
    gan.compile()
    gan.begin_phase()
    return gan


def biggan():
    shape, sizes = DIGITS.image_shape, {"num_classes": 10, "filters": 12}
    return kg.models.BigGAN(
        kg.networks.biggan_generator(shape, latent_dim=32, embedding_dim=32, **sizes),
        kg.networks.biggan_discriminator(shape, **sizes),
        32,
        ema_decay=None,
    )


def classifier():
    return kg.presets.get("mnist_classifier").build(MNIST)


def srgan():
    """In its second phase."""

    def convolution():
        return layers.Conv2D(24, 3, padding="same", activation="relu")

    return kg.models.SRGAN(
        kg.networks.srgan_generator(scale=2, filters=24, num_blocks=2, normalization=None),
        kg.networks.srgan_discriminator((48, 48, 3), filters=12),
        keras.Sequential([keras.Input((None, None, 3)), convolution(), convolution()]),
    )


def stack_gan():
    """The second stage, which holds the first."""
    _, captions = kg.data.drawn_shapes(20_000, image_size=8, num_shapes=2, seed=0)
    encoder = kg.networks.ngram_encoder(captions, ngrams=3)
    size = encoder.output_shape[1]
    first = kg.networks.stackgan_generator((16, 16, 3), 64, size, 32, filters=64)
    second = kg.networks.stackgan_refiner(first, (32, 32, 3), 32, filters=16, num_blocks=2)
    return kg.models.StackGAN(
        second,
        kg.networks.stackgan_discriminator((32, 32, 3), size, 32, normalization=None),
        encoder,
        latent_dim=second.input_shape[0][1],
        kl_weight=0.02,
        techniques=[kg.techniques.R1(0.2)],
    )


def r3gan():
    sizes = {"filters": 64, "num_classes": 10}
    return kg.models.R3GAN(
        kg.networks.dcgan_generator(MNIST.image_shape, 64, **sizes),
        kg.networks.dcgan_discriminator(MNIST.image_shape, normalization=None, **sizes),
        64,
        gamma=0.1,
        ema_decay=None,
    )


def stylegan2():
    shape = MNIST.image_shape
    return kg.models.StyleGAN2(
        kg.networks.stylegan2_generator(
            shape, 64, filters=16, code_dim=64, output_activation="tanh"
        ),
        kg.networks.stylegan2_discriminator(shape, filters=16),
        64,
        techniques=[kg.techniques.R1(0.05, every=16), kg.techniques.PathLength(2.0, every=4)],
        ema_decay=None,
    )


def _as_mnist(name, examples=images, plain=plain_loops.two_players):
    return Case(functools.partial(for_images, name), examples, 64, plain)


def _with(of_critic=plain_loops.nothing, **kwargs):
    return functools.partial(plain_loops.two_players, of_critic=of_critic, **kwargs)


CASES = {
    "GAN": _as_mnist("GAN"),
    "DCGAN": Case(dcgan, images, 64),
    "LSGAN": _as_mnist("LSGAN"),
    "WGAN": _as_mnist("WGAN"),
    "WGANGP": Case(wgan_gp, images, 64, _with(plain_loops.wgan_gp)),
    "ConditionalGAN": _as_mnist("ConditionalGAN", images_and_labels),
    "ConditionalWGAN": _as_mnist("ConditionalWGAN", images_and_labels),
    "ConditionalWGANGP": Case(
        conditional_wgan_gp, images_and_labels, 64, _with(plain_loops.wgan_gp)
    ),
    "R3GAN": Case(r3gan, images_and_labels, 32, _with(plain_loops.r1_and_r2)),
    "BigGAN": Case(biggan, images_and_labels, 64, _with(of_generator=plain_loops.orthogonal)),
    "ProgressiveGAN": Case(progressive, images, 32, _with(plain_loops.gp_and_drift)),
    "StyleGAN2": Case(
        stylegan2,
        images,
        32,
        plain=None,
        steps=16,
        shares=(1 / 16, 1 / 4),
        without="styles are mixed, and penalties computed now and then",
    ),
    "LAPGAN": Case(lapgan, images, 32, plain_loops.lapgan),
    "StackGAN": Case(
        stack_gan,
        images_and_captions,
        16,
        plain_loops.stack_gan,
        counted_on=lambda model, batch: (batch[0], model.embedded(batch[1])),
    ),
    "SRGAN": Case(srgan, patches, 16, plain_loops.srgan),
    "CycleGAN": Case(cycle_gan, images_of_two_domains, 4, plain_loops.cycle_gan),
    "SemiSupervisedGAN": Case(semi_supervised, few_labels, 50, plain_loops.semi_supervised),
    "TextGAN": Case(text_gan, texts, 64, _with(plain_loops.wgan_gp)),
    "Classifier": Case(classifier, images_and_labels, 128, plain_loops.classifier),
    "VAE": Case(vae, images, 64, plain_loops.vae),
    "ALAE": Case(alae, images, 64, plain_loops.alae),
}


def peak_memory():
    """Megabytes that this process has held at most."""
    status = pathlib.Path("/proc/self/status")
    if status.exists():  # not of the process that started it, as `ru_maxrss` may be
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return float(lines["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def peak_flops(side=PEAK_SIDE, rounds=5):
    """Floating-point operations a second of a matrix product in float32, at best."""

    def sum_of_product(a, b):
        return tf.reduce_sum(a @ b)

    product = tf.function(sum_of_product, autograph=False, jit_compile=is_on_gpu())
    a, b = (tf.random.normal((side, side)) for _ in range(2))
    return 2 * side**3 / min(seconds(lambda: product(a, b)) for _ in range(rounds + 1))


def is_on_gpu():
    return devices.jit_compile() is True


def seconds(take):
    """What one run takes, whose result is waited for."""
    start = time.perf_counter()
    tf.nest.map_structure(np.asarray, take())
    return time.perf_counter() - start


def step_batch(case, model, seed):
    """One batch of `fit`: the examples of one step."""
    x, y = case.examples(model, case.batch_size, np.random.default_rng(seed))
    return next(iter(model.training_batches(x, y, case.batch_size, shuffle_seed=None)))


def num_examples(batch):
    return int(tf.nest.flatten(batch)[0].shape[0])


def training(model, batch):
    """A function that takes a step, as `fit` does."""
    batches = iter(tf.data.Dataset.from_tensors(batch).repeat())

    def take():
        model.make_train_function()
        return model.train_function(batches)

    return take


def plain_training(case, model, batch):
    """The same of the plain loop."""
    step = tf.function(case.plain(model), autograph=False, jit_compile=is_on_gpu())
    batches = iter(tf.data.Dataset.from_tensors(batch).repeat())
    return lambda: step(next(batches))


def several(take, num):
    def run():
        for _ in range(num):
            result = take()
        return result

    return run


def in_turns(ways, num):
    """Medians of what ways take that take turns."""
    costs = {name: [] for name in ways}
    for _ in range(num):
        for name, way in ways.items():
            costs[name].append(seconds(way))
    return {name: statistics.median(values) for name, values in costs.items()}


def measured(case, seed):
    """All of one model that this process finds out."""
    before = peak_memory()
    keras.utils.set_random_seed(seed)
    model = case.make()
    model.compile(steps_per_execution=1, jit_compile=devices.jit_compile())
    batch = step_batch(case, model, seed)
    take = training(model, batch)
    first = seconds(take)
    second = max(seconds(take) for _ in range(2))
    memory = peak_memory() - before
    ways, plain_first = {"keras_gans": take}, None
    if case.plain:
        ways["plain"] = plain_training(case, model, batch)
        plain_first = seconds(ways["plain"])
        seconds(ways["plain"])
    num = FEW if second > SLOW else max(LEAST, min(MOST, int(SECONDS / second)))
    ways = {name: several(way, case.steps) for name, way in ways.items()}
    medians = in_turns(ways, max(FEW, num // case.steps))
    medians = {name: value / case.steps for name, value in medians.items()}
    return {
        "examples_a_step": num_examples(batch),
        "step_seconds": medians["keras_gans"],
        "plain_step_seconds": medians.get("plain"),
        "plain_over_ours": medians["plain"] / medians["keras_gans"] if case.plain else None,
        "no_plain_loop_because": case.without or None,
        "images_a_second": num_examples(batch) / medians["keras_gans"],
        "first_step_seconds": first,
        "plain_first_step_seconds": plain_first,
        "peak_megabytes_above_imports": memory,
        **counted(case, model, batch, medians["keras_gans"]),
        "device": devices.described(),
    }


def counted(case, model, batch, step_seconds):
    """What the step computes, and how much of what the machine can do that is."""
    step, batch = tf.function(model.train_step, autograph=False), case.counted_on(model, batch)
    graph = step.get_concrete_function(batch).graph
    work = counting.of_graph(graph, case.shares)
    weights = sum(v.numpy().nbytes for v in model.trainable_variables)
    peak = peak_flops()
    return {
        "work": dataclasses.asdict(work),
        "machine_flops_a_second": peak,
        "share_of_peak": work.flops / step_seconds / peak,
        "roofline": roofline.of_step(work, weights),
    }


def of_all(seed, names=tuple(CASES)):
    """What the process of each model finds, or why it finds nothing."""
    found = {}
    for name in names:
        command = [sys.executable, "-m", "benchmarks.speed.models", name, str(seed)]
        try:
            done = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=True
            )
            found[name] = json.loads(done.stdout.splitlines()[-1])
        except subprocess.TimeoutExpired:
            found[name] = {"failed": f"took longer than {LIMIT} seconds"}
        except subprocess.CalledProcessError as error:
            found[name] = {"failed": error.stderr.strip().splitlines()[-1]}
        print(f"{name}: {found[name].get('failed', 'measured')}", file=sys.stderr, flush=True)
    return found


COLUMNS = (
    "model",
    "examples/s",
    "step",
    "GFLOP a step",
    "share of peak",
    "peak memory",
    "first step",
    "plain loop takes",
    "limit on an H100, by the roofline",
)


def row_of(name, found):
    """The cells of a model in the table."""
    if "failed" in found:
        return [name, found["failed"], *[""] * (len(COLUMNS) - 2)]
    ratio, roof = found["plain_over_ours"], found["roofline"]
    limit = roof["limit"]
    return [
        name,
        f"{found['images_a_second']:,.0f}",
        f"{1000 * found['step_seconds']:.1f} ms",
        f"{found['work']['flops'] / 1e9:.3g}",
        f"{found['share_of_peak']:.0%}",
        f"{found['peak_megabytes_above_imports']:.0f} MB",
        f"{found['first_step_seconds']:.1f} s",
        "–" if ratio is None else f"{ratio:.2f} times",
        f"{limit}, {1000 * roof['seconds'][limit]:.2g} ms",
    ]


def table(found):
    """A Markdown table of all models, and what its columns mean."""
    rows = [COLUMNS, ["---"] * len(COLUMNS), *(row_of(*item) for item in found.items())]
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    notes = [
        f"{name} has no plain loop: {of_model['no_plain_loop_because']}."
        for name, of_model in found.items()
        if of_model.get("no_plain_loop_because")
    ]
    return "\n".join(
        [
            *lines,
            "",
            "FLOPs are those of matrix products and convolutions; the peak is that of a "
            f"{PEAK_SIDE}² product in float32 in the same process; memory is above that of the "
            "imports. The limit on an H100 is computed, not measured: see "
            "benchmarks/speed/roofline.py.",
            *notes,
        ]
    )


def ratio(found):
    """The median over models of how many times as long the plain loop takes."""
    ratios = [of_model.get("plain_over_ours") for of_model in found.values()]
    return statistics.median([r for r in ratios if r is not None])


def main():
    name, seed = sys.argv[1:]
    devices.use_chosen()
    print(json.dumps(measured(CASES[name], int(seed))))


if __name__ == "__main__":
    main()
