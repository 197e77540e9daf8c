"""Patches of the two photographs that come with scikit-learn."""

import numpy as np

from keras_gans import _checks, _memory

#: Columns of the parts of both photographs, the first of 640. Those to test on have details, too.
_PARTS = {"train": (slice(0, 320), slice(480, 640)), "test": (slice(320, 480),)}


def photographs(
    patch_size: int = 64, stride: int | None = None, split: str = "train"
) -> np.ndarray:
    """Cut patches out of two photographs 427×640×3, a temple and a flower, no download.

    Patches to test on are cut from columns 320 to 480 of each, those to train on from the others:
    no pixel is in both.

    Args:
        patch_size: Positive integer up to 160, side of a patch. Defaults to `64`.
        stride: Positive integer, pixels from one patch to the next. Defaults to `None`: a quarter
            of a patch in `"train"`, a whole one in `"test"`, where patches do not overlap.
        split: `"train"` or `"test"`. Defaults to `"train"`.

    Returns:
        Float32 array `(num, patch_size, patch_size, 3)` in [−1, 1].

    Raises:
        ValueError, TypeError: If a number is out of range, or there is no such split.

    Example:

    >>> import keras_gans as kg
    >>> kg.data.photographs(48, split="test").shape
    (48, 48, 48, 3)
    """
    from sklearn.datasets import load_sample_images

    _checks.one_of("split", split, list(_PARTS))
    size = _checks.positive_int("patch_size", patch_size)
    if size > 160:
        raise ValueError(f"`patch_size` must be at most 160. Received: patch_size={patch_size}")
    default = max(size // 4, 1) if split == "train" else size
    stride = default if stride is None else _checks.positive_int("stride", stride)
    images = np.stack(load_sample_images().images)
    patches = [_patches(images[:, :, columns], size, stride) for columns in _PARTS[split]]
    if sum(part.size for part in patches) > _memory.capacity([(1,)]):
        raise ValueError(
            "`stride` must be larger for patches that all fit in the memory of this machine at "
            f"once. Received: stride={stride} for patch_size={size}"
        )
    flat = [part.reshape(-1, size, size, 3) for part in patches]
    return np.concatenate(flat).astype("float32") / 127.5 - 1


def _patches(images, size, stride):
    """All patches of images that begin at multiples of a stride, image by image, row by row."""
    patches = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(1, 2))
    return np.moveaxis(patches[:, ::stride, ::stride], 3, -1)
