"""An objective that looks at pairs of real and fake logits."""

import keras

import keras_gans as kg


@keras.saving.register_keras_serializable(package="tests")
def relativistic_discriminator_loss(real_logits, fake_logits):
    return keras.ops.mean(keras.ops.softplus(fake_logits - real_logits))


@keras.saving.register_keras_serializable(package="tests")
def relativistic_generator_loss(real_logits, fake_logits):
    return keras.ops.mean(keras.ops.softplus(real_logits - fake_logits))


RELATIVISTIC = kg.losses.Objective(
    relativistic_discriminator_loss, relativistic_generator_loss, "relativistic", relativistic=True
)
