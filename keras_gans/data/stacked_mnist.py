"""Stacked MNIST: three digits as the color channels of one image, which makes 1,000 classes.

A generator's modes can be counted on it, as a classifier of digits tells every channel's class.
Metz et al. 2017, Unrolled Generative Adversarial Networks, section 3.3.1; 128,000 images drawn once
are the training set of Srivastava et al. 2017 (VEEGAN) and Lin et al. 2018 (PacGAN).
"""

import numpy as np
import tensorflow as tf

#: How many images a split has: PacGAN's training images, and as many others as it draws samples.
SIZES = {"train": 128_000, "test": 26_000}

#: The digits in the red, the green and the blue channel, in this order.
CLASS_NAMES = tuple(f"{label:03}" for label in range(1000))


def stacks(classes, num, seed=0):
    """Draw which digits are stacked: independent and uniform, the same at every call.

    Args:
        classes: Integers `(num_digits,)`, the class of each digit.
        num: Integer, how many images.
        seed: Integer. Defaults to `0`.

    Returns:
        `(places, labels)`: int32 places `(num, 3)` of the digits in red, green and blue, and int32
        labels `(num,)`, 100 times the class in red, plus 10 times that in green, plus that in blue.
    """
    draw = np.random.RandomState(seed)  # whose numbers are the same in every version of NumPy
    places = draw.randint(len(classes), size=(num, 3)).astype("int32")
    return places, (classes[places] @ np.array([100, 10, 1])).astype("int32")


def stacked(digits, places):
    """Images of digits `(num_digits, height, width, 1)` at places `(batch, 3)`, float32."""
    channels = tf.gather(digits, places)[..., 0]
    return tf.cast(tf.transpose(channels, (0, 2, 3, 1)), tf.float32)
