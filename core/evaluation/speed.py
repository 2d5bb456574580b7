"""How many spectra a network classifies per second on this machine."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.classification.ensemble import load_ensemble

N_STARS = 2048


def stars_per_second(run_dir: Path, *, n_stars: int = N_STARS, threads: int = 1, seconds: float = 0.25) -> float:
    """Spectra per second of one member, representation included, on `threads` threads of ONNX Runtime.

    The best of as many passes as fit into `seconds` (at least two, the first one warms up): other programs can only
    make a pass slower.

    Raises
    ------
    RunError
        A member's file is missing.
    """
    ensemble = load_ensemble(run_dir, threads=threads)
    one = replace(ensemble, sessions=ensemble.sessions[:1])
    # What the spectra show does not matter to the speed; smooth positive ones keep every representation defined.
    rng = np.random.default_rng(1)
    flux = 1e-16 * np.exp(
        rng.uniform(-1, 1, (n_stars, 1)) * np.linspace(-1, 1, 343) + rng.normal(0, 0.01, (n_stars, 343))
    )
    best, spent, passes = np.inf, 0.0, 0
    while passes < 2 or spent < seconds:
        start = time.perf_counter()
        one.logits(flux)
        took = time.perf_counter() - start
        best, spent, passes = min(best, took), spent + took, passes + 1
    return n_stars / best
