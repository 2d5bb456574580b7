"""The shipped ensemble on real Gaia spectra that it never saw: `python -m benchmarks.real_spectra [RUN_DIR]`."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.report import write_table
from core.evaluation.external_validation import (
    COLOUR_CUT_BP_RP_MAG,
    count_massive,
    early_type_spectra,
    load_external_set,
)
from core.evaluation.reddened_validation import recall_by_extinction, recall_interval, validate_reddened
from core.gaia.labels import THRESHOLD
from core.runs.run import LearntFrom, Run
from core.settings import current_settings
from core.spectra.spectrum_set import SpectrumSet
from core.verdict.ensemble import load_ensemble
from core.verdict.verdict import classify

PUBLISHED = {"field stars": "2 %", "hot subdwarfs": "60 %"}


def main(run_dir: Path) -> None:
    """Three tables: groups of real stars, templates by type, O-B1 spectra behind simulated dust."""
    settings = current_settings()
    if not settings.real_data_dir.is_dir():
        sys.exit(f"no real spectra in {settings.real_data_dir}: set XP_REAL_DATA to the folder that holds them")
    ensemble = load_ensemble(run_dir)
    _groups(ensemble, settings.real_data_dir)
    _templates(ensemble, settings.real_data_dir)
    _reddened(ensemble, settings.real_data_dir)


def _groups(ensemble, folder: Path) -> None:
    external = load_external_set(folder)
    probability = classify(external.spectra, ensemble)["probability"].to_numpy(dtype=float, na_value=np.nan)
    counted = count_massive(external.group, probability)
    cut = count_massive(external.group, np.where(external.bp_rp_mag < COLOUR_CUT_BP_RP_MAG, 1.0, 0.0)).set_index(
        "group"
    )
    rows = [
        {
            "group": row.group,
            "stars": row.n,
            "unclassified": row.unclassified,
            "called massive": row.massive,
            "fraction": f"{100 * row.fraction:.1f} %",
            "95 % interval": f"{100 * row.low:.1f}-{100 * row.high:.1f} %",
            f"BP-RP < {COLOUR_CUT_BP_RP_MAG}": f"{100 * cut.loc[row.group, 'fraction']:.1f} %",
            "published CNN": PUBLISHED.get(row.group, ""),
        }
        for row in counted.itertuples()
    ]
    write_table(
        "real_spectra",
        "The default ensemble on real Gaia spectra",
        [
            f"Learnt from {_lesson(ensemble.run)}, none of them here; threshold 0.5 on the probability at equal "
            "priors. Unclassified: spectra with gaps. Intervals: Clopper-Pearson. Command: `python -m "
            "benchmarks.real_spectra`.",
        ],
        rows,
        packages=("onnxruntime",),
    )


def _lesson(run: Run) -> str:
    """What the run learnt from, in words."""
    learnt = run.learnt_from or LearntFrom(simulated_stars=run.data.n_train or 0)
    simulated, real = learnt.simulated_stars, learnt.real_stars
    return f"{simulated:,} simulated stars" + (f" and {real:,} labelled real ones" if real else " alone")


def _templates(ensemble, folder: Path) -> None:
    templates = pd.read_parquet(folder / "xp_templates_fkiwy.parquet")
    flux = np.stack(list(templates["flux"])).astype(float)
    spectra = SpectrumSet(source_id=np.arange(1, len(flux) + 1, dtype=np.int64), flux=flux)
    templates = templates.assign(p=classify(spectra, ensemble)["probability"].to_numpy(dtype=float, na_value=np.nan))
    hot = templates[templates["spectral_type"].str.match("^[OBA]")]
    rows = [{"type": r.spectral_type, "probability": f"{r.p:.3f}"} for r in hot.itertuples()]
    title = "Templates of the MK types (real mean spectra) down to A"
    write_table("real_spectra", title, ["Probability of massive."], rows, append=True)


def _reddened(ensemble, folder: Path) -> None:
    names, flux = early_type_spectra(folder)
    external = validate_reddened(ensemble, flux)
    table = recall_by_extinction(external)
    low, high = recall_interval(external)
    found = external.assign(found=external["probability"] >= THRESHOLD)
    by_star = found.groupby("star")["found"].mean()
    rows = [
        {
            "A_V": r.a_v,
            "drawn": int(r.n),
            "networks": f"{r.networks:.3f}",
            f"BP-RP < {COLOUR_CUT_BP_RP_MAG}": f"{r.colour_cut:.3f}",
        }
        for r in table.itertuples()
    ]
    by_g = found.groupby("g")["found"].mean()
    write_table(
        "real_spectra",
        f"Recall of {len(names)} O-B1 spectra behind simulated dust and noise",
        [
            f"{', '.join(names)} (types stand for mean spectra); A_V 0-6 (Gordon et al. 2023, R_V 3.1), XP noise at "
            f"G 10-17, five draws each, all {len(external)} made from {len(names)} spectra. Recall over all: "
            f"95 % interval {low:.3f}-{high:.3f} (bootstrap over the spectra, n = {len(names)}). By spectrum: "
            + ", ".join(f"{names[star]} {value:.3f}" for star, value in by_star.items())
            + ". By G: "
            + ", ".join(f"{g:.0f}: {value:.3f}" for g, value in by_g.items())
            + ".",
        ],
        rows,
        append=True,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else current_settings().default_run_dir)
