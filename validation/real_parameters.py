"""The fit on real stars of the shared labelled half, judged by corrections that were measured without them."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from core.parameters.choices import FitSettings
from core.parameters.correction import CorrectedAtmosphere, load_correction
from core.parameters.fit import fit_spectra
from core.settings import current_settings
from core.simulation.smooth_grid import smooth_grid
from core.spectra.readers import read_spectra
from recipes.spectral_types import teff_of_type


def real_stars(options: argparse.Namespace) -> list[tuple[str, str, str]]:
    """Lines on cool stars, reddened stars, OB stars and the class."""
    cool = fitted("xp_cool_low_extinction", options)
    red = fitted("xp_cool_reddened", options)
    hot = fitted("xp_massive_and_boundary", options)
    contaminants = fitted("xp_hot_not_massive", options)
    return [*_cool_lines(cool), *_red_lines(red), *_hot_lines(hot), *_class_lines(hot, [cool, red, contaminants])]


def fitted(name: str, options: argparse.Namespace) -> pd.DataFrame:
    """Labels and fits of up to `--stars` stars of a file, each fitted with the correction that has not seen it."""
    path = current_settings().real_data_dir / "labelled" / f"{name}.parquet"
    labels, spectra = pd.read_parquet(path).drop(columns=["flux", "flux_error"]), read_spectra(path)
    chosen = np.random.default_rng(1).permutation(len(labels))[: options.stars]
    parts = []
    for fold, correction in enumerate((options.fold0, options.fold1)):
        rows = np.sort(chosen[(labels["source_id"].to_numpy()[chosen] // 7) % 2 == fold])
        table = fit_spectra(spectra.take(rows), FitSettings(atmosphere=_atmosphere(fold, correction)))
        parts.append(labels.iloc[rows].reset_index(drop=True).join(table.drop(columns="source_id"), rsuffix="_fit"))
    return pd.concat(parts, ignore_index=True)


def _atmosphere(fold: int, path: Path | None) -> CorrectedAtmosphere | None:
    if path is None:
        return None
    result = CorrectedAtmosphere(smooth_grid(), load_correction(path))
    result.name = f"grid, corrected without fold {fold}"
    return result


def scatter(values: pd.Series) -> float:
    """Robust standard deviation: 1.4826 times the median absolute deviation."""
    known = values.dropna().to_numpy()
    return float(1.4826 * np.median(np.abs(known - np.median(known))))


def _cool_lines(t: pd.DataFrame) -> list[tuple[str, str, str]]:
    off = (t["teff"] / t["teff_apogee"] - 1).abs().median() * 100
    gravity, metal = t["logg"] - t["logg_apogee"], t["mh"] - t["fe_h"]
    inside = ((t["teff_low"] <= t["teff_apogee"]) & (t["teff_apogee"] <= t["teff_high"])).mean() * 100
    n = f" ({len(t)} stars)"
    return [
        ("cool stars: median |dTeff| <= 2.5 %", f"{off:.2f} %{n}", _verdict(off <= 2.5)),
        ("cool stars: log g scatter <= 0.3 dex", f"{scatter(gravity):.2f} dex, offset {gravity.median():+.2f}{n}",
         _verdict(scatter(gravity) <= 0.3)),
        ("cool stars: [M/H] scatter <= 0.25 dex", f"{scatter(metal):.2f} dex, offset {metal.median():+.2f}{n}",
         _verdict(scatter(metal) <= 0.25)),
        ("cool stars: 68 % interval of Teff holds APOGEE's", f"{inside:.0f} of 100{n}", ""),
    ]  # fmt: skip


def _red_lines(t: pd.DataFrame) -> list[tuple[str, str, str]]:
    off = (t["teff"] / t["teff_apogee"] - 1).abs().median() * 100
    return [("reddened cool stars: median |dTeff| <= 4 %", f"{off:.2f} % ({len(t)} stars)", _verdict(off <= 4))]


def _hot_lines(t: pd.DataFrame) -> list[tuple[str, str, str]]:
    scale = np.array([teff_of_type(text)[0] for text in t["sp_type"].fillna("")])
    single = ~t["sp_type"].fillna("").str.contains(r"[,/+]", regex=True)
    typed = np.isfinite(scale) & (t["massive"] == 1)
    lines = []
    for name, use in (("all", typed), ("one type without , / or +", typed & single)):
        n = int(use.sum())
        near = (np.abs(t["teff"] / scale - 1) < 0.2)[use].mean() * 100
        log_error = np.log(t["teff_high"] / t["teff_low"]) / 2
        held = (np.abs(np.log(t["teff"] / scale)) < 2 * log_error)[use].mean() * 100
        lines.append(
            (f"OB stars of known type ({name}): within 20 % for 70 %", f"{near:.0f} % ({n})", _verdict(near >= 70))
        )
        lines.append((f"OB stars ({name}): 95 % interval covers for 90 %", f"{held:.0f} % ({n})", _verdict(held >= 90)))
    known = t["av_lit"].notna() & (t["massive"] == 1)
    off = (t["a_v"] - t["av_lit"])[known]
    seen = f"{scatter(off):.2f} mag, offset {off.median():+.2f} ({int(known.sum())} stars)"
    lines.append(("A_V of OB stars: scatter <= 0.4 mag", seen, _verdict(scatter(off) <= 0.4)))
    return lines


def _class_lines(hot: pd.DataFrame, others: list[pd.DataFrame]) -> list[tuple[str, str, str]]:
    from sklearn.metrics import roc_auc_score

    low = pd.concat(others, ignore_index=True)["probability_physics"].fillna(0.0)
    lines = []
    for name, use in (("every star labelled massive", hot["massive"] == 1),
                      ("by MK type", hot["truth"] == "massive (MK type)")):  # fmt: skip
        high = hot.loc[use, "probability_physics"].fillna(0.0)
        truth = np.concatenate([np.ones(len(high)), np.zeros(len(low))])
        area = float(roc_auc_score(truth, np.concatenate([high, low])))
        seen = f"{area:.4f} ({len(high)} against {len(low)}; {(low > 0.5).sum()} of these above 0.5)"
        lines.append((f"P(massive) by physics, {name}: AUC >= 0.995", seen, _verdict(area >= 0.995)))
    return lines


def _verdict(holds: bool) -> str:
    return "yes" if holds else "no"
