"""Types in public signatures, each under the name that documentation shows."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import numpy.typing as npt
import tensorflow as tf

if TYPE_CHECKING:
    import PIL.Image
    import tensorflow_probability as tfp

#: A tensor, concrete or symbolic.
Tensor: TypeAlias = tf.Tensor

#: A tensor, or a list, tuple or dictionary of tensors.
Tensors: TypeAlias = Any

#: Numbers in any form: a tensor, a NumPy array, nested lists, a scalar.
ArrayLike: TypeAlias = npt.ArrayLike | tf.Tensor

#: A distribution of TensorFlow Probability, whose import takes seconds.
Distribution: TypeAlias = "tfp.distributions.Distribution"

#: A picture of Pillow.
Picture: TypeAlias = "PIL.Image.Image"

#: What a discriminator takes: a tensor, or a list of images and what they are conditioned on.
Examples: TypeAlias = Tensor | list[Tensor]

#: A number, or the schedule that it follows.
FloatOrSchedule: TypeAlias = float | keras.optimizers.schedules.LearningRateSchedule

#: A function of the logits of real and of fake examples, to a scalar.
Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]

#: A discriminator as a function of examples alone, to their logits.
Critic: TypeAlias = Callable[[Tensor], Tensor]

#: One that may be told whose condition the images have: see `keras_gans.techniques.Penalty`.
ConditionalCritic: TypeAlias = Callable[..., Tensor]

#: A shape with its batch axis: integers, or `None` where a side is unknown.
Shape: TypeAlias = tuple[Any, ...]

#: The name of a Keras initializer, its config or itself.
Initializer: TypeAlias = str | dict[str, Any] | keras.initializers.Initializer

#: The name of a Keras optimizer, its config or itself.
Optimizer: TypeAlias = str | dict[str, Any] | keras.optimizers.Optimizer

#: A learning rate as a function of the updates that an optimizer has made.
Schedule: TypeAlias = keras.optimizers.schedules.LearningRateSchedule

#: An integer, a generator of seeds, or `None` for chance.
Seed: TypeAlias = int | keras.random.SeedGenerator | None

#: A path of a file or a folder.
PathLike: TypeAlias = str | os.PathLike[str]

#: What makes features `(batch, d)` of a batch of samples.
FeatureExtractor: TypeAlias = Callable[[Tensor], Tensor]

#: What `get_config` returns.
Config: TypeAlias = dict[str, Any]

#: What Keras tells callbacks at the end of a step or an epoch.
Logs: TypeAlias = dict[str, Any] | None
