"""Path length regularization: a generator that moves evenly (Karras et al. 2020)."""

import keras
from keras import ops

from keras_gans import _checks, _replicas, penalties
from keras_gans._examples import images_of, with_images
from keras_gans._typing import Examples, FloatOrSchedule, Tensor
from keras_gans.techniques.lazy import LazyRegularization


@keras.saving.register_keras_serializable(package="keras_gans")
class PathLength(LazyRegularization):
    """Let a step among the codes be a step of one size among the images, wherever it is made.

    Adds λ E (‖Jᵀy‖₂ − a)² to the generator's loss, with J the Jacobian of an image by its code, y a
    random image of N(0, I) / √(number of positions), and a the moving mean of ‖Jᵀy‖₂. Codes are
    what the generator draws from: of `StyleGAN2` those of the styles, elsewhere latents. They are
    drawn anew, as many as there are real examples; the authors' code draws half as many.

    Args:
        weight: Float ≥ 0, or a schedule, λ. Defaults to `2.0`, that of the authors' code.
        every: Positive integer k: lazy regularization, the term in every k-th update of the
            generator, with k times the weight. Defaults to `4`.
        momentum: Float in [0, 1), of the moving mean. Defaults to `0.99`. It starts at zero.

    Raises:
        ValueError, TypeError: If a number is out of range; by the model, if its generator uses
            batch normalization or draws from no latents.

    Logs: `path_length`, E (‖Jᵀy‖₂ − a)², before the weight.

    Example:

    >>> import keras_gans as kg
    >>> technique = kg.techniques.PathLength(weight=2.0, every=4)

    Reference:
        Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN, section 3.2 and
        equation 4.
    """

    network = "generator"
    loss_names = ("path_length",)

    def __init__(
        self, weight: FloatOrSchedule = 2.0, every: int = 4, momentum: float = 0.99, **kwargs
    ) -> None:
        super().__init__(weight, every, **kwargs)
        self.momentum = _checks.real_number("momentum", momentum, 0.0, 1.0, high_open=True)

    def prepare(self, model: keras.Model) -> None:
        if not hasattr(model, "draw_latents"):
            raise ValueError(
                "`techniques` must not hold PathLength here: the generator draws from no latents. "
                f"Received: techniques of {type(model).__name__}"
            )
        penalties.refuse_batch_normalization("generator", model.generator)
        super().prepare(model)
        self.mean = self.add_state("mean")

    def term(self, model: keras.Model, real: Examples, fake: Examples) -> Tensor:
        lengths = self.lengths(model, real)
        mean = _replicas.mean(ops.mean(ops.stop_gradient(lengths)))
        mean = self.momentum * ops.cast(self.mean, lengths.dtype) + (1 - self.momentum) * mean
        self.mean.assign(ops.cast(mean, self.mean.dtype))
        return ops.mean(ops.square(lengths - mean))

    def lengths(self, model: keras.Model, real: Examples) -> Tensor:
        """Return ‖Jᵀy‖₂ at new codes, as many as there are real examples."""
        codes = model.codes_of(_inputs_of_generator(model, real))

        def synthesis(of_images):
            return model.examples_of(with_images(codes, of_images))

        num, *shape = ops.shape(images_of(real))
        noise = model.draw(keras.random.normal, num, shape)
        return penalties.path_lengths(synthesis, images_of(codes), noise)


def _inputs_of_generator(model, real):
    """What the generator takes for as many fakes as there are real examples."""
    inputs = []

    def generator(taken):
        inputs.append(taken)
        return images_of(taken)

    model.fake_examples(real, generator)
    return inputs[0]
