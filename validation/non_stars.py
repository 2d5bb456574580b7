"""The detector of non-stars and the marks of emission, measured: `python -m validation.non_stars`.

Reads XP_REAL_DATA (`labelled/`, cross-fitted; `xp_sampled.parquet`, templates and CALSPEC, which taught nothing) and
writes `validation/results/non_stars.md`. Networks that leave something out are taught with `SCALE` of the lesson.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from core.settings import current_settings
from core.simulation.damage import draw_damage
from core.simulation.unusual.draw import NON_STARS, PECULIAR_STARS, draw_kind, draw_stars
from core.simulation.unusual.faults import draw_noise
from core.simulation.unusual.observed import Observed, observe
from core.simulation.unusual.quasars import draw_quasars
from core.spectra.damage import is_damaged
from core.spectra.emission_lines import measure_emission
from core.spectra.non_stars import (
    KINDS,
    NonStarNetwork,
    NonStarScores,
    detector_inputs,
    has_damage,
    non_star_scores,
)
from core.spectra.photometry import synthetic_photometry
from core.spectra.spectrum_set import SpectrumSet
from core.statistics.intervals import wilson_interval
from core.verdict.companions import companions_of
from core.verdict.ensemble import load_ensemble
from core.verdict.verdict import judge, member_probabilities
from recipes.non_stars import joined, non_star_lesson, real_lesson, real_stars, star_lesson, teach
from validation.report import Section, write_report

SEED, N_KIND, N_STARS, SCALE = 2026, 1000, 20_000, 0.4
MIX = {"M": 0.1, "K": 0.1, "G": 0.1, "F": 0.1, "A": 0.1, "late B": 0.08, "hot subdwarf": 0.12, "white dwarf": 0.08,
       "Be": 0.06, "Herbig": 0.05, "composite": 0.05, "giants": 0.06}  # fmt: skip
_BRIGHTNESS = ((0.0, 14.0), (14.0, 16.0), (16.0, 17.7))
_REDSHIFT_LEARNT = 1.8
SKY, _BRIGHT_PARALLAX_ERROR_MAS = 0.0003, 0.1


def share(flags: np.ndarray) -> str:
    """'x of n (low to high %)', Wilson's 95 % interval."""
    n, k = len(flags), int(np.sum(flags))
    if not n:
        return "none"
    known = wilson_interval(k, n)
    return f"{k} of {n}: {100 * k / n:.1f} % ({100 * known.low:.1f}-{100 * known.high:.1f})"


def noted(flux: np.ndarray, error: np.ndarray | None) -> np.ndarray:
    """Whether a spectrum is called no star's or damaged."""
    return non_star_scores(flux, error).flagged | has_damage(flux, error)


def by_network(network: NonStarNetwork, spectra: Observed) -> np.ndarray:
    """Flags of another network than the shipped one."""
    likelihoods = network.likelihoods(detector_inputs(spectra.flux, spectra.flux_error))
    return NonStarScores(likelihoods, network.thresholds).flagged


def damaged_stars(n: int, rng: np.random.Generator) -> tuple[Observed, np.ndarray]:
    """Simulated stars with the simulator's dips and steps, and how deep each is."""
    stars = draw_stars(n, rng, "training", MIX)
    factor = draw_damage(n, rng)
    return Observed(stars.flux * factor, stars.flux_error, stars.about), np.ptp(factor, axis=1)


def kinds_section(rng: np.random.Generator) -> Section:
    """The shipped detector on new draws of what it learnt."""
    rows = []
    for kind in NON_STARS:
        spectra = draw_kind(kind, N_KIND, rng)
        rows.append(_by_brightness(kind, spectra, noted(spectra.flux, spectra.flux_error)))
    spectra, depth = damaged_stars(N_KIND, rng)
    flags = noted(spectra.flux, spectra.flux_error)
    rows.append(_by_brightness("damaged, every depth (4-70 %)", spectra, flags))
    for least in (0.1, 0.15, 0.2):
        deep = np.flatnonzero(depth >= least)
        rows.append(_by_brightness(f"damaged, {100 * least:g} % and deeper", spectra.take(deep), flags[deep]))
    noise = draw_noise(N_KIND, rng)
    rows.append({"kind": "noise of 10 to 100 %", "flagged": share(noted(noise.flux, noise.flux_error))})
    flat = 1e-16 * (1.0 + 0.3 * rng.standard_normal((N_KIND, 343)))
    rows.append({"kind": "flat, 30 % noise, no errors", "flagged": share(noted(flat, None))})
    text = "New draws, G 10 to 17.6; flagged means called no star's spectrum or damaged. 95 % Wilson intervals."
    return "Non-stars flagged", [text], rows


def _by_brightness(kind: str, spectra: Observed, flags: np.ndarray) -> dict[str, object]:
    g = spectra.about["phot_g_mean_mag"].to_numpy()
    parts = {f"G {low:g}-{high:g}": (g >= low) & (g < high) for low, high in _BRIGHTNESS}
    return {"kind": kind, "flagged": share(flags), **{name: share(flags[rows]) for name, rows in parts.items()}}


def stars_section(rng: np.random.Generator) -> Section:
    """Simulated stars by kind, and what the default ensemble says of them."""
    ensemble = load_ensemble(current_settings().default_run_dir, threads=1)
    companions = companions_of(ensemble)
    ordinary = draw_stars(N_STARS, rng, "training", MIX)
    rows = []
    groups = [(kind, ordinary.take(np.flatnonzero(ordinary.about["kind"] == kind)))
              for kind in sorted(ordinary.about["kind"].unique())]  # fmt: skip
    groups += [(kind, draw_kind(kind, N_KIND, rng, (8.0, 17.0))) for kind in PECULIAR_STARS]
    for kind, spectra in groups:
        flux, error = spectra.flux, spectra.flux_error
        row = {"kind": kind, "no star": share(non_star_scores(flux, error).flagged),
               "damaged": share(has_damage(flux, error)),
               "emission marked": share(measure_emission(flux, error).found.any(axis=1))}  # fmt: skip
        few = spectra.take(np.arange(min(300, len(spectra))))
        verdict = judge(SpectrumSet(np.arange(1, len(few) + 1), few.flux, few.flux_error), ensemble, companions)
        row |= {"called massive": share(verdict.label == "massive"),
                "rests on lines": share(np.char.find(verdict.note.astype(str), "rests on them") >= 0)}  # fmt: skip
        rows.append(row)
    text = "New draws of undamaged stars, those of the training population at G 5-17.65. Be stars are massive or not."
    return "Simulated stars: flags, marks and verdicts", [text], rows


def real_section(rng: np.random.Generator) -> Section:
    """Labelled real stars, each by a network that saw neither it nor a copy of it."""
    real, fold, _ = real_stars()
    simulated, ordinary = star_lesson(rng, SCALE)
    others = non_star_lesson(rng, [ordinary], SCALE)
    flags = np.zeros(len(real), dtype=bool)
    for half in (0, 1):
        mine = fold % 2 == half
        taught = real_lesson(real.take(np.flatnonzero(~mine)), rng)
        network = teach(joined([taught, simulated, others]), half)
        flags[mine] = by_network(network, real.take(np.flatnonzero(mine)))
    table, damage = real.about, has_damage(real.flux, real.flux_error)
    emission = measure_emission(real.flux, real.flux_error).found.any(axis=1)
    types = table["sp_type"].fillna("").to_numpy(dtype=str)
    cool = table["file"].str.startswith("xp_cool").to_numpy()
    groups = {
        "OB by MK type (O to B3)": (table["massive"] == 1).to_numpy() & (np.char.str_len(types) > 0),
        "all labelled 'massive'": (table["massive"] == 1).to_numpy(),
        "Wolf-Rayet": np.char.startswith(types, "W"),
        "boundary (B3-B4)": (table["massive"] == -1).to_numpy(),
        "H-alpha emission by catalogue": table["ha_emission"].to_numpy(),
        "A and late B": (table["file"] == "xp_hot_not_massive").to_numpy(),
        "F to M, A_V > 1": (table["file"] == "xp_cool_reddened").to_numpy(),
        "F to M, A_V < 1": (table["file"] == "xp_cool_low_extinction").to_numpy(),
        "without emission by catalogue": ~table["ha_emission"].to_numpy() & ~table["emission"].to_numpy() & cool,
    }
    rows = [{"stars": name, "no star": share(flags[own]), "damage note": share(damage[own]),
             "emission marked": share(emission[own])} for name, own in groups.items()]  # fmt: skip
    text = (f"Undamaged by their mark. Two networks, each taught with half of the real stars and {100 * SCALE:g} % of "
            "the simulated spectra, judge the other half.")  # fmt: skip
    return "Labelled real stars, cross-fitted", [text], rows


def external_section() -> Section:
    """Spectra that taught nothing."""
    folder = current_settings().real_data_dir
    table = pd.read_parquet(folder / "xp_sampled.parquet")
    flux = np.stack([np.asarray(row, dtype=float) for row in table["flux"]])
    kind = table["cls"].fillna("").to_numpy(dtype=str)
    found = non_star_scores(flux)
    damage, emission = has_damage(flux), measure_emission(flux).found.any(axis=1)
    groups = {"field stars": kind == "", "hot subdwarfs": kind == "sd", "white dwarfs": kind == "WD",
              "O and B": np.isin(kind, ["O", "B"]), "A to M": np.isin(kind, ["A", "F", "G", "K", "M"])}  # fmt: skip
    usable = np.isfinite(flux).all(axis=1)
    first = int(np.flatnonzero(table["source_id"] == 426306363477869696)[0])
    groups["field stars"] &= np.arange(len(table)) != first
    rows = [_external(name, own & usable, found, damage, emission) for name, own in groups.items()]
    for name, file, column in (("mean spectra by type", "xp_templates_fkiwy.parquet", "flux"),
                               ("CALSPEC standards", "calspec_vs_gaia_91.parquet", "gaia_flux")):  # fmt: skip
        spectra = np.stack([np.asarray(row, dtype=float) for row in pd.read_parquet(folder / file)[column]])
        every = np.ones(len(spectra), dtype=bool)
        marks = measure_emission(spectra).found.any(axis=1)
        rows.append(_external(name, every, non_star_scores(spectra), has_damage(spectra), marks))
    one = found.note(first) if found.flagged[first] else "not flagged"
    text = (f"`xp_sampled.parquet`, judged without its errors. Gaia DR3 426306363477869696, a cataclysmic variable: "
            f"{one}; {measure_emission(flux).note(first)}.")  # fmt: skip
    return "External spectra", [text], rows


def _external(
    name: str, own: np.ndarray, found: NonStarScores, damage: np.ndarray, emission: np.ndarray
) -> dict[str, object]:
    kinds = [KINDS[k] for k in found.kind[own & found.flagged]]
    which = ", ".join(f"{n} {kind}" for kind, n in pd.Series(kinds, dtype=object).value_counts().items())
    return {"spectra": name, "no star": share(found.flagged[own]), "as": which,
            "damage note": share(damage[own]), "emission marked": share(emission[own])}  # fmt: skip


def never_learnt_section(rng: np.random.Generator) -> Section:
    """Networks from whose lesson a kind, or the far quasars, are left out."""
    real, _, _ = real_stars()
    simulated, ordinary = star_lesson(rng, SCALE)
    near: dict[str, Callable[[int], Observed]] = {
        "quasar": lambda n: observe(draw_quasars(n, rng, (0.02, _REDSHIFT_LEARNT)), "quasar", rng)
    }
    of_stars = joined([real_lesson(real, rng), simulated])
    others = non_star_lesson(rng, [ordinary], SCALE)
    rows = []
    for kind in NON_STARS:
        rest = others.take(np.flatnonzero(others.kind != KINDS.index(kind)))
        network = teach(joined([of_stars, rest]))
        asked = draw_kind(kind, N_KIND, rng)
        rows.append({"never learnt": kind, "flagged": share(by_network(network, asked))})
    network = teach(joined([of_stars, non_star_lesson(rng, [ordinary], SCALE, near)]))
    far = observe(draw_quasars(N_KIND, rng, (_REDSHIFT_LEARNT, 4.5)), "quasar", rng)
    rows.append({"never learnt": f"quasars beyond z = {_REDSHIFT_LEARNT}", "flagged": share(by_network(network, far))})
    return "Never learnt", [f"Networks taught with {100 * SCALE:g} % of the lesson and without what they judge."], rows


def standards_section() -> Section:
    """The hot standards of CALSPEC where 0.03 % of the stars are massive: what each rung of the ladder rests on."""
    folder = current_settings().real_data_dir
    table = pd.read_parquet(folder / "calspec_vs_gaia_91.parquet")
    table = table[table["spectral_type"].fillna("").str.match(r"^(O|B0)")]
    flux = np.stack([np.asarray(row, dtype=float) for row in table["gaia_flux"]])
    g, bp, rp = synthetic_photometry(flux)
    gaia = pd.read_parquet(folder / "gaia_source_bright_1457.parquet").drop_duplicates("source_id")
    parallax = gaia.set_index("source_id")["parallax"].reindex(table["source_id"]).to_numpy()
    bright = {"phot_g_mean_mag": g, "bp_rp": bp - rp}
    placed = bright | {"parallax": parallax, "parallax_error": np.full(len(g), _BRIGHT_PARALLAX_ERROR_MAS)}
    ensemble = load_ensemble(current_settings().default_run_dir, threads=1)
    spectra = SpectrumSet(table["source_id"].to_numpy(np.int64), flux)
    alone, known = (judge(spectra, ensemble, companions_of(ensemble), facts) for facts in ({}, placed))
    rows = [
        {
            "star": name, "type": kind, "G": f"{g[i]:.2f}", "spectrum, equal priors": f"{alone.probability[i]:.4f}",
            "likelihood ratio": f"{alone.probability[i] / (1 - alone.probability[i]):,.0f}",
            "spectrum, 0.03 %": f"{alone.posterior(SKY, 'probability')[i]:.3f}",
            "with G, colour and parallax, 0.03 %": f"{known.posterior(SKY)[i]:.3f}",
        }
        for i, (name, kind) in enumerate(zip(table["star_name"], table["spectral_type"], strict=True))
    ]  # fmt: skip
    text = (f"Half at 0.03 % takes a likelihood ratio of {(1 - SKY) / SKY:,.0f}. G, BP-RP from the spectrum, parallax "
            f"of Gaia DR3 with {_BRIGHT_PARALLAX_ERROR_MAS} mas, the usual error of such bright stars.")  # fmt: skip
    return "Standards where 0.03 % are massive", [text], rows


def speed_section(rng: np.random.Generator) -> Section:
    """Nanoseconds a star on one thread beside one member of the default ensemble, in turns; the best of nine."""
    ensemble = load_ensemble(current_settings().default_run_dir, threads=1)
    stars = draw_stars(4096, rng, "survey")
    spectra = SpectrumSet(np.arange(1, 4097), stars.flux, stars.flux_error)
    steps: dict[str, Callable[[], object]] = {
        "the whole ensemble": lambda: member_probabilities(spectra, ensemble),
        "steps and dips": lambda: is_damaged(stars.flux, stars.flux_error),
        "non-stars": lambda: non_star_scores(stars.flux, stars.flux_error).flagged,
        "emission": lambda: measure_emission(stars.flux, stars.flux_error).found,
    }
    best = dict.fromkeys(steps, np.inf)
    for _ in range(9):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            best[name] = min(best[name], (time.perf_counter() - start) / len(spectra) * 1e9)
    rows = [{"step": name, "ns a star": f"{value:,.0f}", "of the ensemble": f"{value / best['the whole ensemble']:.3f}"}
            for name, value in best.items()]  # fmt: skip
    return "Cost", ["4,096 spectra of a simulated survey, one thread, in turns; the machine may have been busy."], rows


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shipped-only", action="store_true", help="Leave out the networks that are taught anew.")
    arguments = parser.parse_args()
    rng = np.random.default_rng(SEED)
    sections = [kinds_section(rng), stars_section(rng)]
    if (Path(current_settings().real_data_dir) / "labelled").is_dir():
        sections += [external_section(), standards_section()]
        if not arguments.shipped_only:
            sections += [real_section(rng), never_learnt_section(rng)]
    write_report("non_stars", "What is no star: flags and marks", [*sections, speed_section(rng)])


if __name__ == "__main__":
    main()
