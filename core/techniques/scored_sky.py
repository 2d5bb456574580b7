"""The scores of every technique on a stratified simulated sky, as a table that is kept: the ground of all fits."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.errors import NotFoundError
from core.survey.fused import DISMISS_BELOW, FusedEnsemble
from core.techniques.by_physics import fits_of
from core.techniques.evidence import Judge
from core.techniques.registry import TECHNIQUES
from core.techniques.simulated_sky import SkyPart, SkyPlan, sky_parts, weights_of
from core.verdict.companions import load_companions
from core.verdict.ensemble import load_ensemble
from core.verdict.verdict import judge as judge_spectra

CONTEXT = ("phot_g_mean_mag", "bp_rp", "parallax", "parallax_error", "j", "h", "ks", "w1", "w2")
"""Columns that the table keeps beside the scores."""


def fast_judge(run_dir: str | Path, threads: int | None = 1) -> Judge:
    """The verdict of a run, its members but the first asked only about stars that the first does not dismiss."""
    ensemble = load_ensemble(run_dir, threads=threads)
    fused = FusedEnsemble(ensemble, DISMISS_BELOW)
    companions = load_companions(ensemble.path, ensemble.run.started)
    return lambda spectra: judge_spectra(spectra, fused, companions)


def scored_part(part: SkyPart) -> pd.DataFrame:
    """One row per star: s_<key> of every technique (NaN where it abstains), massive, stratum, truth and `CONTEXT`."""
    columns = {f"s_{item.key}": item.measure(part.evidence).value.astype(np.float32) for item in TECHNIQUES}
    table = pd.DataFrame(columns).assign(massive=part.massive, stratum=part.stratum, n_drawn=0)
    table["source_id"] = part.evidence.source_id
    if len(table):
        table.loc[0, "n_drawn"] = part.n_drawn
    fits = fits_of(part.evidence)
    if fits is not None:
        for name in ("teff", "a_v", "mass_now"):
            table[f"fit_{name}"] = fits[name].to_numpy(dtype=np.float32)
    seen = part.evidence.columns[list(CONTEXT)].astype(np.float32).reset_index(drop=True)
    return pd.concat([table, seen, part.truth.reset_index(drop=True)], axis=1)


def score_sky(
    plan: SkyPlan, run_dir: str | Path, folder: str | Path, on_progress: Callable[[int], None] | None = None
) -> pd.DataFrame:
    """The scored sky of a plan; every part is kept in `folder`, so that the work goes on where it was interrupted."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    judge = fast_judge(run_dir)
    for part in sky_parts(plan, judge, lambda number: not (folder / _name(number)).is_file()):
        with atomic_path(folder / _name(part.number)) as beside:
            scored_part(part).to_parquet(beside)
        if on_progress is not None:
            on_progress(part.number)
    return read_scored(folder)


def _name(number: int) -> str:
    return f"part-{number:05d}.parquet"


def read_scored(folder: str | Path) -> pd.DataFrame:
    """The parts that are there as one table, with the column `weight` (`core.techniques.simulated_sky.weights_of`)."""
    files = sorted(Path(folder).glob("part-*.parquet"))
    if not files:
        raise NotFoundError(f"{folder} holds no part of a scored sky: make it by `python -m recipes.techniques`")
    table = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    drawn = table.groupby("stratum")["n_drawn"].sum().to_dict()
    return table.assign(weight=weights_of(table, drawn))
