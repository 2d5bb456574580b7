"""Columns of FITS and VOTable tables (NumPy arrays, masked arrays, ragged arrays) to Arrow arrays."""

import numpy as np
import pyarrow as pa


def to_arrow(values: np.ndarray) -> pa.Array | None:
    """One Arrow array from a column; None for kinds that no spectrum needs (structured, complex).

    Parameters
    ----------
    values : ndarray or MaskedArray of shape (n,) or (n, ...), or object ndarray of n arrays
    """
    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    data = np.ma.getdata(values)
    if data.dtype.kind == "O":
        return _from_objects(data, mask)
    if data.dtype.kind == "S":
        data = np.char.decode(data, "utf-8", "replace")
    if data.dtype.kind == "U":
        return pa.array([str(text).strip() for text in data.ravel()], mask=mask) if data.ndim == 1 else None
    if data.dtype.kind not in "iufb":
        return None
    data = np.ascontiguousarray(data, dtype=data.dtype.newbyteorder("="))
    if data.ndim == 1:
        return pa.array(data, mask=mask)
    width = int(np.prod(data.shape[1:]))
    if width == 0:
        return pa.nulls(len(data), pa.list_(pa.float64()))
    flat = pa.array(data.ravel(), mask=None if mask is None else mask.ravel())
    return pa.FixedSizeListArray.from_arrays(flat, width)


def _from_objects(data: np.ndarray, mask: np.ndarray | None) -> pa.Array | None:
    if all(item is None or isinstance(item, str | bytes) for item in data):
        return pa.array([item.decode("utf-8", "replace") if isinstance(item, bytes) else item for item in data])
    parts = [np.atleast_1d(item) for item in data]
    if any(part.dtype.kind not in "iufb" for part in parts):
        return None
    lengths = np.array([part.size for part in parts])
    flat = np.concatenate([_with_nan(part) for part in parts]) if len(parts) else np.empty(0)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64())
    empty = lengths == 0 if mask is None else (lengths == 0) | mask.reshape(len(data), -1).all(axis=1)
    return pa.LargeListArray.from_arrays(offsets, pa.array(flat), mask=pa.array(empty))


def _with_nan(part: np.ndarray) -> np.ndarray:
    return np.ma.filled(np.ma.asarray(part, dtype=np.float64), np.nan).ravel()
