"""Columns that are no spectra: metadata and notes of a SpectrumSet."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.spectra.readers.arrays import is_list, is_text, single_array, spells_arrays
from core.spectra.readers.batch import ARRAY_COLUMNS, SCALAR_COLUMNS, Batch

ERROR_NOTE = "no flux errors"
"""Beginning of notes that flux errors are unknown: no obstacle to a verdict, so they live in `error_note`."""
_EXACT_IN_FLOAT = 2**53
_NULL_WORDS = ("", "null", "--")
KEPT_AS_TEXT = ("label", "category", "note", "error_note", "true_group", "part", "name", "cls", "origin")
"""Columns of words: they stay text even where every value could be a number."""


def metadata_frame(batch: Batch, advisory_notes: tuple[str, ...]) -> tuple[pd.DataFrame, np.ndarray]:
    """Metadata of a batch, and the notes that a `note` column brings along.

    Parameters
    ----------
    batch : Batch of n rows
    advisory_notes : tuple of str
        Beginnings of notes that are not taken over.

    Returns
    -------
    metadata : DataFrame of n rows
        Integers stay integers (nullable where needed), text columns of numbers become numbers. `attrs["units"]` and
        `attrs["descriptions"]` have those that are known.
    note : object ndarray of shape (n,)
    """
    table = batch.table
    n = table.num_rows
    note = np.full(n, "", dtype=object)
    columns: dict[str, object] = {}
    for name in table.column_names:
        if name == "source_id" or name in ARRAY_COLUMNS or name in SCALAR_COLUMNS:
            continue
        column = single_array(table, name)
        if name == "note" and is_text(column.type):
            texts = column.to_pylist()
            note[:] = [_kept(text, advisory_notes) for text in texts]
            if "error_note" not in table.column_names and any(ERROR_NOTE in (text or "") for text in texts):
                columns["error_note"] = [_only(text, ERROR_NOTE) for text in texts]
        elif not is_list(column.type) and not pa.types.is_nested(column.type):
            columns[name] = _series(name, column)
    for name in ("ra", "dec"):
        if name in batch.parameters and name not in columns:
            columns[name] = np.full(n, pd.to_numeric(batch.parameters[name], errors="coerce"), dtype=np.float64)
    frame = pd.DataFrame(columns, index=pd.RangeIndex(n))
    frame.attrs["units"] = {name: unit for name, unit in batch.units.items() if unit and name in frame}
    frame.attrs["descriptions"] = {name: text for name, text in batch.descriptions.items() if name in frame}
    return frame, note


def _kept(text: str | None, advisory_notes: tuple[str, ...]) -> str:
    parts = (part.strip() for part in (text or "").split("; "))
    return "; ".join(part for part in parts if part and not part.startswith(advisory_notes))


def _only(text: str | None, beginning: str) -> str:
    return "; ".join(part for part in (text or "").split("; ") if part.startswith(beginning))


def _series(name: str, column: pa.Array) -> pd.Series | np.ndarray:
    if pa.types.is_floating(column.type):
        return column.to_numpy(zero_copy_only=False)  # null is NaN; twenty such columns a chunk: a Series takes longer
    if is_text(column.type) and name not in KEPT_AS_TEXT and not spells_arrays(column):
        column = _numbers_if_all_are(column)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_integer(column.type) and column.null_count:
        return column.to_pandas(types_mapper={column.type: pd.Int64Dtype()}.get)
    if is_text(column.type) and name == "error_note":
        return pd.Series([text or "" for text in column.to_pylist()], dtype=object)
    if is_text(column.type):
        return pd.Series(column.to_pylist(), dtype=object)
    return column.to_pandas()


def _numbers_if_all_are(column: pa.Array) -> pa.Array:
    """Integers where all values are (if one is unknown, only where a value needs its digits), else float64 or text."""
    text = pc.utf8_trim_whitespace(column.cast(pa.large_string()))
    text = pc.if_else(pc.is_in(pc.utf8_lower(text), value_set=pa.array(_NULL_WORDS, pa.large_string())), None, text)
    try:
        whole = pc.cast(text, pa.int64())
        if not whole.null_count or (pc.max(pc.abs(whole)).as_py() or 0) > _EXACT_IN_FLOAT:
            return whole
    except pa.ArrowInvalid:
        pass
    try:
        return pc.cast(text, pa.float64())
    except pa.ArrowInvalid:
        return text
