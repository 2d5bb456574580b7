"""The stand-in's further releases: the same stars with other ids, columns and coefficients, and a few surprises."""

from dataclasses import replace

import numpy as np
import pandas as pd

from core.gaia.columns import ASTROPHYSICAL_COLUMNS
from core.gaia.releases import DR3, DR4, Neighbourhood, Release
from tests.archive.stand_in.made_up import turned
from tests.archive.stand_in.sky import Sky

SURPRISING = replace(
    DR4,
    key="dr5",
    name="Gaia DR5",
    schema="gaiadr5",
    reference_epoch=2020.0,
    neighbours=(Neighbourhood("dr4", "dr4_neighbourhood", "dr4_source_id", "dr5_source_id"),),
    id_columns=("gaiadr5",),
)
"""A release of which the table knows what it knows of DR4, and whose archive is another: `ruwe` has become
`ruwe_index`, its neighbourhood table is missing, and BP has 53 coefficients."""
_COEFFICIENTS = {"dr4": 51, "dr5": 53}


def in_release(sky: Sky, release: Release) -> Sky:
    """The sky as another release has it; a third of the ids have changed."""
    gaia = sky.gaia.copy()
    gaia["source_id"] = new_ids(gaia["source_id"].to_numpy())
    years = release.reference_epoch - DR3.reference_epoch
    gaia["ref_epoch"] = release.reference_epoch
    gaia["dec"] += years * gaia["pmdec"] / 3.6e6
    gaia["ra"] += years * gaia["pmra"] / 3.6e6 / np.cos(np.radians(gaia["dec"]))
    n_bp = _COEFFICIENTS[release.key]
    errors = np.hstack([np.abs(turned(sky.errors[:, :55], n_bp)) + 1e-6, sky.errors[:, 55:]]).astype(np.float32)
    return replace(sky, gaia=gaia, bp=turned(sky.bp, n_bp), errors=errors, release=release)


def new_ids(ids: np.ndarray) -> np.ndarray:
    """Ids of the later releases: every third is another one of the same pixel."""
    return np.where(np.arange(len(ids)) % 3 == 0, ids ^ (1 << 34), ids)


def source_table(sky: Sky) -> pd.DataFrame:
    """gaia_source under the release's own names."""
    gaia = sky.gaia.drop(columns=[name for name in ASTROPHYSICAL_COLUMNS if name in sky.gaia])
    gaia = gaia.drop(columns=[name for name in sky.release.removed if name in gaia])
    gaia = gaia.rename(columns=sky.release.renamed)
    return gaia.rename(columns={"ruwe": "ruwe_index"}) if sky.release.key == "dr5" else gaia


def neighbourhood(old: Sky, new: Sky, table: Neighbourhood) -> pd.DataFrame:
    """The translation of the old ids: one in 25 has two counterparts, one in 40 none."""
    rng = np.random.default_rng(9)
    n = len(old.gaia)
    found = pd.DataFrame({
        table.old_id: old.gaia["source_id"].to_numpy(), table.new_id: new.gaia["source_id"].to_numpy(),
        "angular_distance": rng.uniform(0.05, 2, n).astype(np.float32),
        "magnitude_difference": rng.normal(0, 0.01, n).astype(np.float32),
    })  # fmt: skip
    twins = found.iloc[11::25].assign(**{table.new_id: lambda t: t[table.new_id] + 128})
    return pd.concat([found.drop(index=found.index[17::40]), twins], ignore_index=True)
