import inspect
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans import _memory, metrics
from keras_gans.metrics import evaluate, format_table
from keras_gans.metrics.evaluation import untruncated


class Halves:
    """Features and logits of vectors: all of it, and its first half."""

    name = "halves"

    def features_and_logits(self, samples):
        return samples, samples[:, : samples.shape[1] // 2]

    def __call__(self, samples):
        return samples


def sample(num, seed):
    return 0.3 + np.random.default_rng(seed).normal(size=(num, 6))


def real_batches(number=250, size=60):
    samples = np.random.default_rng(99).normal(size=(number, 6))
    return np.split(samples, range(size, number, size))


def test_results_and_protocol():
    calls = []

    def recorded(num, seed):
        calls.append((num, seed))
        return sample(num, seed)

    report = evaluate(
        recorded,
        real_batches(200),
        num_samples=200,
        feature_extractor=Halves(),
        batch_size=64,
        seed=5,
        split="test",
        verbose=0,
    )
    assert [num for num, _ in calls] == [64, 64, 64, 8]
    assert len({seed for _, seed in calls}) == 4
    real = np.concatenate(real_batches(200))
    generated = np.concatenate([sample(num, seed) for num, seed in calls])
    expected = metrics.FrechetDistance()
    expected.update_state(real, generated)
    score = metrics.InceptionScore()
    score.update_state(generated[:, :3])
    kernel = metrics.KernelDistance(seed=5)
    kernel.update_state(real, generated)
    assert report["results"]["frechet_distance"] == pytest.approx(float(expected.result()))
    assert report["results"]["inception_score"] == pytest.approx(float(score.result()))
    assert report["results"]["inception_score_std"] == pytest.approx(
        float(score.standard_deviation())
    )
    assert report["results"]["kernel_distance"] == pytest.approx(float(kernel.result()))
    assert {"precision", "recall", "density", "coverage"} <= report["results"].keys()
    protocol = report["protocol"]
    assert (protocol["real"], protocol["generated"], protocol["split"]) == (200, 200, "test")
    assert (protocol["real_total"], protocol["labels"]) == (200, "none")
    assert (protocol["extractor"], protocol["seed"]) == ("halves", 5)
    assert protocol["settings"] == {
        "frechet_distance": {},
        "kernel_distance": {"subsets": 100, "subset_size": 200, "max_samples": 200},
        "inception_score": {"splits": 10, "from_logits": True},
        "precision_recall": {"k": 3, "max_samples": 200},
    }
    assert {"python", "keras", "tensorflow"} == protocol["versions"].keys()


def test_fewer_real_samples_are_counted():
    report = evaluate(sample, real_batches(90), metrics=["fid"], num_samples=200, verbose=0)
    assert report["protocol"]["real"] == 90
    assert list(report["results"]) == ["frechet_distance"]


def test_the_seed_decides():
    results = [
        evaluate(sample, real_batches(), ["fid"], num_samples=100, seed=seed, verbose=0)["results"]
        for seed in (0, 0, 1)
    ]
    assert results[0] == results[1] != results[2]


def test_progress_is_shown(capsys):
    evaluate(sample, real_batches(), ["fid"], num_samples=100, verbose=1)
    output = capsys.readouterr().out
    assert "250/Unknown" in output and "100/100" in output


def test_one_sample_metrics_need_no_real_data():
    report = evaluate(sample, (), ["is"], 100, feature_extractor=Halves(), verbose=0)
    assert report["protocol"]["real"] == 0
    assert 1 <= report["results"]["inception_score"] <= 3


def test_table():
    table = format_table(
        {
            "results": {"frechet_distance": 12.3456789, "precision": 0.5},
            "protocol": {
                "real": 7,
                "split": "test",
                "settings": {
                    "frechet_distance": {},
                    "precision_recall": {"k": 3, "max_samples": 9},
                },
                "versions": {"keras": "3.0", "python": "3.1"},
            },
        }
    )
    assert table.splitlines() == [
        "frechet_distance  12.3457",
        "precision             0.5",
        "-------------------------",
        "real              7",
        "split             test",
        "precision_recall  k=3, max_samples=9",
        "versions          keras 3.0, python 3.1",
    ]


def test_unknown_metrics_are_an_error():
    with pytest.raises(ValueError, match=r"`metrics` must be among .* Received: \['fvd'\]"):
        evaluate(sample, real_batches(), ["fvd"])


def test_the_inception_score_needs_logits():
    with pytest.raises(ValueError, match=r"`feature_extractor` must have `features_and_logits`"):
        evaluate(sample, real_batches(), ["is"])


def test_too_few_real_samples_are_an_error():
    with pytest.raises(ValueError, match=r"`real` must hold at least 2 samples"):
        evaluate(sample, real_batches(1), ["fid"], num_samples=100, verbose=0)


def two_classes(number=600, size=70):
    """Points sorted by class, one around 0 and one around 100, with a last part batch."""
    labels = np.repeat([0, 1], [number // 3, number - number // 3])
    points = 100 * labels[:, None] + np.random.default_rng(1).normal(size=(number, 2))
    cuts = range(size, number, size)
    return list(zip(np.split(points, cuts), np.split(labels, cuts), strict=True))


def distance(sample, real, **arguments):
    arguments = {"num_samples": 90, "verbose": 0, **arguments}
    return evaluate(sample, real, ["fid"], **arguments)["results"]["frechet_distance"]


def of_classes(num, labels, seed):
    return 100 * labels[:, None] + np.random.default_rng(seed).normal(size=(num, 2))


def test_the_real_samples_are_a_random_subset_of_all():
    """A sampler that never draws the second class, which comes last, is far from the data."""
    real = [points for points, _ in two_classes()]
    first_class = distance(
        lambda num, seed: np.random.default_rng(seed).normal(size=(num, 2)), real
    )
    assert first_class > 1000


def test_every_real_sample_is_as_likely_and_a_last_part_batch_counts():
    """The mean of subsets of ten of the numbers 0 … 99 is that of all, over many seeds."""
    numbers = np.arange(100.0)[:, None]
    subsets = []

    class Recorded(metrics.FrechetDistance):
        def update_state(self, real=None, generated=None):
            subsets[-1:] = [[*subsets[-1], *([] if real is None else real[:, 0])]]
            super().update_state(real, generated)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(metrics.evaluation._METRICS, "fid", lambda seed, kept: Recorded())
        for seed in range(40):
            subsets.append([])
            batches = np.split(numbers, [33, 66, 99] if seed % 2 else [7])
            evaluate(
                lambda num, seed: numbers[:num], batches, ["fid"], 10, seed=seed // 2, verbose=0
            )
    assert all(len(set(subset)) == 10 for subset in subsets)
    assert subsets[::2] == subsets[1::2]  # however the stream is cut
    drawn = np.concatenate(subsets[::2])
    assert drawn.mean() == pytest.approx(49.5, abs=3.3 * 28.9 / np.sqrt(200))
    assert drawn.max() > 95


def test_an_endless_dataset_is_an_error():
    real = tf.data.Dataset.from_tensors(np.zeros((5, 2))).repeat()
    with pytest.raises(ValueError, match="`real_batches` must end"):
        distance(sample, real)


def test_every_kind_of_batches_is_read_to_its_end():
    points = np.random.default_rng(0).normal(size=(70, 6))

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return points[30 * index : 30 * (index + 1)]

    kinds = (
        points,
        Batches(),
        tf.data.Dataset.from_tensor_slices(points).batch(30),
        (batch for batch in np.split(points, [30, 60])),
        [(batch, None) for batch in np.split(points, [30, 60])],
    )
    found = {round(distance(sample, kind), 12) for kind in kinds}
    assert len(found) == 1


def test_only_what_may_belong_to_the_subset_goes_through_the_extractor():
    extracted = []

    def extractor(points):
        extracted.append(len(points))
        return points

    real = [points for points, _ in two_classes(3000, 100)]
    report = evaluate(
        lambda num, seed: np.random.default_rng(seed).normal(size=(num, 2)),
        real, ["fid"], 100, extractor, verbose=0
    )  # fmt: skip
    assert (report["protocol"]["real"], report["protocol"]["real_total"]) == (100, 3000)
    assert sum(extracted) - 100 < 1000  # about 100 · (1 + log 30) = 440, and batches that wait


def test_generated_samples_have_the_shares_of_the_real_labels():
    drawn = []

    def sample(num, seed, labels):
        drawn.extend(labels)
        return of_classes(num, labels, seed)

    assert distance(sample, two_classes(), batch_size=40) < 60
    assert np.bincount(drawn).tolist() == [30, 60]
    assert drawn != sorted(drawn)
    report = evaluate(sample, two_classes(), ["fid"], 90, verbose=0)
    assert report["protocol"]["labels"] == "in the shares of the real ones"


def test_labels_that_a_sampler_does_not_take_are_left_alone():
    def sample(num, seed):
        return of_classes(num, np.arange(num) % 3 > 0, seed)

    assert distance(sample, two_classes()) < 60


class Model:
    """A model of points of two classes, as far as `evaluate` knows models."""

    conditional = True
    num_classes = 2

    def sample(self, num, labels=None, seed=None, batch_size=256):
        return of_classes(num, np.asarray(labels), seed)


def test_the_sampler_of_a_model_is_called_by_names():
    assert list(inspect.signature(kg.models.GAN.sample).parameters) == list(
        inspect.signature(Model.sample).parameters
    )
    assert distance(Model().sample, two_classes()) < 60
    gan = kg.models.GAN(
        kg.networks.mlp_generator((2,), 3, (4,)), kg.networks.mlp_discriminator((2,), (4,)), 3
    )
    for real in (two_classes(), [points for points, _ in two_classes()]):
        report = evaluate(gan.sample, real, ["fid"], num_samples=90, verbose=0)
        assert report["results"]["frechet_distance"] > 1000
        assert report["protocol"]["labels"] == "none"


def test_a_conditional_model_needs_labels_of_its_classes():
    images = [points for points, _ in two_classes()]
    with pytest.raises(ValueError, match=r"`real_batches` must yield tuples \(images, labels\)"):
        distance(Model().sample, images)
    with pytest.raises(ValueError, match=r"`real_batches` must yield tuples \(images, labels\)"):
        distance(lambda num, seed, labels: images[0], images)
    of_three = [(points, labels + 1) for points, labels in two_classes()]
    with pytest.raises(ValueError, match=r"must hold labels in \[0, 2\), the classes of the model"):
        distance(Model().sample, of_three)
    with pytest.raises(ValueError, match=r"`real_batches` must have one integer label for each"):
        distance(Model().sample, [(points, points) for points, _ in two_classes()])


def test_a_model_in_place_of_its_sampler_is_an_error():
    with pytest.raises(TypeError, match="such as the method `sample` of a model"):
        distance(Model(), two_classes())


def test_another_number_of_samples_is_an_error():
    with pytest.raises(
        ValueError, match=r"`sample` must return 90 samples. Received: shape \(3, 2"
    ):
        distance(lambda num, seed: np.zeros((3, 2)), two_classes())


def digits(number=80):
    batches, _ = kg.data.load("digits", batch_size=number, shuffle=False)
    return next(iter(batches)).numpy()


def flat(images):
    return tf.reshape(images, [tf.shape(images)[0], -1])


@pytest.mark.parametrize("scaled", [lambda x: (x + 1) / 2, lambda x: (x + 1) * 127.5])
def test_images_that_are_not_in_minus_one_to_one_are_refused(scaled):
    def right(num, seed):
        return digits(num)

    arguments = {"feature_extractor": flat, "num_samples": 80}
    assert distance(right, [digits()], **arguments) == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError, match=r"`real_batches` must be images in \[-1, 1\]"):
        distance(right, [scaled(digits())], **arguments)
    with pytest.raises(ValueError, match=r"`sample` must be images in \[-1, 1\]"):
        distance(lambda num, seed: scaled(digits(num)), [digits()], **arguments)


def test_images_are_rounded_to_8_bits():
    def noisy(num, seed):
        noise = np.random.default_rng(seed).uniform(-0.003, 0.003, (num, 8, 8, 1))
        return np.clip(rounded(digits(num)) + noise, -1, 1).astype("float32")

    def rounded(images):
        return kg.data.to_uint8(images).astype("float32") / 127.5 - 1

    arguments = {"feature_extractor": flat, "num_samples": 80}
    assert distance(noisy, [rounded(digits())], **arguments) == pytest.approx(0, abs=1e-9)


def test_a_second_evaluation_traces_nothing(monkeypatch):
    extractor = metrics.MNISTFeatures()
    real = [np.random.default_rng(0).uniform(-1, 1, (50, 28, 28, 1)).astype("float32")]

    def sample(num, seed):
        return np.random.default_rng(seed).uniform(-1, 1, (num, 28, 28, 1)).astype("float32")

    def measure():
        return evaluate(sample, real, num_samples=60, feature_extractor=extractor, batch_size=20)

    first = measure()
    graphs = []
    from tensorflow.python.framework import func_graph

    make = func_graph.FuncGraph.__init__

    def counted(self, name, *arguments, **keywords):
        graphs.append(name)
        make(self, name, *arguments, **keywords)

    monkeypatch.setattr(func_graph.FuncGraph, "__init__", counted)
    assert measure()["results"] == pytest.approx(first["results"], rel=1e-12, nan_ok=True)
    assert graphs == []


class TestMemory:
    """What could never fit is refused when the first features are there."""

    @staticmethod
    def measure(num, names, monkeypatch, memory):
        asked = []

        def recorded(num, seed):
            asked.append(num)
            return sample(num, seed)

        monkeypatch.setattr(_memory, "physical_memory", lambda: memory)
        with pytest.raises(ValueError) as refused:
            evaluate(recorded, real_batches(), names, num, batch_size=10, verbose=0)
        assert not asked
        return str(refused.value)

    @pytest.mark.parametrize(("names", "most"), [(["kid"], 300), (["fid", "kid", "prdc"], 150)])
    @pytest.mark.parametrize("num", [301, 10**9])
    def test_of_samples_that_metrics_keep(self, names, most, num, monkeypatch):
        memory = 300 * 6 * 8 * 2  # 300 samples of each side
        message = self.measure(num, names, monkeypatch, memory)
        assert re.search(f"`num_samples` must be at most {most} .* num_samples={num}$", message)

    def test_of_real_features(self, monkeypatch):
        message = self.measure(10**9, ["fid"], monkeypatch, memory=200 * 6 * 4)
        assert "`num_samples` must be at most 200 " in message

    def test_of_covariances(self, monkeypatch):
        message = self.measure(100, ["fid"], monkeypatch, memory=16 * 5 * 5)
        assert "`feature_extractor` must make at most 5 features" in message
        assert "FrechetDistance" in message

    def test_of_labels(self, monkeypatch):
        def labeled(num, labels, seed):
            raise AssertionError("was called")

        monkeypatch.setattr(_memory, "physical_memory", lambda: 48_000)
        real = [(batch, np.zeros(len(batch), int)) for batch in real_batches()]
        with pytest.raises(ValueError, match=r"`num_samples` must be at most 1,000 "):
            evaluate(labeled, real, ["fid"], 10**9, verbose=0)

    def test_metrics_keep_no_more_than_there_are(self):
        report = evaluate(sample, real_batches(), ["kid", "prdc"], num_samples=50, verbose=0)
        settings = report["protocol"]["settings"]
        assert settings["kernel_distance"]["max_samples"] == 50
        assert settings["precision_recall"]["max_samples"] == 50


@pytest.mark.parametrize("kind", [metrics.KernelDistance, metrics.PrecisionRecall])
def test_samples_that_a_metric_cannot_keep(kind, monkeypatch):
    monkeypatch.setattr(_memory, "physical_memory", lambda: 16 * 6 * 2000)
    with pytest.raises(ValueError, match="`max_samples` must be at most 2,000 "):
        kind().update_state(sample(3, 0), sample(3, 1))


def test_what_is_truncated_by_default_is_evaluated_whole():
    def of_styles(num, labels=None, seed=None, truncation=0.7):
        return num, labels, seed, truncation

    def of_latents(num, labels=None, seed=None, truncation=None):
        return truncation

    assert untruncated(of_styles)(3, seed=1) == (3, None, 1, 1.0)
    assert untruncated(of_latents) is of_latents
