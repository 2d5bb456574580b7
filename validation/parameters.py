"""What the fit by physics and the tight atmospheres reach: `python -m validation.parameters [SECTION ...]`.

Sections: atmosphere (MODELS folder by --models), warm, speed, coverage, real. Each writes its lines of
validation/results/parameters.json; the table beside it is made from all. Real stars are those of the shared half
(`Settings.real_data_dir`); the correction is judged two-fold where --fold0 and --fold1 name the corrections that were
measured without either half (`recipes.atmosphere_correction --leave-out`).
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.atomic import atomic_path
from core.parameters.choices import FitSettings, bare, model_of
from core.parameters.fit import fit_families, fit_spectra
from core.parameters.forward import NAMES
from core.simulation.grid import load_grid
from core.simulation.smooth_grid import smooth_grid
from validation.drawn_stars import drawn_stars
from validation.real_parameters import real_stars

RESULTS = Path(__file__).with_name("results") / "parameters.json"
Line = tuple[str, str, str]
"""What was asked, what was seen, whether it holds ('yes', 'no', 'not measured')."""


def _verdict(holds: bool) -> str:
    return "yes" if holds else "no"


def atmosphere(options: argparse.Namespace) -> list[Line]:
    """Flux sources against held-out tight models."""
    from core.simulation.atmosphere_network.flux_network import FLUX_PATH, FluxNetwork
    from recipes.atmosphere_network import read_models

    held = read_models(options.models, "held_out")
    lines: list[Line] = []
    sources: list[tuple[str, Callable]] = [("shipped grid", load_grid().flux), ("smooth grid", smooth_grid().flux)]
    if FLUX_PATH.exists():
        sources.append(("network", FluxNetwork().flux))
    for name, flux in sources:
        found = flux(held["teff"], held["logg"], held["mh"])
        off = np.abs(found / held["flux"] - 1) * 100
        energy = np.abs(found.sum(axis=1) / held["flux"].sum(axis=1) - 1) * 100
        seen = f"mean {off.mean():.2f} %, worst sample {off.max():.1f} %, integrated {np.median(energy):.3f} % (median)"
        good = off.mean() <= 0.15 and off.max() <= 1 and np.median(energy) <= 0.05 and len(held["teff"]) >= 200
        lines.append((f"{name} against {len(held['teff'])} tight models: 0.15 %, 1 %, 0.05 %", seen, _verdict(good)))
    return lines


def warm(options: argparse.Namespace) -> list[Line]:
    """Convergence of fresh models from grey."""
    from core.simulation.atmosphere.converged import converge
    from recipes.atmosphere_models import places

    errors, steps = [], []
    for family, teff, logg, mh in places("held_out")[-12:]:
        found = converge(teff, logg, mh, family)
        errors.append(found.worst_error)
        steps.append(len(found.history))
    seen = f"{len(errors)} models: {np.median(steps):.0f} steps (median), worst depth {np.median(errors):.1e}"
    return [("tight models: flux constant at every depth to 5e-4", seen, _verdict(np.median(errors) < 5e-4))]


def speed(options: argparse.Namespace) -> list[Line]:
    """Stars per second of forward model and fit, one thread."""
    settings = bare(FitSettings(families=("normal",)))
    model = model_of("normal", settings)
    theta, spectra = drawn_stars(model, 1000, 14.0, 3)
    fit_spectra(spectra.take(np.arange(4)), settings)
    lines: list[Line] = []
    started = time.perf_counter()
    model.coefficients(theta)
    rate = len(theta) / (time.perf_counter() - started)
    lines.append(("coefficients with exact derivatives", f"{rate:,.0f} stars/s", ""))
    started = time.perf_counter()
    fit_spectra(spectra.take(np.arange(1)), FitSettings())
    one = time.perf_counter() - started
    lines.append(("one star by least squares < 0.1 s", f"{one:.2f} s, all families", _verdict(one < 0.1)))
    started = time.perf_counter()
    fit_families(spectra, settings)
    each = (time.perf_counter() - started) / len(spectra)
    seen = f"{1e3 * each:.1f} ms a star on one thread: {each * 1e6 / 3600 / 2:.1f} h for a million on two cores"
    lines.append(("a million stars < 1 h", seen, _verdict(each * 1e6 / 7200 < 1)))
    return lines


def coverage(options: argparse.Namespace) -> list[Line]:
    """How often intervals hold the truth of stars drawn from the prior."""
    settings = bare(FitSettings(families=("normal",)))
    model = model_of("normal", settings)
    lines: list[Line] = []
    for g_mag in (12.0, 16.0):
        theta, spectra = drawn_stars(model, options.stars, g_mag, 7)
        fit = fit_families(spectra, settings)[0]
        for index, name in enumerate(NAMES):
            shares = []
            for level in (0.6827, 0.9545):
                low, high = fit.draws.interval(fit.draws.theta[..., index], level)
                shares.append(100 * ((theta[:, index] >= low) & (theta[:, index] <= high)).mean())
            holds = abs(shares[0] - 68) <= 3 and abs(shares[1] - 95) <= 2
            seen = f"{shares[0]:.1f} and {shares[1]:.1f} of 100 ({options.stars} stars)"
            lines.append((f"G {g_mag:.0f}, {name}: 68 +- 3 and 95 +- 2", seen, _verdict(holds)))
    return lines


SECTIONS: dict[str, Callable] = {
    "atmosphere": atmosphere, "warm": warm, "speed": speed, "coverage": coverage, "real": real_stars,
}  # fmt: skip


def write_table(results: dict[str, list[Line]]) -> None:
    """results/parameters.json and the table made from it."""
    with atomic_path(RESULTS) as beside:
        beside.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    rows = ["# Parameters by physics, measured", "", "Made by `python -m validation.parameters`.", ""]
    for section, lines in results.items():
        rows += [f"## {section}", "", "| asked | seen | holds |", "|---|---|---|"]
        rows += [f"| {' | '.join(line)} |" for line in lines] + [""]
    with atomic_path(RESULTS.with_suffix(".md")) as beside:
        beside.write_text("\n".join(rows), encoding="utf-8")


def main() -> None:
    """Measure the chosen sections (all by default) and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], default=[])
    parser.add_argument("--models", type=Path, help="Folder of recipes.atmosphere_models.")
    parser.add_argument("--stars", type=int, default=4000)
    parser.add_argument("--fold0", type=Path, help="Correction measured without fold 0.")
    parser.add_argument("--fold1", type=Path, help="Correction measured without fold 1.")
    options = parser.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for name in options.sections or SECTIONS:
        if name == "atmosphere" and options.models is None:
            continue
        results[name] = SECTIONS[name](options)
        for line in results[name]:
            print(" | ".join(line), flush=True)
        write_table(results)


if __name__ == "__main__":
    main()
