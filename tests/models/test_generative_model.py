"""What the base class takes care of, whatever the model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.models.test_gan import dcgan, images, points
from tests.shared import assert_same_weights


@pytest.mark.parametrize("bad_replica", [0, 1])
def test_overflow_on_any_replica_skips_the_step_on_all(two_replicas, bad_replica):
    with two_replicas.scope():
        keras.config.set_dtype_policy("mixed_float16")
        gan = points()
        gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
    before = gan.generator.get_weights()

    @tf.function
    def step():
        def minimize():
            replica = tf.distribute.get_replica_context().replica_id_in_sync_group
            scale = tf.where(tf.equal(replica, bad_replica), np.float32(np.inf), 1.0)
            latents = gan.draw_latents(4)

            def loss():
                return kg.models.LossResult({"sum": scale * tf.reduce_sum(gan.generator(latents))})

            gan.minimize("g_optimizer", loss)

        two_replicas.run(minimize)

    step()
    for weight, value in zip(gan.generator.trainable_variables, before, strict=True):
        for copy in two_replicas.experimental_local_results(weight.value):
            np.testing.assert_array_equal(copy, value)


def test_held_out_losses_are_finite_if_a_replica_gets_no_example(two_replicas):
    with two_replicas.scope():
        gan = points(kg.models.WGANGP)
        gan.compile()
    x = kg.data.ring_of_gaussians().sample(21, seed=0)
    logs = gan.evaluate(x, batch_size=10, verbose=0)
    one = points(kg.models.WGANGP)
    one.compile()
    one.set_weights(gan.get_weights())
    np.testing.assert_allclose(logs[1:], one.evaluate(x, batch_size=10, verbose=0)[1:], atol=0.5)


def test_summary_after_compile_and_after_loading(tmp_path, capsys):
    gan = points()
    gan.compile()
    gan.summary()
    gan.save(tmp_path / "model.keras")
    keras.models.load_model(tmp_path / "model.keras").summary()
    assert capsys.readouterr().out.count("Optimizer params") == 2


def test_loading_into_a_strategy_and_out_of_it(tmp_path, two_replicas):
    with two_replicas.scope():
        gan = points(seed=1)
        gan.compile()
    x = kg.data.ring_of_gaussians().sample(64, seed=0)
    gan.fit(x, batch_size=8, verbose=0)
    gan.save(tmp_path / "model.keras")
    outside = keras.models.load_model(tmp_path / "model.keras")
    with two_replicas.scope():
        inside = keras.models.load_model(tmp_path / "model.keras")
    for model in (gan, outside, inside):
        model.fit(x, batch_size=8, shuffle=False, verbose=0)
    for model in (outside, inside):
        for u, v in zip(gan.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_allclose(u, v, rtol=1e-5, atol=1e-5)


class TestOptimizersThatCannotWork:
    def test_one_for_two_players(self):
        adam = keras.optimizers.Adam()
        with pytest.raises(ValueError, match="must be different objects"):
            points().compile(adam, adam)

    def test_made_outside_the_scope(self, two_replicas):
        adam = keras.optimizers.Adam()
        with two_replicas.scope():
            gan = points()
        with pytest.raises(ValueError, match=r"`g_optimizer` must be made inside"):
            gan.compile(g_optimizer=adam)
        gan.compile()

    def test_that_accumulate_on_replicas(self, two_replicas):
        with two_replicas.scope():
            gan = points()
            with pytest.raises(ValueError, match="must not accumulate gradients"):
                gan.compile(g_optimizer=keras.optimizers.Adam(gradient_accumulation_steps=2))


def test_optimizers_by_name_and_with_schedules():
    gan = points()
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, 100)
    gan.compile("rmsprop", keras.optimizers.Adam(schedule, clipnorm=1.0, weight_decay=1e-4))
    history = gan.fit(kg.data.swiss_roll().sample(64, seed=0), batch_size=8, verbose=0).history
    assert np.isfinite(history["d_loss"]).all()
    assert type(gan.g_optimizer).__name__ == "RMSprop"


def test_loss_scaling_follows_the_networks_not_the_model():
    keras.config.set_dtype_policy("mixed_float16")
    generator = kg.networks.mlp_generator((2,), 3, (8,))
    keras.config.set_dtype_policy("float32")
    gan = kg.models.GAN(generator, kg.networks.mlp_discriminator((2,), (8,)), latent_dim=3)
    gan.compile()
    assert isinstance(gan.g_optimizer, keras.optimizers.LossScaleOptimizer)
    assert not isinstance(gan.d_optimizer, keras.optimizers.LossScaleOptimizer)


def test_samples_are_float32_from_a_half_precision_output(tmp_path):
    generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype="bfloat16")])
    gan = kg.models.GAN(generator, kg.networks.mlp_discriminator((2,), (8,)), latent_dim=3)
    assert gan.sample(2).dtype == np.float32
    gan.export(tmp_path / "saved_model")
    assert kg.load(tmp_path / "saved_model").sample(2).dtype == np.float32


def test_evaluate_takes_keras_positions():
    gan = points()
    gan.compile()
    x = kg.data.ring_of_gaussians().sample(64, seed=0)
    assert isinstance(gan.evaluate(x, None, 64, 0), list)


def test_too_short_a_dataset_of_unknown_length_is_refused():
    gan = points(n_critic=5)
    gan.compile()
    batches = tf.data.Dataset.from_generator(
        lambda: iter(np.zeros((3, 8, 2), "float32")),
        output_signature=tf.TensorSpec((8, 2), tf.float32),
    )
    with pytest.raises(ValueError, match=r"`x` must hold at least .*one step, 5"):
        gan.fit(batches, verbose=0)


UNKNOWN_LENGTHS = {
    "last batch of any size": lambda x: tf.data.Dataset.from_tensor_slices(x).batch(8),
    "filtered": lambda x: (
        tf.data.Dataset.from_tensor_slices(x).batch(8, drop_remainder=True).filter(lambda _: True)
    ),
}


@pytest.mark.parametrize("kind", UNKNOWN_LENGTHS)
def test_nothing_is_counted_after_the_last_batch(kind):
    """Not even when it is the end of the data that ends an epoch."""
    x = kg.data.ring_of_gaussians().sample(32, seed=0)
    found = []
    for data in (x, UNKNOWN_LENGTHS[kind](x)):
        keras.utils.set_random_seed(0)
        gan = points(seed=1, techniques=[kg.techniques.InstanceNoise(0.5, decay=0.9)])
        gan.compile()
        history = gan.fit(data, batch_size=8, epochs=2, shuffle=False, verbose=0).history
        found.append((gan, history, gan.evaluate(data, batch_size=8, verbose=0)))
    (a, *expected), (b, *logs) = found
    assert logs == expected
    assert int(b.g_optimizer.iterations) == 8
    assert_same_weights(a, b)


def test_datasets_of_dictionaries_are_refused():
    gan = dcgan()
    gan.compile()
    batches = tf.data.Dataset.from_tensors({"image": images(8), "label": np.zeros(8)})
    with pytest.raises(TypeError, match=r"not dictionaries.*\['image', 'label'\]"):
        gan.fit(batches)


class TestNetworksThatCannotPlay:
    def test_subclassed(self):
        class Subclassed(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(2)

            def call(self, latents):
                return self.dense(latents)

        generator = Subclassed()
        generator(np.zeros((1, 3)))
        with pytest.raises(TypeError, match="`generator` must be a Sequential or functional"):
            kg.models.GAN(generator, kg.networks.mlp_discriminator((2,), (8,)), latent_dim=3)

    def test_with_two_outputs(self):
        inputs = keras.Input((2,))
        logits = keras.layers.Dense(1)(inputs)
        with pytest.raises(TypeError, match=r"`discriminator`.*one output"):
            kg.models.GAN(
                kg.networks.mlp_generator((2,), 3, (8,)),
                keras.Model(inputs, [logits, logits]),
                latent_dim=3,
            )


class TestPaths:
    @pytest.mark.parametrize("name", ["model.h5", "model", "model.bar"])
    def test_save_wants_keras(self, tmp_path, name):
        with pytest.raises(ValueError, match=r"`filepath` must end in '\.keras'.*model"):
            points().save(tmp_path / name)
        with pytest.raises(ValueError, match=r"`filepath` must end in '\.weights\.h5'"):
            points().save_weights(tmp_path / name)

    def test_a_folder_is_not_replaced_by_a_file(self, tmp_path):
        folder = tmp_path / "model.keras"
        folder.mkdir()
        (folder / "thesis.txt").write_text("the only copy")
        with pytest.raises(IsADirectoryError):
            points().save(folder)
        assert (folder / "thesis.txt").exists()

    def test_export_through_a_link(self, tmp_path):
        gan = points()
        gan.export(tmp_path / "version_1")
        (tmp_path / "latest").symlink_to(tmp_path / "version_1")
        gan.export(tmp_path / "latest")
        assert (tmp_path / "latest").is_symlink()
        assert kg.load(tmp_path / "latest").sample(1).shape == (1, 2)

    def test_the_working_folder_is_not_replaced(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ValueError, match="another folder than the one you work in"):
            points().export(".")
