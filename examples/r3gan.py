"""
Title: R3GAN on handwritten digits
Description: A relativistic loss, two gradient penalties, and no other tricks.
Accelerator: None (two CPU cores are enough)
"""

"""
## Introduction

GANs have a name for needing tricks. R3GAN
([Huang et al., 2024](https://arxiv.org/abs/2501.05441)) starts from a loss that converges, and then
leaves the tricks out: no normalization, no noise, no averages over a batch, and networks that look
like any modern ResNet.

The loss is *relativistic*: the discriminator does not say whether an image is real, but which one
of a pair is, a real and a generated one. So the generator cannot win by sending all its images to
the same place, next to a few real ones: that is how it keeps all *modes* of the data. Such a game
need not settle down; it does with two penalties on the slope of the discriminator, at real images
(R1) and at generated ones (R2).

## Setup
"""

import pathlib
import sys

import keras
import numpy as np

import keras_gans as kg

keras.utils.set_random_seed(0)

"""
The dataset is one constant: `mnist` is downloaded once; `digits` comes with scikit-learn, and is
quicker. The run is counted in steps, and each step takes two mini-batches: one for the
discriminator, one for the generator.
"""

DATASET = sys.argv[1] if len(sys.argv) > 1 else "mnist"

LATENT_DIM = 64
FILTERS = 64
BATCH_SIZE = 32
GAMMA = 0.1
LEARNING_RATE = 5e-4
ROUNDS = 10
STEPS_PER_ROUND = {"digits": 100}.get(DATASET, 300)
OUTPUT = pathlib.Path("output") / f"r3gan_{DATASET}"

"""
## Data

With `labels=True` a mini-batch is images and their classes.
"""

train, info = kg.data.load(DATASET, batch_size=BATCH_SIZE, labels=True, seed=0)
test, _ = kg.data.load(DATASET, split="test", batch_size=100, labels=True)
print(info)

"""
## Networks

The game asks one thing of its networks: a discriminator without batch normalization, as its
penalties are on the slope at each image by itself. The DCGAN's networks learn digits within minutes
on a CPU; their generator is normalized over the batch, which the paper's is not.
`kg.networks.r3gan_generator` and `r3gan_discriminator` are the paper's, whose initialization takes
the place of normalization. They are made for long training on GPUs.
"""

sizes = {"filters": FILTERS, "num_classes": info.num_classes}
generator = kg.networks.dcgan_generator(info.image_shape, LATENT_DIM, **sizes)
discriminator = kg.networks.dcgan_discriminator(info.image_shape, normalization=None, **sizes)
print(f"{generator.count_params():,} and {discriminator.count_params():,} weights")

"""
## Training

γ weighs the penalties. `burn_in` is the part of the run in which the numbers of the training change
as in the paper, here all of it: γ falls to a tenth, and the average of the generator's weights that
samples are drawn from becomes longer. Our own optimizers take the place of the paper's, whose
learning rates are for batches of 512: one that begins at 5e-4 and falls to zero suits a short run.
"""

steps = ROUNDS * STEPS_PER_ROUND


def adam():
    return keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps), beta_1=0.0, beta_2=0.99
    )


gan = kg.models.R3GAN(
    generator, discriminator, LATENT_DIM, gamma=GAMMA, burn_in=steps, ema_decay=0.998
)
gan.compile(g_optimizer=adam(), d_optimizer=adam(), steps_per_execution=10)
gan.fit(
    train.repeat(),
    epochs=ROUNDS,
    steps_per_epoch=STEPS_PER_ROUND,
    validation_data=test,
    callbacks=[kg.callbacks.SampleGrid(OUTPUT / "samples")],
    verbose=2,
)

"""
`d_loss` is log 2 = 0.69 while the discriminator cannot tell the images of a pair apart. `r1` and
`r2` are half the mean squared slopes, at real images and at generated ones. A discriminator is as
steep at the ones as at the others when generated images lie where real ones do.

## Look

A row a class, not selected: they are the first hundred of seed 0.
"""

labels = np.repeat(np.arange(info.num_classes), 10)
kg.data.save_grid(gan.sample(len(labels), labels, seed=0), OUTPUT / "grid.png", columns=10)

"""
## Save, load, serve

A `.keras` file holds everything, the place in the burn-in too, to train on from here. A SavedModel
is for inference: here it draws sevens.
"""

gan.save(OUTPUT / "model.keras")
again = keras.models.load_model(OUTPUT / "model.keras")
print(f"γ is {again.gamma:.3f} from here on.")

again.export(OUTPUT / "saved_model")
served = kg.load(OUTPUT / "saved_model")
kg.data.save_grid(served.sample(16, labels=7, seed=1), OUTPUT / "served.png")

print(f"Look at {OUTPUT / 'grid.png'}, and at {OUTPUT / 'samples' / 'animation.gif'}.")
