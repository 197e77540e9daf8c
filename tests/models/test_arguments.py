"""What cannot be right is refused by its name, wherever it comes in: in every method of every
model, and in what `keras_gans.load` makes of it."""

import dataclasses
import functools
import inspect
from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.fuzz.call import model, points
from tests.fuzz.models import inputs, of_verb, own_calls, saved
from tests.models import every_model

REFUSED = (TypeError, ValueError)
ABOUT_DATA = {"x", "inputs", "latents", "codes", "images", "texts", "coarse", "fine"}
POINTS, CLASSES = every_model.POINTS[:4], np.array([0, 1, 2, 0])


@dataclasses.dataclass
class Place:
    """Where data come into a model: examples, latents, labels or texts.

    Errors call them `argument`; `good` are such data, and `call` is a function of them.
    """

    kind: str
    method: str
    argument: str
    good: np.ndarray
    call: Callable
    is_scaled: bool = False

    def message(self):
        """The start of what errors say: in `fit`, that of what `x` and `y` are together, too."""
        if self.method in ("fit", "evaluate"):
            return r"^(`\w+`|Labels)[^.]* must"
        return f"^`{self.argument}` must"


def kind_of(argument, value):
    if argument in ("latents", "codes"):
        return "latents"
    if np.asarray(value).dtype.kind not in "UO":
        return "labels" if argument == "labels" else "examples"
    return "captions" if argument == "labels" else "texts"


def calling(owner, method, arguments, name):
    """A function of the argument that is called `name`, beside others."""
    return lambda value: getattr(owner(), method)(**{**arguments, name: value})


def places_of_training(name, made):
    x, y = (None if part is None else part[4:16] for part in every_model.examples(made))
    options = {"fit": {"batch_size": 2, "verbose": 0}, "evaluate": {"verbose": 0}}
    for method in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
        arguments = {"x": x, "y": y, **options.get(method, {})}
        for argument, good in (("x", x), ("y", y)):
            if good is x or (good is not None and good.dtype == x.dtype):
                call = calling(functools.partial(model, name), method, arguments, argument)
                yield Place(kind_of("x", x), method, argument, good, call, np.ndim(x) == 4)


def places_of_inputs(name, made):
    """Where what the networks take comes in: latents, or with labels, or examples."""
    good = inputs(made)
    kind = "latents" if hasattr(made, "latent_dim") else "examples"
    options = {"predict": {"verbose": 0}}
    for method, argument in (("__call__", "inputs"), ("predict", "x"), ("predict_on_batch", "x")):
        more = options.get(method, {})
        call = calling(functools.partial(model, name), method, more, argument)
        if not isinstance(good, list):
            yield Place(kind, method, argument, good, call, kind == "examples")
            continue
        latents, labels = good
        of_latents = functools.partial(lambda call, labels, x: call([x, labels]), call, labels)
        of_labels = functools.partial(lambda call, latents, y: call([latents, y]), call, latents)
        yield Place(kind, method, argument, latents, of_latents)
        yield Place(kind_of("labels", labels), method, "labels", labels, of_labels)


def places_of_verbs(name, made):
    for verb in made.served_verbs():
        arguments = {**of_verb(verb, 4), **verb.fixed}
        for argument, spec in verb.taken.items():
            if not spec.is_batched:
                continue
            kind = kind_of(argument, arguments[argument])
            good = np.asarray(arguments[argument])
            for where, owner in (("", model), ("served ", saved)):
                call = calling(functools.partial(owner, name), verb.name, arguments, argument)
                method = where + verb.name
                is_scaled = kind == "examples" and spec.value_range is not None
                yield Place(kind, method, argument, good, call, is_scaled)


def places_of_own_methods(name, made):
    for method, arguments in own_calls(name).items():
        for argument in sorted(ABOUT_DATA & set(arguments)):
            call = functools.partial(
                lambda method, arguments, name, value: method(**{**arguments, name: value}),
                method,
                arguments,
                argument,
            )
            good = np.asarray(arguments[argument])
            kind, is_scaled = kind_of(argument, good), good.ndim == 4
            yield Place(kind, method.__name__, argument, good, call, is_scaled)


def places(name):
    made = model(name)
    for of_a_kind in (places_of_training, places_of_inputs, places_of_verbs, places_of_own_methods):
        yield from of_a_kind(name, made)


PLACES = {
    f"{name}.{place.method}, {place.argument} {i}": place
    for name in every_model.NAMES
    for i, place in enumerate(places(name))
}


#: Models whose places are in the first tier: with labels, and with images.
QUICK = ("ConditionalGAN.", "VAE.")


def tiers(names):
    slow = pytest.mark.slow
    return [n if n.startswith(QUICK) else pytest.param(n, marks=slow) for n in names]


MALFORMED_EXAMPLES = {
    "uint8": lambda x: ((x + 1) * 127.5).astype("uint8"),
    "NaN": lambda x: np.where(np.arange(x.size).reshape(x.shape) == 1, np.nan, x),
    "infinity": lambda x: x / np.float32(0),
    "another shape": lambda x: np.concatenate([x, x], axis=-1),
    "no batch": lambda x: x[0],
    "empty": lambda x: x[:0],
    "strings": lambda x: np.array(["a"] * len(x)),
    "booleans": lambda x: x > 0,
    "complex": lambda x: x.astype("complex64"),
    "None": lambda x: None,
    "number": lambda x: 3,
    "dictionary": lambda x: {"x": x},
    "ragged": lambda x: [[1.0], [1.0, 2.0]],
}

MALFORMED_LATENTS = {
    name: MALFORMED_EXAMPLES[name]
    for name in ("NaN", "infinity", "no batch", "empty", "strings", "complex", "None", "dictionary")
} | {"another shape": lambda z: np.ones((4, 7), "float32")}

MALFORMED_LABELS = {
    "none": None,
    "too large": 3,
    "negative": [-1, 0, 0, 0],
    "floats": [0.0, 1.0, 2.0, 0.0],
    "strings": ["a", "b", "c", "a"],
    "too few": [0, 1],
    "empty": [],
    "one-hot": np.eye(3)[[0, 1, 2, 0]],
    "booleans": [True] * 4,
    "ragged": [[0], [0, 1]],
}

MALFORMED_TEXTS = {
    "none": None,
    "numbers": [1.0, 2.0],
    "integers": [1, 2],
    "unknown tokens": np.full((4, 6), 99),
    "one text": "ab",
    "two axes": [["a"], ["b"]],
    "empty": [],
    "holes": np.array(["a", None], object),
}

MALFORMED_CAPTIONS = {  # of which one may be for all
    name: bad for name, bad in MALFORMED_TEXTS.items() if name not in ("one text", "unknown tokens")
}


MALFORMED = {
    "examples": MALFORMED_EXAMPLES,
    "latents": MALFORMED_LATENTS,
    "labels": {kind: lambda _, bad=bad: bad for kind, bad in MALFORMED_LABELS.items()},
    "texts": {kind: lambda _, bad=bad: bad for kind, bad in MALFORMED_TEXTS.items()},
    "captions": {kind: lambda _, bad=bad: bad for kind, bad in MALFORMED_CAPTIONS.items()},
}


@pytest.mark.parametrize("place", tiers(PLACES))
def test_malformed_data_are_refused(place):
    place = PLACES[place]
    for kind, damage in MALFORMED[place.kind].items():
        with np.errstate(divide="ignore", invalid="ignore"):
            bad = damage(place.good)
        with pytest.raises(REFUSED, match=place.message()):
            place.call(bad)
            pytest.fail(kind)


@pytest.mark.parametrize("place", tiers(n for n, place in PLACES.items() if place.is_scaled))
def test_examples_that_are_not_scaled(place):
    place = PLACES[place]
    for high in (50.0, 255.0):
        with pytest.raises(ValueError, match=rf"^`{place.argument}` must .*\[-1, 1\]"):
            place.call((place.good + 1) * np.float32(high / 2))


@pytest.mark.parametrize("place", tiers(PLACES))
def test_good_arguments_are_taken(place):
    """As arrays, tensors, lists and in double precision."""
    place = PLACES[place]
    good = place.good
    kinds = [tf.constant(good)]
    if place.method not in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
        if place.method != "predict_on_batch":
            kinds += [good, good.tolist()]
            kinds += [good.astype("float64")] if good.dtype == "float32" else []
    for value in kinds:
        place.call(value)


@pytest.mark.parametrize("cls", [*map(kg.models.__dict__.get, kg.models.__all__)])
def test_no_method_is_left_out(cls):
    """A new method that takes data is a served verb, or is named in `tiny_calls`."""
    covered = {place.method for place in PLACES.values()}
    inside = {"as_batch", "as_examples", "as_inputs", "call"}
    inside |= {"training_batches", "evaluation_batches", "real_examples", "real_images"}
    inside |= {
        "train_step",
        "test_step",
        "predict_step",
        "class_logits",
        "approximate_posterior",
        "bound",
        "log_prob",
        "pretraining_step",
        "step_in_phase",
        "codes_of",
        "examples_of",
        "reciprocity_loss",
        "shrunk",
        "features",
    }
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        if name.startswith("_") or not method.__module__.startswith("keras_gans"):
            continue
        if ABOUT_DATA & set(inspect.signature(method).parameters):
            assert name in covered | inside, f"{cls.__name__}.{name}"


@pytest.mark.parametrize("name", ["sample_weight", "class_weight"])
@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_weights_of_examples_are_refused(method, name):
    if name in inspect.signature(getattr(keras.Model, method)).parameters:
        with pytest.raises(ValueError, match=f"`{name}` must be None"):
            getattr(model("GAN"), method)(POINTS, **{name: np.ones(4)})


def test_a_step_is_whole():
    gan = kg.models.GAN(
        kg.networks.mlp_generator((2,), 2, (3,)),
        kg.networks.mlp_discriminator((2,), (3,)),
        latent_dim=2,
        n_critic=2,
    )
    gan.compile()
    for size in (4, 6):  # TensorFlow forgets the size of a batch when it sees another
        gan.train_on_batch(points(size))
    with pytest.raises(ValueError, match="`x` must hold the 2 mini-batches of a step"):
        gan.train_on_batch(points(5))


def test_labels_of_a_single_batch():
    gan = model("ConditionalGAN")
    for method in (gan.train_on_batch, gan.test_on_batch):
        with pytest.raises(ValueError, match="Labels must be given"):
            method(POINTS)
        with pytest.raises(ValueError, match="`y` must hold as many examples as `x`"):
            method(POINTS, CLASSES[:2])
        with pytest.raises(ValueError, match="Labels must be integers"):
            method(POINTS, CLASSES.astype("float32"))


def latents_of(num):
    return np.random.default_rng(0).normal(size=(num, 3)).astype("float32")


def latent_batches(kind, latents):
    if kind == "dataset":
        return tf.data.Dataset.from_tensor_slices(latents).batch(2)
    if kind == "PyDataset":
        return TwoByTwo(latents)
    return (latents[i : i + 2] for i in range(0, len(latents), 2))


class TwoByTwo(keras.utils.PyDataset):
    def __init__(self, x):
        super().__init__()
        self.x = x

    def __len__(self):
        return len(self.x) // 2

    def __getitem__(self, index):
        return self.x[2 * index : 2 * index + 2]


@pytest.mark.parametrize("kind", ["dataset", "PyDataset", "generator"])
def test_predict_takes_and_checks_batches(kind):
    gan, latents = model("GAN"), latents_of(6)
    predicted = gan.predict(latent_batches(kind, latents), verbose=0)
    np.testing.assert_allclose(predicted, gan.generate(latents), atol=1e-6)
    latents[5] = np.nan
    with pytest.raises(ValueError, match=r"^`x` must hold finite numbers only"):
        gan.predict(latent_batches(kind, latents), verbose=0)
    with pytest.raises(ValueError, match=r"^`x` must have shape \(num, 3\)"):
        gan.predict(latent_batches(kind, latents[:, :1]), verbose=0)


def test_predict_takes_batches_of_latents_and_labels():
    gan, latents = model("ConditionalGAN"), latents_of(4)
    batches = tf.data.Dataset.from_tensor_slices(((latents, CLASSES),)).batch(2)
    expected = gan.generate(latents, CLASSES)
    np.testing.assert_allclose(gan.predict(batches, verbose=0), expected, atol=1e-6)


def test_predict_on_two_replicas(two_replicas):
    with two_replicas.scope():
        gan = kg.models.GAN(
            kg.networks.mlp_generator((2,), 2, (3,)), kg.networks.mlp_discriminator((2,), (3,)), 2
        )
    latents = points(4)
    expected = gan.generate(latents)
    for x in (latents, latent_batches("dataset", latents)):
        np.testing.assert_allclose(gan.predict(x, verbose=0), expected, atol=1e-6)


@pytest.mark.parametrize("kind", [tf.constant, tf.Variable, keras.Variable])
def test_gradients_reach_what_a_model_is_called_on(kind):
    """So that latents can be searched for."""
    latents = kind(latents_of(4))
    with tf.GradientTape() as tape:
        source = latents.value if isinstance(latents, keras.Variable) else latents
        tape.watch(source)
        loss = tf.reduce_sum(model("GAN")(latents) ** 2)
    assert np.abs(tape.gradient(loss, source)).max() > 0


def test_models_are_called_in_keras_models():
    inputs, latents = keras.Input((3,)), latents_of(4)
    upside_down = keras.Model(inputs, -model("GAN")(inputs))
    np.testing.assert_allclose(upside_down(latents), -model("GAN").generate(latents), atol=1e-6)
    with pytest.raises(ValueError, match="`inputs` must have shape"):
        model("GAN")(keras.Input((4,)))


class TestKeras2:
    """Networks and optimizers of tf_keras, which comes with TensorFlow Probability."""

    def test_networks(self):
        tf_keras = pytest.importorskip("tf_keras")
        network = tf_keras.Sequential([tf_keras.Input((2,)), tf_keras.layers.Dense(2)])
        critic = kg.networks.mlp_discriminator((2,), (3,))
        for call in (
            lambda: kg.models.GAN(network, critic, 2),
            lambda: kg.models.GAN(tf_keras.layers.Dense(2), critic, 2),
            lambda: kg.models.VAE(network, network, 2),
            lambda: kg.networks.synthesis(network),
            lambda: kg.networks.virtual_batch_normalization(network, POINTS),
        ):
            with pytest.raises(TypeError, match=r"^`.*of tf_keras, which is Keras 2: make it with"):
                call()

    def test_optimizers(self):
        tf_keras = pytest.importorskip("tf_keras")
        with pytest.raises((TypeError, ValueError), match=r"^`g_optimizer`.*which is Keras 2"):
            model("GAN").compile(tf_keras.optimizers.Adam())
