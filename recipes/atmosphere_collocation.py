"""Spectra by the transfer equation on the structure network's atmospheres: `python -m recipes.atmosphere_collocation`.

At places that no converged model has, the network's structure takes a few of the solver's Newton steps and the transfer
equation gives its spectrum: what physics teaches the flux network beyond the models. About a third of a model's cost.
Parts as in `recipes.atmosphere_models`; started again, the recipe goes on.
"""

import argparse
from pathlib import Path

import numpy as np

from core.atomic import atomic_path
from core.errors import ParameterRangeError
from core.simulation.atmosphere.converged import converge
from core.simulation.atmosphere.model import spectrum
from core.simulation.atmosphere_network.structure_network import STRUCTURE_PATH, StructureNetwork
from core.simulation.grid import load_grid
from recipes.atmosphere_data import Models
from recipes.atmosphere_models import PART, places

STEPS = 4
_TRUSTED = 1e-3
"""Flux error at which a spectrum counts half."""


def collocate(network: StructureNetwork, wanted: list[tuple[str, float, float, float]], steps: int = STEPS) -> Models:
    """Spectra at the places inside the limits: teff, logg, mh, flux, bands (zero: unknown), flux_error and weight."""
    rows, lowest, highest = [], *load_grid().log_g_range(np.array([place[1] for place in wanted]))
    (low_t, high_t), (low_z, high_z) = (load_grid().range("normal")[name] for name in ("teff", "mh"))
    for (_, teff, logg, mh), low, high in zip(wanted, lowest, highest, strict=True):
        if not (low <= logg <= high and low_t <= teff <= high_t and low_z <= mh <= high_z):
            continue
        try:
            found = converge(teff, logg, mh, start=network.profile(teff, logg, mh), max_iterations=steps)
        except (ParameterRangeError, np.linalg.LinAlgError):
            continue
        rows.append((teff, logg, mh, spectrum(found), found.worst_error))
    names = ("teff", "logg", "mh", "flux", "flux_error")
    table = {name: np.array(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    table["bands"] = np.zeros((len(rows), 6))
    table["weight"] = 1 / (1 + (table["flux_error"] / _TRUSTED) ** 2)
    return table


def read_collocation(folder: Path) -> Models:
    """All stored parts in one table."""
    parts = [dict(np.load(path)) for path in sorted(folder.glob("collocation_*.npz"))]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def main() -> None:
    """Compute parts until `--models` places have been tried."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--structure", type=Path, default=STRUCTURE_PATH)
    parser.add_argument("--models", type=int, default=720)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    network, everywhere = StructureNetwork(options.structure), places("collocation")
    for number in range(options.models // PART):
        path = options.folder / f"collocation_{number:04d}.npz"
        if path.exists():
            continue
        table = collocate(network, everywhere[number * PART : (number + 1) * PART])
        with atomic_path(path) as beside, beside.open("wb") as file:
            np.savez_compressed(file, **table)
        print(f"{path.name}: {len(table['teff'])} spectra, flux error {np.median(table['flux_error']):.1e}", flush=True)


if __name__ == "__main__":
    main()
