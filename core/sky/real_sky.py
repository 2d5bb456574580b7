"""The shipped real stars as a table for the sky map: places, magnitudes, types, and a run's verdicts."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from core.datasets.dataset import open_parquet
from core.datasets.real_stars import PROVENANCE, TITLE
from core.errors import NotFoundError
from core.verdict.companions import companions_of
from core.verdict.ensemble import load_ensemble
from core.verdict.unseen import NONE_UNSEEN, UNSEEN_NOTE, load_unseen
from core.verdict.verdict import judge

COLUMNS = ("source_id", "ra", "dec", "phot_g_mean_mag", "bp_rp", "category")


def real_sky_table(sample: Path | None, run_dir: Path) -> pa.Table:
    """source_id, ra, dec (deg), phot_g_mean_mag, bp_rp, category, probability, probability_std, label, true_label.

    `label` is the verdict, of members that never saw the star where the run has learnt from it; `true_label` is what
    the star's type says, null where it says nothing.

    Raises
    ------
    NotFoundError
        The sample is not installed.
    RunError
        The run cannot classify.
    """
    if sample is None:
        raise NotFoundError("the sample of real stars is not installed (data/real): restore it")
    dataset = open_parquet(sample, TITLE, PROVENANCE)
    ensemble = load_ensemble(run_dir, threads=1)
    verdict = judge(dataset.read(np.arange(len(dataset))), ensemble, companions_of(ensemble))
    table = dataset.table[list(COLUMNS)].assign(
        probability=verdict.probability.astype(np.float32),
        probability_std=verdict.probability_std.astype(np.float32),
        label=verdict.label,
        true_label=dataset.table["label"],
    )
    return pa.Table.from_pandas(table, preserve_index=False)


def about_verdicts(run_dir: Path) -> str:
    """Whose verdicts the table holds, in one sentence."""
    if load_unseen(run_dir) is NONE_UNSEEN:
        return "Verdicts: of the default ensemble."
    return f"Verdicts: of the default ensemble; on stars that it has learnt from the {UNSEEN_NOTE}."
