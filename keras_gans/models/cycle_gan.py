"""Cycle-consistent adversarial networks (Zhu et al. 2017)."""

import dataclasses
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gans import _checks, _inputs, losses, serving
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._loss_result import LossResult
from keras_gans._precision import as_float
from keras_gans._read_only import read_only
from keras_gans._typing import ArrayLike, FloatOrSchedule, Optimizer, Schedule, Tensor, Tensors
from keras_gans.data import unpaired
from keras_gans.data.batch_spec import BatchSpec
from keras_gans.data.specs import Spec
from keras_gans.models import checks
from keras_gans.models.generative_model import GenerativeModel
from keras_gans.models.schedules import LinearToZero
from keras_gans.techniques import ExperienceReplay


@keras.saving.register_keras_serializable(package="keras_gans")
class CycleGAN(GenerativeModel):
    """Two generators that translate images between two domains, learned without pairs.

    G translates from A to B and F back; D_B tells images of B from translations, D_A those of A.
    The generators minimize

        E(D_B(G(a)) − 1)² + E(D_A(F(b)) − 1)²
        + λ (E ‖F(G(a)) − a‖₁ + E ‖G(F(b)) − b‖₁)
        + λ·μ (E ‖F(a) − a‖₁ + E ‖G(b) − b‖₁),

    where ‖·‖₁ is the mean over pixels, and each discriminator ½ E(D(x) − 1)² + ½ E D(x′)², x′ drawn
    from a pool of past translations. One training step updates both generators, then both
    discriminators, with the translations that the generators' update was computed from.

    `fit(images_a, images_b)` takes two arrays or two `tf.data.Dataset`s: an epoch goes through the
    longer, while the shorter is repeated. Datasets and `keras.utils.PyDataset`s of pairs of batches
    do as well. Batches of arrays have the paper's size of 1, unless `batch_size` is given, and
    `compile(total_steps=…)` gives its learning rates: constant, then linearly to 0.

    Args:
        generator_ab: G, a built Sequential or functional `keras.Model` from images of A to images
            of B.
        generator_ba: F, likewise from B to A.
        discriminator_a: D_A, likewise from images of A to logits `(batch, …)`, one or one for each
            patch.
        discriminator_b: D_B, likewise from images of B.
        cycle_weight: Float ≥ 0, or a schedule, the paper's λ. Defaults to `10.0`.
        identity_weight: Float ≥ 0, or a schedule, the weight μ of the identity losses in units of
            λ. With `0`, which domains whose images differ in shape need, the model computes none,
            and it stays `0`. Defaults to `0.5`.
        pool_size: Positive integer, past translations in the pool of each discriminator, which sees
            one of them in place of the present one every other time. Defaults to `50`.
        seed: Integer or `None`, seed of the pools. Defaults to `None`.
        **kwargs: `name`, `dtype`, `trainable` of `keras.Model`.

    Raises:
        ValueError, TypeError: If a network is not built, the networks do not fit each other, or a
            number is out of range.

    Logs: `g_loss`, all that the generators minimize; `d_loss`, the sum for both discriminators; and
    before their weights `cycle_loss`, `identity_loss` (zero if there is none) and
    `adversarial_loss`, each the sum for both generators. `evaluate(images_a, images_b)` gives them
    for held-out images, without pools; metrics given to `compile` compare images of B with
    translations to B.

    Example:

    >>> import numpy as np, keras_gans as kg
    >>> dark, light = np.zeros((12, 8, 8, 1)) - 0.5, np.zeros((16, 8, 8, 1)) + 0.5
    >>> generators = [kg.networks.translation_generator((8, 8, 1), 1, 4, 1) for _ in range(2)]
    >>> critics = [kg.networks.patch_discriminator((8, 8, 1), 4, 1) for _ in range(2)]
    >>> gan = kg.models.CycleGAN(*generators, *critics)
    >>> gan.compile()
    >>> history = gan.fit(dark, light, batch_size=4, verbose=0)
    >>> gan.translate(dark, "ab").shape
    (12, 8, 8, 1)

    Reference:
        Zhu et al. 2017, Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
        Networks, sections 3, 4 and 5.2; the order of updates is that of the authors' code.
    """

    optimizer_networks = {
        "g_optimizer": ("generator_ab", "generator_ba"),
        "d_optimizer": ("discriminator_a", "discriminator_b"),
    }
    loss_names = ("g_loss", "d_loss", "adversarial_loss", "cycle_loss", "identity_loss")

    cycle_weight = Hyperparameter(low=0.0)
    identity_weight = Hyperparameter(low=0.0, check=lambda self, x: self.check_identity_weight(x))

    def __init__(
        self,
        generator_ab: keras.Model,
        generator_ba: keras.Model,
        discriminator_a: keras.Model,
        discriminator_b: keras.Model,
        cycle_weight: FloatOrSchedule = 10.0,
        identity_weight: FloatOrSchedule = 0.5,
        pool_size: int = 50,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        _check_networks(generator_ab, generator_ba, discriminator_a, discriminator_b)
        self.generator_ab = generator_ab
        self.generator_ba = generator_ba
        self.discriminator_a = discriminator_a
        self.discriminator_b = discriminator_b
        self.cycle_weight = cycle_weight
        self.identity_weight = identity_weight
        self.has_identity_losses = self.is_scheduled("identity_weight") or identity_weight > 0
        self.pool_size = _checks.positive_int("pool_size", pool_size)
        self.pool_a = ExperienceReplay(self.pool_size)
        self.pool_b = ExperienceReplay(self.pool_size)
        self.pool_a.prepare_for(discriminator_a)
        self.pool_b.prepare_for(discriminator_b)

    def check_identity_weight(self, weight: float) -> None:
        """Refuse identity losses where there are none."""
        a, b = self.shape_of_a, self.shape_of_b
        if weight and a != b:
            raise ValueError(
                "`identity_weight` must be 0 for domains whose images differ in shape, "
                f"{a} and {b}. Received: identity_weight={weight!r}"
            )
        if weight and not getattr(self, "has_identity_losses", True):
            raise ValueError(
                "`identity_weight` must stay 0 in a model that was made with 0, which computes no "
                "identity losses: make it with the largest weight that you will need. "
                f"Received: identity_weight={weight!r}"
            )

    @property
    def shape_of_a(self) -> tuple[int, ...]:
        """Shape of one image of A."""
        return tuple(self.generator_ab.input_shape[1:])

    @property
    def shape_of_b(self) -> tuple[int, ...]:
        """Shape of one image of B."""
        return tuple(self.generator_ba.input_shape[1:])

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Adam with the paper's learning rate 2e-4 and the authors' β₁ 0.5."""
        return {
            "g_optimizer": keras.optimizers.Adam(2e-4, beta_1=0.5, name="g_adam"),
            "d_optimizer": keras.optimizers.Adam(2e-4, beta_1=0.5, name="d_adam"),
        }

    def learning_rates(self, total_steps: int) -> dict[str, Schedule] | None:
        """Constant in the first half of the run, then linearly to 0."""
        rate = LinearToZero(2e-4, total_steps, start=total_steps // 2)
        return {"g_optimizer": rate, "d_optimizer": rate}

    def compile(  # type: ignore[override]  # the optimizers come first
        self,
        g_optimizer: Optimizer | None = None,
        d_optimizer: Optimizer | None = None,
        **kwargs: Any,
    ) -> None:
        """Give the generators and the discriminators their optimizers.

        Args:
            g_optimizer: Keras optimizer of both generators. Defaults to the paper's.
            d_optimizer: Keras optimizer of both discriminators. Defaults to the paper's.
            **kwargs: `metrics`, `run_eagerly`, `steps_per_execution`, `jit_compile`,
                `auto_scale_loss`, `total_steps`; see `GenerativeModel.compile`.
        """
        super().compile(g_optimizer=g_optimizer, d_optimizer=d_optimizer, **kwargs)

    # Training steps

    def train_step(self, data: Tensors) -> dict[str, Tensor]:
        a, b = self.real_images(data)
        translation = self.minimize("g_optimizer", lambda: self.generator_loss(a, b))
        fake_a = self.pool_a.replay(self, translation.handed_on["fake_a"])
        fake_b = self.pool_b.replay(self, translation.handed_on["fake_b"])
        self.record(translation)
        self.record(
            self.minimize("d_optimizer", lambda: self.discriminator_loss(a, b, fake_a, fake_b))
        )
        return self.logs()

    def real_images(self, data: Tensors) -> tuple[Tensor, Tensor]:
        """Return images of both domains, out of what `fit` is given."""
        a, b, _ = keras.utils.unpack_x_y_sample_weight(data)
        return as_float(a), as_float(b)

    def networks(self, training: bool) -> list[keras.layers.Layer]:
        """The two generators and the two discriminators, in training or as they are in use."""
        names = ("generator_ab", "generator_ba", "discriminator_a", "discriminator_b")
        return [self.in_use(name, training) for name in names]

    def generator_loss(self, a: Tensor, b: Tensor, training: bool = True) -> LossResult:
        """What the generators minimize; the translations are handed on."""
        generator_ab, generator_ba, discriminator_a, discriminator_b = self.networks(training)
        fake_b = as_float(generator_ab(a, training=training))
        fake_a = as_float(generator_ba(b, training=training))
        adversarial_loss = least_squares(
            read_only(discriminator_b, fake_b, training)
        ) + least_squares(read_only(discriminator_a, fake_a, training))
        cycle_loss = l1(generator_ba(fake_b, training=training), a) + l1(
            generator_ab(fake_a, training=training), b
        )
        identity_loss = ops.zeros_like(cycle_loss)
        if self.has_identity_losses:
            identity_loss = l1(generator_ba(a, training=training), a) + l1(
                generator_ab(b, training=training), b
            )
        weighted = self.cycle_weight * (cycle_loss + self.identity_weight * identity_loss)
        return LossResult(
            {"g_loss": adversarial_loss + weighted},
            {
                "adversarial_loss": adversarial_loss,
                "cycle_loss": cycle_loss,
                "identity_loss": identity_loss,
            },
            {"fake_a": fake_a, "fake_b": fake_b},
        )

    def discriminator_loss(
        self, a: Tensor, b: Tensor, fake_a: Tensor, fake_b: Tensor, training: bool = True
    ) -> LossResult:
        """The sum for both discriminators, which do not meet."""
        _, _, discriminator_a, discriminator_b = self.networks(training)
        logits = [
            as_float(discriminator(images, training=training))
            for discriminator, images in (
                (discriminator_a, a),
                (discriminator_a, fake_a),
                (discriminator_b, b),
                (discriminator_b, fake_b),
            )
        ]
        objective = losses.least_squares.discriminator
        return LossResult({"d_loss": objective(*logits[:2]) + objective(*logits[2:])})

    def test_step(self, data: Tensors) -> dict[str, Tensor]:
        a, b = self.real_images(data)
        num_pairs = ops.minimum(ops.shape(a)[0], ops.shape(b)[0])
        translation = self.generator_loss(a, b, training=False)
        fakes = translation.handed_on
        self.record(translation, num_pairs)
        self.record(self.discriminator_loss(a, b, **fakes, training=False), num_pairs)
        self.update_sample_metrics(b, fakes["fake_b"])
        return self.logs()

    # Data

    def training_batches(
        self, x: Any, y: Any, batch_size: int | None, shuffle_seed: int | None
    ) -> Any:
        """Pairs of batches: made of two arrays or two datasets, or of what yields them."""
        batch_size = 1 if batch_size is None else batch_size
        if y is not None:
            if not unpaired.are_datasets(x, y):
                self.batch_spec.check(*self.batch_spec.arrays(x, y))
            x, y = unpaired.unpaired_batches(x, y, batch_size, shuffle_seed), None
        return super().training_batches(x, y, batch_size, shuffle_seed)

    def evaluation_batches(self, x: Any, y: Any) -> tuple[Any, Any]:
        if y is not None:
            if unpaired.are_datasets(x, y):
                x, y = unpaired.unpaired_batches(x, y), None
            else:
                x, y = unpaired.as_long_as_each_other(x, y)
        return super().evaluation_batches(x, y)

    @property
    def example_spec(self) -> Spec:
        """What one image of A is."""
        return Spec(self.shape_of_a)

    @property
    def batch_spec(self) -> BatchSpec:
        """Images of A, and as many or others of B."""
        return dataclasses.replace(
            super().batch_spec,
            y=Spec(self.shape_of_b),
            meaning="images of the other domain",
            call="images_a, images_b",
            is_paired=False,
        )

    # Translation and serving

    def as_inputs(self, name: str, inputs: Any) -> Tensors:
        return _inputs.examples(name, inputs, self.example_spec)

    def call(self, inputs: Tensors, training: bool = False) -> Tensor:
        """Translate images from A to B: what `model(images)` and `model.predict` do."""
        return as_float(self.in_use("generator_ab", training)(inputs, training=training))

    def translate(
        self, images: ArrayLike, direction: str = "ab", batch_size: int = 32
    ) -> np.ndarray:
        """Translate images from one domain to the other.

        Args:
            images: Float array `(num, height, width, channels)` in [−1, 1].
            direction: `"ab"` or `"ba"`. Defaults to `"ab"`.
            batch_size: Positive integer, images translated at once. Defaults to `32`.

        Returns:
            Float32 array `(num, height, width, channels)` in [−1, 1].

        Raises:
            ValueError, TypeError: As `fit`, if the images have another shape, are not floats or not
                scaled; or if `direction` is another.
        """
        return self.serve("translate", images, direction, batch_size=batch_size)

    def served_verbs(self) -> list[serving.Verb]:
        """`translate(images, direction)`, of each direction, as domains may differ in shape."""

        def verb(direction, generator):
            def translate(images):
                return as_float(generator(images, training=False))

            shapes = generator.input_shape, generator.output_shape
            sides: list[Any] = [serving.of("examples", Spec(shape[1:])) for shape in shapes]
            taken, made = sides
            fixed = {"direction": direction}
            return serving.Verb("translate", translate, {"images": taken}, made, fixed)

        return [verb(name, self.in_use(f"generator_{name}")) for name in ("ab", "ba")]


def least_squares(fake_logits: Tensor) -> Tensor:
    """E(D(x) − 1)², twice the loss of the LSGAN paper."""
    return 2 * losses.least_squares.generator(None, as_float(fake_logits))


def l1(images: Tensor, expected: Tensor) -> Tensor:
    """Mean absolute difference of pixels."""
    return ops.mean(ops.abs(as_float(images) - expected))


def _check_networks(generator_ab, generator_ba, discriminator_a, discriminator_b):
    networks = {
        "generator_ab": generator_ab,
        "generator_ba": generator_ba,
        "discriminator_a": discriminator_a,
        "discriminator_b": discriminator_b,
    }
    for name, network in networks.items():
        checks.network(name, network)
    if len({id(network) for network in networks.values()}) < len(networks):
        raise ValueError(
            f"{list(networks)} must be different networks: each has a part of its own. "
            "Received: one network twice"
        )
    of_a, of_b = generator_ab.input_shape, generator_ab.output_shape
    checks.inputs("generator_ab", generator_ab, "images (height, width, channels)", of_a)
    checks.inputs("generator_ba", generator_ba, "what `generator_ab` makes", of_b)
    checks.inputs("discriminator_a", discriminator_a, "what `generator_ab` takes", of_a)
    checks.inputs("discriminator_b", discriminator_b, "what `generator_ab` makes", of_b)
    checks.outputs("generator_ba", generator_ba, "what `generator_ab` takes", of_a)
    checks.logits("discriminator_a", discriminator_a)
    checks.logits("discriminator_b", discriminator_b)
