"""Verbs are described once: on the model, in the manifest and in what `keras_gans.load` returns."""

import copy
import dataclasses
import inspect
import json
import keyword

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import keras_gans as kg
from keras_gans import serving
from keras_gans._server import Server
from keras_gans.data.specs import are_labels
from tests.models import every_model
from tests.models.test_gan import points

CLASS_NAMES = {"ConditionalGAN": ["cat", "dog", "höhle"]}


def make(name):
    names = CLASS_NAMES.get(name)
    return every_model.make(name, **({"class_names": names} if names else {}))


def arguments(model, verb):
    """What a verb can be called with, 3 of each."""
    values = {"num": 3, "seed": 1, "truncation": 0.5}
    values["latents"] = np.full((3, 2), 0.3, "float32")
    for name, spec in verb.inputs.items():
        if spec is None:
            values[name] = None
        elif spec.meaning == "latents":
            values[name] = np.linspace(-1, 1, 3 * spec.shape[1]).reshape(3, -1)
        elif spec.meaning == "labels":
            values[name] = [0, 2, 1]
        elif spec.is_text:
            values[name] = ["to be", "or", "that"]
        elif spec.is_batched:
            values[name] = np.random.default_rng(0).uniform(-1, 1, (3, *spec.shape[1:]))
    return {name: values[name] for name in verb.inputs} | verb.fixed


def verbs_of(served):
    return [verb for verbs in served._server.verbs.values() for verb in verbs]


def assert_same(found, expected):
    if expected.dtype.kind == "U":
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found, expected, atol=1e-5)


def save_as_before(model, folder):
    """As `export` did when there were no manifests: constants beside, and `data` for examples."""
    archive = keras.export.ExportArchive()
    for layer in model._flatten_layers():
        if layer.built and not layer.variables:
            archive.track(layer)
    constants, names = {}, {"x": "data", "images": "data"}
    for verb in model.served_verbs():
        specs = [tf.TensorSpec(s.shape, s.dtype, names.get(n, n)) for n, s in verb.taken.items()]
        archive.add_endpoint(verb.endpoint, verb.function, specs)
        for spec in verb.taken.values():
            if spec.meaning == "labels":
                constants |= {"num_classes": spec.num_classes, "class_names": spec.class_names}
        if isinstance(model, kg.models.VAE):
            constants["value_range"] = model.likelihood.value_range
    for name, value in constants.items():
        if value is not None:
            archive.add_endpoint(name, lambda value=value: ops.convert_to_tensor(value), [])
    archive.write_out(folder, verbose=False)


def parameters(method):
    found = inspect.signature(method).parameters.items()
    return [(name, p.default) for name, p in found if name != "batch_size"]


@pytest.mark.parametrize("name", every_model.tiers("CycleGAN"))
def test_verbs_have_the_arguments_of_the_methods(name):
    model = make(name)
    server = Server(model.served_verbs(), name)
    for verb in server.verbs:
        of_verb = [(n, p.default) for n, p in server.signature(verb).parameters.items()]
        assert of_verb == parameters(getattr(model, verb)), verb


#: Models whose verbs make arrays of one shape.
OF_ONE_SIZE = [name for name in every_model.NAMES if name != "SRGAN"]
#: Models that serve more than what could be described when there were no manifests.
NEWER = {"BigGAN", "Classifier", "StyleGAN2"}


@pytest.mark.parametrize("name", every_model.tiers("ConditionalGAN", OF_ONE_SIZE))
def test_what_is_loaded_does_what_the_model_does(name, tmp_path):
    """With the same arguments and defaults; also from a SavedModel of before."""
    model = make(name)
    model.export(tmp_path / "new")
    served = kg.load(tmp_path / "new")
    assert served.endpoints == [verb.endpoint for verb in model.served_verbs()]
    loaded = [served]
    labels_at_most = model.condition_spec is None or are_labels(model.condition_spec)
    if labels_at_most and name not in NEWER:
        save_as_before(model, tmp_path / "old")
        loaded.append(kg.load(tmp_path / "old"))
        assert sorted(served.endpoints) == sorted(loaded[1].endpoints)
    for fact in set(serving.FACTS) - {"endpoints", "vocabulary"}:
        assert getattr(served, fact) == getattr(loaded[-1], fact), fact
    for verb in verbs_of(served):
        given = arguments(model, verb)
        expected = getattr(model, verb.name)(**given)
        assert expected.shape == (3, *verb.output.shape[1:])
        for other in loaded:
            method = getattr(other, verb.name)
            assert parameters(method) == parameters(getattr(model, verb.name)), verb.name
            assert_same(method(**given), expected)


def test_a_manifest_tells_what_there_is(tmp_path):
    gan = make("ConditionalGAN")
    gan.export(tmp_path / "new")
    content = json.loads((tmp_path / "new" / "keras_gans.json").read_text("utf-8"))
    assert content["keras_gans"] == kg.__version__
    assert (content["format"], content["model"]) == (1, "ConditionalGAN")
    assert list(content["endpoints"]) == ["generate", "sample", "score"]
    score = content["endpoints"]["score"]
    assert score["inputs"] == {
        "x": {"meaning": "examples", "shape": [None, 2], "dtype": "float32"},
        "labels": {
            "meaning": "labels",
            "shape": [None],
            "dtype": "int32",
            "num_classes": 3,
            "class_names": ["cat", "dog", "höhle"],
        },
    }
    assert score["output"] == {"meaning": "logits", "shape": [None, 1], "dtype": "float32"}
    text = make("TextGAN")
    text.export(tmp_path / "text")
    assert list(kg.load(tmp_path / "text").vocabulary) == text.vocabulary


class TestDefaults:
    def scaled(self, **kwargs):
        scale = serving.ArraySpec("scale", **kwargs)
        inputs = {"x": serving.ArraySpec("x", (None, 2)), "labels": None, "scale": scale}
        output = serving.ArraySpec("y", (None, 2))
        return serving.Verb("scale", lambda x, scale: scale * x, inputs, output)

    def test_a_number_with_a_default_may_be_left_out(self):
        verb = self.scaled(default=0.5)
        assert str(verb.signature()) == "(x, labels=None, scale=0.5)"
        server = Server([verb], "this")
        np.testing.assert_array_equal(server.call("scale", ([[2.0, 4.0]],), {}), [[1, 2]])
        np.testing.assert_array_equal(server.call("scale", ([[2.0, 4.0]],), {"scale": 2}), [[4, 8]])
        assert "scale: Float32, scale. Defaults to `0.5`." in server.doc("scale")
        assert str(self.scaled().signature()) == "(x, labels, scale)"

    @pytest.mark.parametrize(
        "wrong", [{"default": "1"}, {"default": 2.0, "value_range": (0.0, 1.0)}]
    )
    def test_it_is_a_number_in_range(self, wrong):
        with pytest.raises((TypeError, ValueError), match="`default` must be a number"):
            self.scaled(**wrong)

    def test_only_one_number_has_one(self):
        with pytest.raises(ValueError, match=r"`shape` and `dtype` must be \(\)"):
            serving.ArraySpec("x", (None, 2), default=0.5)


class Mixing(kg.models.ConditionalGAN):
    """A model with verbs that no other has."""

    def served_verbs(self):
        """`mix`, `shade`, `tell` and `number_of`."""
        x, labels = self.served_examples, self.served_labels
        share = serving.ArraySpec("share", value_range=(0.0, 1.0))
        masks = serving.ArraySpec("masks", (None, 2), "int32", value_range=(0, 1))
        texts = serving.ArraySpec("texts", (None,), "string")

        def mix(first, second, share):
            """Mix examples."""
            return share * first + (1 - share) * second

        def shade(labels, masks):
            return tf.cast(masks * labels[:, None], "float32")

        def tell(x, loud):
            return tf.strings.as_string(tf.reduce_sum(x, -1), precision=1)

        def number_of(x):
            return tf.shape(x)[0]

        taken = {"first": x, "second": x, "share": share}
        return [
            *super().served_verbs(),
            serving.Verb("mix", mix, taken, x),
            serving.Verb("shade", shade, {"labels": labels, "masks": masks}, x),
            *(
                serving.Verb(
                    "tell", lambda x, f=f: tell(f * x, True), {"x": x}, texts, {"as_is": a}
                )
                for a, f in {"yes": 1, "no": -1}.items()
            ),
            serving.Verb("number_of", number_of, {"x": x}, serving.ArraySpec("n", (), "int32")),
        ]


@pytest.fixture(scope="module")
def mixing(tmp_path_factory):
    networks = kg.networks
    gan = Mixing(
        networks.mlp_generator((2,), 2, (4,), num_classes=3),
        networks.mlp_discriminator((2,), (4,), num_classes=3),
        latent_dim=2,
        class_names=CLASS_NAMES["ConditionalGAN"],
    )
    folder = tmp_path_factory.mktemp("mixing") / "saved_model"
    gan.export(folder)
    return gan, kg.load(folder)


X = np.linspace(-2, 2, 600 * 2, dtype="float32").reshape(600, 2)


class TestANewVerb:
    """Stated in one place, by its model."""

    def test_is_served(self, mixing):
        gan, served = mixing
        assert served.endpoints[-4:] == ["shade", "tell_yes", "tell_no", "number_of"]
        assert set(served._server.verbs) < set(dir(served))
        np.testing.assert_allclose(served.mix(X, -X, 0.75), 0.5 * X, atol=1e-6)
        np.testing.assert_allclose(served.mix(second=X, first=X, share=0.1), X, atol=1e-6)
        found = served.shade(["dog", "höhle", "cat"], [[1, 0], [1, 1], [1, 1]])
        assert found.tolist() == [[1, 0], [2, 2], [0, 0]]
        assert served.shade("dog", [[1, 0]]).tolist() == [[1, 0]]
        assert served.tell(X[:1]).tolist() == ["-4.0"]
        assert served.tell(X[:1], "no").tolist() == ["4.0"]
        np.testing.assert_allclose(gan.serve("mix", X, -X, 0.75), 0.5 * X, atol=1e-6)

    def test_examples_go_in_parts(self, mixing, monkeypatch):
        served, sizes = mixing[1], []
        (verb,) = served._server.verbs["mix"]

        def counted(first, second, share):
            sizes.append((len(first), len(second), share.shape))
            return verb.function(first, second, share)

        replaced = dataclasses.replace(verb, function=counted)
        monkeypatch.setitem(served._server.verbs, "mix", [replaced])
        served.mix(X, X, 1)
        assert sizes == [(256, 256, ()), (256, 256, ()), (88, 88, ())]
        assert served.number_of(X) == 600  # what is not of each example is of all

    @pytest.mark.parametrize(
        ("verb", "given", "message"),
        [
            ("mix", (X[:, :1], X, 0.5), r"^`first` must hold batches of examples of shape \(2,\)"),
            ("mix", (X, X[:5], 0.5), "^`second` must hold 600 examples"),
            ("mix", (X, X, 1.5), r"^`share` must be a number in \[0, 1\]"),
            ("mix", (X, X, "half"), "^`share` must be a number"),
            ("shade", (["cow"], [[1, 0]]), "^`labels` must be among the class names"),
            ("shade", ([0, 3], [[1, 0], [1, 0]]), r"^`labels` must be in \[0, 3\)"),
            ("shade", ([0], [[1, 2]]), r"^`masks` must be in \[0, 1\]"),
            ("shade", ([0], [[1, 0, 1]]), r"^`masks` must have shape \(num, 2\)"),
            ("shade", ([0], [[1.0, 0.0]]), "^`masks` must hold integers"),
            ("tell", (X, "loud"), r"^`as_is` must be one of \['yes', 'no'\]"),
            ("mix", (X, X), r"^mix\(\) missing a required argument: 'share'"),
            ("mix", (X, X, 0.5, 0.5), r"^mix\(\) too many positional arguments"),
        ],
    )
    def test_arguments_are_checked(self, mixing, verb, given, message):
        gan, served = mixing
        for call in (getattr(served, verb), lambda *given: gan.serve(verb, *given)):
            with pytest.raises((TypeError, ValueError), match=message):
                call(*given)

    def test_says_what_it_is(self, mixing):
        method = mixing[1].mix
        assert str(inspect.signature(method)) == "(first, second, share)"
        assert method.__name__ == "mix"
        assert method.__doc__.startswith("Mix examples.\n")
        assert "share: Float32 in [0, 1], share." in method.__doc__
        assert str(inspect.signature(mixing[1].tell)) == "(x, as_is='yes')"
        assert "labels: Integers in [0, 3) or class names" in mixing[1].sample.__doc__
        with pytest.raises(TypeError, match="unexpected keyword argument 'batch_size'"):
            method(X, X, 0.5, batch_size=3)


def test_other_verbs_are_missing(mixing):
    served = mixing[1]
    assert not hasattr(served, "encode")
    with pytest.raises(AttributeError, match=r"no 'encode'.*has the endpoints \['generate'"):
        served.encode(X)
    assert copy.copy(served).sample(2, 0, 1).tolist() == served.sample(2, 0, 1).tolist()
    with pytest.raises(AttributeError, match="There is no 'sample'"):  # and no end of asking
        getattr(object.__new__(type(served)), "sample")  # noqa: B009


class Wrong(kg.models.GAN):
    def served_verbs(self):
        return self.wrong(*super().served_verbs())


def with_scale(verb):
    """The same verb with an argument more."""

    def function(*values):
        return values[-1] * verb.function(*values[:-1])

    inputs = {**verb.inputs, "scale": serving.ArraySpec("scale")}
    return dataclasses.replace(verb, function=function, inputs=inputs)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda g, s, d: [dataclasses.replace(g, output=d.output)], "`output` of the verb 'gen"),
        (lambda g, s, d: [g, dataclasses.replace(s, through="score"), d], "`through` must name"),
        (lambda g, s, d: [g, with_scale(s), d], "`through` must name"),  # which would be lost
        (
            lambda g, s, d: [g, dataclasses.replace(s, name="generate", fixed={"a": "b"})],
            "same for",
        ),
    ],
)
def test_wrong_descriptions_are_refused_by_export(wrong, message, tmp_path):
    gan = points(Wrong)
    gan.wrong = wrong
    with pytest.raises(ValueError, match=message):
        gan.export(tmp_path / "saved_model")
    assert not (tmp_path / "saved_model").exists()


@pytest.mark.parametrize(
    "name", ["", "two words", "class", "_hidden", "__dict__", "endpoints", "latent_dim", "9a"]
)
def test_names_that_no_method_can_have(name):
    x = serving.of("examples", kg.data.Spec((2,)))
    with pytest.raises(ValueError, match="`name` must be a name that is not taken"):
        serving.Verb(name, abs, {"x": x}, x)
    if keyword.iskeyword(name) or not name.isidentifier():
        with pytest.raises(ValueError, match="`inputs` must be a name that is not taken"):
            serving.Verb("invert", abs, {name: x}, x)


class TestManifestsOfOthers:
    @pytest.fixture(scope="class")
    def exported(self, tmp_path_factory):
        folder = tmp_path_factory.mktemp("exported") / "saved_model"
        make("ConditionalGAN").export(folder)
        path = folder / "keras_gans.json"
        return folder, path, path.read_text("utf-8")

    def refused(self, exported, text, message):
        folder, path, _ = exported
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(ValueError, match=message) as refused:
            kg.load(folder)
        assert str(path) in str(refused.value)

    @pytest.mark.parametrize(
        "text",
        ["", "{", "[]", "3", "null", '{"format": 1}', b"\xff\xfe", "[" * 100_000, "9" * 5000],
        ids=repr,
    )
    def test_what_is_no_manifest(self, exported, text):
        self.refused(exported, text, "cannot be used")

    @pytest.mark.parametrize(
        ("place", "value", "message"),
        [
            ("format", 2, "`format` must be 1. Received: format=2, by a newer version"),
            ("format", "1", "`format` must be of type int"),
            ("endpoints", [], "`endpoints` must be of type dict"),
            ("endpoints", {}, "`endpoints` must hold an endpoint"),
            ("endpoints.generate", 3, "`inputs` must be of type dict"),
            ("endpoints.encode", {}, "endpoint 'encode' must be in the SavedModel"),
            ("endpoints.generate.verb", "sample", "endpoint 'generate' must be 'sample'"),
            ("endpoints.generate.verb", "__init__", "`name` must be a name that is not taken"),
            ("endpoints.generate.verb", "class_names", "`name` must be a name that is not taken"),
            ("endpoints.generate.verb", None, "`verb` must be of type str"),
            ("endpoints.generate.inputs", {"a b": None}, "`inputs` must be a name"),
            ("endpoints.generate.inputs.latents", None, "`inputs` of the verb 'generate' must be"),
            ("endpoints.generate.inputs.latents.shape", [None, 4], "`inputs` of the verb"),
            ("endpoints.generate.inputs.latents.shape", "23", "`shape` must be a tuple"),
            ("endpoints.generate.inputs.latents.shape", [None, -2], "`shape` must be a positive"),
            ("endpoints.generate.inputs.latents.meaning", None, "`meaning` must be a string"),
            ("endpoints.generate.inputs.latents.dtype", "complex64", "`dtype` must be one of"),
            ("endpoints.generate.inputs.latents.value_range", [1, 0], "`value_range` must not"),
            ("endpoints.generate.inputs.latents.value_range", [0, 10**400], "cannot be used"),
            ("endpoints.generate.inputs.labels.num_classes", "3", "`num_classes` must be"),
            ("endpoints.generate.inputs.labels.num_classes", 10**400, "`num_classes` must be"),
            ("endpoints.generate.inputs.labels.class_names", ["a", "a", "b"], "`class_names` must"),
            ("endpoints.generate.inputs.labels.class_names", [1, 2, 3], "`class_names` must be"),
            ("endpoints.generate.output.shape", [None, 7], "`output` of the verb 'generate'"),
            ("endpoints.generate.output", None, "`output` must be of type dict"),
            ("endpoints.generate.fixed", {"direction": 3}, "`fixed` must be a string"),
            ("endpoints.sample.through", "score", "`through` must name a verb of latents"),
            ("endpoints.sample.through", 3, "`through` must be of type str or NoneType"),
        ],
    )
    def test_entries_that_are_wrong(self, exported, place, value, message):
        content = json.loads(exported[2])
        *entries, last = place.split(".")
        entry = content
        for name in entries:
            entry = entry[name]
        entry[last] = value
        self.refused(exported, json.dumps(content), message)

    def test_what_a_later_one_adds_is_left_aside(self, exported):
        folder, path, text = exported
        content = json.loads(text)
        content["endpoints"]["generate"]["inputs"]["latents"]["prior"] = "normal"
        path.write_text(json.dumps(content | {"license": "MIT"}))
        assert kg.load(folder).sample(2, 0).shape == (2, 2)


class TestArguments:
    """What a verb describes is what its function gets, live and from a SavedModel."""

    class Echo(kg.models.GAN):
        def served_verbs(self):
            """Verbs that give back what they take."""

            def echo(name, *described):
                spec = serving.ArraySpec(*described)
                return serving.Verb(name, tf.identity, {"v": spec}, spec)

            return [
                *super().served_verbs(),
                echo("double", "numbers", (None, 2), "float64"),
                echo("half", "numbers", (None, 2), "float16"),
                echo("byte", "numbers", (None, 2), "uint8"),
                echo("pixels", "examples", (None, 2), "uint8"),
                echo("wide", "numbers", (None, 2), "int32", (0, 2**40)),
                echo("long", "numbers", (None, 2), "int64"),
                echo("brain", "number", (), "bfloat16"),
                echo("number", "number", (), "float64"),
                echo("whole", "number", (), "int32"),
                echo("word", "texts", (), "string"),
            ]

    @pytest.fixture(scope="class")
    @classmethod
    def both(cls, tmp_path_factory):
        networks = (
            kg.networks.mlp_generator((2,), 3, (4,)),
            kg.networks.mlp_discriminator((2,), (4,)),
        )
        gan = cls.Echo(*networks, latent_dim=3)
        folder = tmp_path_factory.mktemp("echo")
        gan.export(folder / "saved_model")
        served = kg.load(folder / "saved_model")
        return gan.serve, lambda verb, *args: getattr(served, verb)(*args)

    def test_precision_is_that_of_the_verb(self, both):
        numbers = np.array([[1 + 1e-12, 0.1]])
        for call in both:
            assert call("double", numbers).dtype == np.float64
            np.testing.assert_array_equal(call("double", numbers), numbers)
            np.testing.assert_array_equal(call("half", numbers), numbers.astype("float16"))

    def test_integers_out_of_range_are_refused(self, both):
        for call in both:
            np.testing.assert_array_equal(call("byte", [[255, 0]]), [[255, 0]])
            for verb, wrong in (("byte", [[300, 0]]), ("byte", [[0, -1]]), ("whole", 2**40)):
                with pytest.raises(ValueError, match=r"`v` must be in \["):
                    call(verb, wrong)

    @pytest.mark.parametrize(
        ("verb", "value"),
        [
            ("pixels", [[256, 0]]),
            ("pixels", [[-1, 0]]),
            ("wide", [[2**31, 0]]),
            ("long", np.array([[2**63, 0]], "uint64")),
            ("half", [[70000, 0]]),
            ("half", [[65520.0, 0]]),
            ("brain", 3.4e38),
        ],
    )
    def test_what_the_dtype_cannot_hold_is_refused(self, both, verb, value):
        for call in both:
            with pytest.raises(ValueError, match=r"`v` must (be in \[|hold finite numbers only)"):
                call(verb, value)

    def test_single_numbers(self, both):
        for call in both:
            assert call("brain", 1.5) == 1.5
            assert call("number", 1e-8) == 1e-8
            assert call("number", 16777217) == 16777217
            np.testing.assert_array_equal(call("half", [[65504, 0]]), [[65504, 0]])
            with pytest.raises(ValueError, match="`v` must be a number"):
                call("number", 10**400)

    def test_one_text(self, both):
        for call in both:
            assert call("word", "höhle") == "höhle"
            with pytest.raises(TypeError, match="`v` must be a string"):
                call("word", ["höhle"])

    def test_a_verb_that_is_not_there(self, both):
        with pytest.raises(ValueError, match=r"`verb` must be one of .*'double'"):
            both[0]("nonsense", 1)


def test_names_of_nested_parts_must_not_coincide():
    part = serving.ArraySpec("condition", (None, 2))
    with pytest.raises(ValueError, match=r"`parts` must have names that differ .*_a_b"):
        serving.Parts({"a_b": part, "a": serving.Parts({"b": part})})
