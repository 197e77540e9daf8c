"""Benchmarks on a tiny budget: that they run, and what must hold even so."""

import argparse
import contextlib
import datetime
import functools
import importlib
import itertools
import json
import os
import pathlib
import random
import re
import runpy
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import keras_gans as kg
from tests.models import every_model
from tests.shared import assert_same_weights

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(__file__).parents[1]
SCRIPTS = {
    path.stem: path
    for folder in ("guards", "studies")
    for path in sorted((ROOT / "benchmarks" / folder).glob("[!_]*.py"))
}


@pytest.fixture
def benchmark(monkeypatch):
    """Import a benchmark by its name."""
    monkeypatch.syspath_prepend(ROOT)

    def module(name):
        return importlib.import_module(f"benchmarks.{SCRIPTS[name].parent.name}.{name}")

    return module


@pytest.fixture
def nothing_imported():
    """No benchmark is imported, and what the test imports is gone after it."""

    def taken():
        names = [name for name in sys.modules if name.split(".")[0] == "benchmarks"]
        return {name: sys.modules.pop(name) for name in names}

    before = taken()
    yield
    taken()
    sys.modules.update(before)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_benchmark_is_run_by_its_path_in_a_fresh_clone(
    name, nothing_imported, monkeypatch, capsys
):
    """Its folder is all that Python adds to its path; `--help` is all that it is asked."""
    script = SCRIPTS[name]
    others = [folder for folder in sys.path if pathlib.Path(folder or ".").resolve() != ROOT]
    monkeypatch.setattr("sys.path", [str(script.parent), *others])
    monkeypatch.setattr("sys.argv", [str(script), "--help"])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(script), run_name="__main__")
    assert end.value.code == 0
    assert f"python {script.relative_to(ROOT)}" in script.read_text()
    if script.parent.name == "guards":
        assert "--seed" in capsys.readouterr().out


def test_a_result_names_its_command(benchmark, tmp_path, monkeypatch):
    results = benchmark("speed").results
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    monkeypatch.setattr("sys.argv", [str(SCRIPTS["speed"]), "--seed=3"])
    results.save("speed", argparse.Namespace(seed=3), {})
    record = json.loads((tmp_path / "speed.json").read_text())
    assert record["command"] == "python benchmarks/guards/speed.py --seed=3"
    assert record["options"] == {"seed": 3}
    assert datetime.datetime.fromisoformat(record["date"]).tzinfo is not None
    assert record["machine"]["processor"]
    assert len(record["machine"]["gpus"]) == len(tf.config.list_physical_devices("GPU"))


class TestSpeed:
    @pytest.fixture
    def rows(self, benchmark):
        return benchmark("speed").ROWS

    def test_ways_take_turns_and_medians_are_compared(self, benchmark):
        turns, costs = [], {"ours": iter([9, 1, 2, 9]), "other": iter([9, 4, 6, 5])}

        def measure(way):
            turns.append(way)
            return next(costs[way]), way

        Row = type(next(iter(benchmark("speed").ROWS.values())))
        row = Row(lambda seed: {"ours": "ours", "other": "other"}, 3, 2, measure)
        found = row.measured(rounds=3, seed=0)
        assert turns == ["ours", "other"] * 4
        assert found["ratio"] == 5 / 2
        assert found["medians"] == {"ours": 2, "other": 5}
        assert found["smallest_and_largest_of_a_round"] == [5 / 9, 4]
        assert row.holds(found)
        assert not row.holds({**found, "ratio": 1.9})
        assert not row.holds({**found, "relative_difference": 1e-8})
        assert not row.holds({**found, "relative_difference": {"a": 0, "b": 1e-8}})
        assert not row.holds({**found, "relative_difference": {"a": 0, "b": np.nan}})

    @pytest.mark.parametrize(
        ("name", "make", "size"),
        [
            ("frechet_10000", "frechet", 2100),
            ("frechet_1000", "frechet", 50),
            ("transport_5000", "transport", 60),
            ("prdc_10000", "prdc", 60),
            ("inference_1", "inference", 2),
        ],
    )
    def test_both_ways_come_to_the_same(self, rows, name, make, size):
        row = rows[name]
        assert row.make.func.__name__ == make
        ours, other = (way() for way in row.make.func(size, seed=0).values())
        assert row.difference(ours, other) < row.bound

    def test_steps_of_images_make_the_same_update(self, rows):
        row = rows["wgan_gp"]
        assert max(row.difference(1).values()) < row.bound

    def test_pictures_are_read_alike(self, rows, monkeypatch):
        module = importlib.import_module("benchmarks.speed.pictures")
        monkeypatch.setattr(module, "NUM", 64)
        module.folder_of_pictures.cache_clear()

        def all_of(dataset):
            images, labels = map(np.concatenate, zip(*dataset.as_numpy_iterator(), strict=True))
            order = np.lexsort([*images.reshape(len(images), -1).T, labels])
            return images[order], labels[order]

        found = [all_of(make(0)) for make in (module.ours, module.keras_utility)]
        module.folder_of_pictures.cache_clear()
        assert found[0][0].shape == (64, 28, 28, 1)
        for ours, other in zip(*found, strict=True):
            np.testing.assert_allclose(ours, other, atol=1e-6)

    def test_a_row_is_kept_and_its_ratio_said_last(self, benchmark, folder, monkeypatch, capsys):
        module = benchmark("speed")
        slow, fast = (lambda: sum(range(100_000))), (lambda: sum(range(10_000)))
        Row = type(next(iter(module.ROWS.values())))
        make = lambda seed: {"keras_gans": fast, "other": slow}  # noqa: E731
        monkeypatch.setattr(module, "ROWS", {"a_row": Row(make, 3, 1.5), "b": None})
        monkeypatch.setattr("sys.argv", [str(SCRIPTS["speed"]), "a_row", "--rounds=3"])
        assert module.main() == 0
        last = capsys.readouterr().out.splitlines()[-1]
        ratio = results_of(folder, "speed_a_row")["ratio"]
        assert last == f"a_row: {ratio:.2f}"
        assert ratio > 1.5
        monkeypatch.setattr(module, "ROWS", {"a_row": Row(make, 300, 200)})
        assert module.main() == 1
        monkeypatch.setattr("sys.argv", [str(SCRIPTS["speed"]), "none"])
        with pytest.raises(SystemExit):
            module.main()
        assert "no rows: none. There are a_row" in capsys.readouterr().err

    def test_a_way_that_does_not_run_is_left_out_and_said(self, rows):
        Row = type(next(iter(rows.values())))
        left_out = importlib.import_module("benchmarks.speed.rows").LeftOut("no compiler")
        ways = {"ours": lambda: None, "other": lambda: None, "third": left_out}
        found = Row(lambda seed: ways, 1).measured(rounds=1, seed=0)
        assert found["left_out"] == {"third": "no compiler"}
        assert set(found["medians"]) == {"ours", "other"}

    def test_a_row_without_its_package_is_left_out(self, benchmark, monkeypatch, capsys):
        module = benchmark("speed")
        Row = type(next(iter(module.ROWS.values())))
        rows = {"a": Row(dict, 1, needs="no_such_package"), "b": Row(dict, 1, needs="numpy")}
        monkeypatch.setattr(module, "ROWS", rows)
        assert list(module.measurable()) == ["b"]
        assert "a is left out: it needs the package no_such_package" in capsys.readouterr().out

    def test_a_step_in_pytorch_makes_the_same_update(self, rows):
        pytest.importorskip("torch")
        module = importlib.import_module("benchmarks.speed.pytorch")
        row = rows["toy_64_pytorch"]
        assert row.bound == 1e-10
        differences = module.difference_of_steps(units=8, batch_size=16, seed=1)
        assert set(differences) == {"generator", "critic"}
        assert max(differences.values()) < row.bound

    def test_toys_in_pytorch_train(self, benchmark, monkeypatch):
        pytest.importorskip("torch")
        benchmark("speed")
        module = importlib.import_module("benchmarks.speed.pytorch")
        for name in ("TOY_STEPS", "LONG"):
            monkeypatch.setattr(f"benchmarks.speed.wgan_gp.{name}", 2)
        monkeypatch.setattr(module, "LONG", 2)
        ways = module.toys(8, 4, compiled=False, seed=0)
        assert list(ways) == ["keras_gans", "pytorch"]
        assert all(way() > 0 for way in ways.values())

    def test_the_page_and_readme_say_what_the_results_say(self, benchmark, rows):
        benchmark("speed")
        page = importlib.import_module("benchmarks.speed.page")
        assert set(page.WORDS) == set(rows)
        assert page.PAGE.read_text() == page.page()
        readme = page.README.read_text()
        assert page.rows_table() in readme
        assert page.with_table(readme) == readme

    def test_a_device_that_is_not_there_is_refused_with_those_that_are(
        self, benchmark, monkeypatch, capsys
    ):
        module = benchmark("speed")
        monkeypatch.setattr("sys.argv", [str(SCRIPTS["speed"]), "start", "--device=GPU:99"])
        with pytest.raises(SystemExit):
            module.main()
        said = capsys.readouterr().err
        assert "no device GPU:99. There are" in said and "CPU:0" in said

    def test_a_device_says_whether_xla_compiles(self, benchmark, monkeypatch):
        devices = benchmark("speed").devices
        monkeypatch.delenv(devices.VARIABLE, raising=False)
        assert devices.jit_compile() == "auto"
        for name, compiled in (("GPU:1", True), ("CPU:0", False)):
            monkeypatch.setenv(devices.VARIABLE, name)
            assert devices.jit_compile() is compiled
        assert devices.described()["asked_for"] == "CPU:0"
        assert devices.described()["name"]


class TestWork:
    """What a step computes, against counts by hand."""

    @pytest.fixture
    def counting(self, benchmark):
        benchmark("speed")
        return importlib.import_module("benchmarks.speed.counting")

    def count(self, counting, function, *shapes, shares=()):
        specs = [tf.TensorSpec(shape) for shape in shapes]
        graph = tf.function(function, autograph=False).get_concrete_function(*specs).graph
        return counting.of_graph(graph, shares)

    def step(self, network):
        """Gradients by the weights of a network."""

        def step(x):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(network(x) ** 2)
            return tape.gradient(loss, network.trainable_variables)

        return step

    def test_a_dense_step(self, counting):
        """Forward and the kernel's gradient, of both layers, and the gradient between them."""
        network = keras.Sequential([keras.Input((5,)), layers.Dense(7), layers.Dense(3)])
        work = self.count(counting, self.step(network), (4, 5))
        first, second = 2 * 4 * 5 * 7, 2 * 4 * 7 * 3
        assert work.flops == 2 * first + 3 * second
        assert work.unknown == 0
        assert work.bytes_made == 4 * (2 * 4 * 7 + 4 * 3 + 5 * 7 + 7 * 3)

    @pytest.mark.parametrize("nested", [False, True])
    def test_a_convolutional_step(self, counting, nested):
        """Of 8×8×3 to 4×4×5 by kernels 3×3; its input's gradient is in the graph, but dropped."""
        convolution = layers.Conv2D(5, 3, strides=2, padding="same")
        step = self.step(keras.Sequential([keras.Input((8, 8, 3)), convolution]))
        work = self.count(counting, tf.function(step) if nested else step, (4, 8, 8, 3))
        assert work.flops == 2 * (2 * 4 * 4 * 4 * 5 * 3 * 3 * 3)

    def test_the_gradient_by_the_input_of_a_convolution(self, counting):
        kernel = tf.ones((3, 3, 2, 6))

        def gradient(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.reduce_sum(tf.nn.conv2d(x, kernel, 1, "SAME"))
            return tape.gradient(y, x)

        assert self.count(counting, gradient, (1, 4, 4, 2)).flops == 2 * 4 * 4 * 6 * 3 * 3 * 2

    def test_products_of_batches_and_depthwise_convolutions(self, counting):
        product = lambda a, b: tf.matmul(a, b, transpose_a=True)  # noqa: E731
        assert self.count(counting, product, (2, 5, 3), (2, 5, 4)).flops == 2 * 2 * 3 * 4 * 5
        einsum = lambda a, b: tf.einsum("bij,jk->bik", a, b)  # noqa: E731
        assert self.count(counting, einsum, (2, 3, 5), (5, 4)).flops == 2 * 2 * 3 * 4 * 5
        depthwise = lambda x: tf.nn.depthwise_conv2d(x, tf.ones((3, 3, 2, 1)), [1] * 4, "SAME")  # noqa: E731
        assert self.count(counting, depthwise, (1, 4, 4, 2)).flops == 2 * 4 * 4 * 2 * 9

    def test_a_condition_counts_as_often_as_it_holds(self, counting):
        def now_and_then(x):
            return tf.cond(tf.reduce_sum(x) > 0, lambda: x @ tf.ones((5, 5)), lambda: x)

        flops = 2 * 4 * 5 * 5
        assert self.count(counting, now_and_then, (4, 5)).flops == flops
        assert self.count(counting, now_and_then, (4, 5), shares=[0.25]).flops == flops / 4

    def test_elementwise_operations_move_bytes_and_are_launched(self, counting):
        work = self.count(counting, lambda x: tf.exp(x) + 1.0, (4, 5))
        assert (work.flops, work.operations) == (0, 2)
        assert work.bytes_unfused == 4 * (20 + 20) + 4 * (20 + 1 + 20)

    def test_the_roofline_of_a_known_step(self, counting):
        roofline = importlib.import_module("benchmarks.speed.roofline")
        gpu = roofline.Accelerator("a", {"tf32": 100.0, "bfloat16": 200.0}, 10.0, launch=0.5)
        work = counting.Work(flops=400, bytes_unfused=50, bytes_made=10, operations=4)
        found = roofline.of_step(work, 20, gpu)
        times = {"arithmetic": 4, "memory": 5, "memory_at_least": 3, "launches": 2}
        assert found["seconds"] == times
        assert found["seconds_of_arithmetic_in_bfloat16"] == 2
        assert (found["limit"], found["limit_if_all_is_fused"]) == ("memory", "arithmetic")
        assert roofline.of_step(work * 0, 0, gpu)["seconds"]["memory"] == 0
        many = counting.Work(operations=100)
        assert roofline.of_step(many, 0, gpu)["limit"] == "launches"


class TestTableOfModels:
    @pytest.fixture
    def models(self, benchmark):
        return benchmark("speed").models

    def test_every_model_is_in_it(self, models):
        assert sorted(models.CASES) == every_model.NAMES
        assert all(case.plain or case.without for case in models.CASES.values())

    def test_a_model_is_measured(self, models, monkeypatch):
        monkeypatch.setattr(models, "PEAK_SIDE", 64)
        case = models.Case(lambda: every_model.make("WGANGP"), models.images, 8)
        case = models.dataclasses.replace(case, plain=models.CASES["WGANGP"].plain)
        found = models.measured(case, seed=0)
        assert found["examples_a_step"] == 8 * every_model.make("WGANGP").n_critic
        assert found["plain_over_ours"] > 0 and found["share_of_peak"] > 0
        assert found["work"]["flops"] > 0 and found["work"]["unknown"] == 0
        failed = {"failed": "took longer"}
        table = models.table({"WGANGP": found, "GAN": failed})
        assert "| WGANGP |" in table and "| GAN | took longer |" in table
        assert models.ratio({"WGANGP": found, "GAN": failed}) == found["plain_over_ours"]


class TestGrowth:
    def test_the_exponent_is_the_slope_of_the_logarithms(self, benchmark):
        growth = benchmark("speed").growth
        assert growth.exponent({x: 3 * x**1.5 for x in (1, 2, 4, 8)}) == pytest.approx(1.5)

    def test_steps_are_measured_and_drawn(self, benchmark, tmp_path, monkeypatch):
        growth = benchmark("speed").growth
        monkeypatch.setattr(growth, "SECONDS", 0.0)
        tiny = growth.Setting(batch_size=2, n_critic=1, side=8, filters=2)
        assert growth.step_seconds(tiny) > 0
        seconds = {"8": 0.1, "16": 0.3}
        found = {name: {"seconds": seconds, "exponent": 1.6} for name in growth.AXES}
        growth.draw(found, tmp_path / "growth.png")
        assert (tmp_path / "growth.png").stat().st_size > 0


class TestAgainstACommit:
    """The guard on measures that are made up."""

    @pytest.fixture
    def against(self, benchmark, monkeypatch):
        module = benchmark("speed").against
        monkeypatch.setattr(module, "package_of", lambda commit: contextlib.nullcontext("there"))
        return module

    def measure(self, *ratios):
        """A measure whose call number i finds that all takes `ratios[i]` times as long here."""
        calls = []

        def measured(packages, names, rounds, seed):
            calls.append((tuple(names), rounds))
            ratio = ratios[len(calls) - 1]
            return {name: {"commit": [1.0] * rounds, "here": [ratio] * rounds} for name in names}

        return measured, calls

    def test_equal_code_holds(self, against):
        measure, calls = self.measure(1.02)
        found = against.compare("a", ["start", "toy_64"], 5, 0, measure)
        assert not any(map(against.is_slower, found.values()))
        assert calls == [(("start", "toy_64"), 5)]

    def test_a_slowdown_fails_after_a_second_look(self, against):
        measure, calls = self.measure(1.3, 1.2)
        found = against.compare("a", ["toy_64"], 5, 0, measure)
        assert against.is_slower(found["toy_64"])
        assert found["toy_64"]["at_first"]["ratio"] == 1.3
        assert calls == [(("toy_64",), 5), (("toy_64",), 10)]
        assert "toy_64: takes 1.20 times as long as there: slower" in against.told(found)

    def test_noise_does_not_fail(self, against):
        measure, calls = self.measure(1.3, 1.01)
        found = against.compare("a", ["toy_64"], 3, 0, measure)
        assert not against.is_slower(found["toy_64"])
        assert [rounds for _, rounds in calls] == [5, 10]

    def test_what_the_commit_lacks_is_skipped_and_what_fails_here_is_not(self, against):
        lacks = {"commit": ["ImportError"], "here": [1.0]}
        assert not against.is_slower(against.judged(lacks))
        assert "skipped, commit: ImportError" in against.told({"a": against.judged(lacks)})
        assert against.is_slower(against.judged({"commit": ["Error"], "here": ["Error"]}))

    def test_the_command_fails_if_a_row_is_slower(self, benchmark, folder, against, monkeypatch):
        module = benchmark("speed")
        monkeypatch.setattr(against, "commit_of", lambda name: name)
        arguments = [str(SCRIPTS["speed"]), "toy_64", "--against", "abc"]
        monkeypatch.setattr("sys.argv", arguments)
        for ratios, status in (((1.0,), 0), ((1.5, 1.5), 1)):
            measure, _ = self.measure(*ratios)
            compare = functools.partial(type(self).compare, against.compare, measure)
            with monkeypatch.context() as patch:
                patch.setattr(against, "compare", compare)
                assert module.main() == status
            kept = results_of(folder, "speed_against")
            assert kept["commit"] == "abc"
            assert kept["rows"]["toy_64"]["ratio"] == ratios[-1]

    @staticmethod
    def compare(compare, measure, *arguments):
        return compare(*arguments, measure)

    def test_an_unknown_commit_is_refused(self, benchmark, monkeypatch, capsys):
        arguments = [str(SCRIPTS["speed"]), "--against", "no_such_commit"]
        monkeypatch.setattr("sys.argv", arguments)
        with pytest.raises(SystemExit):
            benchmark("speed").main()
        assert "no commit no_such_commit in this clone" in capsys.readouterr().err

    def test_the_baseline_is_a_full_hash(self, benchmark):
        assert re.fullmatch("[0-9a-f]{40}", benchmark("speed").against.baseline())

    def test_workers_have_the_package_of_their_folder(self, benchmark, tmp_path, monkeypatch):
        """One that sleeps as it is imported is slower, by the row that imports it."""
        module = benchmark("speed").against
        packages = {}
        for label, sleep in (("commit", 0.0), ("here", 1.0)):
            package = tmp_path / label / "keras_gans"
            package.mkdir(parents=True)
            (package / "__init__.py").write_text(f"import time; time.sleep({sleep})")
            packages[label] = tmp_path / label
        found = module.turns(packages, ["start", "toy_64"], 2, seed=0)
        assert module.is_slower(module.judged(found["start"]))
        assert "failed" in module.judged(found["toy_64"])  # as neither has models


def test_an_example_is_kept_with_what_it_says_and_draws(benchmark, tmp_path, monkeypatch):
    module = benchmark("examples")
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "drawing.py").write_text(
        "import pathlib, sys\n"
        "print('Epoch 1/2\\n3/3 - 1s - 9ms/step - loss: 1.0')\n"
        "print(f'97.0% of {sys.argv[1]}.')\n"
        "pathlib.Path('output').mkdir()\n"
        "for name in 'ab':\n"
        "    pathlib.Path(f'output/{name}.png').write_text(name)\n"
        "print('Look at output/a.png, and at output/b.png.')\n"
    )
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module.results, "FOLDER", tmp_path / "results")
    monkeypatch.setattr("sys.argv", [str(SCRIPTS["examples"]), "drawing", "mnist"])
    module.main()
    record = json.loads((tmp_path / "results" / "example_drawing_mnist.json").read_text())
    assert record["command"] == "python benchmarks/studies/examples.py drawing mnist"
    said = ["97.0% of mnist.", "Look at output/a.png, and at output/b.png."]
    pictures = ["example_drawing_mnist_a.png", "example_drawing_mnist_b.png"]
    assert (record["results"]["said"], record["results"]["pictures"]) == (said, pictures)
    assert [(tmp_path / "results" / name).read_text() for name in pictures] == ["a", "b"]


def test_all_guards_are_run_with_a_new_seed_and_a_failure_is_told(tmp_path, monkeypatch, capsys):
    guards = importlib.import_module("benchmarks.guards.__main__")
    assert set(guards.GUARDS) == {n for n, p in SCRIPTS.items() if p.parent.name == "guards"}
    monkeypatch.setattr(guards, "FOLDER", tmp_path)
    monkeypatch.setattr(guards, "GUARDS", {n: (("--always",), ("--few",)) for n in ("bad", "good")})
    script = (
        "import os, sys; print(*sys.argv[1:], os.environ.get('BENCHMARK_RESULTS')); sys.exit({})"
    )
    (tmp_path / "bad.py").write_text(script.format(3))
    (tmp_path / "good.py").write_text(script.format(0))
    output = tmp_path / "output"

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["guards", f"--output={output}", *arguments])
        return guards.main(), capsys.readouterr().out

    status, table = run("--seed=7")
    assert status == 1
    assert "fails (3)" in table and "1 of 2 hold" in table
    assert (output / "bad.txt").read_text() == "--seed=7 --always None\n"
    seeds = set()
    for _ in range(2):
        status, table = run("--quick", "good")
        assert status == 0 and "1 of 1 hold" in table
        seed, *rest = (output / "good.txt").read_text().split()
        assert rest == ["--always", "--few", str(output / "results")]
        seeds.add(seed)
    assert len(seeds) == 2
    with pytest.raises(SystemExit):
        run("another")


def test_the_minimax_gradient_vanishes_and_a_critic_s_does_not(benchmark, monkeypatch):
    module = benchmark("vanishing_gradient")
    monkeypatch.setattr(module, "GRADIENTS", 5)
    steps, norms = 100, {}
    for game in ("GAN", "WGAN c = 0.1", "WGAN-GP one-sided"):
        gradients, _ = module.play(module.GAMES[game], steps, seed=0)
        for label, values in gradients.items():
            curve = module.summary(values[None], steps)
            norms[label] = curve["norm"]
            assert curve["steps"][-1] == steps
            assert curve["towards_data"][-1] == 1
    assert norms["minimax"][-1] < 0.03
    assert norms["non-saturating"][-1] > 1
    assert norms["non-saturating"][-1] > 10 * norms["non-saturating"][1]
    assert 0.3 < norms["WGAN, clipping at 0.1"][-1] < 1.5
    assert 0.7 < norms["WGAN-GP, one-sided"][-1] < 1.5


def options(folder):
    return argparse.Namespace(
        steps=10, batch_size=4, filters=2, resnet_filters=2, resnet_blocks=2, output=str(folder)
    )


def kinds(network):
    return {type(layer).__name__ for layer in network._flatten_layers()}


def test_the_architectures_of_the_robustness_table(benchmark, tmp_path):
    module = benchmark("robustness")
    networks = {
        name: build(options(tmp_path), "layer") for name, (build, _) in module.ARCHITECTURES.items()
    }
    for generator, critic in networks.values():
        assert generator.output_shape == critic.input_shape == (None, 28, 28, 1)
        assert generator.input_shape == (None, module.LATENT_DIM)
        assert "BatchNormalization" not in kinds(critic)
    rectifiers = {"ReLU", "LeakyReLU"}
    for name in ("gated", "tanh"):
        assert not rectifiers & (kinds(networks[name][0]) | kinds(networks[name][1]))
    normalizations = {"BatchNormalization", "GroupNormalization"}
    for network in (*networks["no_normalization"], networks["constant_filters"][0]):
        assert not normalizations & kinds(network)
    generator, _ = networks["constant_filters"]
    grown = [c.filters for c in generator.layers if isinstance(c, layers.Conv2DTranspose)]
    assert set(grown[:-1]) == {2}


def test_a_gate_multiplies_one_half_of_the_channels_by_the_other(benchmark):
    gate = benchmark("robustness").Gate()
    x = np.random.default_rng(0).normal(size=(3, 4, 4, 6)).astype("float32")
    expected = np.tanh(x[..., :3]) / (1 + np.exp(-x[..., 3:]))
    np.testing.assert_allclose(gate(x), expected, rtol=1e-5, atol=1e-6)
    assert gate.compute_output_shape(x.shape) == expected.shape


def test_cells_of_the_robustness_table_are_trained_measured_and_kept(
    benchmark, tmp_path, monkeypatch
):
    module = benchmark("robustness")
    monkeypatch.setattr(module, "SAMPLES", 100)
    images = np.random.default_rng(0).uniform(-1, 1, (200, 28, 28, 1)).astype("float32")
    load = kg.data.load

    def noise(name, split="train", **kwargs):
        return load(images, **kwargs)

    monkeypatch.setattr(kg.data, "load", noise)
    cells = [module.Cell("wgan_gp", "gated", 1), module.Cell("lsgan", "mlp", 5)]
    for cell in cells:
        assert module.read(cell, options(tmp_path)) is None
        module.train_cell(cell, options(tmp_path))
    records = {cell: module.read(cell, options(tmp_path)) for cell in cells}
    for cell, record in records.items():
        assert record["finite"]
        assert (
            record["learning_rate"] == module.METHODS[cell.method].learning_rate * cell.rate_factor
        )
        assert record["trains"] == (record["frechet_distance"] < module.TRAINS_BELOW)
        assert len(record["losses"]["g_loss"]) == module.EPOCHS
    module.draw(records, options(tmp_path), tmp_path / "table.png")
    assert (tmp_path / "table.png").exists()
    longer = options(tmp_path)
    longer.steps = 20
    assert module.read(cells[0], longer) is None


def test_the_better_learning_rate_is_taken_and_a_diverged_one_never(benchmark):
    module = benchmark("robustness")
    distances = {("wgan", 1): 9.0, ("wgan", 5): 3.0, ("dcgan", 1): 50.0, ("dcgan", 5): None}
    records = {
        module.Cell(method, "baseline", factor): {"finite": d is not None, "frechet_distance": d}
        for (method, factor), d in distances.items()
    }
    assert module.best_rate_factors(records) == {"wgan": 5, "dcgan": 1}


def test_the_bound_of_a_vae_rises_and_pixels_are_binarized_as_gray_as_they_are(benchmark):
    module = benchmark("vae_mnist")
    gray = np.full((2000, 2, 2, 1), 0.5, "float32")
    noise = np.random.default_rng(0).uniform(size=gray.shape)
    black_and_white = module.binarized(gray, noise)
    assert set(np.unique(black_and_white)) == {-1.0, 1.0}
    assert abs(np.mean(black_and_white == 1) - 0.75) < 0.02
    (batch,) = module.training_batches(gray[:100]).as_numpy_iterator()
    assert set(np.unique(batch)) == {-1.0, 1.0}
    options = argparse.Namespace(seed=0, hidden_units=8, latent_dim=2, epochs=4)
    _, history = module.train(gray[:500], black_and_white[:100], options)
    assert history["val_elbo"][-1] > history["val_elbo"][0]
    assert history["val_elbo"][-1] < -2


def test_a_biggan_is_judged_in_every_way_of_sampling(benchmark, monkeypatch):
    module = benchmark("biggan_mnist")
    monkeypatch.setattr(module, "TRUNCATIONS", (None, 0.5))
    options = argparse.Namespace(
        steps=10, batch_size=4, filters=1, attention=14, latent_dim=4, embedding_dim=2
    )
    vars(options).update(ema_decay=0.9, g_learning_rate=2e-4, d_learning_rate=4e-4, seed=0)
    images = np.random.default_rng(0).uniform(-1, 1, (80, 28, 28, 1)).astype("float32")
    gan = module.model(images.shape[1:], options)
    history = module.train(gan, images, np.arange(80) % 10, options)
    assert len(history["g_loss"]) == 10
    table = module.compare(gan, module.Judge(images), 80)
    assert len(table) == 5
    for row in table.values():
        assert 0 <= row["read_as_their_class"] <= 1
        assert np.isfinite(list(row.values())).all()


def test_photographs_are_measured_after_each_phase(benchmark, tmp_path, monkeypatch):
    module = benchmark("srgan_photographs")
    monkeypatch.setattr(module.results, "FOLDER", tmp_path)
    smallest = "--classifier-steps=2 --pretraining-steps=4 --adversarial-steps=4 --filters=2"
    arguments = [*smallest.split(), "--blocks=1", "--adversarial-batch-size=2"]
    monkeypatch.setattr("sys.argv", [str(SCRIPTS["srgan_photographs"]), *arguments])
    module.main()
    found = json.loads((tmp_path / "srgan_photographs.json").read_text())["results"]
    for phase in ("bicubic", "pixels", "adversarial"):
        assert set(found[phase]) == {"psnr", "ssim", "frechet_distance"}
        assert np.isfinite(list(found[phase].values())).all()
    gain = found["pixels"]["psnr"] - found["bicubic"]["psnr"]
    assert found["psnr_of_pixels_above_bicubic"] == pytest.approx(gain)
    assert (tmp_path / "srgan_photographs.png").exists()


def test_the_language_model_is_measured_and_goes_on(benchmark, tmp_path, monkeypatch):
    module = benchmark("text_gan")
    monkeypatch.chdir(tmp_path)
    load_text = kg.data.load_text
    plays = {
        "train": "to be, or not to be: that is the question. " * 20,
        "validation": "to be or not? " * 20,
        "test": "that is to be questioned. " * 20,
    }
    monkeypatch.setattr(
        kg.data,
        "load_text",
        lambda source, split, *args, **kwargs: load_text(plays[split], "train", *args, **kwargs),
    )
    held_out = module.held_out_windows()
    assert len(held_out) == 14 * 20 // 32 + 26 * 20 // 32
    floor = module.js(held_out, module.evenly(module.windows("train"), len(held_out)))
    few = argparse.Namespace(
        steps=2,
        every=2,
        batch_size=4,
        filters=4,
        blocks=1,
        n_critic=1,
        learning_rate=1e-3,
        ema_decay=0.5,
        seed=0,
    )
    first, rounds = module.train(few, held_out)
    assert [r["step"] for r in rounds] == [0, 2]
    few.steps = 5
    gan, rounds = module.train(few, held_out)
    assert [r["step"] for r in rounds] == [0, 2, 4, 5]
    assert gan is not first
    assert int(gan.g_optimizer.iterations) == 5
    expected = module.js(held_out, gan.sample(len(held_out), seed=0))
    for n in module.NGRAMS:
        assert rounds[-1][f"js_{n}"] == expected[f"js_{n}"]
        assert 0 < floor[f"js_{n}"] < rounds[0][f"js_{n}"] <= 0.6932
    module.draw(rounds, floor, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").exists()


def test_windows_are_taken_evenly(benchmark):
    evenly = benchmark("text_gan").evenly
    assert evenly(np.arange(101), 5).tolist() == [0, 25, 50, 75, 100]


def test_digits_are_drawn_as_outlines(benchmark):
    """A square becomes a frame, red where it faces left and cyan where it faces right."""
    draw = benchmark("cyclegan_mnist").as_outlines
    digit = np.full((1, 28, 28, 1), -1, "float32")
    ground = draw(digit)
    digit[:, 9:18, 9:18] = 1
    image = draw(digit)
    assert image.shape == (1, 28, 28, 3)
    assert np.abs(image).max() <= 1
    frame = np.zeros((28, 28), bool)
    frame[8:19, 8:19] = True
    frame[9:18, 9:18] = False
    np.testing.assert_array_equal(np.abs(image - ground)[0].max(axis=-1) > 0, frame)
    np.testing.assert_allclose(image[0, frame].max(axis=-1), 1)
    np.testing.assert_allclose(image[0, 13, 8], [1, -0.6, -0.6], atol=1e-3)
    np.testing.assert_allclose(image[0, 13, 18], [-0.6, 1, 1], atol=1e-3)
    assert ground.max() < -0.1


def test_translations_of_digits_are_measured(benchmark):
    module = benchmark("cyclegan_mnist")
    digits = np.random.default_rng(0).uniform(-1, 1, (40, 28, 28, 1)).astype("float32")
    labels = np.arange(40) % 10
    a, b = module.as_colors(digits), module.as_outlines(digits)
    tiny = argparse.Namespace(steps=10, batch_size=4, filters=2, blocks=1, seed=0)
    gan = module.train(a, b, tiny)
    assert int(gan.g_optimizer.iterations) == 10
    reader = module.classifier_of_outlines(b, labels)
    values, picture = module.measure(gan, reader, reader, (a, b), labels)
    back = gan.translate(gan.translate(a, "ab"), "ba")
    np.testing.assert_allclose(
        values["cycle_error"]["a_to_b_to_a"], np.abs(back - a).mean(), rtol=1e-4
    )
    logits = reader.predict(gan.translate(b, "ba").max(axis=-1, keepdims=True), verbose=0)
    accuracy = np.mean(logits.argmax(axis=-1) == labels)
    assert values["accuracy_of_the_classifier_of_a"]["b_to_a"] == accuracy
    assert picture.shape == (6 * 16, 28, 28, 3)
    np.testing.assert_array_equal(picture[:16], a[:16])


def test_alae_codes_are_measured_beside_pixels_and_untrained_codes(
    benchmark, tmp_path, monkeypatch
):
    module = benchmark("alae_mnist")
    monkeypatch.setattr(module.results, "FOLDER", tmp_path)
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 120)
    images = np.clip(random.normal(labels[:, None] - 0.5, 0.3, (120, 784)), -1, 1)
    images = images.reshape(-1, 28, 28, 1).astype("float32")
    monkeypatch.setattr(module, "mnist", lambda split: (images, labels))
    small = ["--epochs", "1", "--batch-size", "40", "--latent-dim", "2", "--code-dim", "6"]
    units = ["--generator-units", "8", "--encoder-units", "8"]
    monkeypatch.setattr("sys.argv", ["alae_mnist.py", *small, *units])
    module.main()
    result = json.loads((tmp_path / "alae_mnist.json").read_text())["results"]
    assert set(result["accuracy"]) == {"pixels", "codes before training", "codes"}
    for view in result["accuracy"].values():
        assert view["linear_svm"] > 0.95
        assert view["nearest_neighbor"] > 0.95
        assert view["c"] in module.CHOICES_OF_C
    assert result["reconstruction"]["mean_squared_error"] > 0
    assert (tmp_path / "alae_mnist.png").exists()


def crash(name, number, seed):
    os.abort()


def test_a_call_that_crashes_is_a_defect_and_no_end_of_the_fuzzing(benchmark, monkeypatch):
    module = benchmark("fuzz")
    monkeypatch.setattr(module, "search", crash)
    outcomes, defects = module.search_alone("load", argparse.Namespace(number=1, seed=0))
    assert outcomes == {"defect": 1}
    assert set(defects) == {"crashes"}


def test_a_soak_counts_what_the_process_holds_and_sees_growth(benchmark, tmp_path):
    module = benchmark("soak")
    tiny = argparse.Namespace(
        steps=4, steps_per_epoch=2, batch_size=4, filters=2, n_critic=1, seed=0, plug=True
    )
    records = module.train(tiny, tmp_path)
    assert [record["step"] for record in records] == [2, 4]
    for record in records:
        assert record["resident_mib"] > 100
        assert record["threads"] > 0
        assert record["file_handles"] > 2
    written = {path.name for path in tmp_path.iterdir()}
    assert {"run", "samples", "interpolations", "log.csv", "tensorboard"} <= written
    flat = [{**records[0], "step": step} for step in range(20)]
    assert all(count["holds"] for count in module.compare(flat).values())
    for name, bound in module.BOUNDS.items():
        grown = [*flat[:-2], *({**r, name: r[name] * bound + 1} for r in flat[-2:])]
        counts = module.compare(grown)
        assert [key for key, count in counts.items() if not count["holds"]] == [name]
    module.draw(flat, tmp_path / "soak.png")
    assert (tmp_path / "soak.png").exists()


def test_the_cost_of_replicas_is_measured_counted_and_predicted(benchmark, tmp_path, monkeypatch):
    module = benchmark("scaling")
    monkeypatch.setattr(module, "REPLICAS", (0, 2))
    monkeypatch.setattr("sys.argv", ["scaling.py", "--rounds=1", "--units=8", "--batch-size=8"])
    options = module.parse()
    game = module.measure("mlp", options)
    assert game["sent_as_theory_says"]
    weights = (2 * 8 + 8) + 2 * (8 * 8 + 8)
    both = [4 * (weights + 8 * 2 + 2), 4 * (weights + 8 + 1)]
    assert game["sent"]["gradients"] == sorted(both)
    assert game["work"]["noise"] == 2 * 2
    assert game["cpu_time_over_no_strategy"][2]["median"] > 1
    prediction = module.predict(game, options)
    for scaling in ("weak", "strong"):
        for curve in prediction[scaling].values():
            assert curve[0] == 1
            assert all(0 < b <= a for a, b in itertools.pairwise(curve))
    module.draw({"mlp": prediction, "again": prediction}, options, tmp_path / "scaling.png")
    assert (tmp_path / "scaling.png").exists()


def test_an_all_reduce_takes_the_time_of_its_bytes_and_hops(benchmark, monkeypatch):
    module = benchmark("scaling")
    monkeypatch.setattr("sys.argv", ["scaling.py", "--used-bandwidth=1"])
    options = module.parse()
    assert module.all_reduce(8e9, 1, False, options) == 0
    inside = 2 * 7 / 8 * 8 / 300
    np.testing.assert_allclose(
        module.all_reduce(8e9, 8, False, options), inside + 6.6e-6 + 14 * 0.6e-6
    )
    between = 2 * 3 / 4 * 1 / 25
    for tree, hops in ((False, 6), (True, 4)):
        expected = inside + between + 6.6e-6 + 14 * 0.6e-6 + hops * 2.7e-6
        np.testing.assert_allclose(module.all_reduce(8e9, 32, tree, options), expected)


def test_a_killed_training_ends_as_one_that_was_not(benchmark, tmp_path):
    module = benchmark("killed_runs")
    options = argparse.Namespace(kills=1, timeout=200, seed=1)
    found = module.measure("VAE", options, tmp_path)
    assert module.holds("VAE", found, options)
    assert found["kills_in_a_save"] == sum(found["kills_after"].values()) == 1
    assert "1 kills, 1 in a save" in module.row("VAE", found)
    for name in ("numbers.npz", "again.npz"):
        np.savez(tmp_path / name, np.ones(3), np.zeros(2) + (name == "again.npz"))
    differing = module.compare(tmp_path / "numbers.npz", tmp_path / "again.npz")
    assert differing == {"arrays": 2, "arrays_equal_bit_for_bit": 1}
    assert not module.holds("VAE", {**found, **differing}, options)


def test_kills_are_at_every_point_of_a_save_and_at_random_moments(benchmark):
    module = benchmark("killed_runs")
    kills = list(module.plan(20, False, random.Random(0)))
    at_points = [kill for kill in kills if kill.delay is None]
    assert len(kills) == 2 * len(at_points) == 20
    assert {(kill.point, kill.exchanges) for kill in at_points} == set(module.POINTS)
    assert {kill.point for kill in kills if kill.delay is not None} == {"start", "step", "save"}


def test_killed_runs_begins_without_a_tensor(repository):
    """Its processes import it again, and those of several workers must come before TensorFlow."""
    code = (
        "import benchmarks.guards.killed_runs\n"
        "from tensorflow.python.eager import context\n"
        "assert not context.context()._initialized\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=repository, check=True, timeout=300)


def test_killed_runs_of_a_model_with_all_techniques(repository, tmp_path):
    subprocess.run(
        [sys.executable, "benchmarks/guards/killed_runs.py", "--kills=1", "--trainings", "GAN"],
        cwd=repository,
        env={**os.environ, "BENCHMARK_RESULTS": str(tmp_path)},
        check=True,
        timeout=300,
    )
    values = json.loads((tmp_path / "killed_runs.json").read_text())["results"]["GAN"]
    assert values["kills"] == 1
    assert values["arrays_equal_bit_for_bit"] == values["arrays"]


def run(module, monkeypatch, name, *arguments):
    """Call a study's `main` with arguments."""
    monkeypatch.setattr("sys.argv", [str(SCRIPTS[name]), *map(str, arguments)])
    module.main()


@pytest.fixture
def folder(benchmark, tmp_path, monkeypatch):
    """Where studies run, and where their results go."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(benchmark("speed").results, "FOLDER", tmp_path / "results")
    return tmp_path


@pytest.fixture
def noise(monkeypatch):
    """Let `kg.data.load` give 1,000 noisy images of a shape, in ten classes, for every name."""
    load = kg.data.load
    random = np.random.default_rng(0)
    labels, class_names = np.arange(1000) % 10, ["ship", *"123456789"]

    def of_shape(shape):
        images = random.uniform(-1, 1, (1000, *shape)).astype("float32")

        def load_noise(source, split="train", **kwargs):
            if not isinstance(source, str):
                return load(source, split, **kwargs)
            return load((images, labels), class_names=class_names, **kwargs)

        monkeypatch.setattr(kg.data, "load", load_noise)
        return images, labels

    return of_shape


def results_of(folder, name):
    return json.loads((folder / "results" / f"{name}.json").read_text())["results"]


TINY = ("--steps=4", "--rounds=2", "--steps-per-execution=1")


def test_a_run_in_rounds_that_was_stopped_ends_as_one_that_was_not(folder):
    from benchmarks.training import train_in_rounds

    points = kg.data.ring_of_gaussians().sample(64, seed=0)

    first_weights = every_model.make("GAN").get_weights()

    def trained(name, measure, **options):
        gan = every_model.make("GAN")
        gan.set_weights(first_weights)
        gan.compile()
        batches = kg.data.load(np.zeros((8, 4, 4, 1), "float32"), batch_size=8)[0]  # of any kind
        batches = batches.repeat().map(lambda _: points[:8])
        return gan, train_in_rounds(gan, batches, 6, 3, folder / name, measure, options)

    def stop_in_second_round(gan):
        if int(gan.g_optimizer.iterations) == 4:
            raise KeyboardInterrupt
        return {"measured": int(gan.g_optimizer.iterations)}

    whole, expected = trained("whole", lambda gan: {"measured": int(gan.g_optimizer.iterations)})
    with pytest.raises(KeyboardInterrupt):
        trained("stopped", stop_in_second_round)
    again, found = trained("stopped", lambda gan: {"measured": int(gan.g_optimizer.iterations)})
    assert [r["measured"] for r in found] == [r["measured"] for r in expected] == [2, 4, 6]
    assert [r["step"] for r in found] == [2, 4, 6]
    assert [r["g_loss"] for r in found] == [r["g_loss"] for r in expected]
    assert found[0]["minutes"] <= found[1]["minutes"] <= found[2]["minutes"]
    assert_same_weights(again, whole)
    with pytest.raises(ValueError, match=r"holds a run with a=None \(now 2\)"):
        trained("whole", stop_in_second_round, a=2)


def test_steps_within_a_time_are_measured_once(folder):
    from benchmarks.training import minutes_of_two_cores, steps_within

    class Model:
        fitted = 0

        def fit(self, batches, steps_per_epoch, verbose):
            Model.fitted += steps_per_epoch
            until = minutes_of_two_cores() + steps_per_epoch * 1e-4
            while minutes_of_two_cores() < until:
                pass

    numbers = [steps_within(0.1, lambda steps: Model(), None, folder / "run") for _ in range(2)]
    assert numbers[0] == numbers[1] == pytest.approx(1000, rel=0.1)
    assert Model.fitted < 100


def test_a_judge_tells_the_same_images_from_others(benchmark):
    judge_of = importlib.import_module("benchmarks.judging").Judge
    images = np.random.default_rng(0).uniform(-1, 1, (600, 28, 28, 1)).astype("float32")
    judge = judge_of(kg.metrics.MNISTFeatures(), images)
    _, logits = judge.features_and_logits(images)
    same = judge(images, logits.argmax(axis=1))
    assert same["frechet_distance"] == pytest.approx(0, abs=1e-3)
    assert (same["precision"], same["recall"], same["read_as_their_class"]) == (1, 1, 1)
    assert judge.frechet_distance(images**3) > 1


def test_all_seeds_of_all_games_are_played_measured_and_drawn(benchmark, folder, monkeypatch):
    module = benchmark("all_modes")
    monkeypatch.setattr(module, "NUM_SAMPLES", 200)
    monkeypatch.setattr(module, "STEPS_PER_CALL", 2)
    run(module, monkeypatch, "all_modes", "--steps=2", "--seeds", "0", "3")
    found = results_of(folder, "all_modes")
    for density, games in found["runs"].items():
        assert games.keys() == module.GAMES.keys()
        for name, records in games.items():
            assert [record["seed"] for record in records] == [0, 3]
            shares = [record["good_share"] for record in records]
            assert found["worst_seed"][density][name]["good_share"] == min(shares)
    assert (folder / "results" / "all_modes.png").exists()


def test_a_discriminator_of_packs_has_the_layers_of_one_of_points(benchmark):
    module = benchmark("all_modes")
    of_packs, of_points = module.discriminator_of_packs(), module.discriminator()
    units = [
        [layer.units for layer in network.layers if isinstance(layer, layers.Dense)]
        for network in (of_packs, of_points)
    ]
    assert units[0] == units[1] == [128, 128, 128, 1]
    assert of_packs.input_shape == (None, 8)


def test_the_networks_of_stacked_mnist_are_the_published_ones(benchmark):
    module = benchmark("stacked_mnist")
    for setting in module.SETTINGS.values():
        generator, critic = module.generator(setting), module.discriminator(setting, False, 2)
        grids = [layer.output.shape[1:] for layer in generator.layers if "conv" in layer.name]
        assert grids == [(s, s, f) for s, f in [*setting.generator[1:], (28, 3)]]
        assert critic.input_shape == (None, 28, 28, 6)
        filters = [layer.filters for layer in critic.layers if isinstance(layer, layers.Conv2D)]
        assert tuple(filters) == setting.discriminator
        assert "BatchNormalization" not in kinds(critic)
        assert "BatchNormalization" in kinds(module.discriminator(setting, True))


def test_modes_of_stacked_digits_are_counted(benchmark, folder, noise, monkeypatch):
    module = benchmark("stacked_mnist")
    noise((28, 28, 3))
    tiny = ("--num-samples=500", "--sizes=quarter", *TINY)
    run(module, monkeypatch, "stacked_mnist", *tiny)
    found = results_of(folder, "stacked_mnist")
    assert found["table"].keys() == {f"{variant}, quarter" for variant in module.VARIANTS}
    for (record,) in found["runs"].values():
        assert 1 <= record["modes"] <= 500
        assert record["kl"] >= np.log(1000 / record["modes"]) - 1e-3
    assert (folder / "results" / "stacked_mnist.png").exists()
    run(module, monkeypatch, "stacked_mnist", *tiny)
    assert results_of(folder, "stacked_mnist") == found


def test_modes_of_small_networks_of_r3gan_are_counted(benchmark, folder, noise, monkeypatch):
    module = benchmark("stacked_mnist")
    noise((28, 28, 3))
    own = ("--model=r3gan", "--filters=4", "--num-samples=500", "--seeds=3")
    run(module, monkeypatch, "stacked_mnist", *own, *TINY)
    assert results_of(folder, "stacked_mnist_r3gan")["runs"]["R3GAN"][0]["step"] == 4


def test_the_table_of_mnist_has_every_model(benchmark, folder, noise, monkeypatch):
    module = benchmark("mnist_quality")
    noise((28, 28, 1))
    tiny = ("--num-samples=200", "--filters=2", "--precision=float32", *TINY)
    for name in module.MODELS:
        run(module, monkeypatch, "mnist_quality", name, *tiny)
        assert len(results_of(folder, f"mnist_quality_{name}")["rounds"]) == 2
    table = results_of(folder, "mnist_quality")["models"]
    assert list(table) == list(module.MODELS)
    assert all(np.isfinite(row["frechet_distance"]) for row in table.values())
    assert (folder / "results" / "mnist_quality.png").exists()


def test_nearest_images_are_found(benchmark):
    images = np.random.default_rng(0).uniform(-1, 1, (30, 2, 2, 1))
    found = benchmark("little_data").nearest(images[[4, 7]] + 0.01, images)
    np.testing.assert_array_equal(found, images[[4, 7]])


def test_augmentations_are_compared_on_little_data(benchmark, folder, noise, monkeypatch):
    module = benchmark("little_data")
    noise((28, 28, 1))
    run(module, monkeypatch, "little_data", "--nums", 40, "--num-samples=100", "--filters=2", *TINY)
    found = results_of(folder, "little_data")
    assert found["runs"]["40"].keys() == module.AUGMENTATIONS.keys()
    for record in found["runs"]["40"].values():
        assert {"d_training", "d_test", "d_fake"} <= set(record["rounds"][0])
    assert found["times_nearer"]["40"]["none"] == 1
    for name in ("little_data", "little_data_samples"):
        assert (folder / "results" / f"{name}.png").exists()


def test_color_images_are_judged_by_a_classifier_of_their_own(
    benchmark, folder, noise, monkeypatch
):
    noise((32, 32, 3))
    classifier, module = benchmark("cifar10_classifier"), benchmark("cifar10")
    with pytest.raises(SystemExit, match=r"run `python benchmarks/studies/cifar10_classifier\.py`"):
        classifier.Features()
    run(classifier, monkeypatch, "cifar10_classifier", "--epochs=1", "--filters=2")
    assert 0 <= results_of(folder, "cifar10_classifier")["test_accuracy"] <= 1
    tiny = ("--num-samples=100", "--filters=4", "--precision=float32", *TINY)
    run(module, monkeypatch, "cifar10", *reversed(module.MODELS), "--batch-size=8", *tiny)
    for name in module.MODELS:
        assert 0 <= results_of(folder, f"cifar10_{name}")["read_as_their_class"] <= 1
        assert (folder / "results" / f"cifar10_{name}.png").exists()
    run(module, monkeypatch, "cifar10", "wgan_gp", "--only=ship", "--batch-size=8", *tiny)
    assert "read_as_their_class" not in results_of(folder, "cifar10_wgan_gp_ship")
    for refused in (("hinge", "--only=ship"), ("r3gan", "--only=dragon")):
        with pytest.raises(SystemExit):
            run(module, monkeypatch, "cifar10", *refused)


def test_a_classifier_of_colors_learns(benchmark):
    module = benchmark("cifar10_classifier")
    labels = np.arange(640) % 10
    images = np.random.default_rng(0).normal(0, 0.2, (640, 32, 32, 3)).astype("float32")
    images[..., 0] += (labels / 9 * 2 - 1)[:, None, None]
    few = argparse.Namespace(seed=0, filters=4, epochs=12, batch_size=32, learning_rate=0.01)
    model = module.train(np.clip(images, -1, 1), labels, few)
    assert module.accuracy(model, np.clip(images, -1, 1), labels) > 0.3
    assert module.classifier(24).count_params() < 1_000_000
