"""How many spectra a network classifies per second on this machine."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.verdict.ensemble import Ensemble, load_ensemble

N_STARS = 2048
_FEW_STARS = 64


def stars_per_second(run_dir: Path, *, n_stars: int = N_STARS, threads: int = 1, seconds: float = 0.25) -> float:
    """Spectra per second of one member, representation included, on `threads` threads of ONNX Runtime.

    The best of as many passes as fit into `seconds` (at least two): other programs can only make a pass slower. A pass
    has `n_stars`, fewer for a slow network, for which that many would take long and hundreds of megabytes.

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
    few = flux[:_FEW_STARS]
    one.logits(few)  # warms up
    n_stars = int(np.clip(_FEW_STARS * seconds / 4 / _duration(one, few), _FEW_STARS, n_stars))
    best, spent, passes = np.inf, 0.0, 0
    while passes < 2 or spent < seconds:
        took = _duration(one, flux[:n_stars])
        best, spent, passes = min(best, took), spent + took, passes + 1
    return n_stars / best


def _duration(ensemble: Ensemble, flux: np.ndarray) -> float:
    start = time.perf_counter()
    ensemble.logits(flux)
    return time.perf_counter() - start
