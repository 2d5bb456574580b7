"""The label table of real stars that is shipped: source_id, spectral type, extinction and the paper of each fact."""

from pathlib import Path

import numpy as np
import pandas as pd

from core.datasets.halves import TRAIN, parts_of
from core.datasets.spectral_types import METHODS, SED_OB, parse_type
from core.errors import LabelError, LeakError, MissingColumnError, ReadError
from core.settings import current_settings

COLUMNS = ("source_id", "spectral_type", "method", "a_v_mag", "reference")
LABELS_FILE = "labels.csv"


def shipped_label_table() -> Path:
    """Where the shipped table lies."""
    return current_settings().shipped_dir / "real" / LABELS_FILE


def read_label_table(path: Path | None = None) -> pd.DataFrame:
    """The label table, checked; every star is of the part that may be learnt from.

    Returns
    -------
    DataFrame indexed by source_id with spectral_type, method ('MK' or 'SED'), a_v_mag (NaN where the paper gives
    none) and reference.

    Raises
    ------
    ReadError, MissingColumnError
        No such table.
    LabelError
        A star twice, an unknown type or method, or a row without its paper.
    LeakError
        A star of the part that is never learnt from.
    """
    path = path or shipped_label_table()
    try:
        table = pd.read_csv(path, dtype={"source_id": "int64"}, keep_default_na=False, na_values={"a_v_mag": [""]})
    except (OSError, ValueError) as error:
        raise ReadError(f"the label table {path} cannot be read ({error}); restore it") from error
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise MissingColumnError(f"the label table {path} has no column {', '.join(missing)}")
    _check_rows(table, path)
    sealed = np.flatnonzero(parts_of(table["source_id"].to_numpy()) != TRAIN)
    if len(sealed):
        raise LeakError(
            f"{len(sealed)} stars of the label table {path} belong to the part that is never learnt from, e.g. "
            f"source_id {table['source_id'].iloc[sealed[0]]}: take them out"
        )
    return table.set_index("source_id")[list(COLUMNS[1:])]


def _check_rows(table: pd.DataFrame, path: Path) -> None:
    twice = table.loc[table["source_id"].duplicated(), "source_id"]
    if len(twice):
        raise LabelError(f"source_id {twice.iloc[0]} stands twice in the label table {path}: keep one row of it")
    for row in table.itertuples():
        where = f"{path}, row {row.Index + 2}, source_id {row.source_id}"
        if row.method not in METHODS:
            raise LabelError(f"{where}: unknown method {row.method!r}, expected one of {', '.join(METHODS)}")
        if not str(row.reference).strip():
            raise LabelError(f"{where}: no reference; every type needs the paper that it is from")
        if row.method == "SED" and row.spectral_type == SED_OB:
            continue
        try:
            parse_type(row.spectral_type)
        except LabelError as error:
            raise LabelError(f"{where}: {error}") from error
