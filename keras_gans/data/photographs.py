"""Patches of the two photographs that come with scikit-learn."""

import numpy as np

from keras_gans import _checks

#: Where the part to test on begins: in both photographs the last quarter of the columns.
_TEST_FROM = 480


def photographs(
    patch_size: int = 64, stride: int | None = None, split: str = "train"
) -> np.ndarray:
    """Cut patches out of two photographs 427×640×3, a temple and a flower, no download.

    Patches to test on are cut from the last 160 columns of each, those to train on from the others:
    no pixel is in both.

    Args:
        patch_size: Positive integer, side of a patch: up to 427 to train on, up to 160 to test on.
            Defaults to `64`.
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

    _checks.one_of("split", split, ["train", "test"])
    size = _checks.positive_int("patch_size", patch_size)
    columns = {"train": slice(0, _TEST_FROM), "test": slice(_TEST_FROM, None)}[split]
    parts = np.stack(load_sample_images().images)[:, :, columns]
    if size > min(parts.shape[1:3]):
        raise ValueError(
            f"`patch_size` must be at most {min(parts.shape[1:3])} for the split {split!r}. "
            f"Received: patch_size={patch_size}"
        )
    default = max(size // 4, 1) if split == "train" else size
    stride = default if stride is None else _checks.positive_int("stride", stride)
    patches = np.lib.stride_tricks.sliding_window_view(parts, (size, size), axis=(1, 2))
    patches = np.moveaxis(patches[:, ::stride, ::stride], 3, -1).reshape(-1, size, size, 3)
    return patches.astype("float32") / 127.5 - 1
