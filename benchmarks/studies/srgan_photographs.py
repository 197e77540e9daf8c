"""SRGAN on two photographs: what the distance of pixels, and then a discriminator, make of them.

Patches to train on and to test on are from different parts of the photographs that come with
scikit-learn. A generator is trained in the two phases of the paper: on the distance of pixels, and
then on that of features with a discriminator. The features are those of the first two convolutions
of a classifier that learned which way a patch was turned and mirrored: as fine as the image, they
see every pixel, as the paper's φ₂,₂ does. Deeper ones, of every second pixel, left patterns of two
pixels to the discriminator, and they were to be seen. The generator has no batch normalization,
which the paper's has: without, it learned faster from pixels here, and from fewer images at a time.

After each phase, and for bicubic interpolation, held-out pieces give the peak signal-to-noise
ratio and the structural similarity, which ask for the right pixels; and the Fréchet distance of
features, which asks whether what is made looks like photographs. Those features are deeper ones of
another classifier, which no generator was trained with.

    python benchmarks/studies/srgan_photographs.py

The result goes to benchmarks/results/srgan_photographs.json, and a picture beside it.
"""

import argparse
import pathlib
import sys
import time

import keras
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results

COLUMNS = 10


def in_eight_ways(patches):
    """Patches turned and mirrored."""
    turned = [np.rot90(patches, k, axes=(1, 2)) for k in range(4)]
    return np.concatenate([*turned, *(x[:, :, ::-1] for x in turned)])


def classifier_of_ways(patches, seed, steps):
    """Networks up to each of six convolutions, and the share of the eight ways that they know."""
    keras.utils.set_random_seed(seed)
    images, ways = in_eight_ways(patches), np.repeat(np.arange(8), len(patches))
    inputs = keras.Input((None, None, 3))
    x, features = inputs, []
    for filters, strides in ((32, 1), (32, 1), (64, 2), (64, 1), (64, 2), (64, 2)):
        x = keras.layers.Conv2D(
            filters, 3, strides, padding="same", kernel_initializer="he_normal"
        )(x)
        x = keras.layers.LeakyReLU(0.1)(x)
        features.append(keras.Model(inputs, x))
    logits = keras.layers.Dense(8)(keras.layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, logits)
    rate = keras.optimizers.schedules.CosineDecay(7e-4, steps, alpha=0.02)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    batches, _ = kg.data.load((images, ways), batch_size=32, labels=True, seed=seed)
    history = model.fit(batches.repeat(), steps_per_epoch=steps, verbose=2).history
    return features, history["accuracy"][-1]


def rescaled(features, patches):
    """The features with a standard deviation of 1, so that their distance is not that of a unit."""
    deviation = features.predict(patches[:256], verbose=0).std()
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, keras.layers.Rescaling(1 / float(deviation))(features(inputs)))


def make(features, options):
    keras.utils.set_random_seed(options.seed)
    shape = (options.patch_size, options.patch_size, 3)
    gan = kg.models.SRGAN(
        kg.networks.srgan_generator(
            3, options.scale, options.filters, options.blocks, normalization=None
        ),
        kg.networks.srgan_discriminator(shape, options.filters),
        features,
        pretraining_steps=options.pretraining_steps,
        adversarial_weight=options.adversarial_weight,
        ema_decay=0.99,
        seed=options.seed,
    )
    rate = keras.optimizers.schedules.CosineDecay(
        options.learning_rate, options.pretraining_steps, alpha=0.1
    )
    gan.compile(
        g_optimizer=keras.optimizers.Adam(rate, name="g_adam"),
        d_optimizer=keras.optimizers.Adam(options.learning_rate / 10, name="d_adam"),
        steps_per_execution=10,
    )
    return gan


def distance(made, real, features):
    """How far what is made is from photographs, whichever pixels would be right."""

    def pooled(images):
        return keras.ops.mean(features(images, training=False), axis=(1, 2))

    metric = kg.metrics.FrechetDistance(pooled)
    for start in range(0, len(real), 64):
        metric.update_state(real[start : start + 64], made[start : start + 64])
    return float(metric.result())


def psnr_and_ssim(real, made, options):
    """Of the luminance of all pieces as one image, so that flat ones do not decide."""
    real, made = (images.reshape(1, -1, *images.shape[2:]) for images in (real, made))
    found = {}
    for kind in (kg.metrics.PSNR, kg.metrics.SSIM):
        metric = kind(luminance=True, border=options.scale)
        metric.update_state(real, made)
        found[metric.name] = float(metric.result())
    return found


def enlarged_by_formula(low, options):
    return np.clip(kg.layers.bicubic_upsample(low, options.scale), -1, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=int, default=2)
    parser.add_argument("--pretraining-steps", type=int, default=24_000)
    parser.add_argument("--pretraining-batch-size", type=int, default=4)
    parser.add_argument("--adversarial-steps", type=int, default=800)
    parser.add_argument("--adversarial-batch-size", type=int, default=16)
    parser.add_argument("--filters", type=int, default=32)
    parser.add_argument("--blocks", type=int, default=4)
    parser.add_argument("--patch-size", type=int, default=48)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--adversarial-weight", type=float, default=1e-3)
    parser.add_argument("--classifier-steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    size = options.patch_size
    train = kg.data.photographs(size)
    large = kg.data.photographs(160, split="test")
    overlapping = kg.data.photographs(size, stride=size // 4, split="test")
    learned, accuracy = classifier_of_ways(train, options.seed, options.classifier_steps)
    judge, _ = classifier_of_ways(train, options.seed + 1, options.classifier_steps)
    gan = make(rescaled(learned[1], train), options)
    low = np.concatenate([gan.shrunk(part) for part in np.array_split(overlapping, 8)])
    large_low = gan.shrunk(large)
    interpolated = enlarged_by_formula(low, options)

    values = {"bicubic": psnr_and_ssim(large, enlarged_by_formula(large_low, options), options)}
    made, minutes = {"bicubic": interpolated}, {}
    phases = {
        "pixels": (options.pretraining_steps, options.pretraining_batch_size),
        "adversarial": (options.adversarial_steps, options.adversarial_batch_size),
    }
    many = in_eight_ways(train)
    for phase, (steps, batch_size) in phases.items():
        start = time.process_time()
        batches, _ = kg.data.load(many, batch_size=batch_size, seed=options.seed)
        epochs = max(steps // 400, 1)
        gan.fit(batches.repeat(), epochs=epochs, steps_per_epoch=steps // epochs, verbose=2)
        minutes[phase] = round((time.process_time() - start) / 60, 1)
        values[phase] = psnr_and_ssim(large, gan.upscale(large_low), options)
        made[phase] = gan.upscale(low)
    for name, images in made.items():
        values[name]["frechet_distance"] = distance(images, overlapping, judge[3])
    gain = values["pixels"]["psnr"] - values["bicubic"]["psnr"]

    shown = np.linspace(0, len(overlapping) - 1, COLUMNS).astype(int)
    enlarged = low.repeat(options.scale, axis=1).repeat(options.scale, axis=2)
    rows = [enlarged, *made.values(), overlapping]
    picture = np.concatenate([images[shown] for images in rows])
    path = results.FOLDER / "srgan_photographs.png"
    kg.data.save_grid(picture, path, columns=COLUMNS, scale=2)
    protocol = {
        "train": f"{len(train)} patches of columns 0 to 320 and 480 to 640, turned and mirrored",
        "test": f"{len(large)} pieces 160×160 of the others, as one image, for psnr and ssim of "
        "the luminance, "
        f"{len(overlapping)} that overlap for the distance",
        "rows_of_the_picture": ["low", *made, "original"],
        "accuracy_of_the_classifier_of_eight_ways": accuracy,
        "cpu_minutes_of_training": minutes,
    }
    values["psnr_of_pixels_above_bicubic"] = gain
    results.save("srgan_photographs", options, {"protocol": protocol, **values})


if __name__ == "__main__":
    main()
