"""The labelled real stars that may be learnt from: `labelled/` in the real-data folder, one row per star."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.settings import current_settings

FILES = ("xp_massive_and_boundary", "xp_hot_not_massive", "xp_cool_reddened", "xp_cool_low_extinction")
N_FOLDS = 5
_SEED = 18
POSITIVE, HOT_NEGATIVE, COOL_NEGATIVE, DAMAGED, LEFT_OUT = "massive", "A and late B", "cool", "damaged", "left out"
CONTRADICTORY = "cool, but blue"
BLUEST_BP_RP = (
    (3_500.0, 4_000.0, 4_500.0, 5_000.0, 5_500.0, 6_000.0, 6_500.0, 7_000.0),
    (2.2, 1.63, 1.29, 1.04, 0.87, 0.73, 0.59, 0.45),
)
"""Kelvin, mag: unreddened dwarfs."""
COLOUR_MARGIN_MAG = 0.25
MK_TYPE = re.compile(r"^\s*([OB])\s*(\d(?:\.\d)?)")
_LEARNT_TRUTHS = ("massive (MK type)", "massive (SED, Mohr-Smith)")


@dataclass(frozen=True)
class RealStars:
    """n labelled stars.

    Attributes
    ----------
    table : DataFrame
        The columns of the files but the spectra, `file`, `role` (what the star is for the training; 'left out' has
        weight 0) and `fold` (0 to 4: the members that never see it).
    flux : float32 ndarray of shape (n, 343), W m^-2 nm^-1
    """

    table: pd.DataFrame
    flux: np.ndarray

    def __len__(self) -> int:
        return len(self.table)


def labelled_folder() -> Path:
    """The folder, or the end of the program."""
    folder = current_settings().real_data_dir / "labelled"
    if not folder.is_dir():
        sys.exit(f"no labelled real stars in {folder}: set XP_REAL_DATA to the folder that holds labelled/")
    return folder


def read_real_stars() -> RealStars:
    """All stars, sorted by source_id, so that folds do not depend on the order of files."""
    parts = [pd.read_parquet(labelled_folder() / f"{name}.parquet").assign(file=name) for name in FILES]
    table = pd.concat(parts, ignore_index=True).sort_values("source_id", ignore_index=True)
    if table["source_id"].duplicated().any():
        sys.exit(f"{int(table['source_id'].duplicated().sum())} stars stand in two files of {labelled_folder()}")
    flux = np.stack(table["flux"].to_list()).astype(np.float32)
    table = table.drop(columns=["flux", "flux_error"])
    table["role"] = roles(table)
    table["fold"] = _folds(table)
    return RealStars(table, flux)


def roles(table: pd.DataFrame) -> np.ndarray:
    """What each star is for the training.

    Massive by MK type or by its spectral energy distribution; A and late B stars; cool stars. Left out: types B2.5-B4
    and stars of 14,000-18,000 K, stars above 18,000 K by APOGEE alone (about B2.5-B3 V: on either side of 8 suns), and
    damaged spectra of massive stars; those of other stars teach that damage is no sign of mass.
    """
    massive, broken = table["massive"].to_numpy(), table["xp_broken"].to_numpy(bool)
    known = table["truth"].isin(_LEARNT_TRUTHS).to_numpy() & ~is_late_for_massive(table)
    hot = (table["file"] == "xp_hot_not_massive").to_numpy()
    left_out = (massive < 0) | ((massive == 1) & (~known | broken))
    return np.select(
        [left_out, massive == 1, broken, hot, contradicts_itself(table)],
        [LEFT_OUT, POSITIVE, DAMAGED, HOT_NEGATIVE, CONTRADICTORY],
        COOL_NEGATIVE,
    )


def is_late_for_massive(table: pd.DataFrame) -> np.ndarray:
    """Stars with an MK type on either side of 8 suns: later than B2, but for supergiants and bright giants to B3."""
    late = np.zeros(len(table), dtype=bool)
    for row, (text, truth) in enumerate(zip(table["sp_type"].fillna(""), table["truth"], strict=True)):
        match = MK_TYPE.match(text)
        if match and truth == _LEARNT_TRUTHS[0] and match[1] == "B":
            luminous = table["lum"].iloc[row] in ("I", "Ia", "Iab", "Ib", "II")
            late[row] = float(match[2]) > (3.0 if luminous else 2.0) or (not luminous and "2/3" in text)
    return late


def contradicts_itself(table: pd.DataFrame) -> np.ndarray:
    """Cool stars by APOGEE's parameters that are bluer than any star so cool can be: one of the two is of another star.

    BP-RP of unreddened dwarfs (Pecaut & Mamajek 2013, ApJS 208, 9, with Gaia colours of version 2022), less 0.25 mag
    for low metallicity and low gravity.
    """
    bluest = np.interp(table["teff_apogee"], *BLUEST_BP_RP) - COLOUR_MARGIN_MAG
    is_cool = table["file"].str.startswith("xp_cool").to_numpy()
    return is_cool & (table["bp_rp"] < bluest).to_numpy()


def _folds(table: pd.DataFrame) -> np.ndarray:
    from sklearn.model_selection import StratifiedKFold

    kind = table["file"] + table["massive"].astype(str) + table["truth"]
    fold = np.zeros(len(table), dtype=np.int16)
    splitter = StratifiedKFold(N_FOLDS, shuffle=True, random_state=_SEED)
    for number, (_, rows) in enumerate(splitter.split(np.zeros(len(table)), kind)):
        fold[rows] = number
    return fold
