"""Which release of Gaia a table is of: its ids, columns, reference epoch and what its header says."""

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from core.gaia.vocabulary import DR2_COLUMNS, canonical_names, dr2_ids, word_of
from core.spectra.readers.arrays import is_text, single_array
from core.spectra.readers.values import as_floats

OLD_EPOCHS = {"DR1": 2015.0, "DR2": 2015.5}
"""Reference epochs of the releases before (E)DR3, whose own is 2016.0 (Gaia DR2 and DR3 documentation, ref_epoch)."""
TRANSLATE = (
    "ids change between releases, and this program uses DR3. Translate them with the archive's table "
    "gaiadr3.dr2_neighbourhood (dr2_source_id, dr3_source_id)"
)
_IN_TEXT = re.compile(r"gaia[\s_-]*(dr[12])\b|\bI/(345|337)\b", re.IGNORECASE)
_NEW_IN_TEXT = re.compile(r"gaia[\s_-]*e?dr3|\bI/(350|355)\b", re.IGNORECASE)


def release_in(text: str) -> str:
    """'DR1' or 'DR2' if a header, title or table name says that alone, else ''.

    >>> release_in("gaiadr2.gaia_source"), release_in("I/355/gaiadr3")
    ('DR2', '')
    """
    found = _IN_TEXT.search(text)
    if found is None or _NEW_IN_TEXT.search(text):
        return ""
    return found.group(1).upper() if found.group(1) else {"345": "DR2", "337": "DR1"}[found.group(2)]


def release_of_names(names: Sequence[str]) -> str:
    """'DR2' for columns that only that release has, and for a table whose only ids are those of DR2."""
    words = {word_of(name) for name in names}
    if dr2_ids(names) is not None and "source_id" not in canonical_names(names).values():
        return "DR2"
    own = words & set(DR2_COLUMNS)
    return "DR2" if len(own) >= 1 and not words & {"teff_gspphot", "ruwe", "nu_eff_used_in_astrometry"} else ""


def release_of_rows(table: pa.Table) -> str:
    """'DR1' or 'DR2' if the designations or the reference epoch of the rows say so."""
    epochs = as_floats(single_array(table, "ref_epoch")) if "ref_epoch" in table.column_names else None
    if epochs is not None and len(epochs):
        bounds = pc.min_max(epochs).as_py()
        for release, epoch in OLD_EPOCHS.items():
            if bounds["min"] == bounds["max"] == epoch:
                return release
    for name in table.column_names:
        if word_of(name) == "designation" and is_text(table[name].type) and table.num_rows:
            first = next((value.as_py() for value in table[name] if value.is_valid and value.as_py().strip()), "")
            if (found := re.match(r"\s*gaia[\s_]*dr\s*([12])\b", first, re.IGNORECASE)) is not None:
                return f"DR{found.group(1)}"
    return ""
