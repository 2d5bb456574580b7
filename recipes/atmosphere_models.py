"""Converge the model atmospheres that the networks learn from and are judged on: `python -m recipes.atmosphere_models`.

Random places, not the grid's nodes: scrambled Sobol sequences over log Teff, the place between the gravity limits and
[M/H], a little denser towards the edges. Twelve models in turn: three held out (normal family, 4,000-45,000 K, uniform,
an own seed), eight to learn from, one of the other families. Every part is a file of its own; started again, the recipe
goes on after the last one, and the same part holds the same models on one machine. About one second a model.
"""

import argparse
import hashlib
import time
from pathlib import Path

import numpy as np
from scipy.stats import qmc

from core.atomic import atomic_path
from core.errors import ParameterRangeError
from core.simulation.atmosphere.converged import TOLERANCE, converge
from core.simulation.atmosphere.model import spectrum
from core.simulation.grid import load_grid

PART = 36
"""Models asked for in one file; those beyond the Eddington limit or not converged are counted and left out."""
HELD_OUT_MODELS = 216
OTHER_FAMILIES = ("white_dwarf", "helium_white_dwarf", "helium_poor", "helium_rich")
_SEEDS = {"train": 20, "held_out": 4711, "family": 77, "collocation": 909}
_SOBOL_LENGTH = 8192
README = """# Converged model atmospheres

Made by `python -m recipes.atmosphere_models FOLDER` (plane-parallel LTE), {models} models.
Arrays per part: role ('train', 'held_out', 'family'), family, teff (K), logg (cgs), mh (dex), flux (W m-2 nm-1 at
320-1100 nm every 2 nm), and by depth (56 Rosseland optical depths 1e-6 to 100): temperature (K), pressure (gas, dyn
cm-2), column (g cm-2), rosseland (cm2 g-1), electrons (cm-3), share (of the flux that radiation carries), flux_error
(largest relative error of the flux at any depth). SHA256SUMS holds the hashes.
"""


def places(role: str) -> list[tuple[str, float, float, float]]:
    """Family, Teff, log g and [M/H] of all models of a role, in order."""
    unit = qmc.Sobol(3, scramble=True, rng=np.random.default_rng(_SEEDS[role])).random(_SOBOL_LENGTH)
    result = []
    for index, (a, b, c) in enumerate(unit):
        family = OTHER_FAMILIES[index % len(OTHER_FAMILIES)] if role == "family" else "normal"
        allowed = load_grid().range(family)
        low, high = allowed["teff"] if role != "held_out" else (4000.0, 45000.0)
        if role != "held_out":
            low, high, b, c = 0.985 * low, 1.02 * high, _towards_edges(b), _towards_edges(c)
        teff = low * (high / low) ** a
        lowest, highest = load_grid().log_g_range(teff, family)
        z_low, z_high = allowed["mh"]
        mh = z_low + (z_high - z_low) * c if family == "normal" else 0.0
        result.append((family, float(teff), float(lowest + (highest - lowest) * b), float(mh)))
    return result


def _towards_edges(u: float) -> float:
    return 1.03 * (0.5 * u + 0.25 * (1 - np.cos(np.pi * u))) - 0.015


def roles(first: int, n: int) -> list[tuple[str, int]]:
    """Role and number within the role of models `first` to `first + n`."""
    result = []
    for index in range(first, first + n):
        turn, slot = divmod(index, 12)
        if slot < 3:
            held = 3 * turn + slot
            result.append(("held_out", held) if held < HELD_OUT_MODELS else ("train", _SOBOL_LENGTH - 1 - held))
        elif slot < 11:
            result.append(("train", 8 * turn + slot - 3))
        else:
            result.append(("family", turn))
    return result


def compute_part(number: int, all_places: dict) -> dict[str, np.ndarray]:
    """The models of one part as arrays with one row each, and the counts of those left out."""
    rows: list[dict] = []
    refused = failed = 0
    for role, index in roles(number * PART, PART):
        family, teff, logg, mh = all_places[role][index]
        try:
            found = converge(teff, logg, mh, family)
        except (ParameterRangeError, np.linalg.LinAlgError):
            refused += 1
            continue
        if not found.worst_error < 5 * TOLERANCE:
            failed += 1
            continue
        gas = found.gas
        rows.append(
            {
                "role": role, "family": family, "teff": teff, "logg": logg, "mh": mh, "flux": spectrum(found),
                "temperature": gas.temperature, "pressure": gas.pressure, "column": found.column,
                "rosseland": found.rosseland, "electrons": gas.electrons, "share": found.share,
                "flux_error": found.worst_error,
            }
        )  # fmt: skip
    table = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return table | {"refused": np.array(refused), "failed": np.array(failed)}


def main() -> None:
    """Compute parts until `--models` have been asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", type=int, default=4000)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    all_places = {role: places(role) for role in ("train", "held_out", "family")}
    for number in range(options.models // PART):
        path = options.folder / f"part_{number:04d}.npz"
        if path.exists():
            continue
        started = time.perf_counter()
        table = compute_part(number, all_places)
        with atomic_path(path) as beside, beside.open("wb") as file:
            np.savez_compressed(file, **table)
        parts = sorted(options.folder.glob("part_*.npz"))
        sums = [f"{hashlib.sha256(part.read_bytes()).hexdigest()}  {part.name}" for part in parts]
        (options.folder / "SHA256SUMS").write_text("\n".join(sums) + "\n")
        (options.folder / "README.md").write_text(README.format(models=f"{len(parts)} x {PART}"))
        left_out = f"{table['refused']} refused, {table['failed']} not converged"
        print(
            f"{path.name}: {len(table['teff'])} models, {left_out}, {time.perf_counter() - started:.0f} s", flush=True
        )


if __name__ == "__main__":
    main()
