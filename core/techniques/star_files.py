"""Files of stars, whatever they hold: XP spectra with columns, tables, other instruments' spectra, simulated skies."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import ReadError, UsageError
from core.spectra.spectrum_set import SpectrumSet
from core.techniques.catalogue import read_table, understand

CHUNK_ROWS = 8192


def star_pieces(
    path: str | Path, on_share: Callable[[float], None]
) -> Iterator[tuple[pd.DataFrame, SpectrumSet | None]]:
    """Columns and spectra of the input, in pieces; a table without spectra has None."""
    from core.spectra.readers import iter_spectra
    from core.survey.simulated import is_simulated

    if is_simulated(str(path)):
        yield from _simulated(str(path))
        return
    began = False
    try:
        for spectra in iter_spectra(path, CHUNK_ROWS, on_progress=on_share):
            began = True
            yield _columns_of(spectra), spectra
        return
    except ReadError:
        if began:
            raise
        table = _table_or_none(path)
    if table is None:
        yield from _foreign(path)
    else:
        yield from _star_table(table, Path(path).name)


def _table_or_none(path: str | Path) -> pd.DataFrame | None:
    """A table of stars, or None where the file or folder is rather one of foreign spectra.

    Raises
    ------
    UsageError, ReadError
        It is neither, as the reader of tables says.
    """
    from core.foreign_spectra.readers import read_folder

    try:
        table, _ = read_table(path)
        understand(table, Path(path).name)
        return table
    except (ReadError, UsageError) as error:
        try:
            read_folder(Path(path))
        except (ReadError, OSError):
            raise error from None
        return None


def _foreign(path: str | Path) -> Iterator[tuple[pd.DataFrame, SpectrumSet]]:
    """Spectra of other instruments: XP as it would have seen them, their lines, the types that their files state."""
    from core.foreign_spectra.readers import read_folder
    from core.foreign_spectra.through_xp import see_through_xp
    from core.techniques.line_strengths import LEAST_RESOLUTION, LINES, air_of, line_strengths

    given, _ = read_folder(Path(path))
    seen = see_through_xp(given)
    names = [f"ew_{line.key}{suffix}" for line in LINES for suffix in ("", "_error")]
    widths = [
        line_strengths(air_of(item.wavelength_nm), item.flux) if item.resolution >= LEAST_RESOLUTION else {}
        for item in given
    ]
    columns = pd.DataFrame([{name: found.get(name, np.nan) for name in names} for found in widths])
    types = [item.spectral_type for item in given]
    yield columns.assign(source_id=seen.spectra.source_id, spectral_type=types), seen.spectra


def _columns_of(spectra: SpectrumSet) -> pd.DataFrame:
    """The metadata of spectra, with other surveys' columns under the program's names."""
    metadata = spectra.metadata.reset_index(drop=True)
    ids = pd.DataFrame({"source_id": spectra.source_id})
    own = metadata.drop(columns=["source_id"], errors="ignore")
    if not own.shape[1]:
        return ids
    try:
        known = understand(pd.concat([ids, own], axis=1), "the stars").columns
    except ReadError:
        return pd.concat([ids, own], axis=1)
    return pd.concat([ids, known, own.drop(columns=[name for name in known if name in own])], axis=1)


def _star_table(table: pd.DataFrame, name: str) -> Iterator[tuple[pd.DataFrame, None]]:
    known = understand(table, name)
    ids = known.source_id if known.source_id is not None else np.arange(1, len(table) + 1, dtype=np.int64)
    columns = known.columns.assign(source_id=ids)
    if known.ra is not None:
        columns = columns.assign(ra=known.ra, dec=known.dec)
    for start in range(0, len(columns), CHUNK_ROWS):
        yield columns.iloc[start : start + CHUNK_ROWS].reset_index(drop=True), None


def _simulated(source: str) -> Iterator[tuple[pd.DataFrame, SpectrumSet]]:
    """A simulated sky with what the other surveys would list of it."""
    from core.survey.simulated import parse_simulated
    from core.techniques.simulated_sky import survey_pieces

    request = parse_simulated(source)
    yield from survey_pieces(request.population, request.n_stars, request.seed)
