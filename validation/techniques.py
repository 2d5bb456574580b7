"""The techniques against truth: `python -m validation.techniques [--run RUN] [--parts FOLDER] [--only PART ...]`.

Parts: sky (a stratified simulated sky, cross-fitted), real (labelled real stars), libraries (STELIB and MILES), speed
(100,000 stars through all techniques). Writes `validation/results/techniques.md`; a part whose data are not there is
passed over with its reason, one that was not asked for keeps what stands in the report.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import ExplorerError
from core.settings import current_settings
from core.statistics.intervals import wilson_interval
from core.statistics.probability_calibration import sigmoid
from core.techniques.agreement import called
from core.techniques.fitting import cross_fit
from core.techniques.judged_stars import COMBINED, judged_sky
from core.techniques.real_comparison import judge_real, recall_at
from core.techniques.registry import KEYS, find_technique
from core.techniques.scored_sky import fast_judge, read_scored, score_sky
from core.techniques.simple_rules import RULES, by_rule, dawid_skene
from core.techniques.simulated_sky import SkyPlan
from core.techniques.worth import GAIA_PREVALENCE, SUBTYPES, TEFF_EDGES, calibration_error, curve, oracle, point
from validation.report import Section, write_report
from validation.techniques_libraries import library_sections

PLAN = SkyPlan(n_massive=2_560, n_intermediate=2_560, n_survey=122_880, n_for_hot=655_360, seed=22)
"""Another seed than that of the recipe: other stars."""
COMPLETENESS, FALSE_SHARE = 0.80, 5e-4
TEFF_ERROR, LUMINOSITY_ERROR = 0.05, 0.10
"""Of the oracle: ln Teff, and log10 L beside what the parallax's error makes of it."""
SPEED_STARS = 100_000
PARTS = ("sky", "real", "libraries", "speed")


def main() -> None:
    """Measure what was asked for and write the report."""
    settings = current_settings()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=settings.default_run_dir)
    parser.add_argument("--parts", type=Path, default=settings.cache_dir / "techniques_validation")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--massive", type=int, default=PLAN.n_massive)
    parser.add_argument("--intermediate", type=int, default=PLAN.n_intermediate)
    parser.add_argument("--survey", type=int, default=PLAN.n_survey)
    parser.add_argument("--for-hot", type=int, default=PLAN.n_for_hot)
    parser.add_argument("--scored", action="store_true", help="Take the parts of the sky that are there.")
    parser.add_argument("--shipped", action="store_true", help="Take the shipped judged sky instead of a new one.")
    asked = parser.parse_args()
    kept = Path(asked.parts).with_suffix(".sections.json")
    sections: dict[str, list[Section]] = json.loads(kept.read_text()) if kept.is_file() else {}
    for part in asked.only:
        try:
            if part == "sky" and asked.shipped:
                sections[part] = shipped_sections()
            elif part == "sky":
                if not asked.scored:
                    plan = SkyPlan(asked.massive, asked.intermediate, asked.survey, asked.for_hot, PLAN.seed)
                    score_sky(plan, asked.run, asked.parts, lambda number: print(f"part {number}", flush=True))
                sections[part] = sky_sections(read_scored(asked.parts))
            elif part == "real":
                sections[part] = real_sections(settings.real_data_dir / "labelled", asked.run)
            elif part == "libraries":
                sections[part] = library_sections(settings.real_data_dir / "libraries", asked.run)
            else:
                sections[part] = speed_sections(asked.run)
        except (ExplorerError, OSError) as error:
            sections[part] = [(f"Not measured: {part}", [str(error)], [])]
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(sections, default=str))
    everything = [tuple(item) for part in PARTS for item in sections.get(part, [])]
    print(write_report("techniques", "Techniques across surveys", everything))  # type: ignore[arg-type]


def sky_sections(sky: pd.DataFrame) -> list[Section]:
    """A scored sky, cross-fitted: each half is judged by fits to the other."""
    found = cross_fit(sky)
    log_odds = found.log_ratios | {COMBINED: found.combined.log_odds}
    return measured_sections(sky, log_odds, sky["massive"].to_numpy(bool), sky["weight"].to_numpy(float))


def shipped_sections() -> list[Section]:
    """The shipped sky, whose votes are cross-fitted already; the stars are those that the shipped fits are made of."""
    stars = judged_sky()
    return measured_sections(stars.table, stars.log_odds, stars.massive, stars.weight)


def measured_sections(
    sky: pd.DataFrame, log_odds: dict[str, np.ndarray], massive: np.ndarray, weight: np.ndarray
) -> list[Section]:
    """Every technique, the simple rules, the combination, and the oracle where the table has what it needs."""
    rows = [
        _row(_title(key), value, called(sigmoid(value)), massive, weight)
        for key, value in log_odds.items() if np.isfinite(value).any()
    ]  # fmt: skip
    singles = [row for row in rows if row["technique"] != _title(COMBINED) and isinstance(row["purity there"], float)]
    calls = {key: called(sigmoid(log_odds[key])) for key in KEYS}
    rows += [_row(text, None, by_rule(calls, rule), massive, weight) for rule, text in RULES.items()]
    blind = dawid_skene(calls, weight)
    rows.append(
        _row("Dawid & Skene, no truth", _log_odds(blind.probability), called(blind.probability), massive, weight)
    )
    limit_of_oracle = "not measured"
    if {"radius_rsun", "true_distance_pc", "parallax_error"} <= set(sky.columns):
        known = _oracle(sky, massive, weight)
        rows.append(_row("oracle: Teff and L with errors", known, called(sigmoid(known)), massive, weight))
        limit_of_oracle = f"{curve(known, massive, weight).purity_at(COMPLETENESS):.3f}"
    value = log_odds[COMBINED]
    combined = curve(value, massive, weight)
    at, low, high = resampled_purity(value, massive, weight)
    nobody: dict[str, object] = {"technique": "none", "purity there": float("nan")}
    best = max(singles, key=lambda row: float(str(row["purity there"])), default=nobody)
    error = calibration_error(sigmoid(value), massive, weight)
    text = [
        f"{int(massive.sum()):,} massive stars and {int((~massive).sum()):,} others in strata, weighted to the sky; "
        f"purity at a prevalence of {GAIA_PREVALENCE:g}. Cross-fitted: each half is judged by fits to the other.",
        f"Combination: purity {at:.3f} ({low:.3f}-{high:.3f}, bootstrap) at completeness {COMPLETENESS:g} for all "
        f"massive stars; oracle {limit_of_oracle} (errors of {TEFF_ERROR:g} in ln Teff and of {LUMINOSITY_ERROR:g} "
        f"in log L beside the parallax's); best single technique: {best['technique']}, {best['purity there']:.3f}. "
        f"Calibration error at equal priors {error:.4f}.",
    ]
    by_type = _by_type(sky, value, combined.threshold, combined.completeness, massive)
    wrong = _contaminants(sky, value, combined.threshold, combined.completeness, massive, weight)
    return [
        ("Simulated sky: every technique", text, rows),
        ("Simulated sky: combination at that threshold, by type", ["Shares of massive stars found."], by_type),
        ("Simulated sky: what it takes for massive", ["Contaminants by kind, in stars per million of the sky."], wrong),
    ]


def resampled_purity(
    value: np.ndarray, massive: np.ndarray, weight: np.ndarray, n_draws: int = 200, seed: int = 1
) -> tuple[float, float, float]:
    """Purity at `COMPLETENESS` with a 95 % bootstrap interval over the stars of each class."""
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(n_draws):
        times = rng.poisson(1.0, len(value))
        resampled = weight * times
        for chosen in (massive, ~massive):
            resampled[chosen] /= resampled[chosen].sum()
        drawn.append(curve(value, massive, resampled).purity_at(COMPLETENESS))
    return curve(value, massive, weight).purity_at(COMPLETENESS), *np.nanquantile(drawn, [0.025, 0.975])


def _title(key: str) -> str:
    return "**combination**" if key == COMBINED else find_technique(key).title


def _row(title: str, value, calls: np.ndarray, massive: np.ndarray, weight: np.ndarray) -> dict[str, object]:
    item = point(calls, massive, weight)
    there = float("nan") if value is None else curve(value, massive, weight).purity_at(COMPLETENESS)
    error = "" if value is None else round(calibration_error(sigmoid(value), massive, weight), 4)
    return {
        "technique": title, "judges, of the massive": round(item.judged, 3),
        "finds at equal odds": round(item.completeness, 3),
        "purity of that": float(f"{item.purity:.3g}"), "completeness": COMPLETENESS,
        "purity there": "not reached" if np.isnan(there) else round(there, 4), "ECE": error,
    }  # fmt: skip


def _log_odds(probability: np.ndarray) -> np.ndarray:
    p = np.clip(probability, 1e-12, 1 - 1e-12)
    return np.log(p / (1 - p))


def _oracle(sky: pd.DataFrame, massive: np.ndarray, weight: np.ndarray) -> np.ndarray:
    teff, radius = sky["true_teff"].to_numpy(float), sky["radius_rsun"].to_numpy(float)
    luminosity = radius**2 * (teff / 5772.0) ** 4
    distance_error = sky["parallax_error"].to_numpy(float) * sky["true_distance_pc"].to_numpy(float) / 1000.0
    spread = np.hypot(LUMINOSITY_ERROR, np.minimum(2.0 * distance_error / np.log(10), 1.0))
    return oracle(teff, luminosity, massive, weight, (np.full(len(teff), TEFF_ERROR), spread))


def _threshold(threshold: np.ndarray, completeness: np.ndarray) -> float:
    place = int(np.searchsorted(completeness, COMPLETENESS - 1e-9))
    return float(threshold[min(place, len(threshold) - 1)])


def _by_type(sky, value, threshold, completeness, massive) -> list[dict[str, object]]:
    limit, teff = _threshold(threshold, completeness), sky["true_teff"].to_numpy(float)
    rows = []
    for name, low, high in zip(SUBTYPES, TEFF_EDGES[:-1], TEFF_EDGES[1:], strict=True):
        mine = massive & (teff >= low) & (teff < high)
        rows.append({"type by Teff": name, "massive": int(mine.sum()),
                     "found": round(float((value[mine] >= limit).mean()), 3) if mine.any() else ""})  # fmt: skip
    return rows


def _contaminants(sky, value, threshold, completeness, massive, weight) -> list[dict[str, object]]:
    wrong = ~massive & (np.nan_to_num(value, nan=-99.0) >= _threshold(threshold, completeness))
    kind, mass = sky["category"].to_numpy(str), sky["true_mass"].to_numpy(float)
    kind = np.where(wrong & (mass > 6.5) & (mass <= 8.0), "born with 6.5-8 suns", kind)
    rows = []
    for name in np.unique(kind[wrong]):
        mine = wrong & (kind == name)
        rows.append(
            {
                "kind": str(name),
                "stars drawn": int(mine.sum()),
                "per million": round(1e6 * float(weight[mine].sum()), 2),
            }
        )
    return sorted(rows, key=lambda row: -float(row["per million"]))  # type: ignore[arg-type]


def real_sections(folder: Path, run: Path) -> list[Section]:
    """Labelled real stars: recall at a false share of 0.05 %, out of fold."""
    from validation.real_stars import labelled_sample

    sample = labelled_sample(folder)
    stars = judge_real(sample, fast_judge(run), _infrared(folder))
    rows = []
    for key in (*stars.voting, COMBINED):
        rate, found, n = recall_at(stars.log_odds[key], stars.massive, FALSE_SHARE)
        low_high = wilson_interval(found, n)
        judged = np.isfinite(stars.log_odds[key])
        rows.append({"technique": _title(key), "judged": int(judged.sum()), "found": f"{found} of {n}",
                     "recall": round(rate, 3), "interval": f"{low_high.low:.3f}-{low_high.high:.3f}"})  # fmt: skip
    text = [
        f"{len(stars):,} stars, {int(stars.massive.sum())} of them massive by MK type or energy distribution; boundary "
        "stars are left out. They carry G, BP - RP, J, H, Ks and XP spectra; no parallax, no WISE, none of Gaia's "
        f"parameters: {', '.join(find_technique(key).title for key in KEYS if key not in stars.voting)} had nothing to "
        "say. The ensemble's verdicts are of members that never saw the star, the combination's of other stars' fits.",
        f"Refused: {'; '.join(stars.refused.values()) or 'nobody'}.",
    ]
    return [(f"Real stars: recall at {100 * FALSE_SHARE:g} % false", text, rows)]


def _infrared(folder: Path) -> pd.DataFrame:
    from validation.real_stars import FILES

    stars = pd.concat([pd.read_parquet(folder / f"{name}.parquet", columns=["j", "h", "ks"]) for name in FILES])
    return stars.reset_index(drop=True)


def speed_sections(run: Path) -> list[Section]:
    """100,000 simulated stars in a file, with all surveys' columns, through every technique."""
    from core.simulation.draw import simulate
    from core.techniques.file_run import judge_file

    with tempfile.TemporaryDirectory() as folder:
        path = simulate("survey", SPEED_STARS, 3, Path(folder) / "stars.parquet")
        judge_all = fast_judge(run, threads=None)
        start = time.monotonic()
        done = judge_file(path, Path(folder) / "votes.parquet", judge_all)
        seconds = time.monotonic() - start
    row = {"stars": done.n_rows, "judged": done.n_judged, "seconds": round(seconds, 1),
           "stars per second": round(done.n_rows / seconds)}  # fmt: skip
    return [("Speed", ["A file of simulated XP spectra of the whole sky, read, judged and written."], [row])]


if __name__ == "__main__":
    main()
