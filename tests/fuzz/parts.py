"""Calls of what networks and objectives are made of: layers, losses, penalties, techniques, …"""

import keras
import numpy as np

import keras_gans as kg
from tests.fuzz.call import Call, dense, images, on, points
from tests.models import every_model

x2, x4, codes = points(4), images(4), np.ones((4, 3), "float32")
few_labels = np.array([0, 1, 2, 0], "int32")
layers, lik, t = kg.layers, kg.likelihoods, kg.techniques


def losses_of(objective):
    logits = np.ones((2, 1), "float32")
    return objective.discriminator(logits, logits), objective.generator(logits, logits)


OF_IMAGES = (
    t.AdaptiveAugmentation,
    t.ConsistencyRegularization,
    t.DifferentiableAugmentation,
)


def stabilize(technique):
    """Train a step with a technique."""
    gan = every_model.make(
        "DCGAN" if isinstance(technique, OF_IMAGES) else "GAN", techniques=[technique]
    )
    gan.compile(run_eagerly=True)
    return gan.train_on_batch(every_model.examples(gan)[0][:4])


CALLS = {
    "layers.AdaptiveInstanceNormalization": Call(
        layers.AdaptiveInstanceNormalization, use=on(x4, codes)
    ),
    "layers.Blur2D": Call(layers.Blur2D, use=on(x4)),
    "layers.BlurDownsample2D": Call(layers.BlurDownsample2D, use=on(x4)),
    "layers.BlurUpsample2D": Call(layers.BlurUpsample2D, use=on(x4)),
    "layers.ConditionalBatchNormalization": Call(
        layers.ConditionalBatchNormalization, lambda: {"num_classes": 3}, use=on(x2, few_labels)
    ),
    "layers.ConditioningAugmentation": Call(
        layers.ConditioningAugmentation, lambda: {"units": 2}, use=on(x2, points(4, 1))
    ),
    "layers.Conv2D": Call(layers.Conv2D, lambda: {"filters": 2, "kernel_size": 3}, use=on(x4)),
    "layers.DropReference": Call(
        layers.DropReference, lambda: {"num_reference": 2}, use=on(points(8))
    ),
    "layers.EqualizedLearningRate": Call(
        layers.EqualizedLearningRate, lambda: {"layer": keras.layers.Dense(2)}, use=on(x2)
    ),
    "layers.FadeIn": Call(layers.FadeIn, use=on(x2, x2)),
    "layers.GroupedConv2D": Call(
        layers.GroupedConv2D, lambda: {"groups": 1, "filters": 2, "kernel_size": 3}, use=on(x4)
    ),
    "layers.InstanceStatistics": Call(layers.InstanceStatistics, use=on(x4)),
    "layers.LabelProjection": Call(
        layers.LabelProjection, lambda: {"num_classes": 3}, use=on(x2, few_labels)
    ),
    "layers.LeakyReLU": Call(layers.LeakyReLU, use=on(x2)),
    "layers.LearnedConstant": Call(layers.LearnedConstant, lambda: {"shape": (2, 3)}, use=on(x2)),
    "layers.MinibatchDiscrimination": Call(layers.MinibatchDiscrimination, use=on(x2)),
    "layers.MinibatchStdDev": Call(layers.MinibatchStdDev, use=on(x4)),
    "layers.PixelShuffle": Call(layers.PixelShuffle, use=on(images(2, 4, 4))),
    "layers.bicubic_downsample": Call(
        layers.bicubic_downsample, lambda: {"images": images(), "factor": 2}
    ),
    "layers.bicubic_upsample": Call(
        layers.bicubic_upsample, lambda: {"images": images(), "factor": 2}
    ),
    "layers.ModulatedBatchNormalization": Call(
        layers.ModulatedBatchNormalization, use=on(x2, codes)
    ),
    "layers.ModulatedConv2D": Call(
        layers.ModulatedConv2D, lambda: {"filters": 2}, use=on(x4, codes)
    ),
    "layers.MovingMean": Call(layers.MovingMean, use=on(x2)),
    "layers.NoiseInjection": Call(layers.NoiseInjection, use=on(x4)),
    "layers.PixelNormalization": Call(layers.PixelNormalization, use=on(x2)),
    "layers.PrependReference": Call(
        layers.PrependReference, lambda: {"reference_batch": points(3)}, use=on(x2)
    ),
    "layers.ReflectionPadding2D": Call(layers.ReflectionPadding2D, use=on(x4)),
    "layers.SelfAttention2D": Call(layers.SelfAttention2D, use=on(x4)),
    "layers.SpectralNormalization": Call(
        layers.SpectralNormalization, lambda: {"layer": keras.layers.Dense(2)}, use=on(x2)
    ),
    "layers.UpsampleConv2D": Call(layers.UpsampleConv2D, lambda: {"filters": 2}, use=on(x4)),
    "layers.VirtualBatchNormalization": Call(
        layers.VirtualBatchNormalization, lambda: {"reference_batch": points(3)}, use=on(x2)
    ),
    "layers.WeightNormalization": Call(
        layers.WeightNormalization,
        lambda: {"layer": keras.layers.Dense(2, use_bias=False)},
        use=on(x2),
    ),
    "layers.laplacian_pyramid": Call(
        layers.laplacian_pyramid, lambda: {"images": x4, "levels": 2}, nan=True, infinite=True
    ),
    "layers.from_laplacian_pyramid": Call(
        layers.from_laplacian_pyramid,
        lambda: {"pyramid": layers.laplacian_pyramid(x4, 2)},
        nan=True,
        infinite=True,
    ),
    "constraints.ClipConstraint": Call(kg.constraints.ClipConstraint, use=on(x2)),
    "losses.Objective": Call(
        kg.losses.Objective,
        lambda: {
            "discriminator": kg.losses.hinge.discriminator,
            "generator": kg.losses.hinge.generator,
        },
        use=repr,
    ),
    "losses.get": Call(kg.losses.get, lambda: {"objective": "hinge"}, use=losses_of),
    "losses.least_squares_with_codes": Call(
        kg.losses.least_squares_with_codes,
        lambda: {"a": 0.0, "b": 1.0, "c": 1.0},
        use=losses_of,
        infinite=True,
    ),
    "penalties.gradient_penalty": Call(
        kg.penalties.gradient_penalty,
        lambda: {"critic": dense(), "real": x2, "fake": points(4, 1)},
        nan=True,
        infinite=True,
    ),
    "penalties.r1_penalty": Call(
        kg.penalties.r1_penalty,
        lambda: {"discriminator": dense(), "real": x2},
        nan=True,
        infinite=True,
    ),
    "penalties.path_lengths": Call(
        kg.penalties.path_lengths,
        lambda: {"synthesis": dense(), "codes": x2},
        nan=True,
        infinite=True,
    ),
    "penalties.orthogonal_penalty": Call(
        kg.penalties.orthogonal_penalty, lambda: {"kernel": x2}, nan=True, infinite=True
    ),
    "likelihoods.Likelihood": Call(lik.Likelihood),
    "likelihoods.Bernoulli": Call(lik.Bernoulli),
    "likelihoods.Gaussian": Call(
        lik.Gaussian,
        use=lambda likelihood: likelihood.log_prob(x2, [points(4, 1)]),
        infinite=True,
    ),
    "likelihoods.get": Call(lik.get, lambda: {"likelihood": "gaussian"}),
    "latents.interpolate": Call(
        kg.latents.interpolate, lambda: {"start": x2[0], "end": x2[1], "steps": 3}
    ),
    "latents.random_walk": Call(kg.latents.random_walk, lambda: {"latent_dim": 2, "steps": 3}),
    "latents.paths": Call(kg.latents.paths, lambda: {"num": 2, "latent_dim": 2, "steps": 3}),
    **{f"techniques.{name}": Call(getattr(t, name), use=stabilize, cost=10) for name in t.__all__},
    **{
        f"techniques.{name}": Call(getattr(t, name), lambda: {"weight": 1.0}, use=repr)
        for name in ("LazyRegularization", "Penalty")
    },
    "techniques.Packing": Call(t.Packing, use=repr),
    "techniques.ExperienceReplay": Call(
        t.ExperienceReplay, lambda: {"capacity": 2}, use=stabilize, cost=10
    ),
    "serving.ArraySpec": Call(
        kg.serving.ArraySpec,
        lambda: {"meaning": "codes", "shape": (None, 2), "value_range": (-1.0, 1.0)},
        use=lambda spec: spec.check("x", np.tanh(points(2))),
    ),
    "serving.Parts": Call(
        kg.serving.Parts,
        lambda: {"parts": (kg.serving.ArraySpec("condition", (None, 2)),)},
        use=lambda parts: parts.check("y", (np.tanh(points(2)),), 2),
    ),
    "serving.of": Call(
        kg.serving.of,
        lambda: {"meaning": "codes", "spec": kg.data.Spec((2,))},
        use=lambda spec: spec.check("x", np.tanh(points(2))),
    ),
    "serving.Verb": Call(
        kg.serving.Verb,
        lambda: {
            "name": "invert",
            "function": lambda x: -x,
            "inputs": {"x": kg.serving.of("examples", kg.data.Spec((2,)))},
            "output": kg.serving.of("examples", kg.data.Spec((2,))),
        },
        use=repr,
    ),
}
