"""Valid calls of what makes models again."""

import keras_gans as kg
from tests.fuzz.call import Call

CALLS = {
    "presets.list": Call(kg.presets.list),
    "presets.get": Call(kg.presets.get, lambda: {"name": "wgan_gp_digits"}),
    "presets.Preset": Call(kg.presets.Preset, lambda: {"name": "mine"}),
    "presets.ImagePreset": Call(kg.presets.ImagePreset, lambda: {"name": "mine"}),
    "models.from_preset": Call(
        kg.models.from_preset,
        lambda: {
            "preset": "wgan_gp_digits",
            "load_weights": False,
            "filters": 2,
            "n_critic": 1,
            "gp_weight": 1.0,
        },
        errors=(OSError,),
        cost=10,
    ),
}
