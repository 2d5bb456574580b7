"""Models by the equations alone at places that no converged model has: `python -m recipes.atmosphere_collocation`.

The structure network's atmosphere takes a few of the solver's Newton steps towards flux constancy and hydrostatic
equilibrium, the transfer equation gives its spectrum: a third of a converged model's cost. These are the collocation
points where the residuals of the equations, not data, teach the networks. Parts as in `recipes.atmosphere_models`;
started again, the recipe goes on.
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
from recipes.atmosphere_models import places

PART, STEPS = 20, 4
_TRUSTED = 5e-4
"""Flux error up to which a place counts as much as a converged model."""


def collocate(network: StructureNetwork, wanted: list[tuple[str, float, float, float]], steps: int = STEPS) -> Models:
    """Structure and spectrum at the places inside the limits, in the arrays of the converged models, and `weight`."""
    rows, lowest, highest = [], *load_grid().log_g_range(np.array([place[1] for place in wanted]))
    (low_t, high_t), (low_z, high_z) = (load_grid().range("normal")[name] for name in ("teff", "mh"))
    for (_, teff, logg, mh), low, high in zip(wanted, lowest, highest, strict=True):
        if not (low <= logg <= high and low_t <= teff <= high_t and low_z <= mh <= high_z):
            continue
        try:
            found = converge(teff, logg, mh, start=network.profile(teff, logg, mh), max_iterations=steps)
        except (ParameterRangeError, np.linalg.LinAlgError):
            continue
        gas = found.gas
        rows.append(
            {
                "teff": teff, "logg": logg, "mh": mh, "flux": spectrum(found), "temperature": gas.temperature,
                "pressure": gas.pressure, "column": found.column, "rosseland": found.rosseland,
                "electrons": gas.electrons, "share": found.share, "flux_error": found.worst_error,
            }
        )  # fmt: skip
    table = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    weight = 1 / np.maximum(table["flux_error"] / _TRUSTED, 1.0) ** 2
    return table | {"bands": np.zeros((len(rows), 6)), "weight": weight}


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
        print(f"{path.name}: {len(table['teff'])} places, flux error {np.median(table['flux_error']):.1e}", flush=True)


if __name__ == "__main__":
    main()
