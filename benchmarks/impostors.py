"""Stars of the simulated sky that are taken for massive, by the spectrum alone and with the parallax.

    python -m benchmarks.impostors [--stars STARS] [--enriched STARS] [RUN_DIR]

A survey draw at natural prevalence, every star classified, and one in which massive stars and the rare hot kinds come
`ENRICHMENT` times as often (each kind as bright, as far and as reddened as in the sky), for rates per category. The
parallax is used in two ways: strike out what `core.verdict.contaminant` calls a contaminant, which it does when it is
95 % sure that the star is too faint; or multiply the odds by what parallax and brightness say, as a survey's
`sky_probability` does (`core.verdict.sky_posterior`). Where the real spectra are at hand, the simulated hot
subdwarfs are set beside the real ones.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.report import write_table
from core.evaluation.external_validation import load_external_set
from core.gaia.categories import CATEGORY_NAMES, HARD_NEGATIVES
from core.gaia.faintness import CERTAINTY
from core.gaia.labels import MASSIVE
from core.settings import current_settings
from core.simulation.draw import DrawRequest, iter_chunks
from core.simulation.population import survey
from core.spectra.photometry import synthetic_photometry
from core.statistics.intervals import rate_intervals
from core.verdict.contaminant import find_contaminants
from core.verdict.ensemble import Ensemble, load_ensemble
from core.verdict.sky_posterior import sky_log_odds, sky_probability
from core.verdict.verdict import classify

ENRICHMENT = 100.0
SEED, ENRICHED_SEED = 77, 78
THRESHOLD = 0.5
CELL_G = (5.0, 12.0, 14.0, 15.0, 16.0, 17.0, 17.7)
CELL_BP_RP = (-1.0, -0.3, -0.1, 0.1, 3.0)
RULES = {
    "looks": "spectrum alone",
    "uncertain": f"less contaminants (sure to {CERTAINTY:g})",
    "likely": "spectrum, parallax and brightness",
}
ASTROMETRY = ("ra", "dec", "parallax", "parallax_error", "phot_g_mean_mag", "bp_rp", "ruwe")


@contextmanager
def enriched(factor: float) -> Iterator[None]:
    """Draw massive stars and the rare kinds `factor` times as often; what each star is like stays as it is."""
    massive, shares = survey.MASSIVE_SHARE, dict(survey.SHARES)
    try:
        survey.MASSIVE_SHARE = massive * factor
        survey.SHARES.update({name: share * factor for name, share in shares.items()})
        yield
    finally:
        survey.MASSIVE_SHARE = massive
        survey.SHARES.update(shares)


def judged(ensemble: Ensemble, n_stars: int, seed: int) -> pd.DataFrame:
    """Category, label and true mass of drawn stars, whether they pass each of RULES."""
    parts = []
    for chunk in iter_chunks(DrawRequest("survey", n_stars, seed)):
        flux = chunk["flux"].combine_chunks().flatten().to_numpy().reshape(len(chunk), -1).astype(np.float64)
        columns = chunk.select(["category", "label", "true_mass", *ASTROMETRY]).to_pandas()
        probability = ensemble.probabilities(flux).mean(axis=0)
        looks = probability >= THRESHOLD
        flag, _ = find_contaminants(probability, columns)
        columns["looks"], columns["uncertain"] = looks, looks & ~np.asarray(flag.fillna(False), dtype=bool)
        with_parallax = sky_probability(probability, sky_log_odds(columns))
        columns["likely"] = with_parallax >= THRESHOLD
        columns["known"] = np.isfinite(probability)
        parts.append(columns.drop(columns=[name for name in ASTROMETRY if name not in ("phot_g_mean_mag", "bp_rp")]))
    return pd.concat(parts, ignore_index=True)


def category_rows(table: pd.DataFrame) -> list[dict]:
    """Per category and label: stars, and the share that looks massive without and with the parallax."""
    rows = []
    for (label, category), mine in table[table.known].groupby(["label", "category"]):
        row: dict = {"kind": category, "label": label, "hard negative": "yes" if category in HARD_NEGATIVES else ""}
        row["stars"] = len(mine)
        for name, title in RULES.items():
            low, high = rate_intervals(mine[name].sum(), len(mine))
            row[title] = f"{100 * mine[name].mean():.2f} % ({100 * low:.1f}-{100 * high:.1f})"
        rows.append(row)
    return sorted(rows, key=lambda row: (row["label"] != MASSIVE, CATEGORY_NAMES.index(row["kind"])))


def sample_rows(table: pd.DataFrame) -> list[dict]:
    """Completeness and purity at natural prevalence, without and with the parallax."""
    rows = []
    massive = (table.label == MASSIVE).to_numpy()
    for name, title in RULES.items():
        chosen = table[name].to_numpy()
        found = int((chosen & massive).sum())
        rows.append(
            {
                "sample": title,
                "stars": len(table),
                "massive": int(massive.sum()),
                "called massive": int(chosen.sum()),
                "of them massive": found,
                "completeness": f"{found / max(int(massive.sum()), 1):.3f}",
                "purity": f"{found / max(int(chosen.sum()), 1):.4f}",
                "called massive of the low-mass stars": f"{100 * (chosen & ~massive).sum() / (~massive).sum():.3f} %",
            }
        )
    return rows


def subdwarf_rows(simulated: pd.DataFrame, real: pd.DataFrame) -> list[dict]:
    """Hot subdwarfs of both kinds, and the simulated ones weighted to the real ones' G and BP-RP, in cells of both.

    Both tables hold phot_g_mean_mag, bp_rp and looks. The interval of the weighted share is a bootstrap over the
    simulated stars; real stars in a cell without simulated ones (a per cent) are left out.
    """
    rows = []
    for name, table in (("real", real), ("simulated sky", simulated)):
        low, high = rate_intervals(table.looks.sum(), len(table))
        rows.append(
            {
                "hot subdwarfs": name,
                "stars": len(table),
                "median G": f"{table.phot_g_mean_mag.median():.2f}",
                "median BP-RP": f"{table.bp_rp.median():.2f}",
                "called massive": f"{100 * table.looks.mean():.1f} % ({100 * low:.1f}-{100 * high:.1f})",
            }
        )
    cells, real_cells = _cells(simulated), _cells(real)
    found = simulated.looks.to_numpy(dtype=float)
    rng = np.random.default_rng(1)
    draws = [np.arange(len(found)), *rng.integers(0, len(found), (1000, len(found)))]
    weighted = [real_cells.map(pd.Series(found[i]).groupby(cells.to_numpy()[i]).mean()).mean() for i in draws]
    low, high = np.quantile(weighted[1:], [0.025, 0.975])
    share = f"{100 * weighted[0]:.1f} % ({100 * low:.1f}-{100 * high:.1f})"
    last = {"hot subdwarfs": "simulated sky, as bright and blue as the real ones", "called massive": share}
    return [*rows, dict.fromkeys(rows[0], "") | last]


def _cells(table: pd.DataFrame) -> pd.Series:
    g, colour = pd.cut(table.phot_g_mean_mag, CELL_G), pd.cut(table.bp_rp, CELL_BP_RP)
    return pd.Series(list(zip(g.astype(str), colour.astype(str), strict=True)))


def real_subdwarfs(ensemble: Ensemble, folder: Path) -> pd.DataFrame:
    """G, BP-RP (both synthetic) and verdicts of the real hot subdwarfs that could be classified."""
    external = load_external_set(folder)
    spectra = external.spectra.take(external.group == "hot subdwarfs")
    g_mag, bp, rp = synthetic_photometry(spectra.flux)
    probability = classify(spectra, ensemble)["probability"].to_numpy(dtype=float, na_value=np.nan)
    table = pd.DataFrame({"phot_g_mean_mag": g_mag, "bp_rp": bp - rp, "looks": probability >= THRESHOLD})
    return table[np.isfinite(probability)].reset_index(drop=True)


def main() -> None:
    """Draw, classify, and write benchmarks/results/impostors.md."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run_dir", nargs="?", type=Path, default=current_settings().default_run_dir)
    parser.add_argument("--stars", type=int, default=150_000, help="of the draw at natural prevalence")
    parser.add_argument("--enriched", type=int, default=60_000, help="of the enriched draw")
    arguments = parser.parse_args()
    ensemble = load_ensemble(arguments.run_dir)
    with enriched(ENRICHMENT):
        rare = judged(ensemble, arguments.enriched, ENRICHED_SEED)
    write_table(
        "impostors",
        "Which stars of the simulated sky are taken for massive",
        [
            f"`python -m benchmarks.impostors --stars {arguments.stars} --enriched {arguments.enriched}`",
            f"Survey, massive stars and rare kinds {ENRICHMENT:g} times as often as in the sky; threshold {THRESHOLD} "
            "on the probability at equal priors. Called massive by the spectrum alone and with the parallax, "
            "by the contaminant rule or as `sky_probability`; in brackets 95 % intervals (Clopper-Pearson).",
        ],
        category_rows(rare),
        packages=("onnxruntime",),
    )
    natural = judged(ensemble, arguments.stars, SEED)
    write_table("impostors", "The sample at natural prevalence", [], sample_rows(natural), append=True)
    folder = current_settings().real_data_dir
    if folder.is_dir():
        simulated = rare[rare.known & (rare.category == "hot subdwarf")].reset_index(drop=True)
        write_table(
            "impostors",
            "Hot subdwarfs of the simulated sky beside real ones",
            [
                "By the spectrum alone; G and BP-RP from the spectra. Last line: simulated ones weighted to the real "
                "ones' numbers in cells of G and BP-RP, interval by bootstrap."
            ],
            subdwarf_rows(simulated, real_subdwarfs(ensemble, folder)),
            append=True,
        )


if __name__ == "__main__":
    main()
