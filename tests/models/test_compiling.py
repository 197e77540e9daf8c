"""Several optimizers, each of some networks of a model."""

import keras
import numpy as np
import pytest

import keras_gans as kg
from tests.models.test_gan import points


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


def test_summary_after_compile_and_after_loading(tmp_path, capsys):
    gan = points()
    gan.compile()
    gan.summary()
    gan.save(tmp_path / "model.keras")
    keras.models.load_model(tmp_path / "model.keras").summary()
    assert capsys.readouterr().out.count("Optimizer params") == 2
