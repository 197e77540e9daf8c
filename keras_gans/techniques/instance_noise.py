"""Instance noise (Arjovsky and Bottou 2017; Sønderby et al. 2017)."""

from typing import Any

import keras
from keras import ops

from keras_gans._examples import images_of, with_images
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._typing import Examples, FloatOrSchedule
from keras_gans.techniques.technique import Technique, refuse_decay_of_schedule


@keras.saving.register_keras_serializable(package="keras_gans")
class InstanceNoise(Technique):
    """Add Gaussian noise to all that the discriminator sees, less and less of it.

    Data and samples lie on thin sets that hardly meet, and a perfect discriminator between them
    teaches nothing. Noise spreads both, so that they overlap, and leaves them equal exactly when
    the distributions are. After t updates of the generator its standard deviation is
    stddev · decayᵗ. The attribute `stddev` is the deviation as it is now. What images are
    conditioned on is left alone.

    Args:
        stddev: Float ≥ 0, standard deviation at the start, in units of the examples, or a schedule
            of it. Defaults to `0.1`.
        decay: Float in (0, 1], factor of the deviation for each update of the generator; `1.0`
            keeps it. Defaults to `None`: 0.999, a half after 693 updates, or 1 for a schedule.

    Raises:
        ValueError, TypeError: If a number is out of range.

    Example:

    >>> import keras_gans as kg
    >>> noise = kg.techniques.InstanceNoise(stddev=0.2, decay=0.9995)

    References:
        - Arjovsky and Bottou 2017, Towards Principled Methods for Training Generative Adversarial
          Networks, section 3.
        - Sønderby et al. 2017, Amortised MAP Inference for Image Super-resolution, section 3.3.1.
    """

    stddev = Hyperparameter(low=0.0)
    decay = Hyperparameter(0.0, 1.0, low_open=True, check=refuse_decay_of_schedule("stddev"))

    def __init__(
        self, stddev: FloatOrSchedule = 0.1, decay: FloatOrSchedule | None = None, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.stddev = stddev
        if decay is None:
            decay = 1.0 if self.is_scheduled("stddev") else 0.999
        self.decay = decay

    def augment(self, model: keras.Model, examples: Examples) -> Examples:
        images = images_of(examples)
        noise = model.draw(keras.random.normal, ops.shape(images)[0], tuple(images.shape[1:]))
        return with_images(examples, images + self.stddev * noise)

    def update(self, model: keras.Model, network: str, outputs: dict[str, Any]) -> None:
        if network == "generator" and not self.is_scheduled("stddev"):
            self.stddev *= self.decay
