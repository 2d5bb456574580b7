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
from core.parameters.observation import observe
from core.parameters.sampling import no_u_turn
from validation.atmosphere_networks import atmosphere, warm
from validation.drawn_stars import drawn_stars
from validation.real_parameters import real_stars

RESULTS = Path(__file__).with_name("results") / "parameters.json"
Line = tuple[str, str, str]
"""What was asked, what was seen, whether it holds ('yes', 'no', 'not measured')."""


_SAMPLED = 3
"""Stars sampled by the no-U-turn sampler."""


def _verdict(holds: bool) -> str:
    return "yes" if holds else "no"


def speed(options: argparse.Namespace) -> list[Line]:
    """Stars per second of forward model and fit, in processor time of one thread: other work on the machine is none."""
    settings = bare(FitSettings(families=("normal",)))
    model = model_of("normal", settings)
    theta, spectra = drawn_stars(model, 1024, 14.0, 3)
    fit_spectra(spectra.take(np.arange(4)), settings)
    fit_spectra(spectra.take(np.arange(4)), FitSettings())
    lines: list[Line] = []
    started = time.process_time()
    for part in np.array_split(theta, 8):
        model.coefficients(part)
    rate = len(theta) / (time.process_time() - started)
    lines.append(("coefficients with exact derivatives", f"{rate:,.0f} stars/s", ""))
    for name, chosen in (("normal family", settings), ("all families, with the measured correction", FitSettings())):
        started = time.process_time()
        for row in range(10):
            fit_spectra(spectra.take(np.array([row])), chosen)
        one = (time.process_time() - started) / 10
        lines.append((f"one star by least squares < 0.1 s ({name})", f"{one:.2f} s", _verdict(one < 0.1)))
    started = time.process_time()
    fit_families(spectra, settings)
    each = (time.process_time() - started) / len(spectra)
    seen = f"{1e3 * each:.1f} ms a star on one thread: {each * 1e6 / 3600 / 2:.2f} h for a million on two cores"
    lines.append(("a million stars < 1 h", seen, _verdict(each * 1e6 / 7200 < 1)))
    return [*lines, *_nuts(model, settings, spectra)]


def _nuts(model, settings: FitSettings, spectra) -> list[Line]:
    """Time and mixing of no-U-turn sampling, 4 chains of 1,000 draws."""
    from threadpoolctl import threadpool_limits

    seen = observe(spectra, settings.error)
    fit = fit_families(spectra, settings, seen)[0]
    spent, mixed, worth = [], [], []
    with threadpool_limits(1):
        for row in range(_SAMPLED):
            started = time.process_time()
            found = no_u_turn(fit, row, seen.take(np.array([row])), np.random.default_rng(row))
            spent.append(time.process_time() - started)
            mixed.append(found.r_hat)
            worth.append(found.effective)
    seen_text = (
        f"{np.median(spent):.1f} s (slowest {max(spent):.1f}), R-hat {np.median(mixed):.3f} in the median, "
        f"{np.sum(np.array(mixed) < 1.01)} of {_SAMPLED} stars below 1.01 (worst {max(mixed):.3f}); effective draws "
        f"{np.median(worth):.0f}"
    )
    holds = max(spent) < 30 and max(mixed) < 1.01
    return [("NUTS (4 x 1,000) < 30 s with R-hat < 1.01", seen_text, _verdict(holds))]


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
    parser.add_argument("--warm", type=int, default=50, help="Models whose warm start is measured.")
    parser.add_argument("--fold0", type=Path, help="Correction measured without fold 0.")
    parser.add_argument("--fold1", type=Path, help="Correction measured without fold 1.")
    options = parser.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for name in options.sections or SECTIONS:
        if name in ("atmosphere", "warm") and options.models is None:
            continue
        results[name] = SECTIONS[name](options)
        for line in results[name]:
            print(" | ".join(line), flush=True)
        write_table(results)


if __name__ == "__main__":
    main()
