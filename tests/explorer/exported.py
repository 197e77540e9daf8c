"""SavedModels of a few weights, whose pictures differ."""

import keras

import keras_gans as kg

CLASSES = ("cat", "dog", "owl")


def pets(path, class_names=CLASSES):
    """A SavedModel of images 8×8×1 of three classes."""
    keras.utils.set_random_seed(0)
    gan = kg.models.ConditionalGAN(
        kg.networks.mlp_generator((8, 8, 1), 4, (8,), num_classes=3),
        kg.networks.mlp_discriminator((8, 8, 1), (8,), num_classes=3),
        latent_dim=4,
        class_names=class_names,
    )
    gan.generator.set_weights([6 * weight for weight in gan.generator.get_weights()])
    gan.export(path)
    return path
