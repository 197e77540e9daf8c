"""
Title: WGAN-GP on handwritten digits
Description: A Wasserstein GAN with gradient penalty learns to write digits, in a few minutes.
Accelerator: None (two CPU cores are enough)
"""

"""
## Introduction

A *generator* turns random latent vectors into images. A *critic* gives every image a number, and
tries to give real images high numbers and generated ones low numbers. If the critic's slope is at
most one everywhere, the largest gap between the two averages is the Wasserstein distance between
real and generated images: the least work that turns the one set of images into the other. The
generator learns by making that distance small.

WGAN-GP ([Gulrajani et al., 2017](https://arxiv.org/abs/1704.00028)) keeps the slope near one by a
penalty on the norm of the critic's gradient, between real and generated images.

## Setup
"""

import pathlib
import sys

import keras

import keras_gans as kg

keras.utils.set_random_seed(0)

"""
The dataset is one constant. `digits` comes with scikit-learn and takes two minutes on two CPU
cores; `mnist` is downloaded once, and takes about an hour: `python examples/wgan_gp.py mnist`.

MNIST is trained in bfloat16, which processors with AVX512-BF16 or AMX, and all newer GPUs, compute
half as long as float32. Weights, losses and the penalty remain in float32. Where the processor has
no bfloat16, set `PRECISION` to `"float32"`.
"""

DATASET = sys.argv[1] if len(sys.argv) > 1 else "digits"

LATENT_DIM = 64
FILTERS = 64
CRITIC_FILTERS = {"digits": 64}.get(DATASET, 32)
PRECISION = {"digits": "float32"}.get(DATASET, "mixed_bfloat16")
BATCH_SIZE = {"digits": 64}.get(DATASET, 32)
N_CRITIC = {"digits": 5}.get(DATASET, 3)
RUNS = {"digits": [(5e-4, 12)]}.get(DATASET, [(5e-4, 45), (3e-4, 15)])  # learning rates, rounds
STEPS_PER_ROUND = {"digits": 200}.get(DATASET, 1000)
OUTPUT = pathlib.Path("output") / f"wgan_gp_{DATASET}"

keras.config.set_dtype_policy(PRECISION)

"""
## Data

Images are scaled to [−1, 1]. One step draws a mini-batch for each update of the critic, so the
dataset is repeated and a round is counted in steps.
"""

train, info = kg.data.load(DATASET, batch_size=BATCH_SIZE, seed=0)
test, _ = kg.data.load(DATASET, split="test", batch_size=100)
print(info)

"""
## Networks

Both follow the guidelines of DCGAN: strided convolutions, ReLU and tanh in the generator, leaky
ReLU in the critic. The critic has no batch normalization, because the penalty is about the gradient
of each image on its own.
"""


def networks():
    generator = kg.networks.dcgan_generator(info.image_shape, LATENT_DIM, filters=FILTERS)
    critic = kg.networks.dcgan_discriminator(
        info.image_shape, filters=CRITIC_FILTERS, normalization=None
    )
    return generator, critic


"""
## Training

`WGANGP` is a `keras.Model`: compile it and fit it. Samples are drawn from a moving average of the
generator, which is steadier than its latest step. Both learning rates fall to zero along a straight
line, as in the paper's code for CIFAR-10; MNIST has a second, shorter run from a lower rate. After
each round a grid of images of the same latent vectors goes to `output/`, so that you can watch the
digits form.
"""


def adam(learning_rate, updates):
    schedule = keras.optimizers.schedules.PolynomialDecay(learning_rate, updates, 0.0)
    return keras.optimizers.Adam(schedule, beta_1=0.0, beta_2=0.9)


arguments = {"latent_dim": LATENT_DIM, "n_critic": N_CRITIC, "ema_decay": 0.999}
gan = kg.models.WGANGP(*networks(), **arguments)
first = 0
for learning_rate, rounds in RUNS:
    steps = rounds * STEPS_PER_ROUND
    gan.compile(
        g_optimizer=adam(learning_rate, steps),
        d_optimizer=adam(learning_rate, steps * N_CRITIC),
        steps_per_execution=10,
    )
    gan.fit(
        train.repeat(),
        initial_epoch=first,
        epochs=first + rounds,
        steps_per_epoch=STEPS_PER_ROUND,
        validation_data=test,
        callbacks=[kg.callbacks.SampleGrid(OUTPUT / "samples")],
        verbose=2,
    )
    first += rounds

"""
`wasserstein_estimate` falls while the generator learns; on the held-out images it tells whether the
critic has memorized the digits.

## Look

These images are not selected: they are the first hundred of seed 0.
"""

kg.data.save_grid(gan.sample(100, seed=0), OUTPUT / "grid.png")

"""
## Save, load, serve

A `.keras` file holds everything, to train on from here. A SavedModel is for inference: it needs
none of the training code. It is made from networks that compute in float32, as any processor can,
with the weights that were learned.
"""

gan.save(OUTPUT / "model.keras")
again = keras.models.load_model(OUTPUT / "model.keras")

keras.config.set_dtype_policy("float32")
portable = kg.models.WGANGP(*networks(), **arguments)
portable.set_weights(gan.get_weights())
portable.export(OUTPUT / "saved_model")
served = kg.load(OUTPUT / "saved_model")
kg.data.save_grid(served.sample(16, seed=1), OUTPUT / "served.png")

print(f"Look at {OUTPUT / 'grid.png'}, and at {OUTPUT / 'samples' / 'animation.gif'}.")
print(f"Load {OUTPUT / 'saved_model'} with keras_gans.load.")
