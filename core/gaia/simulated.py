"""Which stars are simulated, and what they are called: never by the name of a catalogue that does not list them."""

import numpy as np
import pandas as pd

from core.gaia.releases import DEFAULT, find_release

TRUE_PREFIX = "true_"
"""Begins the columns that only simulated stars have."""
SIMULATED = "simulated"
"""Column of tables: whether the star is simulated."""
PREFIX = "SIM"
_OF_REAL_STARS = ("true_label",)
"""What a published type says of a real star is called so, too."""


def simulated_rows(table: pd.DataFrame) -> np.ndarray:
    """Whether each star of a table is simulated, bool ndarray of shape (n_stars,).

    The column `simulated` says so where there is one; else a star with a known true parameter is.
    """
    if SIMULATED in table:
        return table[SIMULATED].astype("boolean").fillna(False).to_numpy(bool)
    names = [name for name in table if str(name).startswith(TRUE_PREFIX) and name not in _OF_REAL_STARS]
    return table[names].notna().any(axis=1).to_numpy(bool) if names else np.zeros(len(table), dtype=bool)


def designation(source_id: int | str, simulated: bool, release: str = DEFAULT.key) -> str:
    """'SIM 123' of a simulated star, else the id as an id of its release.

    >>> designation(123, True), designation(123, False)
    ('SIM 123', 'Gaia DR3 123')
    """
    return f"{PREFIX} {int(source_id)}" if simulated else find_release(release).designation(int(source_id))


def file_stem(source_id: int | str, simulated: bool, release: str = DEFAULT.key) -> str:
    """Beginning of a file's name for a star.

    >>> file_stem(123, True), file_stem(123, False)
    ('sim_123', 'gaia_dr3_123')
    """
    return designation(source_id, simulated, release).lower().replace(" ", "_")
