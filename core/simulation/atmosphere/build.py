"""Compute the grid of models in parallel and store it compactly."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from core.atomic import atomic_path
from core.errors import ParameterRangeError
from core.simulation.atmosphere.model import GRID_WAVELENGTH_NM, Structure, solve_structure, spectrum
from core.simulation.atmosphere.nodes import FAMILY_NODES, FamilyNodes
from core.simulation.grid import pack_ratio, planck_flux

ITERATIONS_FROM_GREY, ITERATIONS_FROM_NEIGHBOUR, ITERATIONS_COOL = 30, 14, 22
"""Upper limits; below 4500 K convection and molecules need more."""
Chain = tuple[str, float, float, tuple[float, ...]]
"""One chain of models: family, Teff, [M/H] and log g from high to low."""


def _without_threads() -> None:
    """Workers are processes; threads inside numpy would fight over the cores."""
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"


def compute_chain(chain: Chain) -> tuple[Chain, list[tuple[float, np.ndarray, float]]]:
    """Spectra of one chain: (log g, flux (391,), flux error) for each model down to the Eddington limit."""
    family, teff, mh, gravities = chain
    results: list[tuple[float, np.ndarray, float]] = []
    structure: Structure | None = None
    for logg in gravities:
        try:
            near = ITERATIONS_COOL if teff < 4500 else ITERATIONS_FROM_NEIGHBOUR
            limit = ITERATIONS_FROM_GREY if structure is None else near
            structure = solve_structure(teff, logg, mh, family, structure, max_iterations=limit, tolerance=0.003)
        except ParameterRangeError:
            break
        results.append((logg, spectrum(structure), structure.surface_error))
    return chain, results


def chains(families: tuple[FamilyNodes, ...]) -> list[Chain]:
    """All chains of the families, longest first."""
    result = [
        (nodes.family, teff, mh, nodes.computed_logg(teff))
        for nodes in families
        for teff in nodes.teff
        for mh in nodes.computed_mh(teff)
    ]
    return sorted(result, key=lambda chain: -len(chain[3]))


def build_grid(
    path: Path,
    workers: int = 2,
    families: tuple[FamilyNodes, ...] = FAMILY_NODES,
    progress: Callable[[int, int, float], None] | None = None,
) -> dict[str, float]:
    """Compute every model and write the grid to `path`; the result does not depend on `workers`.

    `progress(done, total, seconds_left)` is called after each chain. Returns the number of models and the median and
    largest flux error.

    Raises
    ------
    StorageError
        `path` cannot be written; told before anything is computed.
    """
    # Opened first: a place that cannot be written to is told before the models are computed, not after. And as a file:
    # to a name without a suffix numpy would add its own.
    with atomic_path(path) as beside, beside.open("wb") as file:
        found = _compute_all(chains(families), workers, progress)
        arrays: dict[str, np.ndarray] = {
            "wavelength_nm": GRID_WAVELENGTH_NM,
            "families": np.array([nodes.family for nodes in families]),
        }
        for nodes in families:
            for name, value in _assemble(nodes, found).items():
                arrays[f"{nodes.family}/{name}"] = value
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    errors = np.array([error for results in found.values() for _, _, error in results])
    return {"models": len(errors), "median_error": float(np.median(errors)), "largest_error": float(errors.max())}


def _compute_all(tasks: list[Chain], workers: int, progress: Callable[[int, int, float], None] | None) -> dict:
    """Results of every chain by family, Teff and [M/H]."""
    total, done, started = sum(len(chain[3]) for chain in tasks), 0, time.perf_counter()
    found: dict[tuple[str, float, float], list] = {}
    _without_threads()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(compute_chain, task) for task in tasks]):
            chain, results = future.result()
            found[chain[:3]] = results
            done += len(chain[3])
            if progress is not None:
                progress(done, total, (time.perf_counter() - started) / done * (total - done))
    return found


def _assemble(nodes: FamilyNodes, found: dict) -> dict[str, np.ndarray]:
    """Arrays of one family: missing [M/H] and log g between computed ones are interpolated, edges continued."""
    shape = (len(nodes.teff), len(nodes.logg), len(nodes.mh), len(GRID_WAVELENGTH_NM))
    ratio, errors = np.empty(shape), np.full(shape[:3], np.nan)
    lowest, highest = np.empty(shape[0]), np.empty(shape[0])
    for i, teff in enumerate(nodes.teff):
        columns = {}
        for mh in nodes.computed_mh(teff):
            results = sorted(found[nodes.family, teff, mh], key=lambda item: item[0])
            columns[mh] = results
        lowest[i] = max(results[0][0] for results in columns.values())
        highest[i] = min(results[-1][0] for results in columns.values())
        planck = planck_flux(GRID_WAVELENGTH_NM, np.array([teff]))[0].astype(float)
        layers = []
        for mh, results in columns.items():
            gravity = np.array([item[0] for item in results])
            values = np.log(np.array([item[1] for item in results]) / planck)
            layers.append(_along_gravity(np.array(nodes.logg), gravity, values))
            for logg, _, error in results:
                errors[i, nodes.logg.index(logg), nodes.mh.index(mh)] = error
        for k, mh in enumerate(nodes.mh):
            ratio[i, :, k] = _between(mh, list(columns), layers)
    packed = pack_ratio(ratio)
    axes = {name: np.array(getattr(nodes, name)) for name in ("teff", "logg", "mh")}
    return axes | {"lowest": lowest, "highest": highest, "flux_error": errors.astype(np.float32)} | packed


def _along_gravity(wanted: np.ndarray, gravity: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Linear in log g between computed models, continued by half a dex with the last slope, constant beyond."""
    if len(gravity) == 1:
        return np.repeat(values, len(wanted), axis=0)
    x = np.clip(wanted, gravity[0] - 0.5, gravity[-1] + 0.5)
    index = np.clip(np.searchsorted(gravity, x, side="right") - 1, 0, len(gravity) - 2)
    part = ((x - gravity[index]) / (gravity[index + 1] - gravity[index]))[:, None]
    return (1 - part) * values[index] + part * values[index + 1]


def _between(mh: float, known: list[float], layers: list[np.ndarray]) -> np.ndarray:
    if mh in known:
        return layers[known.index(mh)]
    above = min(range(len(known)), key=lambda index: known[index] if known[index] > mh else np.inf)
    below = max(range(len(known)), key=lambda index: known[index] if known[index] < mh else -np.inf)
    part = (mh - known[below]) / (known[above] - known[below])
    return (1 - part) * layers[below] + part * layers[above]
