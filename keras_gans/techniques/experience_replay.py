"""Experience replay: past fakes fed to the discriminator (Shrivastava et al. 2017)."""

import keras
import tensorflow as tf
from keras import ops

from keras_gans import _checks, _replicas
from keras_gans._hyperparameters import Hyperparameter
from keras_gans._typing import Examples, FloatOrSchedule, Shape
from keras_gans.techniques.technique import Technique


@keras.saving.register_keras_serializable(package="keras_gans")
class ExperienceReplay(Technique):
    """Show the discriminator fakes of the past besides those of the present.

    A memory keeps past fakes. While it is not full, the fakes of each mini-batch are added. Once it
    is full, each fake of a mini-batch is exchanged, with some probability, for a random one of the
    memory: the discriminator sees the old one, and the memory keeps the new one. So the
    discriminator does not forget what the generator used to do. Labels stay with their images.

    The memory is one for all replicas, and is saved with the model.

    Args:
        capacity: Positive integer, fakes in the memory. Of a mini-batch as many at most are
            exchanged. Defaults to `1024`.
        probability: Float in [0, 1], or a schedule, of exchanging a fake. Defaults to `0.5`.

    Raises:
        ValueError, TypeError: If a number is out of range.

    Example:

    >>> import keras_gans as kg
    >>> replay = kg.techniques.ExperienceReplay(capacity=50, probability=0.5)

    Reference:
        Shrivastava et al. 2017, Learning from Simulated and Unsupervised Images through Adversarial
        Training, section 2.3; in this form Zhu et al. 2017 (CycleGAN), section 4.
    """

    probability = Hyperparameter(0.0, 1.0)

    def __init__(self, capacity: int = 1024, probability: FloatOrSchedule = 0.5, **kwargs) -> None:
        super().__init__(**kwargs)
        self.capacity = _checks.positive_int("capacity", capacity)
        self.probability = probability

    def prepare(self, model: keras.Model) -> None:
        self.prepare_for(model.discriminator, model.judged_shape)

    def prepare_for(self, discriminator: keras.Model, shape: Shape | None = None) -> None:
        """Keep what a discriminator takes. A model of two discriminators has a memory for each.

        Args:
            discriminator: The discriminator.
            shape: That of one example without its condition. Defaults to `None`, what the
                discriminator takes.
        """
        shapes = [part.shape[1:] for part in discriminator.inputs]
        if shape is not None:
            shapes[0] = shape
        self.kept = self.add_state("kept", dtype="int32")
        self.memory = [
            self.add_state(f"memory_{i}", (self.capacity, *shape), part.dtype)
            for i, (shape, part) in enumerate(zip(shapes, discriminator.inputs, strict=True))
        ]

    def replay(self, model: keras.Model, fake: Examples) -> Examples:
        present = [_replicas.gather(part) for part in tf.nest.flatten(fake)]
        batch_size = ops.shape(present[0])[0]
        num = ops.minimum(batch_size, self.capacity)

        is_full = self.kept >= self.capacity
        order = keras.random.uniform((self.capacity,), seed=model.training_seeds)
        chance = keras.random.uniform((self.capacity,), seed=model.training_seeds)
        next_free = (self.kept + ops.arange(self.capacity)) % self.capacity
        slots = ops.where(is_full, ops.cast(ops.argsort(order), "int32"), next_free)[:num]
        is_exchanged = (is_full & (chance < self.probability))[:num]
        is_kept = is_exchanged | (self.kept + ops.arange(self.capacity) < self.capacity)[:num]

        shown = []
        for memory, new in zip(self.memory, present, strict=True):
            old = ops.take(memory, slots, axis=0)
            head, tail = ops.cast(new[:num], old.dtype), ops.cast(new[num:], old.dtype)
            shown.append(ops.concatenate([choose(is_exchanged, old, head), tail]))
            memory.assign(ops.scatter_update(memory, slots[:, None], choose(is_kept, head, old)))
        self.kept.assign(ops.minimum(self.kept + num, self.capacity))

        own = [_replicas.own_part(a, b) for a, b in zip(shown, tf.nest.flatten(fake), strict=True)]
        return tf.nest.pack_sequence_as(fake, own)


def choose(condition, x, y):
    """Examples of `x` where the condition holds, of `y` elsewhere."""
    return ops.where(ops.reshape(condition, (-1, *[1] * (len(x.shape) - 1))), x, y)
