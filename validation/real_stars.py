"""The default ensemble and the reference runs on real stars: `python -m validation.real_stars [RUN_DIR ...]`.

Reads `$XP_REAL_DATA/labelled` where it is there (15,459 stars), else the shipped real stars, and writes
`validation/results/real_stars.md`. Stars that a run has learnt from are judged by the members that never saw them.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from core.datasets.label_table import read_label_table
from core.datasets.spectral_types import SED_OB
from core.errors import ExplorerError
from core.evaluation.real_truth import RealSample, embedded_sample, real_sample
from core.evaluation.real_validation import RealValidation, validate_real
from core.evaluation.real_validation_text import TITLES, interval, rate_rows
from core.runs.folders import reference_folders
from core.runs.run import read_run
from core.settings import current_settings
from core.spectra.spectrum_set import SpectrumSet
from validation.report import write_report

FILES = ("xp_massive_and_boundary", "xp_hot_not_massive", "xp_cool_reddened", "xp_cool_low_extinction")
MOST_ERRORS = 20


def main(run_dirs: list[Path]) -> None:
    """Judge and write: the first run at length, all of them in one table."""
    settings = current_settings()
    folder = settings.real_data_dir / "labelled"
    sample = labelled_sample(folder) if folder.is_dir() else embedded_sample()
    runs = run_dirs or [settings.default_run_dir, *reference_folders()]
    judged: list[RealValidation] = []
    for run in runs:
        try:
            judged.append(validate_real(run, sample, title=read_run(run).network))
        except ExplorerError as error:
            print(f"{run}: not judged ({error})", file=sys.stderr)
    if not judged:
        sys.exit("no run could judge the real stars")
    print(write_report("real_stars", f"Real stars: {sample.title}", [*_first(judged[0]), *_all(judged)]))


def labelled_sample(folder: Path) -> RealSample:
    """The labelled real stars of the half that may be learnt from, with every type that they have there."""
    stars = pd.concat([pd.read_parquet(folder / f"{name}.parquet") for name in FILES], ignore_index=True)
    known = read_label_table().reindex(pd.Index(stars["source_id"]))
    by_sed = stars["truth"].str.contains("Mohr-Smith") & stars["sp_type"].isna()
    types = stars["sp_type"].astype(object).where(~by_sed, SED_OB)
    metadata = pd.DataFrame(
        {
            "label": _labels(stars, types, by_sed),
            "spectral_type": types,
            "spectral_type_method": np.where(by_sed, "SED", "MK"),
            "reference": known["reference"].to_numpy(dtype=object),
            "teff_apogee": stars["teff_apogee"],
            "a_v_mag": stars["av_lit"],
            "a_v_rough_mag": stars["av_rough"],
            "phot_g_mean_mag": stars["phot_g_mean_mag"],
            "bp_rp": stars["bp_rp"],
        }
    )
    flux, error = (np.stack(list(stars[name])).astype(float) for name in ("flux", "flux_error"))
    return real_sample(
        SpectrumSet(stars["source_id"].to_numpy(np.int64), flux, error, metadata=metadata), "labelled half"
    )


def _labels(stars: pd.DataFrame, types: pd.Series, by_sed: pd.Series) -> list[str | None]:
    from core.datasets.spectral_types import label_of

    methods = np.where(by_sed, "SED", "MK")
    texts = [None if pd.isna(text) else str(text) for text in types]
    return [label_of(*star)[0] for star in zip(texts, methods, stars["teff_apogee"], strict=True)]


def _first(found: RealValidation) -> list[tuple[str, list[str], list[dict]]]:
    """Sections on one run: recall, kinds, figures, errors."""
    sections = [
        (f"{found.title}: found, {TITLES[by]}", ["Undamaged spectra; 95 % Wilson intervals."], rate_rows(rows))
        for by, rows in found.recall.items()
    ]
    about = [
        f"{found.n_classified:,} of {found.n_stars:,} stars classified, {found.n_unseen:,} of them by members that "
        f"never saw them. ROC-AUC {interval(found.auc)}, calibration error at equal priors {interval(found.ece)}; "
        f"purity at a prevalence of {found.expected.prevalence:g}: {interval(found.expected.purity, 2)}."
    ]
    sections.append((f"{found.title}: called massive, by kind", about, rate_rows(found.kinds, "kind")))
    errors = found.errors.head(MOST_ERRORS).drop(columns="reference")
    rows = errors.assign(source_id=errors["source_id"].astype(str)).astype(object).to_dict("records")
    shown = [{name: "" if pd.isna(value) else value for name, value in row.items()} for row in rows]
    text = [f"The {len(shown)} most confident of {len(found.errors)}."]
    return [*sections, *([(f"{found.title}: wrong verdicts", text, shown)] if shown else [])]


def _all(judged: list[RealValidation]) -> list[tuple[str, list[str], list[dict]]]:
    names = list(dict.fromkeys(row.group for found in judged for row in found.kinds))
    rows = [
        {
            "run": Path(found.run).name,
            "network": found.title,
            **{name: f"{found.kind(name).n_called} of {found.kind(name).n}" for name in names},
            "ROC-AUC": interval(found.auc),
            "ECE": interval(found.ece, 3),
        }
        for found in judged
    ]
    return [("All runs: called massive, by kind", ["Threshold 0.5 on the probability at equal priors."], rows)]


if __name__ == "__main__":
    main([Path(text) for text in sys.argv[1:]])
