"""The calibration against GaiaXPy, against real archive products, and the laws of a covariance."""

import numpy as np
import pandas as pd
import pytest

from core.gaia.releases import DR3
from core.settings import current_settings
from core.spectra.calibration import (
    DESIGN_PATH,
    calibrate,
    coefficient_covariance,
    design_matrix,
    error_note,
    flux_covariance,
)
from core.spectra.design_recipe import design_arrays
from core.spectra.grid import N_COEFFICIENTS, N_CORRELATIONS, WAVELENGTH_NM
from core.spectra.spectrum_set import Coefficients

N_STARS = 24


def random_correlations(n_stars: int, rng: np.random.Generator) -> np.ndarray:
    """Valid correlation matrices, packed as the archive does: upper triangle, column by column."""
    factors = rng.normal(size=(n_stars, N_COEFFICIENTS, 80))
    covariance = factors @ factors.transpose(0, 2, 1)
    scale = np.sqrt(np.einsum("nii->ni", covariance))
    correlation = covariance / scale[:, :, None] / scale[:, None, :]
    pairs = [(i, j) for j in range(N_COEFFICIENTS) for i in range(j)]
    return np.stack([correlation[:, i, j] for i, j in pairs], axis=1)


@pytest.fixture(scope="module")
def coefficients() -> Coefficients:
    rng = np.random.default_rng(5)
    size = (N_STARS, N_COEFFICIENTS)
    decay = 0.8 ** np.arange(N_COEFFICIENTS)
    return Coefficients(
        bp=rng.normal(size=size) * 300 * decay,
        rp=rng.normal(size=size) * 300 * decay,
        bp_error=rng.uniform(0.1, 3, size=size),
        rp_error=rng.uniform(0.1, 3, size=size),
        bp_correlation=random_correlations(N_STARS, rng),
        rp_correlation=random_correlations(N_STARS, rng),
        bp_standard_deviation=rng.uniform(0.9, 3, size=N_STARS),
        rp_standard_deviation=rng.uniform(0.9, 3, size=N_STARS),
    )


def by_gaiaxpy(coefficients: Coefficients, absent: str = "") -> tuple[np.ndarray, np.ndarray]:
    import gaiaxpy

    columns: dict[str, object] = {"source_id": np.arange(len(coefficients), dtype=np.int64)}
    for band in ("bp", "rp"):
        rows = {
            "coefficients": list(getattr(coefficients, band)),
            "coefficient_errors": list(getattr(coefficients, f"{band}_error")),
            "coefficient_correlations": list(np.float64(getattr(coefficients, f"{band}_correlation"))),
            "n_parameters": N_COEFFICIENTS,
            "standard_deviation": getattr(coefficients, f"{band}_standard_deviation"),
        }
        columns |= {f"{band}_{name}": np.nan if band == absent else column for name, column in rows.items()}
    table, _ = gaiaxpy.calibrate(pd.DataFrame(columns), sampling=WAVELENGTH_NM, truncation=False, save_file=False)
    return np.stack(table["flux"].to_numpy()), np.stack(table["flux_error"].to_numpy())


def assert_equal_to_gaiaxpy(coefficients: Coefficients, absent: str = "") -> None:
    flux, flux_error = calibrate(coefficients)
    expected_flux, expected_error = by_gaiaxpy(coefficients, absent)
    peak = np.nanmax(np.abs(expected_flux), axis=1, keepdims=True)
    assert np.array_equal(np.isnan(flux), np.isnan(expected_flux))
    assert np.nanmax(np.abs(flux - expected_flux) / np.maximum(np.abs(expected_flux), 1e-5 * peak)) < 1e-10
    np.testing.assert_allclose(flux_error, expected_error, rtol=1e-6, atol=0)


def without(coefficients: Coefficients, band: str) -> Coefficients:
    parts = {name: getattr(coefficients, name) for name in coefficients.__dataclass_fields__}
    for name in parts:
        if name.startswith(band) and parts[name] is not None:
            parts[name] = np.full_like(parts[name], np.nan)
    return Coefficients(**parts)


def test_equal_to_gaiaxpy(coefficients):
    assert_equal_to_gaiaxpy(coefficients)


@pytest.mark.parametrize("band", ["bp", "rp"])
def test_equal_to_gaiaxpy_without_one_band(coefficients, band):
    assert_equal_to_gaiaxpy(without(coefficients, band), absent=band)


def test_shipped_matrices_are_gaiaxpys():
    fresh = design_arrays(pytest.importorskip("gaiaxpy"), DR3.n_coefficients, "GaiaXPy")
    with np.load(DESIGN_PATH) as shipped:
        for name in ("bp", "rp", "bp_weight", "rp_weight"):
            np.testing.assert_allclose(shipped[name], fresh[name], rtol=1e-12, atol=1e-30)


def test_flux_is_one_matrix_product(coefficients):
    flux, flux_error = calibrate(coefficients, with_errors=False)
    assert flux_error is None
    expected = np.hstack([coefficients.bp, coefficients.rp]) @ design_matrix()
    np.testing.assert_allclose(flux, expected, rtol=1e-12)


def test_correlations_are_packed_column_by_column_of_the_upper_triangle():
    packed = np.arange(N_CORRELATIONS, dtype=float)[None] / 2000
    matrix = coefficient_covariance(np.ones((1, N_COEFFICIENTS)), packed)[0]
    assert [matrix[0, 1], matrix[0, 2], matrix[1, 2], matrix[0, 3]] == [0, 1 / 2000, 2 / 2000, 3 / 2000]
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), 1)


def test_covariance_is_symmetric_positive_and_agrees_with_the_errors(coefficients):
    few = coefficients.take(slice(0, 4))
    covariance = flux_covariance(few)
    np.testing.assert_array_equal(covariance, covariance.transpose(0, 2, 1))
    eigenvalues = np.linalg.eigvalsh(covariance)
    assert (eigenvalues.min(axis=1) > -1e-12 * eigenvalues.max(axis=1)).all()
    np.testing.assert_allclose(np.sqrt(np.einsum("nii->ni", covariance)), calibrate(few)[1], rtol=1e-9)


def test_errors_follow_from_noise_drawn_in_the_coefficients(coefficients):
    rng = np.random.default_rng(2)
    star = coefficients.take(slice(0, 1))
    drawn = {
        band: rng.multivariate_normal(
            getattr(star, band)[0],
            coefficient_covariance(getattr(star, f"{band}_error"), getattr(star, f"{band}_correlation"))[0],
            size=4000,
        )
        for band in ("bp", "rp")
    }
    flux, _ = calibrate(Coefficients(**drawn))
    np.testing.assert_allclose(flux.std(axis=0), calibrate(star)[1][0], rtol=0.06)


def test_missing_errors_leave_flux_and_say_so(coefficients):
    rows = np.arange(3)
    whole = coefficients.take(rows)
    flux, _ = calibrate(whole)
    error, correlation = whole.bp_error.copy(), whole.rp_correlation.copy()
    error[0], correlation[1] = np.nan, np.nan
    parts = {name: getattr(whole, name) for name in whole.__dataclass_fields__}
    partial = Coefficients(**parts | {"bp_error": error, "rp_correlation": correlation})
    partial_flux, partial_error = calibrate(partial)
    np.testing.assert_array_equal(partial_flux, flux)
    assert np.isnan(partial_error[:2]).all()
    np.testing.assert_allclose(partial_error[2], calibrate(whole)[1][2])
    assert list(error_note(partial)) == [
        "no flux errors: no coefficient errors",
        "no flux errors: no correlations",
        "",
    ]
    assert np.isnan(flux_covariance(partial)[:2]).all()

    bare = Coefficients(bp=whole.bp, rp=whole.rp)
    assert calibrate(bare)[1] is None
    assert set(error_note(bare)) == {"no flux errors: no coefficient errors"}


def test_rows_do_not_depend_on_their_neighbours(coefficients):
    many = coefficients.take(np.arange(1100) % N_STARS)
    flux, flux_error = calibrate(many)
    single_flux, single_error = calibrate(many.take(slice(1030, 1031)))
    np.testing.assert_allclose(flux[1030], single_flux[0], rtol=1e-9)
    np.testing.assert_allclose(flux_error[1030], single_error[0], rtol=1e-9)


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    path = current_settings().real_data_dir / "xp_continuous.parquet"
    if not path.exists():
        pytest.skip(f"no real XP coefficients: {path} is absent (set XP_REAL_DATA)")
    return pd.read_parquet(path)


def as_coefficients(table: pd.DataFrame) -> Coefficients:
    parts = {"": "s", "_error": "_errors", "_correlation": "_correlations"}
    arrays = {
        band + ours: np.stack([np.asarray(row, dtype=float) for row in table[f"{band}_coefficient{theirs}"]])
        for band in ("bp", "rp")
        for ours, theirs in parts.items()
        if table[f"{band}_coefficient{theirs}"].notna().all()
    }
    deviations = {
        f"{band}_standard_deviation": table[f"{band}_standard_deviation"].to_numpy(float) for band in ("bp", "rp")
    }
    return Coefficients(**arrays, **deviations)


def test_real_stars_equal_gaiaxpy(real):
    complete = real[real["bp_coefficient_correlations"].notna() & real["bp_standard_deviation"].notna()]
    assert len(complete) > 10
    assert_equal_to_gaiaxpy(as_coefficients(complete))


def test_real_stars_agree_with_the_archives_sampled_spectra(real):
    sampled = pd.read_parquet(current_settings().real_data_dir / "xp_sampled.parquet").drop_duplicates("source_id")
    both = real.drop_duplicates("source_id").merge(sampled, on="source_id")
    flux, _ = calibrate(as_coefficients(both), with_errors=False)
    archive = np.stack([np.asarray(row, dtype=float) for row in both["flux"]])
    whole = np.isfinite(archive).all(axis=1)
    assert whole.sum() > 1000
    difference = np.abs(flux[whole] - archive[whole]).max(axis=1) / np.abs(archive[whole]).max(axis=1)
    assert difference.max() < 2e-6
