import numpy as np
import pytest
import tensorflow as tf

import keras_gans as kg
from tests.models import every_model
from tests.models.test_gan import points
from tests.shared import ModelTests


def tiny(**kwargs):
    return every_model.two_player(kg.models.WGAN, **{"n_critic": 2, **kwargs})


def tiny_examples():
    return every_model.POINTS, None


class TestWGAN(ModelTests):
    def make_model(self):
        return points(kg.models.WGAN, n_critic=2, clip_value=0.02, seed=1)

    @property
    def examples(self):
        return kg.data.ring_of_gaussians().sample(64, seed=0)


def largest_weight(network):
    return max(np.abs(v.numpy()).max() for v in network.trainable_variables)


def test_defaults_are_the_papers():
    gan = points(kg.models.WGAN)
    gan.compile()
    assert (gan.n_critic, gan.clip_value) == (5, 0.01)
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        config = optimizer.get_config()
        assert optimizer.__class__.__name__ == "RMSprop"
        assert config["learning_rate"] == pytest.approx(5e-5)


def test_clips_every_critic_weight_after_every_update():
    gan = points(kg.models.WGAN)
    gan.compile()
    gan.discriminator.layers[-1].bias.assign([3.0])
    assert largest_weight(gan.discriminator) > 0.01
    x = kg.data.ring_of_gaussians().sample(8, seed=0)
    gan.train_discriminator(tf.constant(x))
    assert largest_weight(gan.discriminator) <= np.float32(0.01)
    assert largest_weight(gan.generator) > 0.01


def test_clips_on_two_replicas(two_replicas):
    with two_replicas.scope():
        gan = points(kg.models.WGAN)
        gan.compile()
    gan.fit(kg.data.ring_of_gaussians().sample(80, seed=0), batch_size=8, verbose=0)
    for variable in gan.discriminator.trainable_variables:
        for copy in two_replicas.experimental_local_results(variable.value):
            assert np.abs(copy.numpy()).max() <= np.float32(0.01)


@pytest.mark.parametrize("clip_value", [0, -0.01, float("nan")])
def test_clip_value_must_be_positive(clip_value):
    with pytest.raises(ValueError, match="`clip_value`"):
        points(kg.models.WGAN, clip_value=clip_value)
