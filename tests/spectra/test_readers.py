"""Every format and layout of XP spectra that the archive and GaiaXPy write is read to the same numbers."""

import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.spectra.calibration import calibrate
from core.spectra.grid import N_COEFFICIENTS, WAVELENGTH_NM
from core.spectra.readers import count_rows, read_bytes, read_spectra
from core.spectra.spectrum_set import SpectrumSet
from core.spectra.validation import usable
from tests.spectra import synthetic

N = 5
SPECTRA = synthetic.sampled(N, seed=1)
COEFFICIENTS = synthetic.coefficients(N, seed=2)
ONE = SPECTRA.take(slice(0, 1))


def _parquet(columns: dict) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({name: pa.array(values) for name, values in columns.items()}), sink)
    return sink.getvalue().to_pybytes()


RAW = synthetic.sampled_columns(SPECTRA)
CONTINUOUS = synthetic.continuous_columns(SPECTRA.source_id, COEFFICIENTS)
SAMPLED_FILES = {
    "raw.csv": lambda: synthetic.csv_bytes(RAW),
    "brackets.csv": lambda: synthetic.csv_bytes(RAW, "[]", ","),
    "numpy_text.csv": lambda: synthetic.csv_bytes(RAW, "[]", " \n "),
    "semicolons.csv": lambda: synthetic.csv_bytes(RAW, delimiter=";"),
    "tabs.tsv": lambda: synthetic.csv_bytes(RAW, delimiter="\t"),
    "windows.csv": lambda: b"\xef\xbb\xbf" + synthetic.csv_bytes(RAW).replace(b"\n", b"\r\n"),
    "combined.csv": lambda: synthetic.sample_rows_csv(SPECTRA),
    "combined.csv.gz": lambda: gzip.compress(synthetic.sample_rows_csv(SPECTRA)),
    "raw.csv.gz": lambda: gzip.compress(synthetic.csv_bytes(RAW)),
    "raw.ecsv": lambda: synthetic.ecsv_bytes(RAW),
    "XpSampledMeanSpectrum_000000-003111.csv.gz": lambda: gzip.compress(synthetic.ecsv_bytes(RAW)),
    "raw.fits": lambda: synthetic.astropy_bytes(RAW, "fits"),
    "raw.fits.gz": lambda: gzip.compress(synthetic.astropy_bytes(RAW, "fits")),
    "raw.vot": lambda: synthetic.astropy_bytes(RAW, "votable"),
    "raw.xml": lambda: synthetic.astropy_bytes(RAW, "votable"),
    "raw.parquet": lambda: _parquet(RAW),
    "no_suffix": lambda: _parquet(RAW),
    "lies.csv": lambda: synthetic.astropy_bytes(RAW, "fits"),
}
ONE_STAR_FILES = {
    "XP_SAMPLED.fits": lambda: synthetic.one_star_fits(ONE),
    "XP_SAMPLED.xml": lambda: synthetic.one_star_votable(ONE),
    "XP_SAMPLED.csv": lambda: synthetic.sample_rows_csv(ONE),
    "XP_SAMPLED.ecsv": lambda: _one_star_ecsv(),
    f"XP_SAMPLED-Gaia DR3 {ONE.source_id[0]}.csv": lambda: synthetic.sample_rows_csv(ONE, with_id=False),
}
CONTINUOUS_FILES = {
    "continuous.csv": lambda: synthetic.csv_bytes(CONTINUOUS),
    "continuous.ecsv": lambda: synthetic.ecsv_bytes(CONTINUOUS),
    "XpContinuousMeanSpectrum_000000-003111.csv.gz": lambda: gzip.compress(synthetic.ecsv_bytes(CONTINUOUS)),
    "continuous.fits": lambda: synthetic.astropy_bytes(CONTINUOUS, "fits"),
    "continuous.vot": lambda: synthetic.astropy_bytes(CONTINUOUS, "votable"),
    "continuous.parquet": lambda: _parquet(CONTINUOUS),
}


def _one_star_ecsv() -> bytes:
    assert ONE.flux_error is not None
    rows = {"wavelength": list(WAVELENGTH_NM), "flux": list(ONE.flux[0]), "flux_error": list(ONE.flux_error[0])}
    return synthetic.ecsv_bytes(rows, f"meta:\n  source_id: {ONE.source_id[0]}\n  spatialLocation: [251.5, -51.5]")


def _same_spectra(found: SpectrumSet, expected: SpectrumSet) -> None:
    assert found.source_id.dtype == np.int64
    np.testing.assert_array_equal(found.source_id, expected.source_id)
    np.testing.assert_allclose(found.flux, expected.flux, rtol=2e-7)
    np.testing.assert_allclose(found.flux_error, expected.flux_error, rtol=2e-7)
    assert (found.note == "").all()


@pytest.mark.parametrize("name", SAMPLED_FILES)
def test_sampled_spectra_are_read_from_every_format(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(SAMPLED_FILES[name]())
    _same_spectra(read_spectra(path), SPECTRA)
    _same_spectra(read_bytes(name, path.read_bytes()), SPECTRA)


@pytest.mark.parametrize("name", ONE_STAR_FILES)
def test_one_star_files_carry_their_id_outside_the_rows(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(ONE_STAR_FILES[name]())
    found = read_spectra(path)
    _same_spectra(found, ONE)
    if name.endswith(("fits", "ecsv")):
        assert found.metadata["ra"].tolist() == [251.5]
        assert found.metadata["dec"].tolist() == [-51.5]


@pytest.mark.parametrize("name", CONTINUOUS_FILES)
def test_continuous_spectra_are_read_and_calibrated(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(CONTINUOUS_FILES[name]())
    found = read_spectra(path)
    flux, flux_error = calibrate(COEFFICIENTS)
    assert found.coefficients is not None
    np.testing.assert_array_equal(found.source_id, SPECTRA.source_id)
    np.testing.assert_allclose(found.coefficients.bp, COEFFICIENTS.bp, rtol=1e-15)
    np.testing.assert_allclose(found.coefficients.rp_correlation, COEFFICIENTS.rp_correlation, rtol=1e-6)
    np.testing.assert_allclose(found.flux, flux, rtol=1e-12)
    np.testing.assert_allclose(found.flux_error, flux_error, rtol=1e-5)
    assert (found.note == "").all()


def test_without_errors_the_flux_is_the_same(tmp_path):
    path = tmp_path / "continuous.csv"
    path.write_bytes(CONTINUOUS_FILES["continuous.csv"]())
    fast = read_spectra(path, with_errors=False)
    assert fast.flux_error is None
    np.testing.assert_allclose(fast.flux, read_spectra(path).flux, rtol=1e-13)


def test_both_products_in_one_table_keep_the_sampled_flux_unless_asked(tmp_path):
    path = tmp_path / "both.parquet"
    path.write_bytes(_parquet({**RAW, **CONTINUOUS}))
    found = read_spectra(path)
    np.testing.assert_allclose(found.flux, SPECTRA.flux, rtol=2e-7)
    assert found.coefficients is not None
    calibrated = read_spectra(path, prefer="continuous")
    np.testing.assert_allclose(calibrated.flux, calibrate(COEFFICIENTS)[0], rtol=1e-12)


@pytest.mark.parametrize("layout", ["with_diagonal", "square", "nested_text"])
def test_other_layouts_of_correlations_are_understood(layout):
    lower = np.tril_indices(N_COEFFICIENTS, -1)
    columns = dict(CONTINUOUS)
    for band in ("bp", "rp"):
        rows = []
        for packed in getattr(COEFFICIENTS, f"{band}_correlation"):
            square = np.eye(N_COEFFICIENTS)
            square[lower] = packed
            square = square + square.T - np.eye(N_COEFFICIENTS)
            rows.append(square[np.tril_indices(N_COEFFICIENTS)] if layout == "with_diagonal" else square.ravel())
            if layout == "nested_text":
                text = ", ".join("(" + ", ".join(repr(float(item)) for item in line) + ")" for line in square)
                rows[-1] = f"({text})"
        columns[f"{band}_coefficient_correlations"] = rows
    found = read_bytes("correlations.csv", synthetic.csv_bytes(columns))
    assert found.coefficients is not None
    np.testing.assert_allclose(found.coefficients.bp_correlation, COEFFICIENTS.bp_correlation, rtol=1e-6)
    np.testing.assert_allclose(found.flux_error, calibrate(COEFFICIENTS)[1], rtol=1e-5)


def test_missing_covariance_is_told_apart_from_a_bad_row():
    columns = dict(CONTINUOUS)
    columns["bp_coefficient_correlations"] = [None, *CONTINUOUS["bp_coefficient_correlations"][1:]]
    found = read_bytes("continuous.csv", synthetic.csv_bytes(columns))
    assert (found.note == "").all()
    assert found.metadata["error_note"].tolist()[0].startswith("no flux errors")
    assert (found.metadata["error_note"][1:] == "").all()
    assert found.flux_error is not None
    assert np.isnan(found.flux_error[0]).all()
    assert np.isfinite(found.flux_error[1:]).all()
    assert usable(found).all()


@pytest.mark.parametrize(
    ("unit", "per_archive_unit"),
    [
        ("W/m^2/nm", 1.0),
        ("W.m**-2.nm**-1", 1.0),
        ("erg/s/cm^2/AA", 100.0),
        ("erg s-1 cm-2 Angstrom-1", 100.0),
        ("W m^-2 um^-1", 1000.0),
        ("10-20W/m2/nm", 1e20),
    ],
)
def test_units_are_converted(unit, per_archive_unit):
    columns = {**RAW, "flux": [item * per_archive_unit for item in RAW["flux"]]}
    columns["flux_error"] = [item * per_archive_unit for item in RAW["flux_error"]]
    data = synthetic.ecsv_bytes(columns).replace(synthetic.FLUX_UNIT.encode(), unit.encode())
    _same_spectra(read_bytes("units.ecsv", data), SPECTRA)
    in_header = synthetic.csv_bytes(columns).replace(b"flux,flux_error", f"flux [{unit}],flux_error [{unit}]".encode())
    _same_spectra(read_bytes("units.csv", in_header), SPECTRA)


def test_flux_per_frequency_is_converted_sample_by_sample():
    jansky = SPECTRA.flux * WAVELENGTH_NM**2 / 299_792_458e9 * 1e26  # F_nu = F_lambda lambda^2 / c
    data = synthetic.ecsv_bytes({"source_id": RAW["source_id"], "flux": list(jansky)})
    found = read_bytes("jansky.ecsv", data.replace(synthetic.FLUX_UNIT.encode(), b"Jy"))
    np.testing.assert_allclose(found.flux, SPECTRA.flux, rtol=1e-10)


def test_wavelengths_in_angstrom_are_converted():
    rows = synthetic.sample_rows_csv(ONE).decode().splitlines()
    moved = [rows[0].replace("wavelength", "wavelength [Angstrom]")]
    for row in rows[1:]:
        source_id, wavelength, *rest = row.split(",")
        moved.append(",".join([source_id, repr(float(wavelength) * 10), *rest]))
    _same_spectra(read_bytes("angstrom.csv", "\n".join(moved).encode()), ONE)


@pytest.mark.parametrize("name", ["SOURCE_ID", "Source", "gaia_source_id", "dr3_source_id"])
def test_ids_are_found_under_their_usual_names(name):
    columns = {name if key == "source_id" else key: values for key, values in RAW.items()}
    _same_spectra(read_bytes("names.csv", synthetic.csv_bytes(columns)), SPECTRA)


def test_designations_are_ids():
    columns = {**RAW, "source_id": [f"Gaia DR3 {item}" for item in RAW["source_id"]]}
    _same_spectra(read_bytes("designation.csv", synthetic.csv_bytes(columns)), SPECTRA)


@pytest.mark.parametrize("kind", [pa.uint64(), pa.string(), pa.large_string(), pa.int64()])
def test_ids_of_any_exact_type_keep_all_digits(kind):
    table = pa.table({"source_id": pa.array(RAW["source_id"]).cast(kind), "flux": pa.array(RAW["flux"])})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    found = read_bytes("ids.parquet", sink.getvalue().to_pybytes())
    np.testing.assert_array_equal(found.source_id, SPECTRA.source_id)


def test_metadata_keeps_its_values_and_types():
    columns = {
        **RAW,
        "label": ["massive", "low-mass", "massive", "low-mass", None],
        "solution_id": [4545469030156206081 + i for i in range(N)],
        "RUWE": [1.0, 1.5, None, 0.9, 1.1],
    }
    found = read_bytes("metadata.csv", synthetic.csv_bytes(columns)).metadata
    assert found["label"].tolist()[:2] == ["massive", "low-mass"]
    assert found["solution_id"].tolist() == columns["solution_id"]
    np.testing.assert_array_equal(found["ruwe"], [1.0, 1.5, np.nan, 0.9, 1.1])


@pytest.mark.parametrize("kind", [pa.list_(pa.float32()), pa.large_list(pa.float64()), pa.list_(pa.float64(), 343)])
def test_every_kind_of_parquet_list_is_read_with_its_nulls(kind):
    flux = [list(item) for item in SPECTRA.flux]
    flux[1] = None
    flux[2] = [None if i == 7 else value for i, value in enumerate(flux[2])]
    table = pa.table({"source_id": SPECTRA.source_id, "flux": pa.array(flux, kind)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    found = read_bytes("lists.parquet", sink.getvalue().to_pybytes())
    np.testing.assert_allclose(found.flux[[0, 3, 4]], SPECTRA.flux[[0, 3, 4]], rtol=2e-7)
    assert np.isnan(found.flux[1]).all()
    assert np.flatnonzero(np.isnan(found.flux[2])).tolist() == [7]
    assert found.note.tolist() == ["", "no flux", "1 of 343 flux samples are missing (NaN)", "", ""]
    assert usable(found).tolist() == [True, False, False, True, True]


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 3))
def test_the_order_of_samples_and_repeated_stars_do_not_matter(random, copies):
    header, *rows = synthetic.sample_rows_csv(ONE).decode().splitlines()
    rows = rows * copies
    random.shuffle(rows)
    found = read_bytes("shuffled.csv", "\n".join([header, *rows]).encode())
    assert len(found) == copies
    for row in range(copies):
        np.testing.assert_allclose(found.flux[row], ONE.flux[0], rtol=2e-7)


def test_several_tables_in_one_votable_are_all_read():
    first, second = (synthetic.one_star_votable(SPECTRA.take(slice(i, i + 1))).decode() for i in (0, 1))
    table = second[second.index("<TABLE>") : second.index("</RESOURCE>")]
    found = read_bytes("combined.xml", first.replace("</RESOURCE>", table + "</RESOURCE>").encode())
    _same_spectra(found, SPECTRA.take(slice(0, 2)))


def test_a_folder_is_read_file_by_file(tmp_path):
    (tmp_path / "a.parquet").write_bytes(_parquet({key: values[:2] for key, values in RAW.items()}))
    (tmp_path / "b.csv").write_bytes(synthetic.csv_bytes({key: values[2:] for key, values in RAW.items()}))
    (tmp_path / "notes.md").write_text("not data")
    _same_spectra(read_spectra(tmp_path), SPECTRA)


def test_max_rows_stops_early(tmp_path):
    path = tmp_path / "raw.parquet"
    path.write_bytes(_parquet(RAW))
    assert read_spectra(path, max_rows=2).source_id.tolist() == SPECTRA.source_id[:2].tolist()
    assert count_rows(path) == N
