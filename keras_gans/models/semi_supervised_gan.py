"""Semi-supervised GAN (Salimans et al. 2016)."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gans import _replicas, serving
from keras_gans._absent import Absent
from keras_gans._examples import images_of
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float
from keras_gans._read_only import call_network
from keras_gans._typing import ArrayLike, Examples, FloatOrSchedule, Shape, Tensor, Tensors
from keras_gans.data.batch_spec import BatchSpec
from keras_gans.data.semi_supervised import UNLABELED, in_turn, semi_supervised_batches
from keras_gans.data.specs import Spec
from keras_gans.models import checks
from keras_gans.models.averages import DecayOfAverages
from keras_gans.models.classifier import classify_verb
from keras_gans.models.conditional_gan import condition_of
from keras_gans.models.gan import GAN
from keras_gans.models.moving_average import MovingAverage
from keras_gans.techniques import FeatureMatching, technique


@keras.saving.register_keras_serializable(package="keras_gans")
class SemiSupervisedGAN(GAN):
    """A classifier that learns from few labels, and from telling real examples from fakes.

    The discriminator is a classifier with K logits lₖ(x). The logit of "fake" is fixed at zero, so
    that with Z(x) = Σₖ exp lₖ(x) the example is real with probability D(x) = Z(x) / (Z(x) + 1), the
    sigmoid of log Z(x). It minimizes

        −E log p(y | x)  over labeled examples, p(y | x) = exp l_y(x) / Z(x),
        ½ (−E log D(x) − E log(1 − D(G(z))))  over unlabeled examples and fakes.

    The generator matches the means of features f, an intermediate layer, over fakes and over
    unlabeled examples that are not those of the discriminator's update: see `FeatureMatching`.

    One training step takes, for each of `n_critic` updates, a mini-batch of labeled and one of
    unlabeled examples, and for the generator another one of unlabeled examples. `fit(x, y)` makes
    them from arrays, with y = −1 for examples without label; a dataset must yield them in turn, as
    `keras_gans.data.semi_supervised_batches` does.

    Outside training the discriminator is `ema_discriminator`, its moving average: in `classify`, in
    `evaluate`, and in what is exported.

    The losses, the batches, the average and the optimizers are those of the authors' code behind
    the paper's results on MNIST, but for three things: latents are N(0, I) as everywhere in this
    package, not uniform; the average has a warm-up, where theirs starts from zero without
    correction; and Adam's epsilon 1e-8 inside of the square root is here one of 1e-4 outside. They
    initialize the discriminator by `keras_gans.networks.data_dependent_initialization`.

    Args:
        generator: See `GAN`.
        discriminator: Built Sequential or functional `keras.Model` from examples to class logits
            `(batch, num_classes)`.
        latent_dim: Positive integer, size of the latent vectors.
        feature_layer: Name or index of the discriminator's layer whose output is f. Defaults to
            `None`, what its last dense or convolutional layer takes, before noise.
        techniques: See `GAN`.
        classifier_ema_decay: Float in [0, 1) or `None`, decay of the average of the discriminator.
            `None` keeps no average. Defaults to `0.9999`; see `keras_gans.models.GAN` on its
            warm-up.
        n_critic, objective, ema_decay, seed, **kwargs: See `GAN`. The objective is about the logit
            log Z(x).

    Raises:
        ValueError, TypeError: As `GAN`, and if the discriminator has fewer than two logits. `fit`
            refuses labels outside [−1, num_classes).

    Logs: `g_loss`, the distance of features; `d_loss`, the sum of both parts; `supervised_loss`;
    `accuracy`, the share of labeled examples whose class is right. `evaluate(x, y)` gives them for
    held-out data, with the adversarial loss, which is not trained, as `g_loss`.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> gan = kg.models.SemiSupervisedGAN(
    ...     kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(32,)),
    ...     kg.networks.mlp_discriminator((2,), hidden_units=(32,), num_logits=3),
    ...     latent_dim=2,
    ... )
    >>> gan.compile()
    >>> labels = np.arange(256) % 3
    >>> points = kg.data.ring_of_gaussians(3).modes[labels].astype("float32")
    >>> labels[6:] = -1
    >>> history = gan.fit(points, labels, batch_size=32, verbose=0)
    >>> gan.classify(points).shape
    (256, 3)

    Reference:
        Salimans et al. 2016, Improved Techniques for Training GANs, sections 3.1 and 5, and its
        code, github.com/openai/improved-gan.
    """

    loss_names = ("g_loss", "d_loss", "supervised_loss", "accuracy")
    classifier_ema_decay = DecayOfAverages("discriminator")
    takes_packs = False  # which have no class
    for_images: Any = Absent("it learns from few labels, and those of a dataset are all there")

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        feature_layer: str | int | None = None,
        techniques: Sequence[technique.Technique] = (),
        classifier_ema_decay: FloatOrSchedule | None = 0.9999,
        **kwargs: Any,
    ) -> None:
        techniques = [FeatureMatching(feature_layer, alone=True), *technique.check(techniques)]
        super().__init__(generator, discriminator, latent_dim, techniques=techniques, **kwargs)
        self.feature_layer = feature_layer
        self.classifier_ema_decay = classifier_ema_decay
        self.num_classes = checks.class_logits("discriminator", discriminator)

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Adam as in the authors' code: learning rate 3e-3, β₁ 0.5, epsilon 1e-4."""
        return {
            name: keras.optimizers.Adam(3e-3, beta_1=0.5, epsilon=1e-4, name=f"{name[0]}_adam")
            for name in self.optimizer_networks
        }

    # Training steps

    @property
    def batches_per_step(self) -> int:
        return 2 * self.n_critic + 1

    def real_examples(self, data: Tensors) -> Examples:
        return [super().real_examples(data), condition_of(data)]

    def mini_batches(self, examples: Examples) -> list[list[Tensor]]:
        """Cut one step's examples into those of each update.

        Returns:
            Lists of unlabeled images, labeled images and their labels, one for each update of the
            discriminator; then one of unlabeled images, for the generator.
        """
        images, labels = examples
        n = self.batches_per_step
        if images.shape[0] is not None and images.shape[0] % n:
            raise ValueError(
                f"A step needs {n} mini-batches of one size, {self.n_critic} times a labeled and "
                "an unlabeled one, and an unlabeled one for the generator. "
                f"Received: {images.shape[0]} examples"
            )
        pairs = [[images[j + 1 :: n], images[j::n], labels[j::n]] for j in range(0, n - 1, 2)]
        return [*pairs, [images[n - 1 :: n]]]

    def train_step(self, data: Tensors) -> dict[str, Tensor]:
        *pairs, unlabeled = self.mini_batches(self.real_examples(data))
        for pair in pairs:
            self.record(self.train_discriminator(pair))
        self.record(self.train_generator(unlabeled))
        return self.logs()

    def discriminate(
        self, examples: Examples, training: bool = False, call: Callable[..., Tensor] = call_network
    ) -> Tensor:
        """Return log Z of examples, the logit of "real": see `GAN.discriminate`."""
        return log_z(super().discriminate(images_of(examples), training, call))

    def with_techniques(
        self, network: str, loss: LossResult, real: Examples, fake: Examples
    ) -> LossResult:
        return super().with_techniques(network, loss, images_of(real), fake)

    def discriminator_loss(
        self, real: Examples, fake: Examples, training: bool = True
    ) -> LossResult:
        unlabeled, labeled, labels = real
        unsupervised = super().discriminator_loss(unlabeled, fake, training)
        means, num_labeled = supervised_means(super().discriminate(labeled, training), labels)
        num = as_float(ops.shape(labels)[0])
        share = _replicas.mean(num_labeled) / _replicas.mean(num)  # in the global batch
        own_share = num_labeled / num
        supervised_part = means["supervised_loss"] * own_share / ops.maximum(share, 1e-7)
        return LossResult(
            {"d_loss": supervised_part + 0.5 * unsupervised.loss},
            means,
            {**unsupervised.handed_on, "num_labeled": num_labeled},
        )

    def record(self, result: LossResult, batch_size: int | Tensor = 1) -> None:
        """As `GenerativeModel.record`; what is about labeled examples counts those only."""
        for name, value in result.logs.items():
            of_labeled = name in ("supervised_loss", "accuracy")
            num = result.handed_on["num_labeled"] if of_labeled else batch_size
            self.record_mean(name, value, num)

    def test_step(self, data: Tensors) -> dict[str, Tensor]:
        images, labels = self.real_examples(data)
        fake = self.fake_examples(images, self, training=False)
        batch_size = ops.shape(images)[0]
        of_discriminator = self.discriminator_loss([images, images, labels], fake, training=False)
        logits = of_discriminator.handed_on
        of_generator = self.generator_loss(
            logits["real_logits"], logits["fake_logits"], training=False
        )
        self.record(of_discriminator, batch_size)
        self.record(of_generator, batch_size)
        self.update_sample_metrics(images, fake)
        return self.logs()

    # Data

    def training_batches(
        self, x: Any, y: Any, batch_size: int | None, shuffle_seed: int | None
    ) -> Any:
        """Labelled and unlabeled batches in turn: made of arrays, checked in a dataset."""
        if hasattr(x, "__array__") and y is not None:
            x, y = np.asarray(x), np.asarray(y)
            self.batch_spec.check(x, y)
            shuffle = shuffle_seed is not None
            x = semi_supervised_batches(
                x, y, batch_size or 32, shuffle, shuffle_seed, self.n_critic
            )
            y = None
        elif isinstance(x, tf.data.Dataset):
            self.batch_spec.check(*keras.utils.unpack_x_y_sample_weight(x.element_spec)[:2])
            x = in_turn(x, self.n_critic)
        return super().training_batches(x, y, None, shuffle_seed)

    @property
    def batch_spec(self) -> BatchSpec:
        """Examples with labels, of which some are not known."""
        known_or_not = UNLABELED, self.num_classes - 1
        labels = Spec(kind="integer", value_range=known_or_not, num_classes=self.num_classes)
        return dataclasses.replace(super().batch_spec, y=labels)

    # Classification and serving

    @property
    def ema_discriminator(self) -> MovingAverage | None:
        """The moving average of the discriminator, which classifies, or `None`.

        It is called as the discriminator is; `ema_discriminator.copy()` is a plain `keras.Model`.
        """
        return self.averages.get("discriminator")

    def classify(self, x: ArrayLike, batch_size: int = 256) -> np.ndarray:
        """Return class probabilities of examples.

        Args:
            x: Float array of examples `(num, …)`.
            batch_size: Positive integer, examples classified at once. Defaults to `256`.

        Returns:
            Float32 array `(num, num_classes)`; rows add to one.

        Raises:
            ValueError, TypeError: As `fit`, if the examples have another shape, are not floats or
                not scaled.
        """
        return self.serve("classify", x, batch_size=batch_size)

    @property
    def logits_shape(self) -> Shape:
        return (None, 1)  # of log Z

    def served_verbs(self) -> list[serving.Verb]:
        """Those of `GAN`, and `classify(x)`: probabilities."""

        classify = classify_verb(super().discriminate, self.served_examples, self.num_classes)
        return [*super().served_verbs(), classify]


def supervised_means(logits: Tensor, labels: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """Cross-entropy, and the share that is right, of the examples with labels; and their number."""
    is_labeled = ops.cast(labels >= 0, logits.dtype)
    cross_entropy = is_labeled * keras.losses.sparse_categorical_crossentropy(
        ops.maximum(labels, 0), logits, from_logits=True
    )
    is_right = ops.cast(ops.argmax(logits, axis=-1), labels.dtype) == labels
    num_labeled = ops.sum(is_labeled)
    means = {
        "supervised_loss": ops.sum(cross_entropy) / ops.maximum(num_labeled, 1),
        "accuracy": ops.sum(as_float(is_right)) / ops.maximum(num_labeled, 1),
    }
    return means, num_labeled


def log_z(logits: Tensor) -> Tensor:
    """log Σₖ exp lₖ, the logit of "real", `(batch, 1)`."""
    return ops.logsumexp(logits, axis=-1, keepdims=True)
