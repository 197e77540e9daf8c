"""Calls of what reads and writes data, and of callbacks, which write it."""

import numpy as np

import keras_gans as kg
from tests.fuzz.call import IMAGE, Call, images, model

data = kg.data
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1])


def first_batch(dataset_and_info):
    dataset = dataset_and_info
    if isinstance(dataset, tuple):
        dataset, _ = dataset
    return list(dataset.take(1))


def draw_pictures(callback):
    callback.set_model(model("DCGAN"))
    callback.on_train_begin()
    callback.on_epoch_end(0)
    callback.on_train_end()


def write_report(callback):
    callback.set_model(model("DCGAN"))
    callback.set_params({"epochs": 1, "steps": 2})
    callback.on_train_begin()
    callback.on_epoch_begin(0)
    callback.on_epoch_end(0, {"g_loss": 1.0})
    callback.on_train_end()


def pictures():
    return {"images": images(), "filepath": "grid.png"}


CALLS = {
    "load": Call(kg.load, lambda: {"filepath": "nowhere"}, errors=(OSError,)),
    "data.DatasetInfo": Call(
        data.DatasetInfo,
        lambda: dict(name="a", image_shape=IMAGE, num_examples=1, num_classes=None, split="train"),
    ),
    "data.Spec": Call(
        data.Spec,
        lambda: {
            "shape": (2,),
            "kind": "integer",
            "value_range": (0, 2),
            "num_classes": 2,
            "class_names": ("cat", "dog"),
        },
    ),
    "data.TextInfo": Call(
        data.TextInfo,
        lambda: dict(name="a", vocabulary="ab", num_examples=1, length=2, split="train"),
    ),
    "data.ToyDensity": Call(
        data.ToyDensity,
        lambda: {"name": "a", "sampler": lambda num, rng: rng.normal(size=(num, 2))},
        use=lambda density: density.sample(2),
    ),
    "data.ToyDensity.sample": Call(
        data.ToyDensity.sample, lambda: {"num": 3}, of=data.ring_of_gaussians
    ),
    "data.drawn_shapes": Call(data.drawn_shapes, lambda: {"num": 3, "image_size": 8}),
    "data.grid_of_gaussians": Call(data.grid_of_gaussians, use=lambda density: density.sample(2)),
    "data.ring_of_gaussians": Call(data.ring_of_gaussians, use=lambda density: density.sample(2)),
    "data.swiss_roll": Call(data.swiss_roll, use=lambda density: density.sample(2)),
    "data.to_uint8": Call(data.to_uint8, lambda: {"images": images()}),
    "data.image_grid": Call(data.image_grid, lambda: {"images": images()}),
    "data.save_grid": Call(data.save_grid, pictures, errors=(OSError,)),
    "data.save_paths": Call(
        data.save_paths,
        lambda: {"images": images()[None], "filepath": "paths.png"},
        errors=(OSError,),
    ),
    "data.save_animation": Call(
        data.save_animation,
        lambda: {"frames": [data.image_grid(images())] * 2, "filepath": "frames.gif"},
        errors=(OSError,),
    ),
    "data.load": Call(
        data.load,
        lambda: {"source": (images(8), LABELS), "batch_size": 2, "labels": True},
        use=first_batch,
        errors=(OSError,),
    ),
    "data.load, digits": Call(
        data.load, lambda: {"source": "digits"}, use=first_batch, errors=(OSError,)
    ),
    "data.photographs": Call(
        data.photographs, lambda: {"patch_size": 160, "stride": 160, "split": "test"}
    ),
    "data.load_text": Call(
        data.load_text,
        lambda: {"source": "to be, or not", "length": 4, "batch_size": 2},
        use=first_batch,
        errors=(OSError,),
    ),
    "data.semi_supervised_batches": Call(
        data.semi_supervised_batches,
        lambda: {"images": images(8), "labels": LABELS - 1, "batch_size": 2},
        use=first_batch,
    ),
    "data.vocabulary_size": Call(data.vocabulary_size, lambda: {"vocabulary": "ab"}),
    "callbacks.SampleGrid": Call(
        kg.callbacks.SampleGrid,
        lambda: {"directory": "samples", "num": 2},
        use=draw_pictures,
        errors=(OSError,),
    ),
    "callbacks.LatentInterpolation": Call(
        kg.callbacks.LatentInterpolation,
        lambda: {"directory": "paths", "num": 2, "steps": 2},
        use=draw_pictures,
        errors=(OSError,),
    ),
    "callbacks.Checkpoint": Call(
        kg.callbacks.Checkpoint,
        lambda: {"folder": "run", "every": 2, "configuration": {"rate": 0.1}},
        use=lambda checkpoint: checkpoint.run.claim(checkpoint.configuration),
        errors=(OSError,),
    ),
    "callbacks.Report": Call(
        kg.callbacks.Report,
        lambda: {"filepath": "report.html", "num": 2, "configuration": {"rate": 0.1}},
        use=write_report,
        errors=(OSError,),
    ),
    "callbacks.TerminateOnNaN": Call(kg.callbacks.TerminateOnNaN),
}
