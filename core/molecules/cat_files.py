"""Line lists in the format of the CDMS and JPL catalogues (`.cat`): rows of fixed width, broken rows named."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from core.errors import ReadError

_TENS = {**{letter: 100 + 10 * i for i, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")},
         **{letter: -10 * (i + 1) for i, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}}  # fmt: skip
MOST_NAMED = 5


@dataclass(frozen=True)
class CatFile:
    """Content of a `.cat` file.

    Attributes
    ----------
    lines : DataFrame
        frequency_mhz, error_mhz, lg_intensity (nm^2 MHz at 300 K), e_low_cm, g_up, qn.
    tag : int
        The entry's number in its catalogue.
    notes : tuple of str
        What was left out, with the numbers of the rows.
    """

    lines: pd.DataFrame
    tag: int
    notes: tuple[str, ...]


def read_cat_file(path: str | Path) -> CatFile:
    """Read a `.cat` file (Pickett et al. 1998, JQSRT 60, 883, Table 1); broken rows are named and left out.

    Raises
    ------
    ReadError
        No row of the file can be read.
    """
    path = Path(path)
    rows, broken = [], []
    for number, line in enumerate(path.read_text(encoding="latin-1").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            rows.append(_row(line))
        except (ValueError, IndexError):
            broken.append(number)
    if not rows:
        raise ReadError(
            f"{path.name}: none of {len(broken)} rows is a line of a CDMS or JPL catalogue file (frequency in columns "
            "1-13, lg intensity in 22-29, E_low in 32-41): give a .cat file as cdms.astro.uni-koeln.de serves it"
        )
    columns = ["frequency_mhz", "error_mhz", "lg_intensity", "e_low_cm", "g_up", "tag", "qn"]
    table = pd.DataFrame(rows, columns=columns).sort_values("frequency_mhz", ignore_index=True)
    notes = []
    if broken:
        named = ", ".join(map(str, broken[:MOST_NAMED])) + (" ..." if len(broken) > MOST_NAMED else "")
        notes.append(
            f"{path.name}: {len(broken)} of {len(rows) + len(broken)} rows cannot be read and are left out ({named})"
        )
    tag = int(table["tag"].mode().iloc[0])
    return CatFile(table.drop(columns="tag"), tag, tuple(notes))


def _row(line: str) -> tuple:
    frequency, error, lg_intensity = float(line[:13]), float(line[13:21]), float(line[21:29])
    e_low = float(line[31:41])
    g_up, tag = _degeneracy(line[41:44]), abs(int(line[44:51]))
    if not (0 < frequency < 1e8 and -30 < lg_intensity < 5 and e_low > -1 and g_up > 0):
        raise ValueError(line)
    return frequency, abs(error), lg_intensity, e_low, g_up, tag, f"{line[55:67].rstrip()} - {line[67:79].rstrip()}"


def _degeneracy(text: str) -> int:
    """Three characters; where a number needs more, a letter stands for its leading digits: 'A05' is 1005."""
    text = text.strip()
    if text and text[0] in _TENS:
        return _TENS[text[0]] * 10 + int(text[1:])
    return int(text)
