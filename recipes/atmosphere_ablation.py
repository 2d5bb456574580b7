"""What each law gives the networks: `python -m recipes.atmosphere_ablation MODELS [--transfer FOLDER]`.

The same networks (equal weights, steps and seed) with data alone, with hydrostatic equilibrium, with flux constancy and
with the spectra of the transfer equation (`recipes.atmosphere_collocation`), on all models and on a quarter of them;
judged on held-out models, and by the solver's own modules on some of them. Writes
validation/results/atmosphere_ablation.md.
"""

import argparse
import tempfile
from pathlib import Path

import keras
import numpy as np

from core.atomic import atomic_path
from core.simulation.atmosphere.converged import converge
from core.simulation.atmosphere_network.flux_network import FluxNetwork
from core.simulation.atmosphere_network.residuals import equilibrium
from core.simulation.atmosphere_network.structure_network import StructureNetwork
from recipes.atmosphere_collocation import read_collocation
from recipes.atmosphere_data import Models, inside, read_models, subset
from recipes.atmosphere_network import (
    flux_errors,
    grid_models,
    store_flux,
    store_structure,
    structure_errors,
    train_flux,
    train_structure,
)

OUT = Path("validation/results/atmosphere_ablation.md")
TERMS = ("data", "+ hydrostatic", "+ energy", "+ transfer")
_SEED = 7


def structure_row(models: Models, held: Models, judged: int, quick: float, hydrostatic: bool, energy: float) -> dict:
    """Errors of a structure network against held-out models, and its equations' residuals by the solver's modules."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "structure.npz"
        network, curves = train_structure(models, _SEED, quick, hydrostatic, energy)
        store_structure(path, [network], curves)
        stored = StructureNetwork(path)
    row = structure_errors(stored, held)
    flux, balance, steps = [], [], []
    for place in list(zip(held["teff"], held["logg"], held["mh"], strict=True))[:judged]:
        found = stored.structure(*place)
        here = equilibrium(*place, found.temperature, found.pressure, found.share)
        flux.append(np.abs(here.flux).mean())
        balance.append(np.median(np.abs(here.hydrostatic)))
        steps.append(len(converge(*place, start=stored.profile(*place)).history))
    percent = {"flux": 100 * np.median(flux), "hydrostatic": 100 * np.median(balance), "steps": np.mean(steps)}
    return row | percent


def flux_row(models: Models, held: Models, quick: float, by_construction: bool, transfer: Models | None) -> dict:
    """Errors of a flux network against held-out models."""
    weight: np.ndarray | float = 1.0
    if transfer is not None:
        weight = np.concatenate([np.ones(len(models["teff"])), transfer["weight"]])
        models = {n: np.concatenate([models[n], transfer[n]]) for n in ("teff", "logg", "mh", "flux", "bands")}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flux.npz"
        network, curves = train_flux(models, grid_models(), _SEED, quick, by_construction, weight=weight)
        store_flux(path, [network], curves)
        stored = FluxNetwork(path) if by_construction else _Plain(path)
    return flux_errors(stored, held)


class _Plain(FluxNetwork):
    """A flux network whose curves are taken as they are, not normalised to a share of the energy."""

    def flux(self, teff, logg, mh, family: str = "normal") -> np.ndarray:
        return self.unnormalised(teff, logg, mh)


def table(rows: list[tuple[str, str, dict, dict]]) -> str:
    """The ablation as Markdown."""
    lines = [
        "| models | terms | T (%) | T worst (%) | P (%) | hydrostatic residual (%) | flux at depth (%) | warm steps |"
        " spectrum (%) | worst (%) | integrated (%) |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for models, terms, s, f in rows:
        parts = (
            f"{s['temperature']:.2f}", f"{s['temperature_worst']:.1f}", f"{s['pressure']:.2f}",
            f"{s['hydrostatic']:.2f}", f"{s['flux']:.2f}", f"{s['steps']:.1f}", f"{f['mean']:.2f}",
            f"{f['worst']:.1f}", f"{f['integrated']:.3f}",
        )  # fmt: skip
        lines.append(f"| {models} | {terms} | {' | '.join(parts)} |")
    return "\n".join(lines)


def main() -> None:
    """Train and judge every combination, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--transfer", type=Path, help="Folder of recipes.atmosphere_collocation.")
    parser.add_argument("--judged", type=int, default=40, help="Held-out models that the solver's modules judge.")
    parser.add_argument("--quick", type=float, default=0.5, help="Factor of the number of training steps.")
    options = parser.parse_args()
    keras.config.set_floatx("float64")
    models, held = read_models(options.folder), inside(read_models(options.folder, "held_out"))
    transfer = read_collocation(options.transfer) if options.transfer else None
    rows = []
    for share in (1, 4):
        some = subset(models, np.arange(0, len(models["teff"]), share))
        name, structures, fluxes = f"{len(some['teff'])}", {}, {}
        for terms in TERMS[: 4 if transfer is not None else 3]:
            law = (terms != "data", 1.0 if terms in TERMS[2:] else 0.0)
            if law not in structures:
                structures[law] = structure_row(some, held, options.judged, options.quick, *law)
            way = (terms in TERMS[2:], terms == TERMS[3])
            if way not in fluxes:
                fluxes[way] = flux_row(some, held, options.quick, way[0], transfer if way[1] else None)
            rows.append((name, terms, structures[law], fluxes[way]))
            print(table(rows[-1:]).splitlines()[-1], flush=True)
    text = (
        "# What each law gives the networks of the atmosphere\n\n"
        f"Made by `python -m recipes.atmosphere_ablation`: one network of each kind with equal weights, steps "
        f"({options.quick:g} of the shipped ones') and seed; {len(held['teff'])} held-out models, {options.judged} of "
        "them judged by the solver's own modules. T and P: mean over depths of the error against the converged model; "
        "residuals: median over models; warm steps: iterations of the solver from the network's structure.\n\n"
        + table(rows) + "\n"
    )  # fmt: skip
    with atomic_path(OUT) as beside:
        beside.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
