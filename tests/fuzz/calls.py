"""A valid call of every public name, of which the search exchanges arguments."""

import dataclasses
import functools
import inspect
import pathlib
import tempfile
from collections.abc import Callable

import keras
import numpy as np

import keras_gans as kg

ROOMS = ("callbacks", "constraints", "data", "divergences", "latents", "layers", "likelihoods")
ROOMS += ("losses", "metrics", "models", "networks", "penalties", "techniques")


def public_names():
    """Every function and class that users are told of, by its path below keras_gans."""
    for room in ROOMS:
        module = getattr(kg, room)
        for name in module.__all__:
            if inspect.isroutine(getattr(module, name)) or inspect.isclass(getattr(module, name)):
                yield f"{room}.{name}"
    yield "load"


@dataclasses.dataclass(frozen=True)
class Call:
    """A function, and how to call it well.

    Attributes:
        function: Function, class or method.
        arguments: Function that returns what is given besides the defaults of the signature.
        of: For a method, function that returns its object.
        use: What is done with the result at once, so that no error waits there.
        errors: Documented errors besides `ValueError` and `TypeError`.
        nan, infinite: Whether the documentation promises NaN, or infinity, for some arguments.
        kept: Arguments that are not exchanged: they are Keras's, to be passed on.
        cost: How many times dearer than others a call is, and so how many fewer the suite makes.
    """

    function: Callable
    arguments: Callable = dict
    of: Callable | None = None
    use: Callable = lambda result: result
    errors: tuple = ()
    nan: bool = False
    infinite: bool = False
    kept: tuple = ()
    cost: int = 1

    def bound(self):
        return self.function if self.of is None else self.function.__get__(self.of())

    def valid_arguments(self):
        """All that may be exchanged, by name."""
        given = self.arguments()
        parameters = inspect.signature(self.function).parameters.values()
        defaults = {
            p.name: p.default
            for p in parameters
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.default is not p.empty
        }
        return {**defaults, **given}


# What calls are about: small, and made once.


def points(num=8, seed=0):
    return np.random.default_rng(seed).normal(size=(num, 2)).astype("float32")


def images(num=2, side=8, channels=1):
    shape = (num, side, side, channels)
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


IMAGE = (8, 8, 1)
HISTOGRAM = np.array([0.5, 0.25, 0.25])
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1])
WORDS = ["ab", "ba", "aab", "bb"]
mlp_generator, mlp_discriminator = kg.networks.mlp_generator, kg.networks.mlp_discriminator


@functools.cache
def game():
    return {
        "generator": mlp_generator((2,), 2, (3,)),
        "discriminator": mlp_discriminator((2,), (3,)),
        "latent_dim": 2,
    }


@functools.cache
def conditional_game():
    return {
        "generator": mlp_generator((2,), 2, (3,), num_classes=3),
        "discriminator": mlp_discriminator((2,), (3,), num_classes=3),
        "latent_dim": 2,
    }


@functools.cache
def classifying_game():
    return {**game(), "discriminator": mlp_discriminator((2,), (3,), num_logits=3)}


@functools.cache
def image_game():
    return {
        "generator": kg.networks.dcgan_generator(IMAGE, 2, 2),
        "discriminator": kg.networks.dcgan_discriminator(IMAGE, 2),
        "latent_dim": 2,
    }


@functools.cache
def text_game():
    return {
        "generator": kg.networks.text_generator(3, 4, 2, 2, 1),
        "discriminator": kg.networks.text_discriminator(3, 4, 2, 1),
        "latent_dim": 2,
        "vocabulary": "ab",
        "n_critic": 1,
    }


@functools.cache
def alae_networks():
    return {
        "mapping": mlp_generator((4,), 3, (3,)),
        "generator": kg.networks.style_generator(IMAGE, 4, 2),
        "encoder": kg.networks.style_encoder(IMAGE, 4, 2),
        "discriminator": mlp_discriminator((4,), (3,)),
        "latent_dim": 3,
    }


@functools.cache
def cycle_networks():
    generators, critics = kg.networks.translation_generator, kg.networks.patch_discriminator
    return {
        "generator_ab": generators(IMAGE, 1, 2, 1),
        "generator_ba": generators(IMAGE, 1, 2, 1),
        "discriminator_a": critics(IMAGE, 2, 1),
        "discriminator_b": critics(IMAGE, 2, 1),
        "pool_size": 2,
    }


@functools.cache
def vae_networks():
    return {
        "encoder": kg.networks.mlp_encoder((2,), 2, (3,)),
        "decoder": kg.networks.mlp_decoder((2,), 2, (3,)),
        "latent_dim": 2,
    }


@functools.cache
def model(name):
    """A compiled model."""
    networks = {
        "GAN": game,
        "ConditionalGAN": conditional_game,
        "SemiSupervisedGAN": classifying_game,
        "TextGAN": text_game,
        "ALAE": alae_networks,
        "CycleGAN": cycle_networks,
        "VAE": vae_networks,
        "DCGAN": image_game,
    }
    made = getattr(kg.models, name)(**networks[name]())
    made.compile(run_eagerly=True)
    return made


@functools.cache
def saved_model(name):
    """What `keras_gans.load` gives of a model."""
    folder = pathlib.Path(tempfile.mkdtemp(), "saved_model")
    model(name).export(folder)
    return kg.load(folder)


@functools.cache
def mnist_features():
    return kg.metrics.MNISTFeatures()


@functools.cache
def normals():
    from tensorflow_probability import distributions as tfd

    return {"p": tfd.Normal(0.0, 1.0), "q": tfd.Normal(1.0, 1.0)}


@functools.cache
def classifier():
    """A network with batch normalisation."""
    return mlp_discriminator((2,), (3, 3), normalization="batch")


def weight_normalized():
    dense = layers.WeightNormalization(keras.layers.Dense(3, use_bias=False))
    return keras.Sequential([keras.Input((2,)), dense])


# What is done with what a call returns.


def on(*inputs):
    """Call a layer on examples."""
    return lambda layer: layer(list(inputs) if len(inputs) > 1 else inputs[0])


def on_zeros(made):
    """Call a network on zeros."""
    zeros = [np.zeros((2, *x.shape[1:]), x.dtype) for x in made.inputs]
    return made(zeros if len(zeros) > 1 else zeros[0])


def network(build, **arguments):
    """The call of a function that builds a network, which is dear."""
    return Call(build, lambda: arguments, use=on_zeros, cost=10)


def sample(made):
    return made.sample(2, labels=0 if made.conditional else None)


def first_batch(dataset_and_info):
    dataset = dataset_and_info
    if isinstance(dataset, tuple):
        dataset, _ = dataset
    return list(dataset.take(1))


def measure(*batches):
    """Show batches to a metric."""

    def use(metric):
        metric.update_state(*batches)
        return metric.result()

    return use


def draw_pictures(callback):
    callback.set_model(model("DCGAN"))
    callback.on_train_begin()
    callback.on_epoch_end(0)
    callback.on_train_end()


def stabilise(technique):
    game_with = kg.models.GAN(**game(), techniques=[technique])
    game_with.compile(run_eagerly=True)
    return game_with.train_on_batch(points(4))


def losses_of(objective):
    logits = np.ones((2, 1), "float32")
    return objective.discriminator(logits, logits), objective.generator(logits)


def metric(name, **arguments):
    return lambda: getattr(kg.metrics, name)(**arguments)


def two_clouds():
    return {"x": points(4), "y": points(3, 1)}


def two_histograms():
    return {"p": HISTOGRAM, "q": HISTOGRAM[::-1].copy()}


def two_sides():
    return {"real": points(), "generated": points(8, 1)}


def two_batches_of_images():
    return {"real": images(2, 16), "generated": images(2, 16)}


def pictures():
    return {"images": images(), "filepath": "grid.png"}


d, data, layers, lik = kg.divergences, kg.data, kg.layers, kg.likelihoods
m, metrics, n, t = kg.models, kg.metrics, kg.networks, kg.techniques
x2, x4, codes = points(4), images(4), np.ones((4, 3), "float32")
few_labels = np.array([0, 1, 2, 0], "int32")

CALLS = {
    "load": Call(kg.load, lambda: {"filepath": "nowhere"}, errors=(OSError,)),
    # Divergences
    "divergences.kl_divergence": Call(d.kl_divergence, two_histograms, infinite=True),
    "divergences.js_divergence": Call(d.js_divergence, two_histograms),
    "divergences.total_variation": Call(d.total_variation, two_histograms),
    "divergences.game_value": Call(d.game_value, two_histograms),
    "divergences.optimal_discriminator": Call(d.optimal_discriminator, two_histograms, nan=True),
    "divergences.earth_movers_distance": Call(d.earth_movers_distance, two_histograms),
    "divergences.transport_plan": Call(d.transport_plan, two_histograms),
    "divergences.kantorovich_dual": Call(
        d.kantorovich_dual,
        two_histograms,
        use=lambda dual: (dual.value, dual.witness([0.0, 1.0])) if dual else None,
    ),
    "divergences.assignment": Call(d.assignment, lambda: {"x": points(4), "y": points(4, 1)}),
    "divergences.wasserstein_distance": Call(d.wasserstein_distance, two_clouds),
    "divergences.sliced_wasserstein_distance": Call(d.sliced_wasserstein_distance, two_clouds),
    "divergences.sinkhorn_divergence": Call(d.sinkhorn_divergence, two_clouds),
    "divergences.maximum_mean_discrepancy": Call(d.maximum_mean_discrepancy, two_clouds),
    "divergences.wavelet_emd": Call(d.wavelet_emd, two_histograms),
    "divergences.gaussian_wasserstein_distance": Call(
        d.gaussian_wasserstein_distance,
        lambda: {"mean1": x2[0], "cov1": np.eye(2), "mean2": x2[1], "cov2": 2 * np.eye(2)},
    ),
    "divergences.gaussian_wasserstein_squared": Call(
        d.gaussian_wasserstein_squared,
        lambda: {"mean1": x2[0], "cov1": np.eye(2), "mean2": x2[1], "cov2": 2 * np.eye(2)},
    ),
    "divergences.gaussian_wasserstein_squared_from_samples": Call(
        d.gaussian_wasserstein_squared_from_samples, two_clouds
    ),
    "divergences.KernelDensity": Call(
        d.KernelDensity, lambda: {"samples": points(4)}, use=lambda p: p.prob(p.samples)
    ),
    "divergences.kl_divergence, distributions": Call(d.kl_divergence, normals, infinite=True),
    "divergences.js_divergence, distributions": Call(d.js_divergence, normals),
    "divergences.optimal_discriminator, distributions": Call(
        d.optimal_discriminator, lambda: {**normals(), "x": [0.0, 1.0]}, nan=True
    ),
    "divergences.earth_movers_distance, distributions": Call(d.earth_movers_distance, normals),
    # Parts
    "layers.AdaptiveInstanceNormalization": Call(
        layers.AdaptiveInstanceNormalization, use=on(x4, codes)
    ),
    "layers.ConditionalBatchNormalization": Call(
        layers.ConditionalBatchNormalization, lambda: {"num_classes": 3}, use=on(x2, few_labels)
    ),
    "layers.DropReference": Call(
        layers.DropReference, lambda: {"num_reference": 2}, use=on(points(8))
    ),
    "layers.InstanceStatistics": Call(layers.InstanceStatistics, use=on(x4)),
    "layers.LabelProjection": Call(
        layers.LabelProjection, lambda: {"num_classes": 3}, use=on(x2, few_labels)
    ),
    "layers.LeakyReLU": Call(layers.LeakyReLU, use=on(x2)),
    "layers.LearnedConstant": Call(layers.LearnedConstant, lambda: {"shape": (2, 3)}, use=on(x2)),
    "layers.MinibatchDiscrimination": Call(layers.MinibatchDiscrimination, use=on(x2)),
    "layers.MinibatchStdDev": Call(layers.MinibatchStdDev, use=on(x4)),
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
        lambda: {"critic": game()["discriminator"], "real": x2, "fake": points(4, 1)},
        nan=True,
        infinite=True,
    ),
    "penalties.r1_penalty": Call(
        kg.penalties.r1_penalty,
        lambda: {"discriminator": game()["discriminator"], "real": x2},
        nan=True,
        infinite=True,
    ),
    # Data
    "data.DatasetInfo": Call(
        data.DatasetInfo,
        lambda: dict(name="a", image_shape=IMAGE, num_examples=1, num_classes=None, split="train"),
    ),
    "data.Spec": Call(
        data.Spec,
        lambda: {
            "shape": (2,),
            "kind": "integer",
            "value_range": (0, 2),
            "num_classes": 2,
            "class_names": ("cat", "dog"),
        },
    ),
    "data.TextInfo": Call(
        data.TextInfo,
        lambda: dict(name="a", vocabulary="ab", num_examples=1, length=2, split="train"),
    ),
    "data.ToyDensity": Call(
        data.ToyDensity,
        lambda: {"name": "a", "sampler": lambda num, rng: rng.normal(size=(num, 2))},
        use=lambda density: density.sample(2),
    ),
    "data.ToyDensity.sample": Call(
        data.ToyDensity.sample, lambda: {"num": 3}, of=data.ring_of_gaussians
    ),
    "data.grid_of_gaussians": Call(data.grid_of_gaussians, use=lambda density: density.sample(2)),
    "data.ring_of_gaussians": Call(data.ring_of_gaussians, use=lambda density: density.sample(2)),
    "data.swiss_roll": Call(data.swiss_roll, use=lambda density: density.sample(2)),
    "data.to_uint8": Call(data.to_uint8, lambda: {"images": images()}),
    "data.image_grid": Call(data.image_grid, lambda: {"images": images()}),
    "data.save_grid": Call(data.save_grid, pictures, errors=(OSError,)),
    "data.save_paths": Call(
        data.save_paths,
        lambda: {"images": images()[None], "filepath": "paths.png"},
        errors=(OSError,),
    ),
    "data.save_animation": Call(
        data.save_animation,
        lambda: {"frames": [data.image_grid(images())] * 2, "filepath": "frames.gif"},
        errors=(OSError,),
    ),
    "data.load": Call(
        data.load,
        lambda: {"source": (images(8), LABELS), "batch_size": 2, "labels": True},
        use=first_batch,
        errors=(OSError,),
    ),
    "data.load, digits": Call(
        data.load, lambda: {"source": "digits"}, use=first_batch, errors=(OSError,)
    ),
    "data.load_text": Call(
        data.load_text,
        lambda: {"source": "to be, or not", "length": 4, "batch_size": 2},
        use=first_batch,
        errors=(OSError,),
    ),
    "data.semi_supervised_batches": Call(
        data.semi_supervised_batches,
        lambda: {"images": images(8), "labels": LABELS - 1, "batch_size": 2},
        use=first_batch,
    ),
    "data.vocabulary_size": Call(data.vocabulary_size, lambda: {"vocabulary": "ab"}),
    # Likelihoods and latents
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
    # Networks
    "networks.mlp_generator": network(
        n.mlp_generator, output_shape=(2,), latent_dim=2, hidden_units=(3,)
    ),
    "networks.mlp_discriminator": network(n.mlp_discriminator, input_shape=(2,), hidden_units=(3,)),
    "networks.mlp_encoder": network(
        n.mlp_encoder, input_shape=(2,), latent_dim=2, hidden_units=(3,)
    ),
    "networks.mlp_decoder": network(
        n.mlp_decoder, output_shape=(2,), latent_dim=2, hidden_units=(3,)
    ),
    **{
        f"networks.dcgan_{kind}": network(
            getattr(n, f"dcgan_{kind}"), image_shape=IMAGE, filters=2, kernel_size=3
        )
        for kind in ("generator", "discriminator", "encoder", "decoder")
    },
    "networks.resnet_generator": network(
        n.resnet_generator, image_shape=IMAGE, latent_dim=2, filters=2
    ),
    "networks.resnet_discriminator": network(n.resnet_discriminator, image_shape=IMAGE, filters=2),
    "networks.style_generator": network(
        n.style_generator, image_shape=IMAGE, code_dim=2, filters=2
    ),
    "networks.style_encoder": network(n.style_encoder, image_shape=IMAGE, code_dim=2, filters=2),
    "networks.synthesis": Call(
        n.synthesis, lambda: {"generator": alae_networks()["generator"]}, use=on_zeros
    ),
    "networks.text_generator": network(
        n.text_generator, length=3, vocabulary_size=4, latent_dim=2, filters=2, num_blocks=1
    ),
    "networks.text_discriminator": network(
        n.text_discriminator, length=3, vocabulary_size=4, filters=2, num_blocks=1
    ),
    "networks.translation_generator": network(
        n.translation_generator, image_shape=IMAGE, filters=2, num_blocks=1
    ),
    "networks.patch_discriminator": network(
        n.patch_discriminator, image_shape=IMAGE, filters=2, num_layers=1
    ),
    "networks.data_dependent_initialization": Call(
        n.data_dependent_initialization,
        lambda: {"network": weight_normalized(), "examples": points(4)},
    ),
    "networks.virtual_batch_normalization": Call(
        n.virtual_batch_normalization,
        lambda: {"network": classifier(), "reference_batch": points(3)},
        use=on_zeros,
    ),
    # Techniques
    **{f"techniques.{name}": Call(getattr(t, name), use=stabilise, cost=10) for name in t.__all__},
    "techniques.ExperienceReplay": Call(
        t.ExperienceReplay, lambda: {"capacity": 2}, use=stabilise, cost=10
    ),
    # Metrics
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
    # Models
    "models.GenerativeModel": Call(m.GenerativeModel),
    "models.LatentModel": Call(m.LatentModel, lambda: {"latent_dim": 2}),
    **{
        f"models.{name}": Call(getattr(m, name), networks, use=sample, cost=5)
        for names, networks in {
            ("GAN", "LSGAN", "WGAN", "WGANGP"): lambda: {
                **game(),
                "n_critic": 1,
                "techniques": (),
                "ema_decay": None,
                "seed": 0,
            },
            ("ConditionalGAN", "ConditionalWGAN", "ConditionalWGANGP"): lambda: {
                **conditional_game(),
                "num_classes": 3,
                "ema_decay": None,
            },
            ("SemiSupervisedGAN",): classifying_game,
            ("VAE",): vae_networks,
            ("ALAE",): alae_networks,
            ("TextGAN",): text_game,
            ("DCGAN",): image_game,
        }.items()
        for name in names
    },
    "models.CycleGAN": Call(
        m.CycleGAN, cycle_networks, use=lambda made: made.translate(images()), cost=5
    ),
    **{
        f"models.{name}.sample": Call(
            getattr(m, name).sample,
            lambda labels=labels: {"num": 2, "labels": labels},
            of=functools.partial(model, name),
        )
        for name, labels in {"GAN": None, "ConditionalGAN": [0, 1], "TextGAN": None}.items()
    },
    **{
        f"models.{name}.generate": Call(
            getattr(m, name).generate,
            lambda labels=labels: {"points": points(2), "labels": labels},
            of=functools.partial(model, name),
        )
        for name, labels in {"GAN": None, "ConditionalGAN": [0, 1], "TextGAN": None}.items()
    },
    "models.GAN.compile": Call(m.GAN.compile, of=lambda: m.GAN(**game())),
    "models.GAN.fit": Call(
        m.GAN.fit,
        lambda: {"x": points(), "batch_size": 4, "verbose": 0},
        of=functools.partial(model, "GAN"),
        use=lambda history: history.history,
        nan=True,
        infinite=True,
        kept=("epochs", "verbose", "callbacks", "shuffle"),
        cost=20,
    ),
    "models.GAN.evaluate": Call(
        m.GAN.evaluate,
        lambda: {"x": points(), "batch_size": 4, "verbose": 0},
        of=functools.partial(model, "GAN"),
        kept=("verbose", "callbacks", "steps", "sample_weight", "return_dict"),
    ),
    "models.GAN.predict": Call(
        m.GAN.predict,
        lambda: {"x": points(4), "verbose": 0},
        of=functools.partial(model, "GAN"),
        kept=("verbose", "callbacks", "steps"),
    ),
    "models.ConditionalGAN.predict_on_batch": Call(
        m.ConditionalGAN.predict_on_batch,
        lambda: {"x": [points(2), [0, 1]]},
        of=functools.partial(model, "ConditionalGAN"),
    ),
    "models.ConditionalGAN.fit": Call(
        m.ConditionalGAN.fit,
        lambda: {"x": points(), "y": LABELS, "batch_size": 4, "verbose": 0},
        of=functools.partial(model, "ConditionalGAN"),
        use=lambda history: history.history,
        nan=True,
        infinite=True,
        kept=("epochs", "verbose", "callbacks", "shuffle"),
        cost=20,
    ),
    "models.SemiSupervisedGAN.fit": Call(
        m.SemiSupervisedGAN.fit,
        lambda: {"x": points(), "y": LABELS - 1, "batch_size": 4, "verbose": 0},
        of=functools.partial(model, "SemiSupervisedGAN"),
        use=lambda history: history.history,
        nan=True,
        infinite=True,
        kept=("epochs", "verbose", "callbacks", "shuffle"),
        cost=20,
    ),
    "models.CycleGAN.fit": Call(
        m.CycleGAN.fit,
        lambda: {"x": images(2), "y": images(2), "batch_size": 2, "verbose": 0},
        of=functools.partial(model, "CycleGAN"),
        use=lambda history: history.history,
        nan=True,
        infinite=True,
        kept=("epochs", "verbose", "callbacks", "shuffle"),
        cost=50,
    ),
    "models.TextGAN.fit": Call(
        m.TextGAN.fit,
        lambda: {"x": WORDS, "batch_size": 2, "verbose": 0},
        of=functools.partial(model, "TextGAN"),
        use=lambda history: history.history,
        nan=True,
        infinite=True,
        kept=("epochs", "verbose", "callbacks", "shuffle"),
        cost=20,
    ),
    "models.GAN.save": Call(
        m.GAN.save,
        lambda: {"filepath": "gan.keras"},
        of=functools.partial(model, "GAN"),
        errors=(OSError,),
    ),
    "models.GAN.export": Call(
        m.GAN.export,
        lambda: {"filepath": "saved_model"},
        of=functools.partial(model, "GAN"),
        errors=(OSError,),
        cost=50,
    ),
    "models.SemiSupervisedGAN.classify": Call(
        m.SemiSupervisedGAN.classify,
        lambda: {"x": x2},
        of=functools.partial(model, "SemiSupervisedGAN"),
    ),
    "models.VAE.encode": Call(
        m.VAE.encode, lambda: {"x": np.tanh(x2)}, of=functools.partial(model, "VAE")
    ),
    "models.VAE.decode": Call(
        m.VAE.decode, lambda: {"latents": x2}, of=functools.partial(model, "VAE")
    ),
    "models.VAE.log_likelihood": Call(
        m.VAE.log_likelihood,
        lambda: {"x": np.tanh(x2), "num_samples": 2},
        of=functools.partial(model, "VAE"),
        cost=20,
    ),
    "models.ALAE.reconstruct": Call(
        m.ALAE.reconstruct, lambda: {"x": images()}, of=functools.partial(model, "ALAE")
    ),
    "models.ALAE.mix": Call(
        m.ALAE.mix,
        lambda: {"coarse": images(), "fine": images(), "layer": 1},
        of=functools.partial(model, "ALAE"),
    ),
    "models.CycleGAN.translate": Call(
        m.CycleGAN.translate, lambda: {"images": images()}, of=functools.partial(model, "CycleGAN")
    ),
    "models.TextGAN.encode": Call(
        m.TextGAN.encode, lambda: {"texts": WORDS}, of=functools.partial(model, "TextGAN")
    ),
    "models.TextGAN.decode": Call(
        m.TextGAN.decode,
        lambda: {"probabilities": np.full((2, 3, 4), 0.25)},
        of=functools.partial(model, "TextGAN"),
    ),
    # Callbacks
    "callbacks.SampleGrid": Call(
        kg.callbacks.SampleGrid,
        lambda: {"directory": "samples", "num": 2},
        use=draw_pictures,
        errors=(OSError,),
    ),
    "callbacks.LatentInterpolation": Call(
        kg.callbacks.LatentInterpolation,
        lambda: {"directory": "paths", "num": 2, "steps": 2},
        use=draw_pictures,
        errors=(OSError,),
    ),
    "callbacks.Checkpoint": Call(
        kg.callbacks.Checkpoint,
        lambda: {"folder": "run", "every": 2, "configuration": {"rate": 0.1}},
        use=lambda checkpoint: checkpoint.run.claim(checkpoint.configuration),
        errors=(OSError,),
    ),
    "callbacks.TerminateOnNaN": Call(kg.callbacks.TerminateOnNaN),
}


def _saved(method, name, **arguments):
    from keras_gans.saved_model import SavedGenerator

    return Call(
        getattr(SavedGenerator, method),
        lambda: arguments,
        of=functools.partial(saved_model, name),
    )


CALLS.update(
    {
        "SavedGenerator.sample": _saved("sample", "ConditionalGAN", num=2, labels=[0, 1]),
        "SavedGenerator.generate": _saved(
            "generate", "ConditionalGAN", latents=points(2), labels=[0, 1]
        ),
        "SavedGenerator.score": _saved("score", "ConditionalGAN", data=points(2), labels=[0, 1]),
        "SavedGenerator.classify": _saved("classify", "SemiSupervisedGAN", data=points(2)),
        "SavedGenerator.encode": _saved("encode", "VAE", data=points(2)),
        "SavedGenerator.reconstruct": _saved("reconstruct", "VAE", data=points(2)),
        "SavedGenerator.score, text": _saved("score", "TextGAN", data=WORDS),
        "SavedGenerator.translate": _saved(
            "translate", "CycleGAN", images=images(), direction="ab"
        ),
    }
)
