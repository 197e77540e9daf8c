"""What replicas cost: measured on a CPU, counted in the graph, predicted for up to 1,024 GPUs.

1. The cost of the engine. The same step, of the same global batch, is taken without a strategy and
   by `MirroredStrategy` on 1, 2 and 4 logical CPUs, in a process each, in turns. They share the
   same cores, so that this is no speed-up but the price of sharing: the ratio of CPU times.
2. What one step sends. The collective operations are read from the traced graph, with their bytes,
   and compared with what theory says: the trained variables for each update, and the statistics of
   synchronized batch normalization for each pass of the generator.
3. A prediction of the efficiency of n GPUs, on paper. A step computes and draws noise

       max(operations · launch, FLOPs / speed + noise)

   where operations, FLOPs and noise are counted in the graph; noise is drawn for the global batch
   on every replica, so that its cost grows with n; its price, relative to a FLOP, is measured here.
   An all-reduce of B bytes is hierarchical, over g GPUs of a machine and then over m machines:

       call + 2(g − 1) (B / (g · inside) + hop inside)
            + 2(m − 1) B / (m · g · between) + hops · hop between

   with 2(m − 1) hops in a ring and 2 log₂ m in a tree. Without overlap all collectives add to the
   step; with full overlap those of the gradients hide behind the computation, those of the
   statistics never. TensorFlow does not overlap them. Strong scaling shares one global batch among
   n GPUs, weak scaling gives each GPU a batch; efficiency is relative to one GPU. Reading data,
   stragglers and congestion are left out.

       python benchmarks/studies/scaling.py

The defaults are those of a DGX A100: 19.5 TFLOP/s in float32 and NVLink of 600 GB/s in both
directions together (NVIDIA A100 datasheet); a 200 Gb/s InfiniBand adapter for each GPU (DGX A100
datasheet); latencies of NCCL's own model (`src/graph/tuning.cc`: 6.6 µs a call, 0.6 µs a hop over
NVLink, 2.7 µs over a network, ring, protocol LL). Assumed without a source: 30 % of the peak speed,
5 µs to launch an operation, 80 % of the peak bandwidths.

The result goes to benchmarks/results/scaling.json, the curves to scaling.png.
"""

import argparse
import concurrent.futures
import math
import multiprocessing
import pathlib
import statistics
import sys
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from keras_gans.data.mini_batches import interleaved_dataset

REPLICAS = (0, 1, 2, 4)  # 0: no strategy
GPUS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
KINDS = ("gradients", "statistics")
#: Operations that launch nothing on a GPU.
FREE = {"Const", "Placeholder", "Identity", "IdentityN", "NoOp", "ReadVariableOp", "Reshape"}


def wgan_gp(options):
    """WGAN-GP with DCGAN networks for 28×28 images."""
    shape, filters = (28, 28, 1), options.filters
    return kg.models.WGANGP(
        kg.networks.dcgan_generator(shape, latent_dim=128, filters=filters),
        kg.networks.dcgan_discriminator(shape, filters, normalization=None),
        latent_dim=128,
    )


def mlp(options):
    """GAN of two MLPs for points of the plane."""
    units = (options.units,) * 3
    return kg.models.GAN(
        kg.networks.mlp_generator((2,), 2, units),
        kg.networks.mlp_discriminator((2,), units),
        latent_dim=2,
    )


GAMES = {"wgan_gp": wgan_gp, "mlp": mlp}


class Player:
    """One game on a number of replicas, in a process of its own."""

    def __init__(self, name, replicas, options):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        cpu = tf.config.list_physical_devices("CPU")[0]
        logical = [tf.config.LogicalDeviceConfiguration()] * max(1, replicas)
        tf.config.set_logical_device_configuration(cpu, logical)
        keras.utils.set_random_seed(0)
        devices = [f"CPU:{i}" for i in range(replicas)]
        mirrored = tf.distribute.MirroredStrategy
        self.strategy = mirrored(devices) if replicas else tf.distribute.get_strategy()
        with self.strategy.scope():
            self.gan = GAMES[name](options)
            self.gan.compile()
        self.batch_size = options.batch_size
        shape = (options.batch_size, *self.gan.example_shape)
        real = np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")
        dataset = tf.data.Dataset.from_tensors(real).repeat()
        dataset = interleaved_dataset(dataset, self.gan.batches_per_step, max(1, replicas))
        self.batches = iter(self.strategy.experimental_distribute_dataset(dataset))
        self.gan.make_train_function()

    def seconds(self, steps):
        """CPU time of one step."""
        start = time.process_time()
        for _ in range(steps):
            logs = self.gan.train_function(self.batches)
        float(logs["d_loss"])
        return (time.process_time() - start) / steps

    def graph(self):
        def step(data):
            return self.strategy.run(self.gan.train_step, (data,))

        return tf.function(step, autograph=False).get_concrete_function(next(self.batches)).graph

    def sent(self):
        """Bytes of each collective of the first replica, and what else goes between replicas."""
        operations = self.graph().get_operations()
        scopes = tuple(getattr(self.gan, name).name for name in self.gan.optimizer_networks)
        sent = {kind: [] for kind in KINDS}
        for op in operations:
            if op.type.startswith(("CollectiveReduce", "CollectiveGather")):
                if op.device.endswith("CPU:0"):
                    kind = "gradients" if op.name.startswith(scopes) else "statistics"
                    sent[kind].append(bytes_of(op.inputs[0]))
        sent["copies"] = [
            bytes_of(x)
            for op in operations
            for x in op.inputs
            if x.op.device and op.device and x.op.device != op.device
        ]
        return {kind: sorted(sizes) for kind, sizes in sent.items()}

    def theory(self):
        """The same for two replicas, from the networks alone: copied are the step counters."""
        gan = self.gan
        gradients = [
            sum(bytes_of(v) for v in network.trainable_variables)
            for network in [gan.discriminator] * gan.n_critic + [gan.generator]
        ]
        channels = [
            layer.gamma.shape[0]
            for layer in gan.generator.layers
            if isinstance(layer, keras.layers.BatchNormalization)
        ]
        forward = [4 * c for c in channels] * 3 * (gan.n_critic + 1)
        backward = [4 * c for c in channels] * 2
        return {
            "gradients": sorted(gradients),
            "statistics": sorted(forward + backward),
            "copies": [8] * (gan.n_critic + 1),
        }

    def work(self):
        """What one step computes, counted in the graph: of one example, but for operations."""
        graph = self.graph()
        build = tf.compat.v1.profiler.ProfileOptionBuilder
        quietly = build(build.float_operation()).with_empty_output().build()
        flops = tf.compat.v1.profiler.profile(graph, options=quietly).total_float_ops
        operations = graph.get_operations()
        drawn = [op.outputs[0] for op in operations if op.type.startswith("StatelessRandom")]
        drawn = [x for x in drawn if x.dtype.is_floating]
        return {
            "flops": flops / self.batch_size,
            "noise": sum(x.shape.num_elements() for x in drawn) / self.batch_size,
            "operations": sum(op.type not in FREE for op in operations),
        }

    def noise_seconds(self, number=2**20):
        """CPU time to draw one normal number."""
        draw = tf.function(lambda: self.gan.draw(keras.random.normal, number))
        draw()
        times = []
        for _ in range(5):
            start = time.process_time()
            draw().numpy()
            times.append(time.process_time() - start)
        return statistics.median(times) / number


def bytes_of(x):
    return x.shape.num_elements() * tf.as_dtype(x.dtype).size


def start(*arguments):
    global player
    player = Player(*arguments)


def ask(method, *arguments):
    return getattr(player, method)(*arguments)


def measure(name, options):
    """All that is measured and counted of one game."""
    context = multiprocessing.get_context("spawn")
    pools = {
        replicas: concurrent.futures.ProcessPoolExecutor(
            1, context, initializer=start, initargs=(name, replicas, options)
        )
        for replicas in REPLICAS
    }

    def answer(replicas, *question):
        return pools[replicas].submit(ask, *question).result()

    try:
        warm_ups = [pool.submit(ask, "seconds", 2) for pool in pools.values()]
        concurrent.futures.wait(warm_ups)
        rounds = []
        for _ in range(options.rounds):
            rounds.append({n: answer(n, "seconds", options.steps) for n in REPLICAS})
            print(name, {n: f"{1000 * s:.1f} ms" for n, s in rounds[-1].items()}, flush=True)
        seconds = statistics.median(r[0] for r in rounds)
        work, noise_seconds = answer(0, "work"), answer(0, "noise_seconds")
        sent = answer(2, "sent")
        return {
            "cpu_time_over_no_strategy": {
                n: spread([r[n] / r[0] for r in rounds]) for n in REPLICAS[1:]
            },
            "sent": sent,
            "sent_as_theory_says": sent == answer(2, "theory"),
            "megabytes_all_reduced": {kind: sum(sent[kind]) / 1e6 for kind in KINDS},
            "all_reduces": {kind: len(sent[kind]) for kind in KINDS},
            "work": work,
            "noise_share_of_a_step": work["noise"] * noise_seconds * options.batch_size / seconds,
        }
    finally:
        for pool in pools.values():
            pool.shutdown()


def spread(values):
    return {"median": statistics.median(values), "range": [min(values), max(values)]}


def all_reduce(sent, gpus, tree, options):
    """Seconds of one all-reduce of `sent` bytes."""
    if gpus == 1:
        return 0.0
    inside = min(gpus, options.gpus_per_machine)
    machines = gpus // inside
    hops = 2 * math.log2(machines) if tree else 2 * (machines - 1)
    part = sent / inside
    speed = 1e9 * options.used_bandwidth
    return (
        1e-6 * (options.call_us + 2 * (inside - 1) * options.hop_inside_us)
        + 2 * (inside - 1) * part / (speed * options.inside_gb_s)
        + 2 * (machines - 1) / machines * part / (speed * options.between_gb_s)
        + 1e-6 * hops * options.hop_between_us
    )


def step_seconds(game, gpus, batch_size, tree, overlap, options):
    """Seconds of one step of `gpus` GPUs with `batch_size` examples each."""
    example = game["work"]["flops"] / (1e12 * options.tflops * options.used_tflops)
    noise = game["noise_share_of_a_step"] * example * gpus
    launches = 1e-6 * options.launch_us * game["work"]["operations"]
    compute = max(launches, batch_size * (example + noise))
    gradients, statistics = (
        sum(all_reduce(sent, gpus, tree, options) for sent in game["sent"][kind]) for kind in KINDS
    )
    return (max(compute, gradients) if overlap else compute + gradients) + statistics


def predict(game, options):
    """Efficiency over `GPUS`, by scaling, hops and overlap."""
    return {
        scaling: {
            f"{'tree' if tree else 'ring'}, {'full' if overlap else 'no'} overlap": [
                efficiency(game, gpus, scaling, tree, overlap, options) for gpus in GPUS
            ]
            for tree in (False, True)
            for overlap in (False, True)
        }
        for scaling in ("weak", "strong")
    }


def efficiency(game, gpus, scaling, tree, overlap, options):
    if scaling == "weak":
        alone = share = options.gpu_batch_size
    else:
        alone, share = options.global_batch_size, options.global_batch_size / gpus
    one = step_seconds(game, 1, alone, tree, overlap, options)
    many = step_seconds(game, gpus, share, tree, overlap, options)
    return one / many if scaling == "weak" else one / (gpus * many)


def draw(predictions, options, path):
    figure, axes = plt.subplots(
        len(predictions), 2, sharex=True, sharey=True, figsize=(11, 7), layout="constrained"
    )
    batches = {
        "weak": f"weak: {options.gpu_batch_size} examples on each GPU",
        "strong": f"strong: {options.global_batch_size} examples on all",
    }
    for row, (name, prediction) in zip(axes, predictions.items(), strict=True):
        for ax, (scaling, curves) in zip(row, prediction.items(), strict=True):
            for hops, color in (("ring", "tab:blue"), ("tree", "tab:orange")):
                none, full = (curves[f"{hops}, {overlap} overlap"] for overlap in ("no", "full"))
                ax.fill_between(GPUS, none, full, color=color, alpha=0.25, lw=0)
                ax.plot(GPUS, none, ".-", color=color, label=f"{hops} between machines")
                ax.plot(GPUS, full, "--", color=color)
            ax.set(xscale="log", ylim=(0, 1.05), title=f"{name}, {batches[scaling]}")
            ax.set_xticks(GPUS, GPUS, fontsize=8)
            ax.minorticks_off()
            ax.grid(color="0.9")
    for ax in axes[:, 0]:
        ax.set_ylabel("predicted efficiency")
    for ax in axes[-1]:
        ax.set_xlabel("GPUs; solid: no overlap, dashed: full overlap")
    axes[0, 0].legend(frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    measured = parser.add_argument_group("what is measured")
    measured.add_argument("--rounds", type=int, default=5, help="timed runs of each, in turns")
    measured.add_argument("--steps", type=int, default=2, help="steps of one timed run")
    measured.add_argument("--batch-size", type=int, default=32, help="of all replicas together")
    measured.add_argument("--filters", type=int, default=32, help="of the DCGAN networks")
    measured.add_argument("--units", type=int, default=512, help="of the MLPs")
    assumed = parser.add_argument_group("what is assumed of GPUs")
    assumed.add_argument("--tflops", type=float, default=19.5, help="peak of a GPU")
    assumed.add_argument("--used-tflops", type=float, default=0.3, help="part of the peak")
    assumed.add_argument("--launch-us", type=float, default=5.0, help="of one operation")
    assumed.add_argument("--gpus-per-machine", type=int, default=8)
    assumed.add_argument("--inside-gb-s", type=float, default=300.0, help="one way, of a GPU")
    assumed.add_argument("--between-gb-s", type=float, default=25.0, help="one way, of a GPU")
    assumed.add_argument("--used-bandwidth", type=float, default=0.8, help="part of the peak")
    assumed.add_argument("--call-us", type=float, default=6.6, help="of one collective")
    assumed.add_argument("--hop-inside-us", type=float, default=0.6)
    assumed.add_argument("--hop-between-us", type=float, default=2.7)
    assumed.add_argument("--gpu-batch-size", type=int, default=64, help="weak scaling")
    assumed.add_argument("--global-batch-size", type=int, default=2048, help="strong scaling")
    return parser.parse_args()


def main():
    options = parse()
    games = {name: measure(name, options) for name in GAMES}
    predictions = {name: predict(game, options) for name, game in games.items()}
    draw(predictions, options, results.FOLDER / "scaling.png")
    values = {"measured": games, "predicted_efficiency": {"gpus": GPUS, **predictions}}
    results.save("scaling", options, values)


if __name__ == "__main__":
    main()
