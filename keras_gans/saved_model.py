"""SavedModels for inference: write once, sample anywhere, with no training code."""

import numpy as np
import tensorflow as tf

from keras_gans import _checks, _files, _inputs, _memory, latents
from keras_gans.data.specs import Spec

#: What `export()` may write.
ENDPOINTS = (
    "generate",
    "sample",
    "score",
    "classify",
    "encode",
    "reconstruct",
    "translate_ab",
    "translate_ba",
)

#: Examples that go through the networks at once.
BATCH_SIZE = 256

#: What reads the files that a model writes elsewhere, by their suffix.
READERS = {
    ".keras": "keras.models.load_model",
    ".h5": "the model's load_weights",
    ".onnx": "onnxruntime.InferenceSession",
    ".tflite": "ai_edge_litert.interpreter.Interpreter",
}


class SavedGenerator:
    """A generative model read from a SavedModel, for inference.

    Its methods are those of the model that was exported; the others raise a `ValueError`. Examples
    go through the networks 256 at a time, so that only what is given and returned must fit in
    memory.

    Attributes:
        endpoints: Names of the endpoints that the model has, of `generate`, `sample`, `score`,
            `classify`, `encode`, `reconstruct`, `translate_ab`, `translate_ba`.
        latent_dim: Integer, size of the latent vectors, or `None` if there are none.
        example_shape: Shape of one generated example: `()` for a string.
        makes_text: Boolean, whether examples are strings.
        conditional: Boolean, whether the model takes labels, or other conditions in their place.
        condition_spec: `keras_gans.data.Spec` of one of them, or `None`.
        num_classes: Integer, of how many classes, or `None`.
        class_names: Tuple of their names, or `None` if the model that was exported has none.
        value_range: Lowest and highest number of an example that is not an image, or `None` if it
            may hold any. Images are in [−1, 1].
    """

    def __init__(self, artifact):
        self._artifact = artifact
        self.endpoints = _endpoints(artifact)
        maker = artifact.signatures[self.endpoints[0]]
        inputs = _input_specs(maker)
        (output,) = maker.structured_outputs.values()
        self.example_shape = tuple(output.shape[1:])
        self.makes_text = output.dtype == tf.string
        self.latent_dim = inputs["latents"].shape[-1] if "latents" in inputs else None
        self.conditional = "labels" in inputs
        are_labels = self.conditional and inputs["labels"].shape.rank == 1
        self.num_classes = int(artifact.num_classes()) if are_labels else None
        self.class_names = None
        if hasattr(artifact, "class_names"):
            self.class_names = tuple(as_numpy(artifact.class_names()).tolist())
        self.value_range = None
        if hasattr(artifact, "value_range"):
            self.value_range = tuple(artifact.value_range().numpy().tolist())
        self.condition_spec = None
        if self.conditional:
            classes = {"num_classes": self.num_classes, "class_names": self.class_names}
            self.condition_spec = _spec(inputs["labels"], **classes)

    def generate(self, latents, labels=None):
        """Generate examples from latents.

        Args:
            latents: Float array `(num, latent_dim)`.
            labels: Integers or class names `(num,)`, or one for all, if the model is conditional.

        Returns:
            As `sample`.

        Raises:
            ValueError, TypeError: If `latents` have another shape or are not finite, or labels are
                missing or not expected, or the model does not draw from latents.
        """
        self._check_endpoint("generate")
        latents = _inputs.latents("latents", latents, self.latent_dim)
        labels = self._labels(labels, len(latents))
        return self._outputs("generate", latents, *labels)

    def sample(self, num, labels=None, seed=None):
        """Generate examples from random latents.

        Args:
            num: Positive integer, how many.
            labels: Integers or class names `(num,)`, or one for all, if the model is conditional.
            seed: Integer or `None`. The same seed gives the same examples. Defaults to `None`, a
                new seed at every call.

        Returns:
            Float32 array `(num, *example_shape)`; images are in [−1, 1]. Text comes as strings.

        Raises:
            ValueError, TypeError: If an argument is out of range, labels are missing or not
                expected, or the examples could never fit in memory.
        """
        self._check_endpoint("sample")
        num = _checks.positive_int("num", num)
        _memory.check("num", num, [(self.latent_dim or 0,), self.example_shape])
        labels = self._labels(labels, num)
        seed = tf.constant(_checks.seed_or_new(seed))
        if num <= BATCH_SIZE or "generate" not in self.endpoints:
            return as_numpy(self._artifact.sample(tf.constant(num), *labels, seed))
        return self.generate(latents.draw(num, self.latent_dim, seed), *labels)

    def score(self, data, labels=None):
        """Return the discriminator's logits of examples, float32 `(num, …)`.

        Raises:
            ValueError, TypeError: If the model has no such endpoint, or the examples have another
                shape, are not floats, not finite or not scaled.
        """
        data = self._examples("score", data)
        return self._outputs("score", data, *self._labels(labels, len(data)))

    def classify(self, data):
        """Return class probabilities of examples, float32 `(num, num_classes)`.

        Raises:
            ValueError, TypeError: If the model has no such endpoint, or the examples have another
                shape, are not floats, not finite or not scaled.
        """
        return self._outputs("classify", self._examples("classify", data))

    def encode(self, data):
        """Return the codes of examples, float32 `(num, …)`.

        Raises:
            ValueError, TypeError: If the model has no such endpoint, or the examples have another
                shape, are not floats, not finite or not scaled.
        """
        return self._outputs("encode", self._examples("encode", data))

    def reconstruct(self, data):
        """Return what the model makes of examples' codes, float32 `(num, …)`.

        Raises:
            ValueError, TypeError: If the model has no such endpoint, or the examples have another
                shape, are not floats, not finite or not scaled.
        """
        return self._outputs("reconstruct", self._examples("reconstruct", data))

    def translate(self, images, direction):
        """Translate images from one domain to the other.

        Args:
            images: Float array `(num, height, width, channels)` in [−1, 1].
            direction: `"ab"` or `"ba"`.

        Returns:
            Float32 array `(num, height, width, channels)` in [−1, 1].

        Raises:
            ValueError, TypeError: If the model has no such endpoint, or the images have another
                shape, are not floats, not finite or not scaled; or if `direction` is another.
        """
        endpoint = "translate_" + _checks.one_of("direction", direction, ["ab", "ba"])
        return self._outputs(endpoint, self._examples(endpoint, images, "images"))

    def _check_endpoint(self, endpoint):
        if endpoint not in self.endpoints:
            raise ValueError(f"This SavedModel has the endpoints {self.endpoints} only.")

    def _examples(self, endpoint, data, name="data"):
        self._check_endpoint(endpoint)
        spec = self._data_spec(endpoint)
        return _inputs.examples(name, data, _spec(spec, value_range=self.value_range or "auto"))

    def _data_spec(self, endpoint):
        return _input_specs(self._artifact.signatures[endpoint]).get("data")

    def _outputs(self, endpoint, data, *labels):
        """What an endpoint makes of data, and labels if it takes any, `BATCH_SIZE` at a time."""
        function, spec = getattr(self._artifact, endpoint), self._data_spec(endpoint)
        outputs = []
        for batch, *batch_labels in zip(*map(parts, (data, *labels)), strict=True):
            if spec is not None:
                batch = as_tensor(batch, spec.dtype)
            outputs.append(as_numpy(function(batch, *batch_labels)))
        return np.concatenate(outputs)

    def _labels(self, labels, num):
        if not self.conditional:
            _inputs.no_labels(labels, "this SavedModel")
            return ()
        found = _inputs.conditions("labels", labels, self.condition_spec, num)
        return (as_tensor(found, self.condition_spec.tensor_spec().dtype),)


def load(filepath):
    """Read a SavedModel written by `export()`, for inference.

    A SavedModel is a program, and runs with your rights: load none that you do not trust.

    Args:
        filepath: Path of its folder, which may be a remote one that TensorFlow can read, such as
            `gs://…`. If an export replaces a local one meanwhile, the new one is read.

    Returns:
        A `SavedGenerator`, with `sample(num)`, `generate(latents)`, `score(data)`, or whatever the
        model that was exported can do.

    Raises:
        ValueError: If there is no SavedModel, if it is corrupt, or if it was not written by
            `export()`.
        OSError: If exports replace it again and again, faster than it can be read.

    Example:

    >>> import keras_gans as kg
    >>> digits = kg.load("saved_models/wgan_gp_digits")
    >>> digits.sample(16, seed=0).shape
    (16, 8, 8, 1)
    """
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
    if not _endpoints(artifact):
        raise ValueError(
            f"The SavedModel at {str(filepath)!r} has none of the endpoints {list(ENDPOINTS)}: it "
            f"was not written by keras_gans. Its endpoints are {sorted(artifact.signatures)}"
        )
    try:
        return SavedGenerator(artifact)
    except (AttributeError, ValueError) as error:
        raise ValueError(
            f"The SavedModel at {str(filepath)!r} has endpoints of keras_gans, but not as "
            f"`export()` writes them: {error}"
        ) from error


def _endpoints(artifact):
    """Names of what `export()` may write and this SavedModel has, as signature and as method."""
    return [n for n in ENDPOINTS if n in artifact.signatures and hasattr(artifact, n)]


def as_numpy(outputs):
    """Return an array, with Python strings for bytes."""
    array = outputs.numpy()
    return np.char.decode(array.astype(bytes), "utf-8") if array.dtype == object else array


def parts(data):
    """Yield as many examples of an array at a time as go through the networks at once."""
    for i in range(0, len(data), BATCH_SIZE):
        yield data[i : i + BATCH_SIZE]


def as_tensor(data, dtype):
    """Return an array of strings or of numbers, of any precision, as a tensor."""
    return tf.constant(data, dtype) if dtype == tf.string else tf.cast(data, dtype)


def _spec(tensor_spec, **arguments):
    """The specification of one example that a tensor of them implies."""
    dtype = tensor_spec.dtype
    kind = "float" if dtype.is_floating else "string" if dtype == tf.string else "integer"
    return Spec(tensor_spec.shape[1:], kind, **arguments)


def _input_specs(signature):
    """The inputs of an endpoint, by name."""
    return signature.structured_input_signature[1]
