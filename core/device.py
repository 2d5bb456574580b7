"""What this machine can compute with, found without importing a training framework."""

import os
import shutil
import subprocess
from dataclasses import dataclass

_TIMEOUT_S = 3


@dataclass(frozen=True)
class Device:
    """Processor threads open to this process, and the names of NVIDIA GPUs as their driver gives them."""

    cpu_threads: int
    gpus: tuple[str, ...]

    def __str__(self) -> str:
        threads = f"{self.cpu_threads} CPU thread{'s' if self.cpu_threads != 1 else ''}"
        return " + ".join([*self.gpus, threads])


def find_device() -> Device:
    """Threads and GPUs of this machine; a missing or failing driver counts as no GPU."""
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Device(cpu_threads=threads, gpus=_nvidia_gpus())


def _nvidia_gpus() -> tuple[str, ...]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    command = [program, "--query-gpu=name", "--format=csv,noheader"]
    try:
        reply = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in reply.stdout.splitlines() if line.strip())
