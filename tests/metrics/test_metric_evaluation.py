import numpy as np
import pytest

from keras_gans import metrics
from keras_gans.metrics import evaluate, format_table


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
        real_batches(),
        num_samples=200,
        feature_extractor=Halves(),
        batch_size=64,
        seed=5,
        split="test",
        verbose=0,
    )
    assert [num for num, _ in calls] == [64, 64, 64, 8]
    assert len({seed for _, seed in calls}) == 4
    real = np.concatenate(real_batches())[:200]
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
    assert (protocol["extractor"], protocol["seed"]) == ("halves", 5)
    assert protocol["settings"] == {
        "frechet_distance": {},
        "kernel_distance": {"block_size": 1000, "max_blocks": 10},
        "inception_score": {"splits": 10, "from_logits": True},
        "precision_recall": {"k": 3, "max_samples": 10_000},
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
    assert "200/200" in capsys.readouterr().out


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
