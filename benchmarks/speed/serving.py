"""Images from a SavedModel against `predict` of the Keras model that it was made of."""

import functools
import tempfile

import numpy as np

import keras_gans as kg
from benchmarks.speed.rows import Row

LATENT_DIM = 128
CALLS = 20


def inference(batch_size, seed):
    shape = (28, 28, 1)
    gan = kg.models.WGANGP(
        kg.networks.dcgan_generator(shape, LATENT_DIM),
        kg.networks.dcgan_discriminator(shape, normalization=None),
        LATENT_DIM,
    )
    with tempfile.TemporaryDirectory() as folder:
        gan.export(folder)
        served = kg.load(folder)
    latents = np.random.default_rng(seed).normal(size=(batch_size, LATENT_DIM)).astype("float32")

    def calls(function):
        def call():
            for _ in range(CALLS):
                made = function(latents)
            return made

        return call

    return {
        "keras_gans": calls(served.generate),
        "predict": calls(
            functools.partial(gan.generator.predict, batch_size=batch_size, verbose=0)
        ),
    }


def difference(ours, other):
    return float(np.abs(ours - other).max())


ROWS = {
    f"inference_{size}": Row(
        functools.partial(inference, size),
        to_reach,
        difference=difference,
        of_results=True,
        bound=1e-5,
    )
    for size, to_reach in ((1, 2), (64, 1), (512, 1))
}
