"""The `output_activation` of every builder that takes one."""

import keras
import pytest

from keras_gans import networks

pytestmark = pytest.mark.first_cases

IMAGE = (8, 8, 1)
SMALL = {"filters": 2, "max_filters": 2}
BUILDERS = {
    "mlp": lambda activation: networks.mlp_generator(IMAGE, 3, (8,), output_activation=activation),
    "dcgan": lambda activation: networks.dcgan_generator(
        IMAGE, 3, output_activation=activation, **SMALL
    ),
    "r3gan": lambda activation: networks.r3gan_generator(
        IMAGE, 3, output_activation=activation, **SMALL
    ),
    "stylegan2": lambda activation: networks.stylegan2_generator(
        IMAGE, 3, output_activation=activation, code_dim=4, **SMALL
    ),
}


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("error, value", [(ValueError, "no_such_name"), (TypeError, 3)])
def test_what_is_no_activation_is_refused(name, error, value):
    message = f"`output_activation` must be a Keras activation.*output_activation={value!r}"
    with pytest.raises(error, match=message):
        BUILDERS[name](value)


@pytest.mark.parametrize("name", BUILDERS)
def test_names_and_functions_are_taken(name):
    shapes = {BUILDERS[name](x).output_shape for x in (None, "tanh", keras.activations.sigmoid)}
    assert shapes == {(None, *IMAGE)}
