"""Models as ONNX and LiteRT files give what the models give."""

import pathlib
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from keras_gans._server import as_numpy
from keras_gans.models.conversion import sound_optimizers
from tests.fuzz.call import model
from tests.fuzz.models import of_verb
from tests.models import every_model

networks = kg.networks
LATENTS = np.random.default_rng(0).normal(size=(5, 2)).astype("float32")
SUFFIX = {"onnx": "onnx", "litert": "tflite"}
both_formats = pytest.mark.parametrize("format", SUFFIX)


def run(path, **inputs):
    """What an ONNX or LiteRT file makes of inputs by their names."""
    if path.suffix == ".onnx":
        runtime = pytest.importorskip("onnxruntime", reason="onnxruntime cannot be installed")
        session = runtime.InferenceSession(path)
        return session.run(None, inputs)[0]
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="no wheel of ai-edge-litert")
    runner = litert.Interpreter(str(path)).get_signature_runner()
    (output,) = runner(**inputs).values()
    return output


@pytest.fixture
def exported(tmp_path, format):
    """A function that exports a model, and returns the file's path."""
    if format == "onnx":
        pytest.importorskip("tf2onnx", reason="tf2onnx cannot be installed")

    def export(made, **kwargs):
        path = tmp_path / f"model.{SUFFIX[format]}"
        made.export(path, format=format, **kwargs)
        return path

    return export


def averaged():
    """A conditional GAN whose average is far from its generator, with batch statistics."""
    gan = kg.models.ConditionalGAN(
        networks.mlp_generator(
            (8, 8, 1), 2, (4,), normalization="conditional_batch", num_classes=3
        ),
        networks.mlp_discriminator((8, 8, 1), (4,), num_classes=3),
        latent_dim=2,
        ema_decay=0.9,
    )
    gan.update_averages()
    gan.generator.set_weights([w + 0.5 for w in gan.generator.get_weights()])
    gan.update_averages()
    return gan


@both_formats
def test_the_average_is_written_also_by_a_loaded_model(exported, tmp_path, capsys):
    """For batches of any size, without a word."""
    gan = averaged()
    gan.save(tmp_path / "model.keras")
    path = exported(keras.models.load_model(tmp_path / "model.keras"))
    assert capsys.readouterr().out == ""
    labels = np.array([0, 1, 2, 2, 0], "int32")
    expected = gan.generate(LATENTS, labels)
    assert np.abs(expected - gan.generator([LATENTS, labels])).max() > 1e-2
    for num in (5, 1):
        images = run(path, latents=LATENTS[:num], labels=labels[:num])
        np.testing.assert_allclose(images, expected[:num], atol=1e-4)


#: Models whose examples are images.
IMAGE_MODELS = [name for name in every_model.NAMES if name != "TextGAN"]


def endpoints():
    """The first endpoint of every image model, and any other of numbers once for each place where
    it is defined: model and endpoint."""
    first = [(name, model(name).tensor_verbs()[0].endpoint) for name in IMAGE_MODELS]
    others = {}
    for name in every_model.NAMES:
        for verb in model(name).served_verbs()[1:]:
            if verb.is_of_numbers:
                others.setdefault(
                    (verb.function.__qualname__, verb.endpoint), (name, verb.endpoint)
                )
    return every_model.tiers(("SRGAN", "upscale"), [*first, *others.values()])


def far_from_zero(made):
    """The model with weights so large that its outputs differ by more than the tolerance."""
    random = np.random.default_rng(0)
    for weight in made.trainable_variables:
        weight.assign_add(random.normal(scale=0.3, size=weight.shape))
    return made


def inputs_of(made, verb, num):
    """What a verb takes: in a file, and as an argument of the method."""
    arguments = of_verb(verb, num)
    if "latents" in arguments:
        shape = arguments["latents"].shape
        arguments["latents"] = np.random.default_rng(0).normal(size=shape)
    taken = as_arrays(arguments)
    if isinstance(made, kg.models.StackGAN):  # strings, which its file takes as embeddings
        arguments["labels"] = every_model.examples(made)[1][:num]
        taken["labels"] = made.text_encoder(tf.constant(arguments["labels"])).numpy()
    return taken, arguments


@both_formats
@pytest.mark.parametrize("case", endpoints(), ids="-".join)
def test_files_give_what_the_model_gives(exported, case):
    """In batches of any size, of any examples."""
    name, endpoint = case
    made = far_from_zero(every_model.make_convolutional(name))
    first, *_ = verbs = made.tensor_verbs()
    (verb,) = (verb for verb in verbs if verb.endpoint == endpoint)
    path = exported(made, endpoint=None if verb is first else endpoint)
    taken, arguments = inputs_of(made, verb, 8)
    expected = getattr(made, verb.name)(**arguments, **verb.fixed)
    assert len(expected) == 8 and np.ptp(expected, axis=0).max() > 0.05
    for rows in (slice(0, 1), slice(1, 4), slice(4, 8)):
        batch = {key: x[rows] if x.ndim else x for key, x in taken.items()}
        np.testing.assert_allclose(run(path, **batch), expected[rows], atol=1e-4)


def test_the_page_names_what_each_image_model_becomes():
    """It becomes what the test above tests."""
    page = (pathlib.Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")
    table = re.search(r"<!-- conversions: begin -->\n(.*)<!-- conversions: end -->", page, re.S)[1]
    verbs = {name: model(name).tensor_verbs()[0] for name in IMAGE_MODELS}
    assert table.splitlines()[2:] == [
        f"| `{name}` | `{verb.endpoint}` | {', '.join(f'`{i}`' for i in verb.named_inputs)} |"
        for name, verb in verbs.items()
    ]


def as_arrays(arguments):
    """As files take them: integers of 32 bits, and floats."""
    arrays = {key: np.asarray(value) for key, value in arguments.items()}
    return {
        key: x.astype("int32" if x.dtype.kind in "iu" else "float32") for key, x in arrays.items()
    }


def resampling():
    """Models whose generators double sides with a filter."""
    small = {"filters": 2, "max_filters": 2}
    yield kg.models.R3GAN(
        networks.r3gan_generator((9, 8, 1), 2, num_blocks=1, group_size=1, **small),
        networks.r3gan_discriminator((9, 8, 1), num_blocks=1, group_size=1, **small),
        latent_dim=2,
    )
    yield kg.models.StyleGAN2(
        networks.stylegan2_generator((16, 16, 1), 2, code_dim=4, mapping_layers=1, **small),
        networks.stylegan2_discriminator((16, 16, 1), **small),
        latent_dim=2,
    )


@pytest.mark.slow
@both_formats
def test_filters_between_resolutions_are_in_files(exported):
    for made in resampling():
        verb = made.served_verbs()[0]
        arguments = of_verb(verb, 3)
        expected = made.generate(**arguments)
        np.testing.assert_allclose(run(exported(made), **as_arrays(arguments)), expected, atol=1e-4)


@pytest.mark.parametrize("format", ["onnx"])
def test_images_of_one_channel_and_any_size_keep_their_axes(exported):
    """tf2onnx may add one before the batch, and drop the `Squeeze` behind it."""
    onnx = pytest.importorskip("onnx")
    path = exported(every_model.make_convolutional("SRGAN"))
    assert "Squeeze" not in {node.op_type for node in onnx.load(path).graph.node}
    for shape in ((1, 5, 3, 1), (3, 2, 7, 1)):
        batch, height, width, _ = shape
        images = np.zeros(shape, "float32")
        assert run(path, images=images).shape == (batch, 2 * height, 2 * width, 1)


def test_the_converter_has_all_its_optimizers_afterwards():
    optimizer = pytest.importorskip("tf2onnx.optimizer")
    before = list(optimizer._optimizers)
    with pytest.raises(KeyError), sound_optimizers():
        assert list(optimizer._optimizers) == [n for n in before if n != "reshape_optimizer"]
        raise KeyError
    assert list(optimizer._optimizers) == before


@both_formats
def test_texts_are_probabilities(exported):
    """Strings are no numbers: `decode` and `one_hot` stand on both sides."""
    made = model("TextGAN")
    probabilities = run(exported(made), latents=LATENTS)
    texts = as_numpy(made.decode(probabilities))
    np.testing.assert_array_equal(texts, made.generate(LATENTS))
    critic = exported(made, endpoint="score")
    texts = made.one_hot(["to be", "or"]).numpy()
    np.testing.assert_allclose(run(critic, x=texts), made.discriminator(texts), atol=1e-4)


@both_formats
def test_files_of_a_model_in_a_strategy(exported, two_replicas):
    with two_replicas.scope():
        gan = kg.models.GAN(
            networks.mlp_generator((2,), 2, (3,)),
            networks.mlp_discriminator((2,), (3,)),
            latent_dim=2,
            ema_decay=0.9,
        )
    np.testing.assert_allclose(
        run(exported(gan), latents=LATENTS), gan.generate(LATENTS), atol=1e-4
    )


@both_formats
def test_operations_that_the_format_lacks_are_named_before_anything_is_written(exported, tmp_path):
    latents = keras.Input((2,))
    waves = keras.layers.Lambda(lambda x: tf.math.bessel_i0(x), output_shape=(2,))(latents)
    generator = keras.Model(latents, waves)
    gan = kg.models.GAN(generator, networks.mlp_discriminator((2,), (3,)), 2)
    (tmp_path / f"model.{SUFFIX['onnx']}").write_text("the old one")
    (tmp_path / f"model.{SUFFIX['litert']}").write_text("the old one")
    with pytest.raises(ValueError, match=r"cannot be converted to(.|\n)*BesselI0"):
        exported(gan)
    assert {path.read_text() for path in tmp_path.iterdir()} == {"the old one"}


class TestBadInput:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (
                {"format": "torch"},
                r"`format` must be one of \['tf_saved_model', 'onnx', 'litert'\]",
            ),
            ({"format": "onnx", "endpoint": "sample"}, r"`endpoint` must be one of \['generate'"),
            ({"format": "onnx", "endpoint": "encode"}, "`endpoint` must be one of"),
            ({"format": "litert"}, r"`filepath` must end in '\.tflite'"),
            ({"endpoint": "generate"}, "`format` must be 'onnx' or 'litert' for further arguments"),
            ({"opset_version": 17}, "`format` must be 'onnx' or 'litert' for further arguments"),
        ],
    )
    def test_arguments(self, tmp_path, arguments, message):
        with pytest.raises(ValueError, match=message):
            model("GAN").export(tmp_path / "model", **arguments)
        assert not any(tmp_path.iterdir())

    def test_a_folder_is_kept(self, tmp_path):
        model("GAN").export(tmp_path / "model.onnx")
        with pytest.raises(OSError, match="is a folder"):
            model("GAN").export(tmp_path / "model.onnx", format="onnx")
        assert kg.load(tmp_path / "model.onnx").endpoints == ["generate", "sample", "score"]

    def test_half_precision(self, tmp_path):
        keras.config.set_dtype_policy("mixed_bfloat16")
        gan = kg.models.GAN(
            networks.mlp_generator((2,), 2, (3,)), networks.mlp_discriminator((2,), (3,)), 2
        )
        with pytest.raises(ValueError, match=r"`format` must be .* compute in bfloat16"):
            gan.export(tmp_path / "model.onnx", format="onnx")

    def test_a_missing_converter(self, tmp_path, monkeypatch):
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(ImportError, match="`format='onnx'` needs tf2onnx: pip install tf2onnx"):
            model("GAN").export(tmp_path / "model.onnx", format="onnx")

    @pytest.mark.parametrize("suffix", ["onnx", "tflite", "keras", "weights.h5"])
    def test_load_says_what_reads_a_file(self, tmp_path, suffix):
        (tmp_path / f"model.{suffix}").write_text("")
        with pytest.raises(ValueError, match=r"`filepath` must be the folder.*, a file for \S+"):
            kg.load(tmp_path / f"model.{suffix}")
