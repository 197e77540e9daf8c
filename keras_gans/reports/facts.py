"""What there is to know of a model, its data and the machine, as tables of a page."""

import dataclasses
import math
import os
import platform
import shlex
import sys
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gans import _replicas
from keras_gans._configured import MADE_WITH
from keras_gans._typing import Config
from keras_gans._version import __version__
from keras_gans.reports.charts import number
from keras_gans.reports.page import Table

_PLAIN = (bool, int, float, str, type(None))


def of_model(model: keras.Model) -> list[Table]:
    """Tables of a model's arguments, networks and optimizers.

    Args:
        model: Compiled model.
    """
    about = [["class", type(model).__name__]]
    doc = (type(model).__doc__ or "").strip().splitlines()
    if doc and type(model).__module__.startswith("keras_gans."):
        about.append(["what it is", doc[0]])
    about += [[name, described(value)] for name, value in arguments(model).items()]
    of_networks = ["network", "parameters", "trainable", "layers", "from", "to"]
    of_optimizers = ["optimizer", "kind", "networks", "learning rate", "settings"]
    return [
        Table("Model", about),
        Table("Networks", [_network(*each) for each in networks(model).items()], of_networks),
        Table("Optimizers", [_optimizer(model, name) for name in optimizers(model)], of_optimizers),
    ]


def arguments(model: keras.Model) -> Config:
    """What a model was made with, without its networks."""
    parts = {id(network) for network in networks(model).values()}
    made_with = vars(model).get(MADE_WITH, {})
    found = {n: vars(model).get(n) if value is None else value for n, value in made_with.items()}
    return {n: value for n, value in found.items() if id(value) not in parts and n != "name"}


def networks(model: keras.Model) -> dict[str, keras.Model]:
    """The networks of a model, by the names of its attributes."""
    found: dict[int, tuple[str, keras.Model]] = {}
    for name, value in vars(model).items():
        if name.startswith("_"):
            continue
        parts = value if isinstance(value, (list, tuple)) else [value]
        for i, part in enumerate(parts):
            if isinstance(part, keras.Model):
                found.setdefault(id(part), (name if part is value else f"{name} {i + 1}", part))
    return dict(found.values())


def optimizers(model: keras.Model) -> dict[str, keras.optimizers.Optimizer]:
    """The optimizers of a model by name."""
    names = getattr(model, "optimizer_networks", ["optimizer"])
    return {name: getattr(model, name) for name in names if getattr(model, name, None) is not None}


def learning_rates(model: keras.Model) -> dict[str, float]:
    """The learning rate of each optimizer as it is now."""
    return {
        f"learning rate of {name}": float(ops.convert_to_numpy(optimizer.learning_rate))
        for name, optimizer in optimizers(model).items()
    }


def described(value: Any) -> str:
    """An argument in a few words."""
    if isinstance(value, _PLAIN):
        return "none" if value is None else str(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(described, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name}={described(part)}" for name, part in value.items()) or "none"
    if isinstance(value, np.generic):
        return str(value)
    kind = type(value).__name__
    if hasattr(value, "get_config"):
        try:
            config = value.get_config()
        except (NotImplementedError, TypeError, OSError):  # of a part without a config
            return kind
        plain = [f"{k}={v}" for k, v in config.items() if _is_plain(v) and k != "name"]
        return f"{kind}({', '.join(plain)})"
    return str(getattr(value, "name", None) or getattr(value, "__name__", kind))


def of_data(dataset: Any) -> Table:
    """A table of a `DatasetInfo` or a `TextInfo`; without one, an empty table."""
    found = {} if dataset is None else dataclasses.asdict(dataset)
    rows = [[name.replace("_", " "), value] for name, value in found.items()]
    rows = [[name, described(value)] for name, value in rows if value is not None]
    return Table("Data", rows)


def of_configuration(configuration: Config) -> Table:
    """A table of options."""
    rows = [[n, described(value)] for n, value in configuration.items() if value is not None]
    return Table("Configuration", rows)


def of_environment(model: keras.Model) -> Table:
    """A table of what the training runs on: versions, processors, replicas, the command."""
    strategy = model.distribute_strategy
    rows = [
        ["keras_gans", __version__],
        ["keras", keras.__version__],
        ["tensorflow", tf.__version__],
        ["numpy", np.__version__],
        ["python", platform.python_version()],
        ["system", platform.platform()],
        ["processor cores", _num_cores()],
        ["GPUs", described(_gpus())],
        ["replicas", f"{strategy.num_replicas_in_sync} ({type(strategy).__name__})"],
        ["workers", _replicas.num_workers(strategy)],
        ["precision", keras.config.dtype_policy().name],
    ]
    command = given_command()
    return Table("Environment", rows if command is None else [*rows, ["command", command]])


def given_command() -> str | None:
    """The command that started this process; `None` of what is typed into a session."""
    if hasattr(sys, "ps1") or "ipykernel" in sys.modules or not sys.orig_argv:
        return None
    program, *others = sys.orig_argv
    return shlex.join([os.path.basename(program), *others])


def _network(name, network):
    trainable = sum(math.prod(weight.shape) for weight in network.trainable_weights)
    shapes = [
        described(keras.tree.map_structure(_shape, keras.tree.flatten(tensors)))
        for tensors in (getattr(network, "inputs", []), getattr(network, "outputs", []))
    ]
    counts = [f"{network.count_params():,}", f"{trainable:,}", len(network.layers)]
    return [name, *counts, *shapes]


def _shape(tensor):
    return "×".join("?" if side is None else str(side) for side in tensor.shape[1:]) or "scalar"


def _optimizer(model, name):
    optimizer = optimizers(model)[name]
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    trained = getattr(model, "optimizer_networks", {}).get(name, ())
    config = inner.get_config()
    rate = config.pop("learning_rate", None)
    now = number(learning_rates(model)[f"learning rate of {name}"])
    rate = f"{now}, by {rate['class_name']}" if isinstance(rate, dict) else now
    settings = [f"{k}={v}" for k, v in config.items() if v is not None and _is_setting(k, v)]
    return [name, type(inner).__name__, ", ".join(trained), rate, ", ".join(settings)]


def _is_setting(name, value):
    """Whether it says more than that a feature is not in use."""
    return _is_plain(value) and value is not False and name not in ("name", "ema_momentum")


def _is_plain(value):
    return isinstance(value, _PLAIN)


def _num_cores():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _gpus():
    devices = tf.config.list_physical_devices("GPU")
    found = [tf.config.experimental.get_device_details(device) for device in devices]
    return [details.get("device_name", "GPU") for details in found]
