"""The package as it is here against that of a commit, in the same run: is any row slower?

`python benchmarks/guards/speed.py --against [COMMIT]` calls `compare`. The benchmarks are those of
here; the package is in one process that of the commit and in another that of here. Both make
ready once, and then take turns; only one computes at a time. A row that is slower by more than
`ALLOWED` is measured again in new processes, with twice the rounds, before it counts. What the
commit's package cannot do yet is left out, which is said.
"""

import contextlib
import io
import os
import pathlib
import statistics
import subprocess
import sys
import tarfile
import tempfile

from benchmarks.speed.rows import seconds

ROOT = pathlib.Path(__file__).parents[2]
BASELINE = pathlib.Path(__file__).parent / "baseline.txt"
ALLOWED = 1.1
LEAST_ROUNDS = 5
#: Timed runs in a turn, of which the median counts: one of what takes long, or has many calls.
RUNS, RUNS_OF = 3, dict.fromkeys(("wgan_gp", "toy_64", "inference_64", "start"), 1)


def image_steps(seed):
    """Of networks that the package builds, as layers of its own may be newer than the commit."""
    import keras
    import tensorflow as tf

    import keras_gans as kg
    from benchmarks.speed.wgan_gp import CRITIC_UPDATES, LATENT_DIM, real_images, steps_of
    from keras_gans.data.mini_batches import interleaved_dataset

    keras.utils.set_random_seed(seed)
    shape = (28, 28, 1)
    gan = kg.models.WGANGP(
        kg.networks.dcgan_generator(shape, LATENT_DIM, filters=32),
        kg.networks.dcgan_discriminator(shape, filters=32, normalization=None),
        LATENT_DIM,
        n_critic=CRITIC_UPDATES,
        seed=seed,
    )
    gan.compile()
    real = tf.data.Dataset.from_tensors(real_images()).repeat()
    return steps_of(gan, interleaved_dataset(real, CRITIC_UPDATES, replicas=1), steps=3)


def toy_64(seed):
    from benchmarks.speed.wgan_gp import toy_fit

    return toy_fit(64, 64, seed)[1]


def frechet_1000(seed):
    from benchmarks.speed.distances import frechet

    return frechet(1_000, seed)["keras_gans"]


def inference_64(seed):
    from benchmarks.speed.serving import inference

    return inference(64, seed)["keras_gans"]


def start(seed):
    """The import of a new process, which finds the package where this one does."""
    command = [sys.executable, "-c", "import keras_gans"]
    return lambda: subprocess.run(command, check=True, capture_output=True)


#: Functions of a seed, to the package's way; they are imported from in the worker alone.
WAYS = {
    "wgan_gp": image_steps,
    "toy_64": toy_64,
    "frechet_1000": frechet_1000,
    "inference_64": inference_64,
    "start": start,
}


def commit_of(name):
    """The full hash of a commit, or `None` if this clone does not have it."""
    command = ["git", "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or None


def baseline():
    """The commit that is compared with if no other is named."""
    return BASELINE.read_text().split()[0]


@contextlib.contextmanager
def package_of(commit):
    """A folder with the package of a commit, as long as it is needed."""
    command = ["git", "archive", "--format=tar", commit, "keras_gans"]
    archive = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(folder, filter="data")
        yield folder


class Worker:
    """A process that has the package of a folder, and measures what it is asked for."""

    def __init__(self, package, seed):
        self.folder = tempfile.TemporaryDirectory()  # in which there is no package by chance
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(package), str(ROOT)])}
        command = [sys.executable, "-m", "benchmarks.speed.against", str(seed)]
        self.process = subprocess.Popen(
            command,
            cwd=self.folder.name,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.package = self._answer()

    def _answer(self):
        for line in self.process.stdout:
            if line.startswith("answer "):
                return line.removeprefix("answer ").strip()
        raise RuntimeError(f"a worker has ended, with {self.process.wait()}")

    def ask(self, name):
        """Seconds of a row, or a line that says why there are none."""
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()
        answer = self._answer()
        try:
            return float(answer)
        except ValueError:
            return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.folder.cleanup()


def work(seed):
    """Measure the rows that the parent names, one a line, until it closes its end."""
    import keras_gans
    from benchmarks.speed import devices

    devices.use_chosen()
    print("answer", pathlib.Path(keras_gans.__file__).parents[1], flush=True)
    ways = {}
    for line in sys.stdin:
        name = line.strip()
        try:
            if name not in ways:
                ways[name] = WAYS[name](seed)
                ways[name]()  # compiles
            runs = RUNS_OF.get(name, RUNS)
            answer = statistics.median(seconds(ways[name])[0] for _ in range(runs))
        except Exception as error:
            answer = f"{type(error).__name__}: {str(error).strip().splitlines()[:1]}"
        print("answer", answer, flush=True)


def turns(packages, names, rounds, seed):
    """Seconds of each row and package, whose processes take turns; or why there are none."""
    workers = {label: Worker(folder, seed) for label, folder in packages.items()}
    try:
        for label, worker in workers.items():
            if pathlib.Path(worker.package).resolve() != pathlib.Path(packages[label]).resolve():
                raise RuntimeError(f"{label}: the package came from {worker.package}")
        found = {}
        for name in names:
            costs = {label: [worker.ask(name)] for label, worker in workers.items()}
            if not any(isinstance(cost, str) for (cost,) in costs.values()):
                for number in range(1, rounds):
                    order = list(workers)[:: 1 if number % 2 else -1]
                    for label in order:
                        costs[label].append(workers[label].ask(name))
            found[name] = costs
        return found
    finally:
        for worker in workers.values():
            worker.close()


def judged(costs):
    """How many times as long a row takes here as there."""
    for label, outcome in (("here", "failed"), ("commit", "skipped")):
        for value in costs[label]:
            if isinstance(value, str):
                return {outcome: f"{label}: {value}"}
    medians = {label: statistics.median(values) for label, values in costs.items()}
    return {"ratio": medians["here"] / medians["commit"], "medians": medians}


def is_slower(found):
    return "failed" in found or found.get("ratio", 0) > ALLOWED


def compare(commit, names, rounds, seed, measure=turns):
    """Measure rows, those that seem slower a second time, and return what was found."""
    rounds = max(LEAST_ROUNDS, rounds)
    with package_of(commit) as folder:
        packages = {"commit": folder, "here": ROOT}
        found = {n: judged(c) for n, c in measure(packages, names, rounds, seed).items()}
        again = [name for name in names if is_slower(found[name])]
        if again:
            print(f"measured again, as they seem slower: {', '.join(again)}", flush=True)
            for name, costs in measure(packages, again, 2 * rounds, seed).items():
                found[name] = {**judged(costs), "at_first": found[name]}
    return found


def told(found):
    """A line for each row."""
    lines = []
    for name, of_row in found.items():
        if "ratio" not in of_row:
            (how, why) = next(iter(of_row.items()))
            lines.append(f"{name}: {how}, {why}")
        else:
            verdict = "slower" if is_slower(of_row) else "holds"
            lines.append(f"{name}: takes {of_row['ratio']:.2f} times as long as there: {verdict}")
    return "\n".join(lines)


if __name__ == "__main__":
    work(int(sys.argv[1]))
