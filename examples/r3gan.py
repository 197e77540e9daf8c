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

import keras_gans as kg

keras.utils.set_random_seed(0)

"""
The dataset is one constant: `mnist` is downloaded once; `digits` comes with scikit-learn, and is
quicker. The run is counted in steps, and each step takes two mini-batches: one for the
discriminator, one for the generator.
"""

DATASET = sys.argv[1] if len(sys.argv) > 1 else "mnist"

LATENT_DIM = 32
FILTERS = 16
MAX_FILTERS = {"digits": 64}.get(DATASET, 128)
BATCH_SIZE = 32
GAMMA = 0.5
ROUNDS = 10
STEPS_PER_ROUND = {"digits": 100}.get(DATASET, 150)
OUTPUT = pathlib.Path("output") / f"r3gan_{DATASET}"

"""
## Data
"""

train, info = kg.data.load(DATASET, batch_size=BATCH_SIZE, seed=0)
test, _ = kg.data.load(DATASET, split="test", batch_size=100)
print(info)

"""
## Networks

The blocks have grouped convolutions of 3×3 between two convolutions of 1×1. The last of a block
starts at zero, so that the whole network starts as little more than a change of resolution. The
paper's networks have 768 channels and 20 million weights; these have a fraction of a million.
"""

sizes = {"filters": FILTERS, "max_filters": MAX_FILTERS, "num_blocks": 1}
generator = kg.networks.r3gan_generator(info.image_shape, LATENT_DIM, **sizes)
discriminator = kg.networks.r3gan_discriminator(info.image_shape, **sizes)
print(f"{generator.count_params():,} and {discriminator.count_params():,} weights")

"""
## Training

γ weighs the penalties. `burn_in` is the part of the run in which the numbers of the training change
as in the paper: γ falls to a tenth, the learning rate to a quarter, and the averages, those of Adam
and that of the generator, become longer. The rest of the run keeps them.
"""

gan = kg.models.R3GAN(
    generator,
    discriminator,
    LATENT_DIM,
    gamma=GAMMA,
    burn_in=ROUNDS * STEPS_PER_ROUND // 2,
    ema_decay=0.995,
)
gan.compile(steps_per_execution=10)
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
`r2` are the squared slopes: while the two are near each other, generated images lie where real ones
do.

## Look

These images are not selected: they are the first hundred of seed 0.
"""

kg.data.save_grid(gan.sample(100, seed=0), OUTPUT / "grid.png")

"""
## Save, load, serve

A `.keras` file holds everything, the place in the burn-in too, to train on from here. A SavedModel
is for inference.
"""

gan.save(OUTPUT / "model.keras")
again = keras.models.load_model(OUTPUT / "model.keras")
print(f"γ is {again.gamma:.3f} from here on.")

again.export(OUTPUT / "saved_model")
served = kg.load(OUTPUT / "saved_model")
kg.data.save_grid(served.sample(16, seed=1), OUTPUT / "served.png")

print(f"Look at {OUTPUT / 'grid.png'}, and at {OUTPUT / 'samples' / 'animation.gif'}.")
