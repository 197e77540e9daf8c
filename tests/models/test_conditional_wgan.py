import keras_gans as kg
from tests.models import every_model


def tiny(**kwargs):
    arguments = {"num_classes": 3, "n_critic": 2, **kwargs}
    return every_model.two_player(kg.models.ConditionalWGAN, **arguments)


def tiny_examples():
    return every_model.POINTS, every_model.LABELS
