"""Simulated spectra as another release's instrument would deliver them.

Coefficients of another release follow from DR3's by one linear map per band: the coefficients that the release's own
calibration turns into the same spectrum, by least squares. Only its calibration is needed (`core.spectra.calibration`),
no forward model. Noise is carried along. The noise of a later release is lower (DR4 rests on 66 months of data, DR3 on
34) and its systematics are others; neither is published for its coefficients, so neither is modelled.
"""

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


def in_instrument(table: pa.Table, release: Release, with_coefficients: bool) -> pa.Table:
    """A chunk of DR3's simulated stars (with coefficients and their errors) as the release's instrument has them.

    Flux and its errors are those that the release's calibration gives; correlations between coefficients are left out
    of the errors. The table's metadata name the release.
    """
    columns = {name: table[name] for name in table.column_names}
    values, errors = [], []
    for band, n in zip(BANDS, release.n_coefficients, strict=True):
        change = band_map(release, band)
        known, _ = matrix(table[f"{band}_coefficients"].combine_chunks(), len(change))
        scatter, _ = matrix(table[f"{band}_coefficient_errors"].combine_chunks(), len(change))
        values.append(known @ change)
        errors.append(np.sqrt(scatter**2 @ change**2))
        if with_coefficients:
            columns[f"{band}_coefficients"] = _lists(values[-1], n)
            columns[f"{band}_coefficient_errors"] = _lists(errors[-1], n)
        else:
            del columns[f"{band}_coefficients"], columns[f"{band}_coefficient_errors"]
    design = design_matrix(release.key)
    flux, flux_error = np.hstack(values) @ design, np.sqrt(np.hstack(errors) ** 2 @ design**2)
    columns["flux"], columns["flux_error"] = (_lists(item, design.shape[1]) for item in (flux, flux_error))
    return pa.table(columns).replace_schema_metadata({RELEASE_FIELD: release.key})


def _lists(values: np.ndarray, width: int) -> pa.Array:
    flat = pa.array(np.ascontiguousarray(values, dtype=np.float32).ravel())
    return pa.ListArray.from_arrays(pa.array(np.arange(0, (len(values) + 1) * width, width, dtype=np.int32)), flat)
