"""Which of the labelled stars count as O and early B stars when recall is measured."""

import numpy as np
import pandas as pd

from recipes.real_stars import MK_TYPE

A_V_EDGES_MAG = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 20.0)


def is_wolf_rayet(table: pd.DataFrame) -> np.ndarray:
    """Stars whose type begins with W."""
    return table["sp_type"].fillna("").str.match(r"^W[NCO]").to_numpy(bool)


def is_ob(table: pd.DataFrame) -> np.ndarray:
    """O to B1.5 of any luminosity class and B2 to B2.5 of classes I to III by MK type, neither damaged nor Wolf-Rayet.

    The first type counts where several are given ('B1/2Ib' is B1).
    """
    found = np.zeros(len(table), dtype=bool)
    luminous = table["lum"].fillna("").str.match(r"^(I|Ia|Ib|Iab|II|III)$").to_numpy(bool)
    for row, (text, broken, mk) in enumerate(
        zip(table["sp_type"].fillna(""), table["xp_broken"], table["truth"] == "massive (MK type)", strict=True)
    ):
        match = MK_TYPE.match(text)
        if match and mk and not broken:
            number = float(match[2])
            early = match[1] == "O" or number <= 1.5
            found[row] = early or (number <= 2.5 and luminous[row])
    return found


def extinction(table: pd.DataFrame) -> np.ndarray:
    """A_V in mag: of the literature where known, else the rough one."""
    return table["av_lit"].fillna(table["av_rough"]).to_numpy(float)
