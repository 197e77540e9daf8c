"""The device that rows run on: TensorFlow's own choice, or the one that `--device` names."""

import os

import tensorflow as tf

from benchmarks import results

#: Names the device to processes that rows start.
VARIABLE = "BENCHMARK_DEVICE"


def there_are():
    """The devices of this machine by name, such as `CPU:0`."""
    kinds = ("CPU", "GPU")
    found = [device for kind in kinds for device in tf.config.list_physical_devices(kind)]
    return {device.name.removeprefix("/physical_device:"): device for device in found}


def check(name):
    """Refuse a device that is not there."""
    if name not in there_are():
        raise ValueError(f"no device {name}. There are {', '.join(there_are())}")


def use(name):
    """Let TensorFlow see no GPU but this one, here and in processes that this one starts."""
    check(name)
    os.environ[VARIABLE] = name
    device = there_are()[name]
    tf.config.set_visible_devices([device] if device.device_type == "GPU" else [], "GPU")


def use_chosen():
    """In a process that a row started: use what its parent uses."""
    if VARIABLE in os.environ:
        use(os.environ[VARIABLE])


def jit_compile():
    """The argument of `compile`: with XLA on a GPU that was asked for, without on such a CPU."""
    if VARIABLE not in os.environ:
        return "auto"
    return os.environ[VARIABLE].startswith("GPU")


def described():
    """The device asked for, and the name of what computes."""
    machine = results.machine()
    visible = tf.config.get_visible_devices("GPU")
    everything = tf.config.list_physical_devices("GPU")
    name = machine["gpus"][everything.index(visible[0])] if visible else machine["processor"]
    return {"asked_for": os.environ.get(VARIABLE), "name": name, "jit_compile": jit_compile()}
