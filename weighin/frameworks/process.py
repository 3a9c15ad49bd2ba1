"""TensorFlow and what belongs to it in this process: imported when asked, its devices and threads.

Nothing is imported before the first call, and start-up chatter is kept from the user. The
optimization toolkit works on Keras 2 alone, which TensorFlow from 2.16 on brings as the separate
package `tf_keras`. Run as a program, it names the devices.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
from functools import cache
from typing import Any

from weighin.core import WeighinError
from weighin.subprocesses import native_output_hidden

VISIBLE_GPUS = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")  # of NVIDIA's and AMD's drivers


@cache
def tensorflow() -> Any:
    """The module `tensorflow`, imported quietly."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.pop("TF_USE_LEGACY_KERAS", None)  # TensorFlow 2.15 has no other Keras than its own
    with native_output_hidden():
        module: Any = importlib.import_module("tensorflow")
        module.config.list_physical_devices()
    module.get_logger().setLevel("ERROR")
    return module


@cache
def keras() -> Any:
    """The Keras 2 that the toolkit works on: `tf_keras`, or `tf.keras` before TensorFlow 2.16."""
    tf = tensorflow()
    major, minor = (int(part) for part in tf.__version__.split(".")[:2])
    return importlib.import_module("tf_keras") if (major, minor) >= (2, 16) else tf.keras


def keras_version() -> str:
    """The version of that Keras 2; `tf.keras` does not tell its own."""
    module = keras()
    told = getattr(module, "__version__", None)
    return str(told or importlib.import_module("keras").__version__)


@cache
def toolkit() -> Any:
    """The module `tensorflow_model_optimization`."""
    keras()
    return importlib.import_module("tensorflow_model_optimization")


def hide_gpus() -> None:
    """Let this process and those that it starts see no GPU; to be called before TensorFlow loads.

    What is trained on a GPU has other weights than what is trained on a CPU.
    """
    os.environ.update(dict.fromkeys(VISIBLE_GPUS, "-1"))


def make_deterministic(threads: int) -> None:
    """Fix what makes two trainings differ: the device, the order of operations and of their sums.

    Sums are split by the number of threads, so that number is part of an artifact's provenance.
    Devices other than the CPU are hidden, also those that no environment variable hides.

    Raises:
        RuntimeError: if TensorFlow has begun to use its devices.
    """
    tf = tensorflow()
    tf.config.set_visible_devices(tf.config.list_physical_devices("CPU"))
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()


def set_threads(threads: int) -> None:
    """Let each operation use so many threads.

    Raises:
        WeighinError: if TensorFlow already runs with another number, which is then fixed.
    """
    threading = tensorflow().config.threading
    try:
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        now = threading.get_intra_op_parallelism_threads()
        if now != threads:
            raise WeighinError(
                f"TensorFlow fixes its threads once per process (now {now}): measure {threads} "
                f"in a run of its own, --weighin-threads {threads}."
            ) from None


def compute_in_float32() -> None:
    """Let GPUs round as float32 does, and take memory as they need it; before they are used.

    From Ampere on TensorFlow multiplies float32 in TF32, whose 10 bits of a fraction would be
    another model's answers; and it takes all memory at once, which leaves none to other engines.
    """
    config = tensorflow().config
    config.experimental.enable_tensor_float_32_execution(False)
    with contextlib.suppress(RuntimeError):  # in use already, by an earlier opening
        for gpu in config.list_physical_devices("GPU"):
            config.experimental.set_memory_growth(gpu, True)


def compiles() -> bool:
    """Whether XLA compiles for this machine; on Macs with Arm processors TensorFlow's does not."""
    return (platform.system(), platform.machine()) != ("Darwin", "arm64")


def gpu_count() -> int:
    """How many GPUs TensorFlow sees."""
    return len(tensorflow().config.list_physical_devices("GPU"))


if __name__ == "__main__":  # names the devices that TensorFlow sees
    devices = tensorflow().config.list_physical_devices()
    print(", ".join(device.name.removeprefix("/physical_device:") for device in devices))
