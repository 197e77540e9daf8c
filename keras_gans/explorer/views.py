"""What there is to see of a trained model: all that its SavedModel's verbs allow."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_gans import _checks, latents
from keras_gans.data.specs import Spec
from keras_gans.networks.style import mix_styles
from keras_gans.saved_model import SavedGenerator
from keras_gans.serving import ArraySpec, Verb


@dataclasses.dataclass(frozen=True, eq=False)
class Point:
    """Where an example comes from.

    Attributes:
        latents: Float32 array `(latent_dim,)`.
        condition: Integer, its class; or string, its sentence; or `None`.
    """

    latents: np.ndarray
    condition: int | str | None = None


@dataclasses.dataclass(frozen=True)
class Truncation:
    """How a model trades variety for quality.

    Attributes:
        of: `"latents"`, the largest size of a number in those that are drawn; or `"codes"`, how far
            codes keep from their mean.
        default: Float, or `None` for none.
        most: Float, the largest that makes sense to try.
    """

    of: str
    default: float | None
    most: float


class Explorer:
    """What a trained model can do that can be looked at.

    Args:
        generator: `SavedGenerator`.

    Attributes:
        draws: Boolean, whether it makes examples from latents, and nothing else that a page could
            not ask for.
        makes_text: Boolean, whether these are strings.
        conditions: What it is told beside latents: `"classes"`, `"sentences"` or `None`.
        class_names: List of strings, names of the classes, or their numbers if they have none.
        truncation: `Truncation`, or `None` if it has none.
        mixes: Boolean, whether styles of two examples can be mixed.
        edits: Dictionary of lists of `Verb`s, what makes an image from an image, by name. Verbs of
            one name differ in fixed arguments.

    Raises:
        ValueError: If there is nothing of it to look at.
    """

    def __init__(self, generator: SavedGenerator) -> None:
        self.generator: Any = generator  # whose methods are known when it is read
        self._verbs: dict[str, list[Verb]] = generator._server.verbs
        made = self._generate.output if self._generate else None
        self.makes_text = made is not None and made.is_text
        self.conditions = _conditions(generator)
        self.draws = self.conditions != "others" and (self.makes_text or is_of_images(made))
        self.class_names = _class_names(generator)
        self.truncation = self._truncation()
        self.mixes = self.draws and not self.makes_text and self._has_styles()
        self.edits = {name: v for name, v in self._verbs.items() if all(map(_is_edit, v))}
        if not self.draws and not self.edits:
            raise ValueError(
                "`run` must hold a model that makes images or texts, of latents, classes and "
                f"sentences, or images of images. Received: one with {', '.join(self._verbs)}"
            )

    @property
    def facts(self) -> list[str]:
        """What it makes, of what, in a few words each."""
        if not self.draws:
            return [f"verbs: {', '.join(self.edits)}"]
        generator = self.generator
        made = "texts" if self.makes_text else "images " + "×".join(map(str, self.example_shape))
        facts = [made, f"{generator.latent_dim} latents"]
        if self.conditions == "classes":
            facts.append(f"{generator.num_classes} classes")
        elif self.conditions == "sentences":
            facts.append("of sentences")
        return facts

    @property
    def example_shape(self) -> tuple[Any, ...]:
        """Shape of an example that is made from latents."""
        return self._generate.output.shape[1:] if self._generate else ()

    def draw(
        self,
        num: int,
        seed: int,
        condition: int | str | None = None,
        truncation: float | None = None,
    ) -> list[Point]:
        """Draw latents, those that `sample` draws of the same seed.

        Args:
            num: Positive integer, how many.
            seed: Integer.
            condition: Class or sentence of all. `None`, for classes alone, means every class in
                turn.
            truncation: Float, or `None`. That of codes has no influence on latents.

        Raises:
            ValueError, TypeError: If an argument is out of range.
        """
        num, seed = _checks.positive_int("num", num), _checks.seed("seed", seed)
        of_latents = self.truncation is not None and self.truncation.of == "latents"
        limit = _checks.truncation("truncation", truncation) if of_latents else None
        drawn = latents.draw(num, self.generator.latent_dim, seed, limit).numpy()
        conditions = [self._condition(condition, i) for i in range(num)]
        return [Point(z, y) for z, y in zip(drawn, conditions, strict=True)]

    def examples(self, points: Sequence[Point], truncation: float | None = None) -> np.ndarray:
        """What the model makes of points: images `(num, height, width, channels)`, or strings."""
        return self._call("generate", points, truncation)

    def between(
        self, start: Point, end: Point, steps: int, kind: str = "spherical"
    ) -> list[list[Point]]:
        """Paths from one point to another: two, one of each condition, if they differ in it.

        Args:
            start, end: `Point`s.
            steps: Integer of at least 2, points of a path.
            kind: `"spherical"` or `"linear"`.

        Raises:
            ValueError, TypeError: If an argument is out of range.
        """
        path = latents.interpolate(start.latents, end.latents, steps, kind)
        conditions = dict.fromkeys([start.condition, end.condition])
        return [[Point(z, condition) for z in path] for condition in conditions]

    def walk(
        self, steps: int, step_size: float, seed: int, condition: int | str | None = None
    ) -> list[Point]:
        """A random walk through the latents, of one condition: by default the first class.

        Args:
            steps: Positive integer, how many points.
            step_size: Float in (0, 1].
            seed: Integer.
            condition: Class or sentence of all.

        Raises:
            ValueError, TypeError: If an argument is out of range.
        """
        path = latents.random_walk(self.generator.latent_dim, steps, step_size, seed)
        return [Point(z, self._condition(condition)) for z in path]

    def mixtures(self, a: Point, b: Point, truncation: float | None = None) -> np.ndarray:
        """Images of mixed styles: the first 0, 1, … of `b`, all others of `a`, in the end all of
        `b`. The first styles shape what is large.
        """
        a_codes, b_codes = self._call("map", [a, b], truncation)
        mixed = [mix_styles(b_codes, a_codes, layer) for layer in range(len(a_codes) + 1)]
        return self.generator.synthesize(np.stack(mixed))

    def edit(self, name: str, image: np.ndarray, **fixed: str) -> np.ndarray:
        """What a verb of `edits` makes of one image `(height, width, channels)`: another one."""
        return getattr(self.generator, name)(image[None], **fixed)[0]

    @property
    def _generate(self):
        """The verb that makes examples from latents, or `None`."""
        return self._first("generate", "latents")

    def _first(self, name, meaning):
        """The verb of a name whose first input means this, or `None`."""
        verb = self._verbs.get(name, [None])[0]
        inputs = list(verb.taken.values()) if verb else []
        return verb if inputs and inputs[0].meaning == meaning else None

    def _truncation(self):
        sample = self._first("sample", "count")
        spec = sample and sample.inputs.get("truncation")
        if not spec or not self.draws:
            return None
        if spec.meaning == "truncation":
            return Truncation("latents", None, 2.0)
        return Truncation("codes", spec.default, 1.0)

    def _has_styles(self):
        """Whether latents become codes, one for each of some styles, and these examples."""
        map, synthesize = self._first("map", "latents"), self._first("synthesize", "codes")
        if not (map and synthesize):
            return False
        (codes,) = synthesize.taken.values()
        return map.output.shape == codes.shape and len(codes.shape) == 3

    def _condition(self, condition, i=0):
        """The condition of the example with an index, as the model takes it."""
        if self.conditions is None:
            return None
        if self.conditions == "classes":
            return i % self.generator.num_classes if condition is None else int(condition)
        if not condition:
            raise ValueError("`condition` must be a sentence. Received: none")
        return condition

    def _call(self, name, points, truncation):
        """Call a verb of latents on points."""
        conditions = [point.condition for point in points] if self.conditions else None
        further = {}
        if self.truncation is not None and self.truncation.of == "codes":
            further["truncation"] = 1.0 if truncation is None else truncation
        verb = getattr(self.generator, name)
        return verb(np.stack([point.latents for point in points]), conditions, **further)


def is_of_images(spec: Any) -> bool:
    """Whether an array holds images that a page can show."""
    if not isinstance(spec, ArraySpec) or not spec.is_float or len(spec.shape) != 4:
        return False
    return spec.is_batched and spec.shape[3] in (1, 3, 4)


def columns_of(num: int, num_classes: int | None = None) -> int:
    """Columns of a grid: nearly a square, or so many that every class has columns of its own."""
    square = math.ceil(math.sqrt(num))
    if num_classes is None or num < num_classes or num_classes > 20:
        return square
    return num_classes * max(1, round(math.sqrt(num) / num_classes))


def _is_edit(verb):
    """Whether a verb makes an image of an image, and of nothing else."""
    inputs = list(verb.inputs.values())
    return len(inputs) == 1 and is_of_images(inputs[0]) and is_of_images(verb.output)


def _conditions(generator):
    spec = generator.condition_spec
    if not generator.conditional:
        return None
    if generator.num_classes is not None:
        return "classes"
    is_sentence = isinstance(spec, Spec) and (spec.kind, spec.shape) == ("string", ())
    return "sentences" if is_sentence else "others"


def _class_names(generator):
    names = generator.class_names or range(generator.num_classes or 0)
    return [str(name) for name in names]
