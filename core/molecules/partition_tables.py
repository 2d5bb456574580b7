"""Partition functions of all CDMS and JPL entries, from the tables that the package astroquery carries."""

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np

from core.errors import ReadError

_CDMS = "linelists/cdms/data/partfunc.cat"
_JPL = "jplspec/data/catdir.cat"


@cache
def read_partition_tables() -> dict[str, dict[int, tuple[str, np.ndarray]]]:
    """{'CDMS' or 'JPL': {tag: (name, log10 Q at `Q_TEMPERATURES_K`)}}, NaN where an entry gives none.

    The files are read without importing astroquery, which takes seconds. ReadError where they are not installed.
    """
    found = importlib.util.find_spec("astroquery")
    if found is None or found.origin is None:
        raise ReadError("the package astroquery, which carries the partition functions, is not installed")
    folder = Path(found.origin).parent
    return {"CDMS": _cdms((folder / _CDMS).read_text()), "JPL": _jpl((folder / _JPL).read_text())}


def _cdms(text: str) -> dict[int, tuple[str, np.ndarray]]:
    entries = {}
    for line in text.splitlines()[1:]:
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 14:
            entries[int(cells[0])] = (cells[1], np.array([float(cell) for cell in cells[3:]])[::-1])
    return entries


def _jpl(text: str) -> dict[int, tuple[str, np.ndarray]]:
    entries = {}
    for line in text.splitlines():
        values = np.full(11, np.nan)
        values[2:9] = [float(line[26 + 7 * i : 33 + 7 * i]) for i in range(7)][::-1]
        values[values == 0.0] = np.nan
        entries[int(line[:6])] = (line[7:20].strip(), values)
    return entries
