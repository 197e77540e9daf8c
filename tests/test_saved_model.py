import dataclasses
import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.training import py_checkpoint_reader

import keras_gans as kg
from keras_gans import _files, _memory
from tests.models.test_gan import images, points

pytestmark = pytest.mark.first_cases


@pytest.fixture
def exported(tmp_path):
    """A trained model and the folder of its SavedModel."""
    gan = points(kg.models.WGANGP)
    gan.compile()
    gan.fit(kg.data.ring_of_gaussians().sample(160, seed=0), batch_size=16, verbose=0)
    gan.export(tmp_path / "saved_model")
    return gan, tmp_path / "saved_model"


def test_outputs_equal_the_models(exported):
    gan, path = exported
    served = kg.load(path)
    assert (served.latent_dim, served.example_shape, served.conditional) == (3, (2,), False)
    assert served.endpoints == ["generate", "sample", "score"]
    latents = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    np.testing.assert_allclose(served.generate(latents), gan(latents), atol=1e-6)
    np.testing.assert_allclose(served.sample(5, seed=7), gan.sample(5, seed=7), atol=1e-6)
    x = kg.data.swiss_roll().sample(5, seed=0)
    np.testing.assert_allclose(served.score(x), gan.discriminator(x), atol=1e-6)


def test_seeds(exported):
    served = kg.load(exported[1])
    np.testing.assert_array_equal(served.sample(4, seed=1), served.sample(4, seed=1))
    assert not np.array_equal(served.sample(4, seed=1), served.sample(4, seed=2))
    assert not np.array_equal(served.sample(4), served.sample(4))


def test_prepare_checks_a_call_and_makes_none(exported):
    served = kg.load(exported[1])
    verb, taken = served.prepare("sample", 4, seed=1)
    assert verb is served.verbs[0] and verb.name == "generate"
    np.testing.assert_allclose(served.generate(**taken), served.sample(4, seed=1), atol=1e-6)
    with pytest.raises(ValueError, match="`num` must be a positive integer"):
        served.prepare("sample", 0)
    with pytest.raises(ValueError, match=r"`verb` must be one of"):
        served.prepare("draw", 4)


@pytest.mark.parametrize("name", ["prepare", "verbs", "endpoints"])
def test_no_verb_has_the_name_of_what_is_there(name):
    with pytest.raises(ValueError, match="`name` must be a name that is not taken"):
        kg.serving.Verb(name, lambda x: x, {}, kg.serving.ArraySpec("numbers"))


def test_plain_tensorflow_reads_it(exported):
    gan, path = exported
    script = (
        "import sys, json, tensorflow as tf\n"
        "served = tf.saved_model.load(sys.argv[1])\n"
        "samples = served.sample(tf.constant(4), tf.constant(7)).numpy().tolist()\n"
        "by_signature = served.signatures['generate'](latents=tf.zeros((2, 3)))\n"
        "assert 'keras_gans' not in sys.modules\n"
        "print(json.dumps(samples))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    samples = json.loads(run.stdout.splitlines()[-1])
    np.testing.assert_allclose(samples, gan.sample(4, seed=7), atol=1e-6)


def test_batch_normalization_serves_its_moving_statistics(tmp_path):
    gan = kg.models.GAN(
        kg.networks.dcgan_generator((8, 8, 1), 4, filters=4),
        kg.networks.dcgan_discriminator((8, 8, 1), filters=4),
        latent_dim=4,
    )
    gan.compile()
    gan.fit(images(), batch_size=8, verbose=0)
    gan.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    latents = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
    alone = np.concatenate([served.generate(latents[i : i + 1]) for i in range(6)])
    np.testing.assert_allclose(served.generate(latents), alone, atol=1e-6)


def test_export_replaces_an_older_one(exported):
    gan, path = exported
    gan.generator.set_weights([w + 1 for w in gan.generator.get_weights()])
    gan.export(path)
    np.testing.assert_allclose(kg.load(path).sample(3, seed=0), gan.sample(3, seed=0), atol=1e-6)
    assert [p.name for p in path.parent.iterdir()] == ["saved_model"]


@pytest.mark.parametrize("when", ["before the weights", "at the end"])
def test_one_replaced_while_it_is_loaded_is_loaded_again(tmp_path, monkeypatch, when):
    path, newer = tmp_path / "saved_model", tmp_path / "newer"
    points().export(path)
    gan = kg.models.GAN(
        kg.networks.mlp_generator((2,), latent_dim=5, hidden_units=(4,)),
        kg.networks.mlp_discriminator((2,), hidden_units=(4,)),
        latent_dim=5,
    )
    gan.export(newer)
    exports = []

    def export():
        if not exports:
            exports.append(path)
            with _files.replacing_saved_model(path) as temporary:
                shutil.copytree(newer, temporary)

    if when == "before the weights":  # which TensorFlow reads after the graph
        read = py_checkpoint_reader.NewCheckpointReader
        monkeypatch.setattr(
            py_checkpoint_reader, "NewCheckpointReader", lambda name: export() or read(name)
        )
    else:
        load = tf.saved_model.load
        monkeypatch.setattr(tf.saved_model, "load", lambda name: (load(name), export())[0])
    served = kg.load(path)
    assert exports
    np.testing.assert_allclose(served.sample(3, seed=0), gan.sample(3, seed=0), atol=1e-6)


def test_export_refuses_a_folder_of_something_else(tmp_path):
    (tmp_path / "thesis.txt").write_text("the only copy")
    with pytest.raises(ValueError, match="`filepath` must be a new or empty folder"):
        points().export(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "the only copy"


def test_export_prints_nothing_unless_asked(tmp_path, capsys):
    points().export(tmp_path / "quiet")
    assert capsys.readouterr().out == ""
    points().export(tmp_path / "spoken", verbose=True)
    *_, progress, last = capsys.readouterr().out.splitlines()
    assert "4/4" in progress and "/endpoint" in progress
    assert last == f"{tmp_path / 'spoken'} holds the endpoints generate, sample, score."


def test_export_inside_a_strategy(tmp_path, two_replicas):
    with two_replicas.scope():
        gan = points(ema_decay=0.9)
        gan.compile()
    gan.export(tmp_path / "saved_model")
    np.testing.assert_allclose(
        kg.load(tmp_path / "saved_model").sample(3, seed=0), gan.sample(3, seed=0), atol=1e-6
    )


def test_remote_paths(tmp_path):
    """A path with a scheme is TensorFlow's to read and write."""
    gan, path = points(), f"file://{tmp_path}/saved_model"
    gan.export(path)
    np.testing.assert_allclose(kg.load(path).sample(3, seed=0), gan.sample(3, seed=0), atol=1e-6)
    for nowhere in (f"file://{tmp_path}/nothing", "nosuch://bucket/saved_model"):
        with pytest.raises(ValueError, match="cannot be read"):
            kg.load(nowhere)


class TestBadInput:
    @pytest.mark.parametrize("path", [None, 3, b"saved_model", ["saved_model"]])
    def test_what_is_no_path(self, path):
        with pytest.raises(TypeError, match="`filepath` must be a path"):
            kg.load(path)

    @pytest.mark.parametrize("path", ["", ".", "~", "a\0b", "saved_model/saved_model.pb"])
    def test_paths_of_something_else(self, tmp_path, path, monkeypatch):
        (tmp_path / "saved_model").mkdir()
        (tmp_path / "saved_model" / "saved_model.pb").write_text("")
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ValueError, match="`filepath` must be the folder of a SavedModel"):
            kg.load(path)

    def test_missing_folder(self, tmp_path):
        with pytest.raises(ValueError, match=r"`filepath` must be the folder of a SavedModel"):
            kg.load(tmp_path / "nothing")

    def test_keras_file(self, tmp_path):
        points().save(tmp_path / "model.keras")
        with pytest.raises(ValueError, match=r"keras\.models\.load_model"):
            kg.load(tmp_path / "model.keras")

    def test_damaged_graph(self, exported):
        graph = exported[1] / "saved_model.pb"
        graph.write_bytes(graph.read_bytes()[:100])
        with pytest.raises(ValueError, match="cannot be read"):
            kg.load(exported[1])

    def test_missing_variables(self, exported):
        shutil.rmtree(exported[1] / "variables")
        with pytest.raises(ValueError, match="cannot be read"):
            kg.load(exported[1])

    def test_saved_model_of_another_kind(self, tmp_path):
        module = tf.Module()
        module.double = tf.function(lambda x: 2 * x, [tf.TensorSpec(())])
        tf.saved_model.save(module, str(tmp_path / "other"))
        with pytest.raises(ValueError, match="none of the endpoints"):
            kg.load(tmp_path / "other")

    @pytest.mark.parametrize("outputs", [1, 2])
    def test_endpoints_of_other_kinds(self, tmp_path, outputs):
        """Labels without a number of classes; more than one output."""
        module = tf.Module()
        specs = [tf.TensorSpec((None, 3), name="latents"), tf.TensorSpec((None,), name="labels")]
        module.generate = tf.function(
            lambda latents, labels: {str(i): latents for i in range(outputs)}, specs
        )
        tf.saved_model.save(module, str(tmp_path), {"generate": module.generate})
        with pytest.raises(ValueError, match=r"not as `export\(\)` writes them"):
            kg.load(tmp_path)

    def test_signatures_without_methods(self, tmp_path):
        module = tf.Module()
        module.make = tf.function(lambda latents: latents, [tf.TensorSpec((None, 3))])
        tf.saved_model.save(module, str(tmp_path), {"generate": module.make})
        with pytest.raises(ValueError, match="none of the endpoints"):
            kg.load(tmp_path)

    def test_arguments(self, exported):
        served = kg.load(exported[1])
        for call in (
            lambda: served.sample(0),
            lambda: served.sample(2, seed=-1),
            lambda: served.sample(2, labels=[0, 1]),
            lambda: served.generate(np.zeros((2, 4))),
            lambda: served.generate(np.zeros(3)),
            lambda: served.score(np.zeros((2, 3))),
        ):
            with pytest.raises(ValueError, match=r"`(num|seed|labels|latents|x)`"):
                call()
        with pytest.raises(TypeError, match="`num`"):
            served.sample("ten")


def test_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    gan = points()
    gan.save(tmp_path / "model.keras")
    before = (tmp_path / "model.keras").read_bytes()

    def fail(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr("zipfile.ZipFile.write", fail)
    monkeypatch.setattr("zipfile.ZipFile.writestr", fail)
    with pytest.raises(OSError, match="No space"):
        gan.save(tmp_path / "model.keras")
    assert (tmp_path / "model.keras").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model.keras"]


def test_compiled_metrics_survive_saving(tmp_path):
    gan = points()
    gan.compile(metrics=[kg.metrics.FrechetDistance(), kg.metrics.ModeCoverage([[0.0, 0.0]], 0.1)])
    x = kg.data.ring_of_gaussians().sample(64, seed=0)
    logs = gan.evaluate(x, batch_size=16, verbose=0, return_dict=True)
    gan.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert [m.name for m in again.sample_metrics] == ["frechet_distance", "mode_coverage"]
    again = again.evaluate(x, batch_size=16, verbose=0, return_dict=True)
    assert again == pytest.approx(logs)
    assert {"frechet_distance", "modes_covered", "good_share"} < set(logs)


def sizes_of_calls(served, endpoint, monkeypatch):
    """A list to which the number of examples in each call of an endpoint is added."""
    sizes, (verb,) = [], served._server.verbs[endpoint]

    def counted(data, *others):
        assert all(len(other) == len(data) for other in others)
        sizes.append(len(data))
        return verb.function(data, *others)

    replaced = dataclasses.replace(verb, function=counted)
    monkeypatch.setitem(served._server.verbs, endpoint, [replaced])
    return sizes


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """SavedModels by the endpoints that they alone have."""
    folder = tmp_path_factory.mktemp("served")
    vae = kg.models.VAE(
        kg.networks.mlp_encoder((2,), 2, (4,)), kg.networks.mlp_decoder((2,), 2, (4,)), latent_dim=2
    )
    vae.export(folder / "vae")
    gan = kg.models.ConditionalGAN(
        kg.networks.mlp_generator((2,), 2, (4,), num_classes=3),
        kg.networks.mlp_discriminator((2,), (4,), num_classes=3),
        latent_dim=2,
    )
    gan.export(folder / "gan")
    vae, gan = kg.load(folder / "vae"), kg.load(folder / "gan")
    return {"generate": gan, "score": gan, "encode": vae, "reconstruct": vae}


@pytest.mark.parametrize("kind", [np.asarray, tf.constant, np.float64])
@pytest.mark.parametrize("endpoint", ["generate", "score", "encode", "reconstruct"])
def test_many_examples_go_through_in_batches(served, endpoint, kind, monkeypatch):
    model = served[endpoint]
    x = np.random.default_rng(0).uniform(-1, 1, (600, 2)).astype("float32")
    arguments = [np.arange(600) % 3] if model.conditional else []
    expected = model._server.call(endpoint, (x, *arguments), {}, batch_size=600)
    sizes = sizes_of_calls(model, endpoint, monkeypatch)
    found = getattr(model, endpoint)(kind(x), *arguments)
    assert sizes == [256, 256, 88]
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_many_samples_are_made_in_batches(tmp_path, monkeypatch):
    gan = kg.models.GAN(
        kg.networks.mlp_generator((2,), 2, (4,)),
        kg.networks.mlp_discriminator((2,), (4,)),
        latent_dim=2,
    )
    gan.export(tmp_path / "saved_model")
    served = kg.load(tmp_path / "saved_model")
    sizes = sizes_of_calls(served, "generate", monkeypatch)
    np.testing.assert_allclose(served.sample(600, seed=0), gan.sample(600, seed=0), atol=1e-6)
    assert sizes == [256, 256, 88]
    monkeypatch.setattr(_memory, "physical_memory", lambda: 16_000)
    for model in (gan, served):
        with pytest.raises(ValueError, match=r"`num` must be at most 1,000 for examples"):
            model.sample(1001)
