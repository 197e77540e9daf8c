"""Calls of metrics."""

import functools

import numpy as np

import keras_gans as kg
from tests.fuzz.call import WORDS, Call, images, points, two_sides

metrics = kg.metrics


@functools.cache
def mnist_features():
    return metrics.MNISTFeatures()


def metric(name, **arguments):
    return lambda: getattr(metrics, name)(**arguments)


def measure(*batches):
    """Show batches to a metric."""

    def use(metric):
        metric.update_state(*batches)
        return metric.result()

    return use


def two_batches_of_images():
    return {"real": images(2, 16), "generated": images(2, 16)}


CALLS = {
    "metrics.FrechetDistance": Call(metrics.FrechetDistance, use=measure(points(), points(8, 1))),
    "metrics.KernelDistance": Call(metrics.KernelDistance, use=measure(points(), points(8, 1))),
    "metrics.PrecisionRecall": Call(metrics.PrecisionRecall, use=measure(points(), points(8, 1))),
    "metrics.InceptionScore": Call(
        metrics.InceptionScore, lambda: {"splits": 2}, use=measure(points())
    ),
    "metrics.ModeCoverage": Call(
        metrics.ModeCoverage, lambda: {"modes": np.eye(2), "stddev": 0.1}, use=measure(points())
    ),
    "metrics.MultiScaleSSIM": Call(
        metrics.MultiScaleSSIM, lambda: {"filter_size": 5}, use=measure(images(4, 16))
    ),
    "metrics.NGramJSDivergence": Call(
        metrics.NGramJSDivergence,
        lambda: {"n": 1, "capacity": 8},
        use=measure(WORDS, WORDS[:1]),
        nan=True,
    ),
    "metrics.SlicedWasserstein": Call(
        metrics.SlicedWasserstein,
        lambda: {"patches_per_image": 2, "directions": 4, "max_patches": 8},
        use=measure(images(2, 16), images(2, 16)),
    ),
    **{
        f"metrics.{name}": Call(
            getattr(metrics, name), lambda: {"border": 1}, use=measure(images(2, 16), images(2, 16))
        )
        for name in ("PSNR", "SSIM")
    },
    **{
        f"metrics.{name}.update_state": Call(
            getattr(metrics, name).update_state, two_batches_of_images, of=metric(name)
        )
        for name in ("PSNR", "SSIM")
    },
    **{
        f"metrics.{name}.update_state": Call(
            getattr(metrics, name).update_state,
            two_sides,
            of=metric(name, **{"k": 1} if name == "PrecisionRecall" else {}),
        )
        for name in ("FrechetDistance", "KernelDistance", "PrecisionRecall")
    },
    "metrics.InceptionScore.update_state": Call(
        metrics.InceptionScore.update_state,
        lambda: {"generated": points()},
        of=metric("InceptionScore"),
    ),
    "metrics.ModeCoverage.update_state": Call(
        metrics.ModeCoverage.update_state,
        lambda: {"generated": points()},
        of=metric("ModeCoverage", modes=[[0.0, 1.0]], stddev=0.1),
    ),
    "metrics.MultiScaleSSIM.update_state": Call(
        metrics.MultiScaleSSIM.update_state,
        lambda: {"generated": images(4, 16)},
        of=metric("MultiScaleSSIM", filter_size=5),
    ),
    "metrics.NGramJSDivergence.update_state": Call(
        metrics.NGramJSDivergence.update_state,
        lambda: {"real": WORDS, "generated": WORDS[:1]},
        of=metric("NGramJSDivergence", n=1, capacity=8),
    ),
    "metrics.SlicedWasserstein.update_state": Call(
        metrics.SlicedWasserstein.update_state,
        two_batches_of_images,
        of=metric("SlicedWasserstein", patches_per_image=2, max_patches=8),
    ),
    "metrics.InceptionFeatures": Call(
        metrics.InceptionFeatures,
        lambda: {"weights": "no/such/file"},
        use=lambda extractor: None,
        errors=(RuntimeError,),
        cost=50,
    ),
    "metrics.MNISTFeatures": Call(metrics.MNISTFeatures),
    "metrics.PerChannelFeatures": Call(
        metrics.PerChannelFeatures, lambda: {"classifier": metrics.MNISTFeatures()}
    ),
    "metrics.PerChannelFeatures.features_and_logits": Call(
        metrics.PerChannelFeatures.features_and_logits,
        lambda: {"images": images(2, 28)},
        of=lambda: metrics.PerChannelFeatures(mnist_features(), 1),
    ),
    "metrics.MNISTFeatures.features_and_logits": Call(
        metrics.MNISTFeatures.features_and_logits,
        lambda: {"images": images(2, 28)},
        of=mnist_features,
    ),
    "metrics.evaluate": Call(
        metrics.evaluate,
        lambda: {
            "sample": lambda num, seed: points(num, seed),
            "real_batches": [points(8)],
            "metrics": ("fid",),
            "num_samples": 8,
            "verbose": 0,
        },
        use=lambda report: report["results"],
    ),
    "metrics.format_table": Call(
        metrics.format_table,
        lambda: {"report": {"results": {"fid": 1.5}, "protocol": {"real": 8, "versions": {}}}},
    ),
}
