"""The grid on which spectra stand, wherever it is stated: per row, in the file's header, in a file beside it."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.errors import ReadError, WavelengthGridError
from core.spectra.grid import N_SAMPLES, WAVELENGTH_NM
from core.spectra.readers.arrays import flat_lists, matrix, parse_lists, single_array
from core.spectra.readers.batch import Batch
from core.spectra.readers.units import in_nm

_TOLERANCE_NM = 0.01
SAMPLING_WORDS = ("sampling", "wavelength", "wavelengths", "wavelength_nm", "wave", "spectral_axis")
"""Names under which headers state the wavelengths of all spectra of a file."""
_MEDIUM_WORDS = (
    "airorvac", "air_or_vac", "air_or_vacuum", "medium", "wavelength_medium", "wave_medium", "wavelength_type",
    "wavelength_frame", "wavelengths", "wavelength_in", "wavelength_convention",
)  # fmt: skip
"""Names under which headers say whether wavelengths are in air or in vacuum."""
_MOST_SIDECAR_BYTES = 1 << 20
_MOST_SAMPLES = 100_000


def stated_sampling(value: object, unit: str | None, origin: str) -> tuple[float, ...] | None:
    """Wavelengths in nm from a header's value (text, list or array of numbers); None if it is no list of numbers.

    Raises
    ------
    UnitError
        A unit of another kind than wavelength.
    """
    if isinstance(value, str):
        lists, unreadable = parse_lists(pa.array([value], pa.large_string()))
        if unreadable[0] or lists.null_count:
            return None
        numbers = np.asarray(flat_lists(lists)[0], dtype=np.float64)
    else:
        try:
            numbers = np.ma.filled(np.ma.asarray(value, dtype=np.float64), np.nan).ravel()
        except (TypeError, ValueError, OverflowError):
            return None
    if not 1 < len(numbers) <= _MOST_SAMPLES:
        return None
    return tuple(np.asarray(in_nm(numbers, unit, origin)).tolist())


def refuse_air(entries: Iterable[tuple[str, object]], origin: str) -> None:
    """WavelengthGridError for spectra on wavelengths in air: 336 nm there are 336.1 nm in vacuum, where XP's are."""
    for word, value in entries:
        if isinstance(value, str) and value.strip().lower() == "air" and word.rsplit(".", 1)[-1] in _MEDIUM_WORDS:
            raise WavelengthGridError(
                f"{origin}: the file states {word} = {value.strip()!r}: wavelengths in air, which are those of no XP "
                "spectrum (336 to 1020 nm in vacuum, in steps of 2 nm). Take the entry out if they are in vacuum"
            )


def sampling_beside(read_beside, origin: str) -> tuple[float, ...] | None:
    """The sampling in `NAME_sampling.csv`, which GaiaXPy writes beside `NAME.csv`; None where there is none.

    Parameters
    ----------
    read_beside : callable that takes a file name and returns the bytes of that file beside this one, or None
    origin : str

    Raises
    ------
    ReadError
        The file is there and cannot be read.
    """
    name = sampling_name(origin)
    if name is None or (data := read_beside(name)) is None:
        return None
    lines = data[:_MOST_SIDECAR_BYTES].decode("utf-8-sig", "replace").strip().splitlines()
    head, rest = (lines[0].strip().strip('"'), lines[1:]) if lines else ("", [])
    text = "\n".join(rest).strip().strip('"')
    found = None
    if head.lower() in ("pos", *SAMPLING_WORDS):
        found = stated_sampling(text if text.startswith(("(", "[")) else f"[{','.join(text.split())}]", None, name)
    if found is None:
        raise ReadError(
            f"{origin}: the file {name} beside it states the sampling and cannot be read: expected a column 'pos' "
            "with a "
            "list of wavelengths in nm. Write it again, or remove it if the spectra stand on 336 to 1020 nm in steps "
            "of 2 nm"
        )
    return found


def sampling_name(origin: str) -> str | None:
    """Name of the file that would state the sampling of this one (None for such a file itself)."""
    name = Path(origin).name
    stem = name.split(".")[0] if name.lower().endswith((".csv", ".csv.gz", ".tsv", ".txt")) else None
    return None if stem is None or stem.lower().endswith("_sampling") else f"{stem}_sampling.csv"


def is_sampling_file(path: str) -> bool:
    """Is this the file that states the sampling of another?"""
    return Path(path).name.lower().endswith(("_sampling.csv", "_sampling.ecsv", "_sampling.avro"))


def check_stated(sampling: tuple[float, ...] | None, origin: str) -> None:
    """WavelengthGridError unless a sampling that is stated once is the grid (or none is)."""
    if sampling is None:
        return
    grid = np.asarray(sampling)
    if len(grid) != N_SAMPLES or not np.all(np.abs(grid - WAVELENGTH_NM) <= _TOLERANCE_NM):
        raise WavelengthGridError(f"{origin}: {grid_problem(grid)}")


def check_rows(batch: Batch, problems: dict[int, ReadError]) -> np.ndarray | None:
    """Compare each row's own wavelengths with the grid.

    Returns the order of the samples, int64 ndarray of shape (n, 343), if some row lists them in another one
    (descending,
    as frequencies do), else None.
    """
    if "wavelength" not in batch.table.column_names:
        return None
    column = single_array(batch.table, "wavelength")
    unit = batch.units.get("wavelength")
    wavelength, counts = matrix(column, N_SAMPLES)
    wavelength = in_nm(wavelength, unit, batch.origin)
    off = ~(np.abs(wavelength - WAVELENGTH_NM) <= _TOLERANCE_NM).all(axis=1) & (counts >= 0)
    order = None
    for row in np.flatnonzero(off):
        by_wavelength = np.argsort(wavelength[row], kind="stable")
        if np.all(np.abs(wavelength[row][by_wavelength] - WAVELENGTH_NM) <= _TOLERANCE_NM):
            order = np.tile(np.arange(N_SAMPLES), (len(wavelength), 1)) if order is None else order
            order[row] = by_wavelength
            continue
        grid = in_nm(flat_lists(column.slice(row, 1))[0], unit, batch.origin)
        if not _on_grid_points(grid):
            problems.setdefault(int(row), WavelengthGridError(grid_problem(grid)))
    return order


def _on_grid_points(grid: np.ndarray) -> bool:
    nearest = np.abs(grid[:, None] - WAVELENGTH_NM[None, :]).min(axis=1, initial=np.inf)
    return bool((nearest <= _TOLERANCE_NM).all() and (np.diff(grid) > _TOLERANCE_NM).all())


def grid_problem(grid: np.ndarray) -> str:
    """What is wrong with a grid (ndarray of wavelengths in nm), and what to do."""
    finite = np.sort(grid[np.isfinite(grid)])
    found = f"{len(grid)} samples"
    if len(finite) > 1:
        found += f" from {finite[0]:g} to {finite[-1]:g} nm in steps of {np.median(np.diff(finite)):g} nm"
        if finite[0] <= WAVELENGTH_NM[0] and finite[-1] >= WAVELENGTH_NM[-1]:
            found += " (which covers 336 to 1020 nm but is another grid)"
    advice = "fetch XP_SAMPLED, calibrate XP_CONTINUOUS, or state the unit if the wavelengths are not in nm"
    if len(finite) > N_SAMPLES and _holds_the_grid(finite):
        # samples are values at points, so these would be exact; but of another instrument's spectrum they are no XP
        advice = (
            f"it has samples at all of those wavelengths: if GaiaXPy calibrated it, keep these {N_SAMPLES} alone, or "
            "calibrate with gaiaxpy.calibrate(..., sampling=np.arange(336, 1022, 2))"
        )
    return (
        f"the spectrum has {found}, expected {N_SAMPLES} samples from 336 to 1020 nm in steps of 2 nm. Spectra are not "
        f"interpolated: {advice}"
    )


def _holds_the_grid(rising: np.ndarray) -> bool:
    after = np.clip(np.searchsorted(rising, WAVELENGTH_NM), 1, len(rising) - 1)
    nearest = np.minimum(np.abs(rising[after] - WAVELENGTH_NM), np.abs(rising[after - 1] - WAVELENGTH_NM))
    return bool((nearest <= _TOLERANCE_NM).all())
