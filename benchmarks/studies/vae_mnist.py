"""A VAE on binarized MNIST: the evidence lower bound on the test images (Kingma and Welling 2013).

Every training image is binarized anew each time that it is seen: a pixel is white with the
probability that its gray value says. The test images are binarized once, with a fixed seed. The
table gives the ELBO of the 10,000 test images, one latent draw each, in nats; and for the first of
them the evidence itself by importance sampling, beside their ELBO.

    python benchmarks/studies/vae_mnist.py

The result goes to benchmarks/results/vae_mnist.json, and a picture of samples and of
reconstructions beside it.
"""

import argparse
import pathlib
import sys
import time

import keras
import numpy as np
import tensorflow as tf

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import keras_gans as kg
from benchmarks import results
from benchmarks.training import LinearDecay, mnist

BATCH_SIZE = 100


def binarized(images, noise):
    """White or black pixels, ±1, white with probability (x + 1)/2 if the noise is uniform."""
    return np.where(noise < (images + 1) / 2, 1.0, -1.0).astype("float32")


def training_batches(images):
    def binarize(batch):
        noise = tf.random.uniform(tf.shape(batch))
        return tf.where(noise < (batch + 1) / 2, 1.0, -1.0)

    dataset = tf.data.Dataset.from_tensor_slices(images).shuffle(len(images))
    return dataset.batch(BATCH_SIZE, drop_remainder=True).map(binarize)


def train(images, test_images, options):
    keras.utils.set_random_seed(options.seed)
    shape, hidden = images.shape[1:], (options.hidden_units,) * 2
    vae = kg.models.VAE(
        kg.networks.mlp_encoder(shape, options.latent_dim, hidden),
        kg.networks.mlp_decoder(shape, options.latent_dim, hidden),
        latent_dim=options.latent_dim,
        seed=options.seed,
    )
    steps = options.epochs * (len(images) // BATCH_SIZE)
    vae.compile(keras.optimizers.Adam(LinearDecay(1e-3, steps)))
    history = vae.fit(
        training_batches(images), epochs=options.epochs, validation_data=test_images, verbose=2
    ).history
    return vae, history


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--hidden-units", type=int, default=500, help="of two layers each")
    parser.add_argument("--latent-dim", type=int, default=40)
    parser.add_argument("--evidence-images", type=int, default=1000)
    parser.add_argument("--evidence-samples", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    images, _ = mnist("train")
    test_images, _ = mnist("test")
    test_images = binarized(test_images, np.random.default_rng(0).uniform(size=test_images.shape))
    start = time.time()
    vae, history = train(images, test_images, options)
    minutes = (time.time() - start) / 60

    def bound(x):
        return vae.evaluate(x, batch_size=BATCH_SIZE, verbose=0, return_dict=True)

    few = test_images[: options.evidence_images]
    evidence = vae.log_likelihood(few, options.evidence_samples)
    results.save(
        "vae_mnist",
        options,
        {
            "test": bound(test_images),
            "first_test_images": {
                "elbo": bound(few)["elbo"],
                "log_evidence": float(evidence.mean()),
            },
            "test_elbo_by_epoch": [round(elbo, 2) for elbo in history["val_elbo"]],
            "training_minutes": round(minutes, 1),
        },
    )
    rows = [vae.sample(60, seed=0), few[:20], vae.reconstruct(few[:20])]
    kg.data.save_grid(np.concatenate(rows), results.FOLDER / "vae_mnist.png", columns=20)


if __name__ == "__main__":
    main()
