"""Packing: a discriminator that judges several examples at once (Lin et al. 2018)."""

import keras

from keras_gans import _checks
from keras_gans.techniques.technique import Technique


@keras.saving.register_keras_serializable(package="keras_gans")
class Packing(Technique):
    """Let the discriminator judge packs of m examples, all real or all fake, with one logit.

    A generator that leaves out modes makes packs that vary less than real ones, which such a
    discriminator sees. Examples lie side by side on the last axis, images on their channels, so
    that only the input of the discriminator widens: of images (height, width, channels) it takes
    (height, width, m · channels). `for_images` of models, and `DCGAN`, make it so.

    Examples are packed as they follow each other in a mini-batch, after other techniques have
    augmented each by itself. Losses are means over packs. A penalty on the gradient is on that of a
    pack's logit by all numbers of the pack, though of the points between real examples and fakes
    every example has a place of its own. The discriminator has no logit of a single example: there
    is no `score`.

    Mini-batches hold a multiple of m examples on each replica. In an evaluation the last one may
    hold others, and is filled up with its first examples.

    Args:
        size: Positive integer, the paper's m. Defaults to `2`.

    Raises:
        ValueError, TypeError: If `size` is not a positive integer; by the model, if its
            discriminator does not take packs, or is told a condition or a class of each example; in
            training, if a mini-batch does not hold whole packs.

    Example:

    >>> import keras_gans as kg
    >>> gan = kg.models.GAN(
    ...     kg.networks.mlp_generator((2,), latent_dim=2, hidden_units=(8,)),
    ...     kg.networks.mlp_discriminator((4,), hidden_units=(8,)),
    ...     latent_dim=2,
    ...     techniques=[kg.techniques.Packing(2)],
    ... )
    >>> gan.compile()
    >>> history = gan.fit(kg.data.ring_of_gaussians().sample(512), batch_size=64, verbose=0)

    Reference:
        Lin et al. 2018, PacGAN: The power of two samples in generative adversarial networks,
        section 2.
    """

    def __init__(self, size: int = 2, **kwargs) -> None:
        super().__init__(**kwargs)
        self.size = _checks.positive_int("size", size)
        self.pack_size = self.size
