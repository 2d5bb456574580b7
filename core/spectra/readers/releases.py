"""Which release of Gaia a table says that it is of: its columns, reference epoch, ids and what its header says."""

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from core.gaia.releases import OLDER, RELEASES, find_older
from core.gaia.vocabulary import canonical_names, older_ids, word_of
from core.spectra.readers.arrays import is_text, single_array
from core.spectra.readers.values import as_floats

_IN_TEXT = re.compile(r"gaia[\s_-]*(dr[12])\b|\bI[/_](345|337)(?:\b|_)", re.IGNORECASE)
_NEW_IN_TEXT = re.compile(r"gaia[\s_-]*e?dr[3-9]|\bI[/_](350|355)(?:\b|_)", re.IGNORECASE)
_IN_NAME = re.compile(r"e?dr(\d)")
_LATER_COLUMNS = {"teff_gspphot", "ruwe", "nu_eff_used_in_astrometry"}
"""Columns that a join with a later release brings into a table with columns of an older one."""
RELEASE_WORDS = frozenset(
    {"release", "designation", *_LATER_COLUMNS}
    | {word for release in OLDER for word in (*release.id_columns, *release.own_columns)}
    | {word for release in RELEASES for word in release.id_columns}
)
"""Columns that tell the release, as `word_of` spells them."""


def release_in(text: str) -> str:
    """The key of an older release ('dr1' or 'dr2') if a header, title or table name says that alone, else ''.

    >>> release_in("gaiadr2.gaia_source"), release_in("I/355/gaiadr3")
    ('dr2', '')
    """
    found = _IN_TEXT.search(text)
    if found is None or _NEW_IN_TEXT.search(text):
        return ""
    if found.group(1):
        return found.group(1).lower()
    return next(release.key for release in OLDER if release.catalogue == f"I/{found.group(2)}")


def release_of_names(names: Sequence[str]) -> str:
    """The key of the release that the column of ids names, or whose own columns these are; '' where nothing says it.

    >>> release_of_names(["GaiaDR2", "flux"]), release_of_names(["dr4_source_id"]), release_of_names(["source_id"])
    ('dr2', 'dr4', '')
    """
    id_name = next((name for name, known in canonical_names(names).items() if known == "source_id"), None)
    if id_name is None and (older := older_ids(names)) is not None:
        return older[1]
    words = {word_of(name) for name in names}
    for release in OLDER:
        if words & set(release.own_columns) and not words & _LATER_COLUMNS:
            return release.key
    named = None if id_name is None else _IN_NAME.search(word_of(id_name))
    return f"dr{named.group(1)}" if named is not None else ""


def release_of_rows(table: pa.Table) -> str:
    """The key of an older release if the designations or the reference epoch of the rows say so."""
    epochs = as_floats(single_array(table, "ref_epoch")) if "ref_epoch" in table.column_names else None
    if epochs is not None and len(epochs):
        bounds = pc.min_max(epochs).as_py()
        for release in OLDER:
            if bounds["min"] == bounds["max"] == release.reference_epoch:
                return release.key
    for name in table.column_names:
        if word_of(name) == "designation" and is_text(table[name].type) and table.num_rows:
            first = next((value.as_py() for value in table[name] if value.is_valid and value.as_py().strip()), "")
            found = re.match(r"\s*gaia[\s_]*dr\s*(\d)\b", first, re.IGNORECASE)
            if found is not None and find_older(f"dr{found.group(1)}") is not None:
                return f"dr{found.group(1)}"
    return ""
