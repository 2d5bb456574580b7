"""What each law gives the networks: `python -m recipes.atmosphere_ablation MODELS [--collocation FOLDER]`.

Networks of equal size (units at the same quarter of the models) with data alone, with hydrostatic equilibrium built in,
with flux constancy, and with the transfer equation at collocation points (`recipes.atmosphere_collocation`), taught by
all models and by that quarter; judged on held-out models, some of them by the solver's own modules. Writes
validation/results/atmosphere_ablation.md.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from core.atomic import atomic_path
from core.simulation.atmosphere.converged import converge
from core.simulation.atmosphere_network.flux_network import FLUX_PATH, FluxNetwork
from core.simulation.atmosphere_network.residuals import equilibrium
from core.simulation.atmosphere_network.structure_network import STRUCTURE_PATH, StructureNetwork
from recipes.atmosphere_data import Models, inside, merged, read_collocation, read_models, subset
from recipes.atmosphere_network import flux_errors, store, structure_errors, train_flux, train_structure

OUT = Path("validation/results/atmosphere_ablation.md")
TERMS = ("data", "+ hydrostatic", "+ energy", "+ transfer")
COLUMNS = ("T (%)", "T worst (%)", "P (%)", "hydrostatic residual (%)", "flux at depth (%)", "warm steps",
           "spectrum (%)", "median model (%)", "integrated (%)")  # fmt: skip


class Plain(FluxNetwork):
    """A flux network whose curves are taken as they are, not normalised to a share of the energy."""

    def flux(self, teff, logg, mh, family: str = "normal") -> np.ndarray:
        """Surface flux in W m^-2 nm^-1, (n, n_wave)."""
        return self.unnormalised(teff, logg, mh)


def structure_row(models: Models, centres: Models, more: Models | None, held: Models, judged: int, hydrostatic: bool):
    """Errors of a structure network against held-out models, and its equations' residuals by the solver's modules."""
    table, weight = merged(models, more)
    with np.load(STRUCTURE_PATH) as stored:
        scales = stored["scales"]
    network = _stored(StructureNetwork, train_structure(table, scales, hydrostatic, centres, weight))
    flux, balance, steps = [], [], []
    for place in list(zip(held["teff"], held["logg"], held["mh"], strict=True))[:judged]:
        found = network.structure(*place)
        here = equilibrium(*place, found.temperature, found.pressure, found.share)
        flux.append(np.abs(here.flux).mean())
        balance.append(np.median(np.abs(here.hydrostatic)))
        steps.append(len(converge(*place, start=network.profile(*place)).history))
    errors = structure_errors(network, held)
    return [errors["temperature"], errors["temperature_worst"], errors["pressure"], 100 * np.median(balance),
            100 * np.median(flux), np.mean(steps)]  # fmt: skip


def flux_row(models: Models, centres: Models, more: Models | None, held: Models, kind: type) -> list[float]:
    """Errors of a flux network against held-out models."""
    table, weight = merged(models, more)
    with np.load(FLUX_PATH) as stored:
        scales = stored["scales"]
    errors = flux_errors(_stored(kind, train_flux(table, scales, centres, weight)), held)
    return [errors["mean"], errors["median"], errors["integrated"]]


def _stored(kind, arrays: dict[str, np.ndarray]):
    with tempfile.TemporaryDirectory() as folder:
        store(Path(folder) / "network.npz", arrays)
        return kind(Path(folder) / "network.npz")


def rows(models: Models, collocation: Models | None, held: Models, judged: int) -> list[str]:
    """Lines of the table."""
    centres, lines = subset(models, np.arange(0, len(models["teff"]), 4)), []
    for taught in (models, centres):
        known: dict[tuple, list[float]] = {}
        for number, terms in enumerate(TERMS if collocation is not None else TERMS[:3]):
            more = collocation if number == 3 else None
            structure, flux = (number > 0, number == 3, "s"), (number > 1, number == 3, "f")
            if structure not in known:
                known[structure] = structure_row(taught, centres, more, held, judged, number > 0)
            if flux not in known:
                known[flux] = flux_row(taught, centres, more, held, FluxNetwork if number > 1 else Plain)
            values = [f"{value:.3f}" if value < 1 else f"{value:.2f}" for value in known[structure] + known[flux]]
            lines.append(f"| {len(taught['teff'])} | {terms} | {' | '.join(values)} |")
            print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Train and judge every combination, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--collocation", type=Path, help="Folder of recipes.atmosphere_collocation.")
    parser.add_argument("--judged", type=int, default=20, help="Held-out models that the solver's modules judge.")
    options = parser.parse_args()
    models, held = read_models(options.folder), inside(read_models(options.folder, "held_out"))
    collocation = read_collocation(options.collocation) if options.collocation else None
    lines = rows(models, collocation, held, options.judged)
    n_units, n_more = -(-len(models["teff"]) // 4), 0 if collocation is None else len(collocation["teff"])
    text = (
        "# What each law gives the networks of the atmosphere\n\n"
        f"Made by `python -m recipes.atmosphere_ablation`: networks of {n_units} units each, scales and ridge as "
        f"shipped; {n_more} collocation points; {len(held['teff'])} held-out models, {options.judged} of them judged "
        "by the solver's own modules. T and P: mean error over depths against the converged model; residuals: median "
        "over models of the median (hydrostatic) or mean (flux) over depths; warm steps: the solver's iterations from "
        "the network's structure. The energy law is in the flux network, the hydrostatic one in the structure network; "
        "the transfer equation and its flux constancy at depth teach both at the collocation points.\n\n"
        f"| models | terms | {' | '.join(COLUMNS)} |\n|{'---|' * (len(COLUMNS) + 2)}\n" + "\n".join(lines) + "\n"
    )
    with atomic_path(OUT) as beside:
        beside.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
