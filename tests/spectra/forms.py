"""Forms beside one table of whole stars: folders, zips, columns of single numbers, rows of samples, one bare spectrum.

Each writer takes a folder and columns (name to array) and returns what to read and how many stars it holds; None where
the form cannot hold them.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from astropy.io import fits

from core.spectra.grid import WAVELENGTH_NM
from tests.spectra.collections_of_files import file_a_star, hats_collection, zipped

Columns = dict[str, np.ndarray]
Made = tuple[Path, int] | None


def _table(columns: Columns) -> pa.Table:
    return pa.table({name: pa.array(list(values)) for name, values in columns.items()})


def _singles(columns: Columns) -> Columns:
    return {name: values for name, values in columns.items() if values.ndim == 1}


def _collection(folder: Path, columns: Columns) -> Made:
    return hats_collection(folder / "collection", _table(columns)), len(columns["source_id"])


def _files(folder: Path, columns: Columns) -> Made:
    made = file_a_star(folder / "files", _table(columns))
    (made / "README.txt").write_text("One star a file.\n")
    return made, len(columns["source_id"])


def _zip(folder: Path, columns: Columns) -> Made:
    table, n = _table(columns), len(columns["source_id"])
    inside = folder / "stars"
    inside.mkdir()
    for number, rows in enumerate((slice(0, n // 2), slice(n // 2, n))):
        pq.write_table(table.slice(rows.start, rows.stop - rows.start), inside / f"part-{number}.parquet")
    (inside / "README.txt").write_text("Two parts.\n")
    return zipped(inside), n


def _column_a_sample(folder: Path, columns: Columns) -> Made:
    if "flux" not in columns:
        return None
    samples = {f"flux_{wave:.0f}": columns["flux"][:, place] for place, wave in enumerate(WAVELENGTH_NM)}
    return _csv(folder, _singles(columns) | samples)


def _column_a_coefficient(folder: Path, columns: Columns) -> Made:
    if "bp_coefficients" not in columns:
        return None
    numbers = {
        f"{band}_coeff_{place}": columns[f"{band}_coefficients"][:, place]
        for band in ("bp", "rp")
        for place in range(55)
    }
    return _csv(folder, _singles(columns) | numbers)


def _joined_coefficients(folder: Path, columns: Columns) -> Made:
    if "bp_coefficients" not in columns:
        return None
    joined = np.hstack([columns["bp_coefficients"], columns["rp_coefficients"]])
    path = folder / "coefficients.parquet"
    pq.write_table(_table(_singles(columns) | {"coeff": joined}), path)
    return path, len(joined)


def _row_a_sample(folder: Path, columns: Columns) -> Made:
    if "flux" not in columns:
        return None
    n, width = columns["flux"].shape
    order = np.argsort(np.tile(np.arange(width), n), kind="stable")  # by wavelength: the stars are interleaved
    long = {name: np.repeat(values, width)[order] for name, values in _singles(columns).items()}
    long |= {"wavelength": np.tile(WAVELENGTH_NM, n)[order], "flux": columns["flux"].ravel()[order]}
    return _csv(folder, long)[0], n


def _csv(folder: Path, columns: Columns) -> tuple[Path, int]:
    path = folder / "stars.csv"
    arrow_csv.write_csv(pa.table(columns), path)
    return path, len(columns["source_id"])


def _bare(folder: Path, columns: Columns) -> Made:
    if "flux" not in columns:
        return None
    path = folder / f"Gaia DR3 {columns['source_id'][0]}.txt"
    np.savetxt(path, np.column_stack([WAVELENGTH_NM, columns["flux"][0]]))
    return path, 1


def _foreign(folder: Path, columns: Columns) -> Made:
    if "flux" not in columns:
        return None
    wave = np.arange(3400.0, 10_200.0, 1.0)
    image = fits.PrimaryHDU(np.interp(wave / 10, WAVELENGTH_NM, columns["flux"][0] / columns["flux"][0].max()))
    image.header.update({"CRVAL1": wave[0], "CDELT1": 1.0, "CRPIX1": 1.0, "CUNIT1": "Angstrom", "OBJECT": "HD 1"})
    path = folder / "star.fits"
    image.writeto(path)
    return path, 1


OF_COEFFICIENTS = ("a column per coefficient", "one list of 110 coefficients")
"""Forms of coefficients alone, which commands that take spectra calibrate."""
FORMS: dict[str, Callable[[Path, Columns], Made]] = {
    "zip of tables": _zip,
    "folder, a file a star named by its id": _files,
    "HATS collection with margin": _collection,
    "a column per sample": _column_a_sample,
    "a column per coefficient": _column_a_coefficient,
    "one list of 110 coefficients": _joined_coefficients,
    "a row per sample, stars interleaved": _row_a_sample,
    "spectrum without header, named by its id": _bare,
    "spectrum of another instrument": _foreign,
}
