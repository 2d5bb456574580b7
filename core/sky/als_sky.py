"""The real OB stars of the ALS II supplement as a table for maps and groups, where its file is at hand.

Pantaleoni Gonzalez et al. 2021, MNRAS 504, 2968: stars of the Alma Luminous Star catalogue with Gaia DR2 ids and
astrometry. The supplement holds those whose data the authors do not trust enough for their main table. It is not
shipped; a user puts it among the real data (`Settings.real_data_dir`).
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from core.datasets.spectral_types import parse_type
from core.datasets.truth import truth_of
from core.errors import LabelError, MissingColumnError
from core.gaia.releases import find_older
from core.settings import current_settings

NAME = "als"
"""Of the table among others; stands in URLs."""
FILE = Path("catalogues") / "als_ii_supplement_b.csv"
TITLE = "ALS II supplement: real OB stars"
ZERO_POINT_MAS = -0.040
"""Of DR2's parallaxes, as ALS II takes it off (section 3)."""
_COLUMNS = {
    "ID_DR2": "source_id", "Plx": "parallax", "Plx_err": "parallax_error", "PM_RA": "pmra", "PM_RA_err": "pmra_error",
    "PM_DEC": "pmdec", "PM_DEC_err": "pmdec_error", "Gmag_cor": "phot_g_mean_mag", "RUWE": "ruwe",
}  # fmt: skip


def als_path() -> Path | None:
    """The file, or None where it is not at hand."""
    path = current_settings().real_data_dir / FILE
    return path if path.is_file() else None


def als_sky_table(path: Path) -> pa.Table:
    """The stars of the supplement that have parallaxes.

    Columns: source_id (of Gaia DR2), name ('ALS 9'), ra, dec (deg), parallax, proper motions and their errors (mas,
    mas/yr), ruwe, phot_g_mean_mag, bp_rp, category and true_label by the published type, ref_epoch. Parallaxes have
    DR2's zero point of -0.040 mas taken off; ids are not those of DR3.

    Raises
    ------
    MissingColumnError
        The file is another table.
    """
    import astropy.units as u
    from astropy.coordinates import Angle

    table = pd.read_csv(path)
    missing = [name for name in (*_COLUMNS, "ID_ALS", "RA_DR2", "DEC_DR2", "SpT_ALS") if name not in table]
    if missing:
        raise MissingColumnError(f"{path} has no column {', '.join(missing)}: it is not the supplement of ALS II")
    table = table[table["Plx"].notna() & table["RA_DR2"].notna() & table["DEC_DR2"].notna()].reset_index(drop=True)
    stars = table[list(_COLUMNS)].rename(columns=_COLUMNS)
    older = find_older("dr2")
    assert older is not None
    types = table["SpT_ALS"].fillna("").astype(str)
    stars = stars.assign(
        name="ALS " + table["ID_ALS"].astype(str),
        ra=Angle(table["RA_DR2"].to_list(), unit=u.hourangle).deg,
        dec=Angle(table["DEC_DR2"].to_list(), unit=u.deg).deg,
        parallax=stars["parallax"] - ZERO_POINT_MAS,
        bp_rp=table["BPmag"] - table["RPmag"],
        category=[_category(text) for text in types],
        true_label=truth_of(types),
        ref_epoch=older.reference_epoch,
    )
    return pa.Table.from_pandas(stars, preserve_index=False)


def about_als(n_stars: int) -> str:
    """Where the stars come from, in two sentences."""
    return (
        f"{n_stars:,} real stars of type O and B of the supplement of ALS II (Pantaleoni Gonzalez et al. 2021, MNRAS "
        "504, 2968) with Gaia DR2 parallaxes, zero point of -0.040 mas taken off. No verdicts: their types are known."
    )


def _category(text: str) -> str:
    try:
        return parse_type(text).category
    except LabelError:
        return "unknown type"


def is_of_dr2(table: pd.DataFrame) -> np.ndarray:
    """Which stars carry ids and epochs of Gaia DR2, bool ndarray of shape (n_stars,)."""
    older = find_older("dr2")
    if older is None or "ref_epoch" not in table:
        return np.zeros(len(table), dtype=bool)
    return (table["ref_epoch"].to_numpy(dtype=float, na_value=np.nan) == older.reference_epoch).astype(bool)
