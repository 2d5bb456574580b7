"""The device that a training runs on, prepared before the first network is built."""

import os
from functools import cache

from core.device import find_device


def prepare_device(threads: int | None = None) -> str:
    """Make the training framework ready and say what it computes on.

    With TensorFlow: a GPU that it sees gets memory growth, so that other programs keep their share; without one, the
    CPU threads are set to `threads` (default: as many as this process may use). Must run before anything is computed.

    Returns
    -------
    str such as '2 CPU threads (tensorflow)'
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    backend = keras.backend.backend()
    machine = find_device()
    threads = threads or machine.cpu_threads
    names = _prepare_tensorflow(threads) if backend == "tensorflow" else list(machine.gpus)
    where = ", ".join(names) if names else f"{threads} CPU thread{'s' if threads != 1 else ''}"
    return f"{where} ({backend})"


@cache
def prepare_device_once(threads: int | None = None) -> str:
    """`prepare_device` on the first call of a process, its answer afterwards."""
    return prepare_device(threads)


def _prepare_tensorflow(threads: int) -> list[str]:
    """Names of the GPUs that TensorFlow sees; sets memory growth and threads unless it already started."""
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # every fold traces a new network, which TensorFlow warns of
    gpus = tf.config.list_physical_devices("GPU")
    try:
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        pass  # already initialised in this process: its settings stand
    return [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
