"""Measure a generator against data: what `python -m keras_gans evaluate` prints."""

import functools
import inspect
import platform
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gans import _checks, _memory
from keras_gans._typing import ArrayLike, FeatureExtractor
from keras_gans.metrics.frechet_distance import FrechetDistance
from keras_gans.metrics.images import ValueRange, are_images, as_images
from keras_gans.metrics.inception_score import InceptionScore
from keras_gans.metrics.kernel_distance import KernelDistance
from keras_gans.metrics.precision_recall import PrecisionRecall
from keras_gans.metrics.random_subset import MAX_KEPT, RandomSubset

#: The metrics of a seed that keep at most so many samples of each side.
_METRICS = {
    "fid": lambda seed, kept: FrechetDistance(),
    "kid": lambda seed, kept: KernelDistance(
        subset_size=min(1000, kept), max_samples=kept, seed=seed
    ),
    "is": lambda seed, kept: InceptionScore(),
    "prdc": lambda seed, kept: PrecisionRecall(max_samples=max(4, kept), seed=seed),
}


def evaluate(
    sample: Callable[..., ArrayLike],
    real_batches: Iterable[Any],
    metrics: Sequence[str] = ("fid", "kid", "is", "prdc"),
    num_samples: int = 10_000,
    feature_extractor: FeatureExtractor | None = None,
    seed: int = 0,
    batch_size: int = 100,
    split: str = "unspecified",
    verbose: int = 1,
) -> dict[str, Any]:
    """Compare generated samples with real ones.

    The real data are a random subset of all that `real_batches` holds. If that has labels, the
    generated samples are of the same classes in the same shares.

    Args:
        sample: Callable `sample(num, seed)` that returns `num` generated images in [-1, 1]; each
            batch gets another seed, derived from `seed`. Arguments called `seed` and `labels` are
            passed by these names, so `gan.sample` and `kg.load(…).sample` will do. A conditional
            one takes `labels`, integers (num,), too.
        real_batches: Iterable of batches of real images in [-1, 1], or of tuples `(images, labels)`
            with integer labels (batch,): a dataset, say. Batches may differ in size, and all count.
            It is read once, to its end.
        metrics: Names among "fid", "kid", "is" and "prdc". "is" needs an extractor with
            `features_and_logits(images)`, such as `InceptionFeatures` and `MNISTFeatures`.
        num_samples: Number of generated samples, and the most real ones: if there are more, a
            uniform random subset that depends on `seed` is taken. "kid" and "prdc" look at 10,000
            of each side at most. Defaults to 10,000.
        feature_extractor: Callable from images to features (batch, d). Images (batch, height,
            width, channels) are rounded to 8 bits before. `None`: the samples are the features.
        seed: Integer from which all randomness derives. Defaults to 0.
        batch_size: Samples generated at a time. Defaults to 100.
        split: Name of the real data's split, for the protocol.
        verbose: 1 shows progress bars, 0 does not.

    Returns:
        A dict: "results" maps names to floats; "protocol" has the counts of real samples used and
        read and of generated ones, whether these have the real labels' shares, the split, the
        extractor, the seed, the settings of the metrics and the versions that the results hold for.

    Raises:
        ValueError, TypeError: A metric has no such name, "is" has no logits, there are too few
            samples, images are not in [-1, 1] (a side without a single value below 0 is taken to
            be in [0, 1]), labels are missing or not expected, an argument is of another kind, or
            what is kept of the samples could never fit in memory.

    Example:

    >>> def sample(num, seed):
    ...     return keras.random.normal((num, 2), seed=seed)
    >>> real = [sample(100, seed) for seed in range(5)]
    >>> report = evaluate(sample, real, metrics=["fid"], num_samples=500, verbose=0)
    >>> report["protocol"]["real"], report["results"]["frechet_distance"] < 0.1
    (500, True)
    """
    draw = _Sampler(sample)
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
    if draw.takes_labels:
        _memory.check("num_samples", num_samples, [(12,)])  # what `_in_shares` makes
    kept = min(num_samples, MAX_KEPT)
    measures = {name: _METRICS[name](seed, kept) for name in dict.fromkeys(metrics)}
    two_sample = [measure for name, measure in measures.items() if name != "is"]

    extract = _Extraction(feature_extractor, "real_batches")
    subset = RandomSubset(extract, num_samples, batch_size, seed, two_sample)
    labels = None
    if two_sample or draw.takes_labels:
        labels = _read(real_batches, draw, subset if two_sample else None, verbose)
    for features in subset.features():
        for measure in two_sample:
            measure.update_state(real=features)
    extract.check()

    extract = _Extraction(feature_extractor, "sample")
    labels = [] if labels is None else _in_shares(labels, num_samples, seed)
    starts = range(0, num_samples, batch_size)
    seeds = np.random.SeedSequence(seed).generate_state(len(starts)) >> 1
    progress = keras.utils.Progbar(num_samples, verbose=verbose, unit_name="sample")
    for start, batch_seed in zip(starts, seeds, strict=True):
        size = min(batch_size, num_samples - start)
        features, logits = extract(draw(size, int(batch_seed), labels[start : start + size]))
        for measure in two_sample:
            measure.update_state(generated=features)
        if "is" in measures:
            measures["is"].update_state(logits)
        progress.add(size)
    extract.check()

    return {
        "results": _results(measures.values()),
        "protocol": {
            "real": subset.size,
            "real_total": subset.total,
            "generated": num_samples,
            "labels": "in the shares of the real ones" if len(labels) else "none",
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


def format_table(report: dict[str, Any]) -> str:
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
    versions = protocol.pop("versions", {}).items()
    settings = protocol.pop("settings", {})
    rows = [(name, f"{value:.6g}") for name, value in results.items()]
    notes = [(name, str(value)) for name, value in protocol.items()]
    for name, values in settings.items():
        if values:
            notes.append((name, ", ".join(f"{key}={value}" for key, value in values.items())))
    if versions:
        notes.append(("versions", ", ".join(f"{name} {version}" for name, version in versions)))
    width = max(len(name) for name, _ in rows + notes)
    number_width = max(len(value) for _, value in rows)
    lines = [f"{name:<{width}}  {value:>{number_width}}" for name, value in rows]
    lines += ["-" * (width + 2 + number_width)]
    lines += [f"{name:<{width}}  {value}" for name, value in notes]
    return "\n".join(lines)


def _read(real_batches, draw, subset, verbose):
    """Read all real batches into the subset, if one is needed, and return their labels.

    `None` if they have none, or the sampler takes none.
    """
    progress = keras.utils.Progbar(None, verbose=verbose, unit_name="real sample")
    found, total = [], 0
    for images, batch_labels in _pairs(real_batches):
        draw.check_labels(batch_labels)
        if draw.takes_labels and batch_labels is not None:
            found.append(batch_labels)
        elif not subset:
            break
        if subset:
            subset.add(images)
        total += len(images)
        progress.update(total)
    progress.update(total, finalize=True)
    labels = np.concatenate(found) if found else ()
    return labels if len(labels) else None


def untruncated(sample: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """`sample` of the distribution that was learned, where it truncates by default, too."""
    truncation = _parameters(sample).get("truncation")
    if truncation is None or truncation.default in (None, inspect.Parameter.empty):
        return sample
    return functools.partial(sample, truncation=1.0)


def _parameters(function):
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # of a function that is not written in Python
        return {}


class _Sampler:
    """`sample` as a function of num, seed and labels, however it takes them."""

    def __init__(self, sample):
        if hasattr(sample, "sample"):
            raise TypeError(
                "`sample` must be a function, such as the method `sample` of a model. "
                f"Received: sample={sample!r}"
            )
        self.sample = untruncated(_checks.function("sample", sample))
        parameters = _parameters(sample)
        self.takes_seed = "seed" in parameters
        model = getattr(sample, "__self__", None)
        needs_labels = (
            "labels" in parameters and parameters["labels"].default is inspect.Parameter.empty
        )
        self.conditional = getattr(model, "conditional", needs_labels)
        self.takes_labels = "labels" in parameters and getattr(model, "conditional", True)
        self.num_classes = getattr(model, "num_classes", None)

    def check_labels(self, labels):
        """Refuse the labels of a real batch, or none, before anything costs time."""
        if labels is None and self.conditional:
            raise ValueError(
                "`real_batches` must yield tuples (images, labels), as `sample` is of a "
                "conditional model. Received: images alone"
            )
        if labels is None or not self.takes_labels or not self.num_classes or not len(labels):
            return
        if not (0 <= labels.min() and labels.max() < self.num_classes):
            raise ValueError(
                f"`real_batches` must hold labels in [0, {self.num_classes}), the classes of the "
                f"model. Received: labels from {labels.min()} to {labels.max()}"
            )

    def __call__(self, num, seed, labels):
        keywords = {"labels": labels} if len(labels) else {}
        if self.takes_seed:
            samples = self.sample(num, seed=seed, **keywords)
        else:
            samples = self.sample(num, seed, **keywords)
        shape = np.shape(samples)
        if shape[:1] != (num,):
            raise ValueError(f"`sample` must return {num} samples. Received: shape {shape}")
        return samples


class _Extraction:
    """Function from a batch to its features and its logits, or `None` for what there is not."""

    def __init__(self, extractor, name):
        self.extractor = extractor
        self.name = name
        self.range = ValueRange()

    def __call__(self, samples):
        if self.extractor is None:
            return samples, None
        if are_images(samples):
            samples = as_images(samples, self.name)
            self.range.update_state(samples)
        if hasattr(self.extractor, "features_and_logits"):
            return self.extractor.features_and_logits(samples)
        return self.extractor(samples), None

    def check(self):
        self.range.check(self.name)


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


def _pairs(batches):
    """Each batch as images and labels, or as samples and `None`."""
    if hasattr(batches, "shape"):
        batches = [batches]
    elif isinstance(batches, keras.utils.PyDataset):
        batches = map(batches.__getitem__, range(len(batches)))
    elif (
        isinstance(batches, tf.data.Dataset)
        and batches.cardinality() == tf.data.INFINITE_CARDINALITY
    ):
        raise ValueError("`real_batches` must end. Received: a dataset that repeats forever")
    for batch in batches:
        images, labels = batch if isinstance(batch, tuple) and len(batch) == 2 else (batch, None)
        if labels is not None:
            labels = np.asarray(labels)
            if labels.dtype.kind not in "iu" or labels.shape != (len(images),):
                raise ValueError(
                    "`real_batches` must have one integer label for each image. Received: labels "
                    f"of shape {labels.shape} and dtype {labels.dtype}"
                )
        yield images, labels


def _in_shares(labels, num, seed):
    """`num` labels in random order, each class with its share of `labels` up to one sample."""
    random = np.random.default_rng(seed)
    places = (np.arange(num) + random.uniform()) * (len(labels) / num)
    return random.permutation(np.sort(labels)[places.astype(int)])


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
