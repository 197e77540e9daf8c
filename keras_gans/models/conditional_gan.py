"""Conditional GAN (Mirza and Osindero 2014)."""

import keras
from keras import ops

from keras_gans import _checks, _inputs, serving
from keras_gans.data import mini_batches
from keras_gans.models.gan import GAN


class Conditional:
    """What makes any two-player model conditional: labels reach both networks.

    The generator takes `[latents, labels]` and the discriminator `[examples, labels]`. In training
    the fakes of a mini-batch have the labels of its real examples.
    """

    conditional = True
    label_shapes = ((None,),)

    def __init__(
        self,
        generator,
        discriminator,
        latent_dim,
        num_classes=None,
        class_names=None,
        **kwargs,
    ):
        super().__init__(generator, discriminator, latent_dim, **kwargs)
        self.num_classes = check_num_classes(num_classes, generator, discriminator)
        self.class_names = check_class_names(class_names, self.num_classes)

    def real_examples(self, data):
        return [super().real_examples(data), labels_of(data)]

    def fake_examples(self, real, generator, training=True):
        images, labels = real

        def generator_of_class(latents):
            return generator([latents, labels])

        return [super().fake_examples(images, generator_of_class, training), labels]

    @classmethod
    def networks_for_images(cls, info, latent_dim, filters):
        if info.num_classes is None:
            raise ValueError(
                f"`info` must have classes for {cls.__name__}: sub-folders, if it "
                f"is a folder of pictures. Received: {info.name!r}, which has none"
            )
        made = super().networks_for_images(info, latent_dim, filters, info.num_classes)
        return {**made, "num_classes": info.num_classes, "class_names": info.class_names}

    @property
    def label_range(self):
        return 0, self.num_classes

    def check_training_labels(self, y):
        if y is None:
            raise ValueError(
                f"Labels must be given: {type(self).__name__} is conditional. Call "
                "fit(images, labels), or let the dataset yield (images, labels). "
                "Received: no labels"
            )
        mini_batches.check_integer_labels(y, self.label_range)

    def check_labels(self, labels, num):
        return _inputs.labels(labels, num, self.num_classes, self.class_names)

    def as_inputs(self, name, inputs):
        if not isinstance(inputs, (list, tuple)) or len(inputs) != 2:
            raise TypeError(
                f"`{name}` must be [latents, labels], as the model is conditional. "
                f"Received: {name} of type {type(inputs).__name__}"
            )
        latents = super().as_inputs(name, inputs[0])
        return [latents, self.check_labels(inputs[1], latents.shape[0])]

    @property
    def served_labels(self):
        classes = {"num_classes": self.num_classes, "class_names": self.class_names}
        return serving.ArraySpec("labels", (None,), "int32", **classes)


def labels_of(data):
    """The labels in what `fit` is given, int32 `(batch,)`."""
    _, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
    return ops.cast(labels, "int32")


def check_num_classes(num_classes, *networks):
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


def check_class_names(class_names, num_classes):
    """Return the names of the classes as a tuple, or say why they are none."""
    if class_names is None:
        return None
    if not isinstance(class_names, (list, tuple)) or not all(
        isinstance(name, str) for name in class_names
    ):
        raise TypeError(
            f"`class_names` must be a list of strings. Received: class_names={class_names!r}"
        )
    if len(class_names) != num_classes or len(set(class_names)) < num_classes:
        raise ValueError(
            f"`class_names` must be {num_classes} different names, one for each class. "
            f"Received: class_names={class_names!r}"
        )
    return tuple(class_names)


@keras.saving.register_keras_serializable(package="keras_gans")
class ConditionalGAN(Conditional, GAN):
    """GAN with labels: a generator of examples of a given class.

    The game is that of `GAN`, with both players told the class: the discriminator sees real
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
