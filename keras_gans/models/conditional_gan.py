"""Conditional GAN (Mirza and Osindero 2014)."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _checks
from keras_gans._precision import as_float
from keras_gans._typing import Examples, FloatOrSchedule, Tensor, Tensors
from keras_gans.data.sources import DatasetInfo
from keras_gans.data.specs import Spec
from keras_gans.models.gan import GAN


class Conditional(GAN):
    """What makes any GAN conditional: a condition reaches both networks.

    The generator takes `[latents, condition]` and the discriminator `[examples, condition]`. In
    training the fakes of a mini-batch have the conditions of its real examples.

    A subclass states `condition_spec`, a `keras_gans.data.Spec` of one condition, such as an image
    or an embedding, or a tuple or dictionary of them. `fit` and `evaluate` take conditions as `y`;
    `sample` and `generate` take them as `labels`.

    Example:

    >>> import keras, keras_gans as kg, numpy as np
    >>> class PointsFromImages(kg.models.conditional_gan.Conditional, kg.models.GAN):
    ...     condition_spec = kg.data.Spec((4, 4, 1))
    >>> def network(size):
    ...     inputs = keras.Input((size,)), keras.Input((4, 4, 1))
    ...     features = [inputs[0], keras.layers.Flatten()(inputs[1])]
    ...     outputs = keras.layers.Dense(3 - size)(keras.layers.Concatenate()(features))
    ...     return keras.Model(list(inputs), outputs)
    >>> gan = PointsFromImages(network(1), network(2), latent_dim=1)
    >>> gan.compile()
    >>> images = np.random.default_rng(0).uniform(-1, 1, (64, 4, 4, 1))
    >>> history = gan.fit(images.mean((1, 2)) * [[1, -1]], images, batch_size=8, verbose=0)
    >>> gan.sample(3, images[:3]).shape
    (3, 2)
    """

    conditional = True
    takes_packs = False

    def real_examples(self, data: Tensors) -> Examples:
        images = super().real_examples(data)
        return [images, condition_of(data)] if self.conditional else images

    def fake_examples(
        self, real: Examples, generator: Callable[..., Tensor], training: bool = True
    ) -> Examples:
        if not self.conditional:
            return super().fake_examples(real, generator, training)
        images, condition = real

        def generator_on_condition(latents):
            return generator([latents, condition])

        return [super().fake_examples(images, generator_on_condition, training), condition]


class ClassConditional(Conditional):
    """What makes any GAN conditional on the class: an integer label an example."""

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        num_classes: int | None = None,
        class_names: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(generator, discriminator, latent_dim, **kwargs)
        if self.conditional:
            num_classes = check_num_classes(num_classes, generator, discriminator)
        elif num_classes is not None or class_names is not None:
            raise ValueError(
                "`num_classes` and `class_names` must be None for networks that take no labels. "
                f"Received: num_classes={num_classes!r} and class_names={class_names!r}"
            )
        self.num_classes = num_classes
        self.class_names = check_class_names(class_names, self.num_classes)

    @classmethod
    def networks_for_images(  # type: ignore[override]  # with classes of the dataset
        cls, info: DatasetInfo, latent_dim: int, filters: int
    ) -> dict[str, Any]:
        classes = cls.classes_for_images(info)
        made = super().networks_for_images(info, latent_dim, filters, classes["num_classes"])
        return {**made, **classes}

    @classmethod
    def classes_for_images(cls, info: DatasetInfo) -> dict[str, Any]:
        """Return the constructor's `num_classes` and `class_names` for a dataset's images."""
        if info.num_classes is None:
            raise ValueError(
                f"`info` must have classes for {cls.__name__}: sub-folders, if it "
                f"is a folder of pictures. Received: {info.name!r}, which has none"
            )
        return {"num_classes": info.num_classes, "class_names": info.class_names}

    @property
    def condition_spec(self) -> Spec | None:
        """What a label is, or `None` for networks that take none."""
        if not self.conditional:
            return None
        return Spec(kind="integer", num_classes=self.num_classes, class_names=self.class_names)


class OptionallyConditional(ClassConditional):
    """What makes any GAN conditional on the class if, and only if, its networks take labels.

    In a subclass `networks_for_images` takes `num_classes`, too, by default `None`.
    """

    def check_networks(self, generator: keras.Model, discriminator: keras.Model) -> None:
        self.conditional = len(getattr(generator, "inputs", None) or ()) > 1
        super().check_networks(generator, discriminator)

    @classmethod
    def for_images(
        cls,
        info: DatasetInfo,
        latent_dim: int = 64,
        filters: int = 64,
        ema_decay: FloatOrSchedule | None = 0.998,
        num_classes: int | None = None,
        **kwargs: Any,
    ) -> "OptionallyConditional":
        """Return a model for the images of a dataset, with the networks of its paper.

        Args:
            info: `keras_gans.data.DatasetInfo`, as `keras_gans.data.load` returns it.
            latent_dim: Positive integer, size of the latent vectors. Defaults to `64`.
            filters: Positive integer, that of the builders of the networks: channels of the layers
                next to the image. Defaults to `64`.
            ema_decay: See the constructor. Defaults to `0.998`.
            num_classes: `info.num_classes`, for networks that take labels, or `None` for others.
                Defaults to `None`.
            **kwargs: Other arguments of the constructor.

        Returns:
            An instance of this class, not compiled.

        Raises:
            ValueError, TypeError: As the constructor.
        """
        made = cls.networks_for_images(info, latent_dim, filters, num_classes)  # type: ignore[call-arg]
        made["class_names"] = None if num_classes is None else info.class_names
        return cls(latent_dim=latent_dim, ema_decay=ema_decay, **{**made, **kwargs})


def condition_of(data: Tensors) -> Tensors:
    """What examples are conditioned on in what `fit` is given, as networks take it."""
    _, condition, _ = keras.utils.unpack_x_y_sample_weight(data)

    def as_input(x):
        x = ops.convert_to_tensor(x)
        if x.dtype.is_floating:
            return as_float(x)
        return ops.cast(x, "int32") if x.dtype.is_integer else x

    return tf.nest.map_structure(as_input, condition)


def check_num_classes(num_classes: int | None, *networks: keras.Model) -> int:
    """Return the number of classes, by default the one that the networks' layers speak of."""
    known = set()
    for network in networks:
        for layer in network._flatten_layers():
            if isinstance(layer, keras.layers.Embedding):
                known.add(layer.input_dim)
            elif hasattr(layer, "num_classes"):
                known.add(layer.num_classes)
    if num_classes is None and len(known) == 1:
        return known.pop()
    if num_classes is None:
        raise ValueError(
            "`num_classes` must be given, as the layers of the networks do not agree on one "
            f"number. Received: num_classes=None, and networks with {sorted(known)} classes"
        )
    num_classes = _checks.positive_int("num_classes", num_classes)
    if known and num_classes > min(known):
        raise ValueError(
            "`num_classes` must not be more than the networks know. Received: "
            f"num_classes={num_classes}, and networks with {sorted(known)} classes"
        )
    return num_classes


def check_class_names(class_names: Any, num_classes: int | None) -> tuple[str, ...] | None:
    """Return the names of so many classes as a tuple, or `None` if there are none."""
    if class_names is None:
        return None
    return Spec(kind="integer", num_classes=num_classes, class_names=class_names).class_names


@keras.saving.register_keras_serializable(package="keras_gans")
class ConditionalGAN(ClassConditional):
    """GAN with labels: a generator of examples of a given class.

    It is trained as a `GAN`, with both networks told the class: the discriminator sees real
    examples with their labels, and fakes with the labels that they were generated for, which are
    those of the real examples in the mini-batch. It learns from `(examples, labels)`.

    Args:
        generator: Built functional `keras.Model` from `[latents (batch, latent_dim), labels
            (batch,)]` to examples, as the builders of `keras_gans.networks` return for
            `num_classes=…`.
        discriminator: Likewise, from `[examples, labels]` to logits `(batch, …)`.
        latent_dim: Positive integer, size of the latent vectors.
        num_classes: Positive integer; labels are integers in [0, num_classes). Defaults to `None`,
            the number that the label layers of the networks have.
        class_names: List of `num_classes` different strings, the names of the classes in the order
            of their labels: `sample` and `generate` then take names as well, here and in what
            `keras_gans.load` reads. Defaults to `None`, no names.
        n_critic, objective, techniques, ema_decay, seed, **kwargs: See `GAN`.

    Raises:
        ValueError, TypeError: As `GAN`; if `num_classes` is not given and the networks do not tell
            it; or if `class_names` are not as many different strings. `fit` and `sample` refuse
            labels that are missing or out of range.

    Logs: As `GAN`.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> gan = kg.models.ConditionalGAN(
    ...     kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(32,), num_classes=3),
    ...     kg.networks.mlp_discriminator((2,), hidden_units=(32,), num_classes=3),
    ...     latent_dim=2,
    ...     class_names=["east", "northwest", "southwest"],
    ... )
    >>> gan.compile()
    >>> labels = np.random.default_rng(0).integers(0, 3, 256)
    >>> points = kg.data.ring_of_gaussians(3).modes[labels].astype("float32")
    >>> history = gan.fit(points, labels, batch_size=64, verbose=0)
    >>> gan.sample(4, labels=[0, 1, 2, 2]).shape
    (4, 2)
    >>> gan.sample(8, labels="northwest").shape
    (8, 2)

    References:
        - Mirza and Osindero 2014, Conditional Generative Adversarial Nets, equation 2.
        - Miyato and Koyama 2018, cGANs with Projection Discriminator: the way in which the
          builders' discriminators take the label.
    """
