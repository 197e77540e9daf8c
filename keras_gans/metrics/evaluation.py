"""Measure a generator against data: what `python -m keras_gans evaluate` prints."""

import platform

import keras
import numpy as np
import tensorflow as tf

from keras_gans import _checks
from keras_gans.metrics.features import ClassifierFeatures
from keras_gans.metrics.frechet_distance import FrechetDistance
from keras_gans.metrics.inception_score import InceptionScore
from keras_gans.metrics.kernel_distance import KernelDistance
from keras_gans.metrics.precision_recall import PrecisionRecall

_METRICS = {
    "fid": lambda seed: FrechetDistance(),
    "kid": lambda seed: KernelDistance(seed=seed),
    "is": lambda seed: InceptionScore(),
    "prdc": lambda seed: PrecisionRecall(seed=seed),
}


def evaluate(
    sample,
    real_batches,
    metrics=("fid", "kid", "is", "prdc"),
    num_samples=10_000,
    feature_extractor=None,
    seed=0,
    batch_size=100,
    split="unspecified",
    verbose=1,
):
    """Compare generated samples with real ones.

    Args:
        sample: Callable `sample(num, seed)` that returns `num` generated images in [-1, 1]; each
            batch gets another seed, derived from `seed`.
        real_batches: Iterable of batches of real images in [-1, 1]. At most `num_samples` images
            are taken; fewer are taken as they come, and the protocol says how many.
        metrics: Names among "fid", "kid", "is" and "prdc". "is" needs an extractor with
            `features_and_logits(images)`, such as `InceptionFeatures` and `MNISTFeatures`.
        num_samples: Number of generated samples, and the most real ones. Defaults to 10,000.
        feature_extractor: Callable from images to features (batch, d). `None`: the samples are the
            features.
        seed: Integer from which all randomness derives. Defaults to 0.
        batch_size: Samples generated at a time. Defaults to 100.
        split: Name of the real data's split, for the protocol.
        verbose: 1 shows a progress bar, 0 does not.

    Returns:
        A dict: "results" maps names to floats; "protocol" has the counts, the split, the extractor,
        the seed, the settings of the metrics and the versions that the results hold for.

    Raises:
        ValueError, TypeError: A metric has no such name, "is" has no logits, there are too few
            samples, or an argument is of another kind.

    Example:

    >>> def sample(num, seed):
    ...     return keras.random.normal((num, 2), seed=seed)
    >>> real = [sample(100, seed) for seed in range(5)]
    >>> report = evaluate(sample, real, metrics=["fid"], num_samples=500, verbose=0)
    >>> report["protocol"]["real"], report["results"]["frechet_distance"] < 0.1
    (500, True)
    """
    _checks.function("sample", sample)
    seed = _checks.positive_int("seed", seed, minimum=0)
    if not isinstance(metrics, (list, tuple)):
        raise TypeError(f"`metrics` must be a list of names. Received: metrics={metrics!r}")
    _checks.positive_int("num_samples", num_samples, minimum=2)
    _checks.positive_int("batch_size", batch_size)
    unknown = [name for name in metrics if name not in list(_METRICS)]
    if unknown or not metrics:
        raise ValueError(f"`metrics` must be among {list(_METRICS)}. Received: {list(metrics)}")
    has_logits = hasattr(feature_extractor, "features_and_logits")
    if "is" in metrics and not has_logits:
        raise ValueError(
            "`feature_extractor` must have `features_and_logits` for the Inception Score. "
            f"Received: {feature_extractor!r}"
        )
    extract = _extraction(feature_extractor)
    measures = {name: _METRICS[name](seed) for name in dict.fromkeys(metrics)}
    two_sample = [measure for name, measure in measures.items() if name != "is"]

    progress = keras.utils.Progbar(
        2 * num_samples if two_sample else num_samples, verbose=verbose, unit_name="sample"
    )
    real = 0
    if two_sample:
        for images in _first(real_batches, num_samples):
            features, _ = extract(images)
            for measure in two_sample:
                measure.update_state(real=features)
            real += len(images)
            progress.update(real, finalize=False)
        progress.target = real + num_samples

    sizes = [batch_size] * (num_samples // batch_size) + [num_samples % batch_size]
    sizes = [size for size in sizes if size]
    seeds = np.random.SeedSequence(seed).generate_state(len(sizes)) >> 1
    for size, batch_seed in zip(sizes, seeds, strict=True):
        features, logits = extract(sample(size, int(batch_seed)))
        for measure in two_sample:
            measure.update_state(generated=features)
        if "is" in measures:
            measures["is"].update_state(logits)
        progress.add(size)

    return {
        "results": _results(measures.values()),
        "protocol": {
            "real": real,
            "generated": num_samples,
            "split": split,
            "extractor": _extractor_name(feature_extractor),
            "seed": seed,
            "settings": {measure.name: _settings(measure) for measure in measures.values()},
            "versions": {
                "python": platform.python_version(),
                "keras": keras.__version__,
                "tensorflow": tf.__version__,
            },
        },
    }


def format_table(report):
    """The report of `evaluate` as plain text: a line for each result, then the protocol.

    Raises:
        TypeError: `report` is not what `evaluate` returns.

    Example:

    >>> report = {"results": {"frechet_distance": 1.5}, "protocol": {"real": 8, "versions": {}}}
    >>> print(format_table(report).splitlines()[0])
    frechet_distance  1.5
    """
    if not isinstance(report, dict) or not {"results", "protocol"} <= set(report):
        raise TypeError(
            "`report` must be a dictionary with 'results' and 'protocol', as `evaluate` returns. "
            f"Received: report of type {type(report).__name__}"
        )
    results, protocol = report["results"], dict(report["protocol"])
    versions = ", ".join(f"{name} {version}" for name, version in protocol.pop("versions").items())
    settings = protocol.pop("settings", {})
    rows = [(name, f"{value:.6g}") for name, value in results.items()]
    notes = [(name, str(value)) for name, value in protocol.items()]
    for name, values in settings.items():
        if values:
            notes.append((name, ", ".join(f"{key}={value}" for key, value in values.items())))
    notes.append(("versions", versions))
    width = max(len(name) for name, _ in rows + notes)
    number_width = max(len(value) for _, value in rows)
    lines = [f"{name:<{width}}  {value:>{number_width}}" for name, value in rows]
    lines += ["-" * (width + 2 + number_width)]
    lines += [f"{name:<{width}}  {value}" for name, value in notes]
    return "\n".join(lines)


def _extraction(extractor):
    """Function from a batch to its features and its logits, or `None` for what there is not."""
    if extractor is None:
        return lambda samples: (samples, None)
    if isinstance(extractor, ClassifierFeatures):
        return tf.function(extractor.features_and_logits, reduce_retracing=True)
    if hasattr(extractor, "features_and_logits"):
        return extractor.features_and_logits
    return lambda samples: (extractor(samples), None)


def _extractor_name(extractor):
    if extractor is None:
        return "none (the samples are the features)"
    return getattr(extractor, "name", None) or getattr(
        extractor, "__name__", type(extractor).__name__
    )


def _settings(measure):
    """What a metric was configured with, apart from what the protocol says for all."""
    common = ("name", "dtype", "feature_extractor", "seed")
    return {key: value for key, value in measure.get_config().items() if key not in common}


def _first(batches, number):
    """The first `number` samples, in batches."""
    for batch in batches:
        batch = batch[:number]
        yield batch
        number -= len(batch)
        if number <= 0:
            return


def _results(measures):
    results = {}
    for measure in measures:
        value = measure.result()
        if isinstance(value, dict):
            results.update({name: float(part) for name, part in value.items()})
        else:
            results[measure.name] = float(value)
        if hasattr(measure, "standard_deviation"):
            results[f"{measure.name}_std"] = float(measure.standard_deviation())
    return results
