"""What cannot be right is refused by its name, wherever it comes in: in every method of every
model, and in what `keras_gans.load` makes of it."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans.saved_model import SavedGenerator
from tests.fuzz.calls import WORDS, images, model, points, saved_model

IMAGES, POINTS, CLASSES = images(4), np.tanh(points(4)), np.array([0, 1, 2, 0])
REFUSED = (TypeError, ValueError)


def live(name, method, *before, after=(), **kwargs):
    """Call a model's method on its argument `before` and `after` others."""

    def call(value):
        found = model(name)
        verb = found if method == "__call__" else getattr(found, method)
        return verb(*before, value, *after, **kwargs)

    return call


def served(name, method, *before, after=(), **kwargs):
    def call(value):
        return getattr(saved_model(name), method)(*before, value, *after, **kwargs)

    return call


def latents_and(labels, method, **kwargs):
    """Call a conditional model on latents with labels."""
    return lambda latents: getattr(model("ConditionalGAN"), method)([latents, labels], **kwargs)


def and_labels(method, **kwargs):
    """Call a conditional model on labels with latents."""
    return lambda labels: getattr(model("ConditionalGAN"), method)([points(4), labels], **kwargs)


#: By model and method: the argument's name, a good one, and the call.
EXAMPLES = {
    **{
        f"{name}.{method}": ("x", good, live(name, method))
        for name, good in {"GAN": POINTS, "DCGAN": IMAGES, "VAE": POINTS, "ALAE": IMAGES}.items()
        for method in ("train_on_batch", "test_on_batch")
    },
    "GAN.fit": ("x", POINTS, live("GAN", "fit", batch_size=4, verbose=0)),
    "GAN.evaluate": ("x", POINTS, live("GAN", "evaluate", verbose=0)),
    "DCGAN.fit": ("x", IMAGES, live("DCGAN", "fit", batch_size=4, verbose=0)),
    "DCGAN.evaluate": ("x", IMAGES, live("DCGAN", "evaluate", verbose=0)),
    "VAE.encode": ("x", POINTS, live("VAE", "encode")),
    "VAE.reconstruct": ("x", POINTS, live("VAE", "reconstruct")),
    "VAE.log_likelihood": ("x", POINTS, live("VAE", "log_likelihood", num_samples=2)),
    "ALAE.encode": ("x", IMAGES, live("ALAE", "encode")),
    "ALAE.reconstruct": ("x", IMAGES, live("ALAE", "reconstruct")),
    "ALAE.mix, coarse": ("coarse", IMAGES, live("ALAE", "mix", after=(IMAGES, 1))),
    "ALAE.mix, fine": ("fine", IMAGES, live("ALAE", "mix", IMAGES, after=(1,))),
    "CycleGAN.__call__": ("inputs", IMAGES, live("CycleGAN", "__call__")),
    "CycleGAN.predict": ("x", IMAGES, live("CycleGAN", "predict", verbose=0)),
    "CycleGAN.predict_on_batch": ("x", IMAGES, live("CycleGAN", "predict_on_batch")),
    "CycleGAN.translate": ("images", IMAGES, live("CycleGAN", "translate")),
    **{
        f"CycleGAN.{method}, {name}": ("xy"[i], IMAGES, call)
        for method in ("train_on_batch", "test_on_batch")
        for i, (name, call) in enumerate(
            {
                "x": live("CycleGAN", method, after=(IMAGES,)),
                "y": live("CycleGAN", method, IMAGES),
            }.items()
        )
    },
    "SemiSupervisedGAN.classify": ("x", POINTS, live("SemiSupervisedGAN", "classify")),
    "served GAN.score": ("data", POINTS, served("GAN", "score")),
    "served DCGAN.score": ("data", IMAGES, served("DCGAN", "score")),
    "served ConditionalGAN.score": (
        "data",
        POINTS,
        served("ConditionalGAN", "score", after=(CLASSES,)),
    ),
    "served SemiSupervisedGAN.classify": ("data", POINTS, served("SemiSupervisedGAN", "classify")),
    **{
        f"served {name}.{method}": ("data", good, served(name, method))
        for name, good in {"VAE": POINTS, "ALAE": IMAGES}.items()
        for method in ("encode", "reconstruct")
    },
    "served CycleGAN.translate": ("images", IMAGES, served("CycleGAN", "translate", after=("ab",))),
}

MALFORMED_EXAMPLES = {
    "uint8": lambda x: ((x + 1) * 127.5).astype("uint8"),
    "NaN": lambda x: np.where(np.arange(x.size).reshape(x.shape) == 1, np.nan, x),
    "infinity": lambda x: x / np.float32(0),
    "another shape": lambda x: x[:, :1],
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

#: By model and method: the argument's name, the size of latents, and the call.
LATENTS = {
    **{
        f"{name}.{method}": (argument, size, live(name, method, **kwargs))
        for name, size in {"GAN": 2, "DCGAN": 2, "VAE": 2, "ALAE": 3, "TextGAN": 2}.items()
        for method, argument, kwargs in (
            ("__call__", "inputs", {}),
            ("predict", "x", {"verbose": 0}),
            ("predict_on_batch", "x", {}),
            ("generate", "points", {}),
        )
    },
    **{
        f"served {name}.generate": ("latents", size, served(name, "generate"))
        for name, size in {"GAN": 2, "VAE": 2, "ALAE": 3, "TextGAN": 2}.items()
    },
    "VAE.decode": ("latents", 2, live("VAE", "decode")),
    "ConditionalGAN.__call__": ("inputs", 2, latents_and(CLASSES, "__call__")),
    "ConditionalGAN.predict": ("x", 2, latents_and(CLASSES, "predict", verbose=0)),
    "ConditionalGAN.predict_on_batch": ("x", 2, latents_and(CLASSES, "predict_on_batch")),
    "ConditionalGAN.generate": ("points", 2, live("ConditionalGAN", "generate", labels=0)),
    "served ConditionalGAN.generate": (
        "latents",
        2,
        served("ConditionalGAN", "generate", labels=0),
    ),
}

MALFORMED_LATENTS = {
    name: MALFORMED_EXAMPLES[name]
    for name in ("NaN", "infinity", "no batch", "empty", "strings", "complex", "None", "dictionary")
} | {"another shape": lambda z: np.ones((4, 7), "float32")}

#: By model and method, the call on labels.
LABELS = {
    "ConditionalGAN.__call__": and_labels("__call__"),
    "ConditionalGAN.predict": and_labels("predict", verbose=0),
    "ConditionalGAN.predict_on_batch": and_labels("predict_on_batch"),
    **{
        f"{kind.__name__} ConditionalGAN.{method}": kind("ConditionalGAN", method, *before)
        for kind in (live, served)
        for method, before in {"sample": [4], "generate": [points(4)]}.items()
    },
    "served ConditionalGAN.score": served("ConditionalGAN", "score", POINTS),
}

MALFORMED_LABELS = {
    "none": None,
    "too large": 3,
    "negative": [-1, 0, 0, 0],
    "floats": [0.0, 1.0, 2.0, 0.0],
    "strings": ["a", "b", "c", "a"],
    "too few": [0, 1],
    "empty": [],
    "one-hot": np.eye(3)[CLASSES],
    "booleans": [True] * 4,
    "ragged": [[0], [0, 1]],
}

TEXTS = {
    "TextGAN.train_on_batch": ("x", live("TextGAN", "train_on_batch")),
    "TextGAN.test_on_batch": ("x", live("TextGAN", "test_on_batch")),
    "TextGAN.encode": ("texts", live("TextGAN", "encode")),
    "TextGAN.one_hot": ("texts", live("TextGAN", "one_hot")),
    "served TextGAN.score": ("data", served("TextGAN", "score")),
}

MALFORMED_TEXTS = {
    "none": None,
    "numbers": [1.0, 2.0],
    "integers": [1, 2],
    "unknown tokens": np.full((4, 3), 9),
    "one text": "ab",
    "two axes": [["a"], ["b"]],
    "empty": [],
    "holes": np.array(["a", None], object),
}


#: Where images go, and whatever a Bernoulli likelihood is about.
SCALED = [place for place, case in EXAMPLES.items() if case[1] is IMAGES or "VAE" in place]


@pytest.mark.parametrize("kind", MALFORMED_EXAMPLES)
@pytest.mark.parametrize("place", EXAMPLES)
def test_malformed_examples(place, kind):
    argument, good, call = EXAMPLES[place]
    with np.errstate(divide="ignore", invalid="ignore"):
        bad = MALFORMED_EXAMPLES[kind](good)
    with pytest.raises(REFUSED, match=f"^`{argument}` must"):
        call(bad)


@pytest.mark.parametrize(
    "place", [place for place in EXAMPLES if EXAMPLES[place][1] is IMAGES or "VAE" in place]
)
@pytest.mark.parametrize("high", [50.0, 255.0])
def test_examples_that_are_not_scaled(place, high):
    argument, good, call = EXAMPLES[place]
    with pytest.raises(ValueError, match=rf"^`{argument}` must .*\[-1, 1\]"):
        call((good + 1) * np.float32(high / 2))


@pytest.mark.parametrize("kind", MALFORMED_LATENTS)
@pytest.mark.parametrize("place", LATENTS)
def test_malformed_latents(place, kind):
    argument, size, call = LATENTS[place]
    with np.errstate(divide="ignore", invalid="ignore"):
        bad = MALFORMED_LATENTS[kind](np.ones((4, size), "float32"))
    with pytest.raises(REFUSED, match=f"^`{argument}` must"):
        call(bad)


@pytest.mark.parametrize("kind", MALFORMED_LABELS)
@pytest.mark.parametrize("place", LABELS)
def test_malformed_labels(place, kind):
    with pytest.raises(REFUSED, match=r"^`labels` must"):
        LABELS[place](MALFORMED_LABELS[kind])


@pytest.mark.parametrize("kind", MALFORMED_TEXTS)
@pytest.mark.parametrize("place", TEXTS)
def test_malformed_texts(place, kind):
    argument, call = TEXTS[place]
    with pytest.raises(REFUSED, match=f"^`{argument}` must"):
        call(MALFORMED_TEXTS[kind])


@pytest.mark.parametrize("table", [EXAMPLES, LATENTS, LABELS, TEXTS])
def test_good_arguments_are_taken(table):
    """As arrays, tensors, lists and in double precision."""
    for place, case in table.items():
        call = case if callable(case) else case[-1]
        good = {
            id(EXAMPLES): lambda case: case[1],
            id(LATENTS): lambda case: np.ones((4, case[1]), "float32"),
            id(LABELS): lambda case: CLASSES,
            id(TEXTS): lambda case: np.array(WORDS),
        }[id(table)](case)
        kinds = [tf.constant(good)]
        if "_on_batch" not in place and ".fit" not in place and ".evaluate" not in place:
            kinds += [good, good.tolist()]
            kinds += [good.astype("float64")] if good.dtype == "float32" else []
        for value in kinds:
            call(value)


ABOUT_DATA = {"x", "inputs", "points", "latents", "images", "texts", "coarse", "fine", "data"}


@pytest.mark.parametrize("cls", [*map(kg.models.__dict__.get, kg.models.__all__), SavedGenerator])
def test_no_method_is_left_out(cls):
    """A new method that takes data is to be added above."""
    covered = {place.split(".")[1].split(",")[0] for t in (EXAMPLES, LATENTS, TEXTS) for place in t}
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
    gan, latents = model("GAN"), points(6)
    predicted = gan.predict(latent_batches(kind, latents), verbose=0)
    np.testing.assert_allclose(predicted, gan.generate(latents), atol=1e-6)
    latents[5] = np.nan
    with pytest.raises(ValueError, match=r"^`x` must hold finite numbers only"):
        gan.predict(latent_batches(kind, latents), verbose=0)
    with pytest.raises(ValueError, match=r"^`x` must have shape \(num, 2\)"):
        gan.predict(latent_batches(kind, latents[:, :1]), verbose=0)


def test_predict_takes_batches_of_latents_and_labels():
    gan, latents = model("ConditionalGAN"), points(4)
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
    latents = kind(points(4))
    with tf.GradientTape() as tape:
        source = latents.value if isinstance(latents, keras.Variable) else latents
        tape.watch(source)
        loss = tf.reduce_sum(model("GAN")(latents) ** 2)
    assert np.abs(tape.gradient(loss, source)).max() > 0


def test_models_are_called_in_keras_models():
    latents = keras.Input((2,))
    upside_down = keras.Model(latents, -model("GAN")(latents))
    np.testing.assert_allclose(upside_down(POINTS), -model("GAN").generate(POINTS), atol=1e-6)
    with pytest.raises(ValueError, match="`inputs` must have shape"):
        model("GAN")(keras.Input((3,)))


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
