"""Simulated spectra as another release's instrument would deliver them.

Where the release's forward model is on this machine (`core.simulation.forward_recipe`), the noise-free spectra are seen
through it: bases and resolution are the release's own. Noise, calibration errors and the models' errors are drawn as
DR3's and carried over by a linear map per band: the coefficients that the release's calibration turns into the same
change of the spectrum, by least squares. Without a forward model the whole spectrum goes through that map.

Noise falls with the root of the number of transits, that is of the months of observation (De Angeli et al. 2023,
A&A 674, A2: a mean spectrum is a fit to all transits); calibration errors do not, and a later release's are unknown.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.gaia.releases import DEFAULT, Release
from core.spectra.calibration import band_matrices, design_matrix, design_path
from core.spectra.readers.arrays import matrix
from core.spectra.readers.data_release import RELEASE_FIELD

BANDS = ("bp", "rp")
_RCOND = 1e-9  # directions that do not reach the spectrum at all are left at zero


def band_map(release: Release, band: str) -> np.ndarray:
    """B with c = c_dr3 @ B for the coefficients of a band: float64 ndarray of shape (55, n); read-only.

    Raises
    ------
    CalibrationError
        The release's calibration is not on this machine.
    """
    design_matrix(release.key)
    path = design_path(release.key)
    return _map(path, path.stat().st_mtime_ns, release.key, band)


@lru_cache(maxsize=8)
def _map(_path: Path, _stamp: int, release: str, band: str) -> np.ndarray:
    here, there = band_matrices(DEFAULT.key)[band], band_matrices(release)[band]
    result = here @ np.linalg.pinv(there, rcond=_RCOND)
    result.setflags(write=False)
    return result


def noise_scale(release: Release) -> float:
    """The release's noise over DR3's, expected from the months that both rest on.

    >>> from core.gaia.releases import DR4
    >>> round(noise_scale(DR4), 3)
    0.718
    """
    return float(np.sqrt(DEFAULT.months / release.months))


def in_instrument(
    table: pa.Table,
    release: Release,
    with_coefficients: bool,
    noise_free: tuple[Sequence[np.ndarray], Sequence[np.ndarray]] | None = None,
) -> pa.Table:
    """A chunk of DR3's simulated stars (with coefficients and their errors) as the release's instrument has them.

    `noise_free` are the stars' spectra without noise as (bp, rp, ...) in DR3's bases and seen through the release's
    instrument; None where it has no forward model here. Flux is what the release's calibration gives; its errors stay,
    for the map keeps the noise of the spectrum. Errors of coefficients leave out that they are correlated. The table's
    metadata name the release.
    """
    columns = {name: table[name] for name in table.column_names}
    values, errors = [], []
    for number, (band, n) in enumerate(zip(BANDS, release.n_coefficients, strict=True)):
        change = band_map(release, band)
        known, _ = matrix(table[f"{band}_coefficients"].combine_chunks(), len(change))
        scatter, _ = matrix(table[f"{band}_coefficient_errors"].combine_chunks(), len(change))
        values.append(known @ change)
        if noise_free is not None:
            here, there = (side[number] for side in noise_free)
            values[-1] += there - here @ change
        errors.append(np.sqrt(scatter**2 @ change**2))
        if with_coefficients:
            columns[f"{band}_coefficients"] = _lists(values[-1], n)
            columns[f"{band}_coefficient_errors"] = _lists(errors[-1], n)
        else:
            del columns[f"{band}_coefficients"], columns[f"{band}_coefficient_errors"]
    flux = np.hstack(values) @ design_matrix(release.key)
    columns["flux"] = _lists(flux, flux.shape[1])
    return pa.table(columns).replace_schema_metadata({RELEASE_FIELD: release.key})


def _lists(values: np.ndarray, width: int) -> pa.Array:
    flat = pa.array(np.ascontiguousarray(values, dtype=np.float32).ravel())
    return pa.ListArray.from_arrays(pa.array(np.arange(0, (len(values) + 1) * width, width, dtype=np.int32)), flat)
