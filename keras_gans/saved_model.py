"""SavedModels for inference: write once, sample anywhere, with no training code."""

from typing import Any

import tensorflow as tf

from keras_gans import _checks, _files, _manifest, _server, _zoo
from keras_gans._typing import PathLike
from keras_gans.serving import CONDITIONS, ArraySpec, Verb

#: What reads the files that a model writes elsewhere, by their suffix.
READERS = {
    ".keras": "keras.models.load_model",
    ".h5": "the model's load_weights",
    ".onnx": "onnxruntime.InferenceSession",
    ".tflite": "ai_edge_litert.interpreter.Interpreter",
}


class SavedGenerator:
    """A generative model read from a SavedModel, for inference.

    Its methods are the verbs of the model that was exported, with the same names, arguments and
    checks: `sample(num)`, `generate(latents)`, `encode(x)`, …. `dir` lists them, and `help` tells
    what they take. Examples go through the networks 256 at a time, so that only what is given and
    returned must fit in memory.

    Attributes:
        verbs: List of `keras_gans.serving.Verb`s, which describe them.
        endpoints: Names of the endpoints that the SavedModel has.
        latent_dim: Integer, size of the latent vectors, or `None` if there are none.
        example_shape: Shape of one generated example: `()` for a string.
        makes_text: Boolean, whether examples are strings.
        conditional: Boolean, whether the model takes labels, or other conditions in their place.
        condition_spec: `keras_gans.data.Spec` of one of them, or `None`.
        num_classes: Integer, the number of classes of the labels that it takes, or of a
            classifier's probabilities. `None` if there are neither.
        class_names: Tuple of their names, or `None` if the model that was exported has none.
        vocabulary: Tuple of the characters of its texts, or `None` if they are not known.
        value_range: Lowest and highest number of an example, or `None` if it may hold any.
    """

    def __init__(self, verbs: list[Verb]) -> None:
        self._server = _server.Server(verbs, "this SavedModel")
        self.verbs = verbs
        self.endpoints = [verb.endpoint for verb in verbs]
        specs = [spec for verb in verbs for spec in verb.taken.values()]
        labels = next((spec for spec in specs if spec.meaning in CONDITIONS), None)
        made = verbs[0].output
        self.example_shape = made.shape[1:]
        self.makes_text = made.is_text
        self.value_range = made.value_range
        self.vocabulary = made.vocabulary
        sizes = (
            spec.shape[1]
            for spec in specs
            if isinstance(spec, ArraySpec) and spec.meaning == "latents"
        )
        self.latent_dim = next(sizes, None)
        self.conditional = labels is not None
        self.condition_spec = labels and labels.spec
        classes = labels or made  # of a classifier
        self.num_classes = getattr(classes, "num_classes", None)
        self.class_names = getattr(classes, "class_names", None)
        for name in self._server.verbs:
            setattr(self, name, self._method(name))

    def prepare(self, verb: str, /, *args: Any, **kwargs: Any) -> tuple[Verb, dict[str, Any]]:
        """Check the arguments of a verb, and stop there: for whoever joins several calls.

        Args:
            verb: Its name.
            *args, **kwargs: Its arguments.

        Returns:
            The `keras_gans.serving.Verb` that the call comes to, and what that takes, by name. For
            `sample`, that is `generate` with the latents of the seed.

        Raises:
            ValueError, TypeError: If an argument is not as the verb describes it.

        Example:

        >>> import keras_gans as kg
        >>> digits = kg.load("saved_models/wgan_gp_digits")
        >>> verb, taken = digits.prepare("sample", 16, seed=0)
        >>> verb.name, taken["latents"].shape
        ('generate', (16, 64))
        """
        return self._server.prepared(verb, args, kwargs)

    def _method(self, name):
        """The method that calls a verb."""

        def method(*args, **kwargs):
            return self._server.call(name, args, kwargs)

        method.__name__ = name
        method.__qualname__ = f"{type(self).__name__}.{name}"
        method.__signature__ = self._server.signature(name)  # type: ignore[attr-defined]
        method.__doc__ = self._server.doc(name)
        return method

    def __getattr__(self, name: str) -> Any:
        """What is not there: a verb that the model does not have."""
        endpoints = self.__dict__.get("endpoints", [])
        raise AttributeError(
            f"There is no {name!r}: this SavedModel has the endpoints {endpoints} only.",
            name=name,
            obj=self,
        )


def load(filepath: PathLike) -> SavedGenerator:
    """Read a SavedModel written by `export()`, for inference.

    A SavedModel is a program, and runs with your rights: load none that you do not trust.

    Args:
        filepath: Path of its folder, which may be a remote one that TensorFlow can read, such as
            `gs://…`. If an export replaces a local one meanwhile, the new one is read. Or the name
            of a trained model, such as `"wgan_gp_digits"`, in `saved_models` of a checkout or in
            the folder that the environment variable `KERAS_GANS_HOME` names, by default
            `~/.keras_gans`. Or the address of a model on a hub, `"hf://user/model"` or
            `"kaggle://user/model/framework/variation"`, which is downloaded once.

    Returns:
        A `SavedGenerator`, with `sample(num)`, `generate(latents)`, `score(x)`, or whatever the
        model that was exported can do.

    Raises:
        ValueError: If there is no SavedModel, if it or its manifest is damaged, or if it was not
            written by `export()`, or by that of a later version; or if there is no trained model of
            that name or address.
        ImportError: If the hub's package is not installed.
        OSError: If exports replace it again and again, faster than it can be read.

    Example:

    >>> import keras_gans as kg
    >>> digits = kg.load("wgan_gp_digits")
    >>> digits.sample(16, seed=0).shape
    (16, 8, 8, 1)
    """
    _checks.path("filepath", filepath)
    filepath = _zoo.find("filepath", filepath)
    path = _checks.path("filepath", filepath)
    if "://" in str(filepath):
        return _read(filepath)
    return _files.read_whole(path, _read_folder)


def _read_folder(path):
    if not _files.is_saved_model(path):
        hint = f", a file for {READERS[path.suffix]}" if path.suffix in READERS else ""
        raise ValueError(
            "`filepath` must be the folder of a SavedModel, with a file saved_model.pb. "
            f"Received: filepath={str(path)!r}{hint}"
        )
    return _read(path)


def _read(filepath):
    try:
        artifact = tf.saved_model.load(str(filepath))
    except Exception as error:
        raise ValueError(
            f"The SavedModel at {str(filepath)!r} cannot be read; it may be incomplete or damaged: "
            f"{error}"
        ) from error
    try:
        verbs = _manifest.read(filepath, artifact)
        if verbs:
            return SavedGenerator(verbs)
    except (AttributeError, KeyError, TypeError, ValueError, tf.errors.OpError) as error:
        raise ValueError(
            f"The SavedModel at {str(filepath)!r} has endpoints of keras_gans, but not as "
            f"`export()` writes them: {error}"
        ) from error
    raise ValueError(
        f"The SavedModel at {str(filepath)!r} has none of the endpoints that `export()` writes: it "
        f"was not written by keras_gans. Its endpoints are {sorted(artifact.signatures)}"
    )
