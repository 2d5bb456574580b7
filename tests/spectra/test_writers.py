"""What is written is read back the same, by our readers and by astropy; a failed write leaves nothing behind."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UnsupportedFormatError
from core.settings import current_settings
from core.spectra import writers
from core.spectra.grid import N_SAMPLES
from core.spectra.readers import read_spectra
from core.spectra.spectrum_set import Coefficients, SpectrumSet
from core.spectra.writers import WRITTEN_SUFFIXES, ParquetWriter, write_spectra
from tests.spectra import synthetic

N = 4


def _full_set() -> SpectrumSet:
    spectra = synthetic.sampled(N, seed=7)
    assert spectra.flux_error is not None
    flux, error = spectra.flux.copy(), spectra.flux_error.copy()
    flux[1, 5] = np.nan
    error[2] = np.nan
    arrays = {name: value.copy() for name, value in vars(synthetic.coefficients(N, seed=8)).items()}
    for name in ("bp", "bp_error", "bp_correlation", "bp_standard_deviation", "bp_n_relevant_bases"):
        arrays[name][3] = np.nan
    metadata = pd.DataFrame(
        {
            "ra": [10.5, np.nan, 250.25, 0.0],
            "label": ["massive", "low-mass", "low-mass", "massive"],
            "solution_id": [4545469030156206081, 4545469030156206082, 1, 2],
            "name": ["Θ¹ Ori C", "a, b", 'say "x"', ""],
        }
    )
    note = np.array(["", "1 of 343 flux samples are missing (NaN)", "", ""], dtype=object)
    return SpectrumSet(spectra.source_id, flux, error, Coefficients(**arrays), metadata, note)


@pytest.mark.parametrize("suffix", WRITTEN_SUFFIXES)
def test_a_set_survives_writing_and_reading(tmp_path, suffix):
    spectra = _full_set()
    path = tmp_path / f"spectra{suffix}"
    write_spectra(spectra, path)
    found = read_spectra(path)
    np.testing.assert_array_equal(found.source_id, spectra.source_id)
    np.testing.assert_array_equal(found.flux, spectra.flux)
    np.testing.assert_array_equal(found.flux_error, spectra.flux_error)
    np.testing.assert_array_equal(found.note, spectra.note)
    assert found.coefficients is not None
    for name, value in vars(spectra.coefficients).items():
        np.testing.assert_array_equal(getattr(found.coefficients, name), value, err_msg=name)
    np.testing.assert_array_equal(found.metadata["ra"], spectra.metadata["ra"])
    assert found.metadata["solution_id"].tolist() == spectra.metadata["solution_id"].tolist()
    assert found.metadata["label"].tolist() == spectra.metadata["label"].tolist()
    if suffix in (".parquet", ".csv"):
        assert found.metadata["name"].fillna("").tolist() == spectra.metadata["name"].tolist()
    assert list(tmp_path.iterdir()) == [path]


FLUXES = st.one_of(
    st.floats(-1e-9, 1e-9, allow_subnormal=False), st.floats(1e-30, 1e-12, allow_subnormal=False), st.just(float("nan"))
)


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.integers(1, 6917529027641081855), min_size=1, max_size=3, unique=True),
    st.lists(FLUXES, min_size=N_SAMPLES, max_size=N_SAMPLES),
    st.sampled_from(WRITTEN_SUFFIXES),
)
def test_any_id_and_any_flux_survive(tmp_path_factory, ids, flux, suffix):
    spectra = SpectrumSet(np.array(ids, dtype=np.int64), np.tile(np.array(flux), (len(ids), 1)))
    path = tmp_path_factory.mktemp("any") / f"spectra{suffix}"
    write_spectra(spectra, path)
    found = read_spectra(path)
    np.testing.assert_array_equal(found.source_id, spectra.source_id)
    np.testing.assert_array_equal(found.flux, spectra.flux)


@pytest.mark.parametrize(("suffix", "form"), [(".fits", "fits"), (".vot", "votable"), (".ecsv", "ascii.ecsv")])
def test_astropy_reads_arrays_units_and_exact_ids(tmp_path, suffix, form):
    spectra = _full_set()
    write_spectra(spectra, tmp_path / f"spectra{suffix}")
    table = Table.read(tmp_path / f"spectra{suffix}", format=form)
    assert table["source_id"].dtype.kind == "i"
    assert table["source_id"].dtype.itemsize == 8
    np.testing.assert_array_equal(table["source_id"], spectra.source_id)
    assert table["flux"].shape == (N, N_SAMPLES)
    assert table["flux"].unit.to_string() == "W / (nm m2)"
    np.testing.assert_array_equal(np.ma.filled(table["flux"], np.nan), spectra.flux)


def test_parquet_states_units_and_leaves_unknown_errors_null(tmp_path):
    write_spectra(_full_set(), tmp_path / "spectra.parquet", dtype="float32")
    table = pq.read_table(tmp_path / "spectra.parquet")
    assert table.schema.field("flux").metadata[b"unit"] == b"W m-2 nm-1"
    assert str(table.schema.field("flux").type) == "list<element: float>"
    assert table["flux_error"].is_null().to_pylist() == [False, False, True, False]


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(UnsupportedFormatError, match=r"\.parquet"):
        write_spectra(_full_set(), tmp_path / "spectra.xlsx")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "spectra.parquet"
    write_spectra(_full_set(), path)
    before = path.read_bytes()

    def fail(table, where, **_):
        where.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(writers.pq, "write_table", fail)
    with pytest.raises(OSError, match="disk full"):
        write_spectra(_full_set(), path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_parts_make_the_same_file_as_the_whole(tmp_path):
    spectra = _full_set()
    with ParquetWriter(tmp_path / "parts.parquet") as writer:
        for start in range(N):
            writer.write(spectra.take(slice(start, start + 1)))
    write_spectra(spectra, tmp_path / "whole.parquet")
    parts, whole = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("parts", "whole"))
    assert parts.schema.equals(whole.schema, check_metadata=True)
    pd.testing.assert_frame_equal(parts.to_pandas(), whole.to_pandas())


def test_a_column_that_turns_from_numbers_to_words_becomes_text(tmp_path):
    spectra = _full_set().take(slice(0, 2))
    numbers, words = pd.DataFrame({"hd": [1.0, 2.0]}), pd.DataFrame({"hd": ["BD +60 1", None]})
    with ParquetWriter(tmp_path / "parts.parquet") as writer:
        for metadata in (numbers, words, numbers):
            writer.write(SpectrumSet(spectra.source_id, spectra.flux, metadata=metadata))
    assert pq.read_table(tmp_path / "parts.parquet")["hd"].to_pylist() == ["1", "2", "BD +60 1", None, "1", "2"]
    assert [item.name for item in tmp_path.iterdir()] == ["parts.parquet"]


def test_an_interrupted_writer_leaves_nothing(tmp_path):
    def write_and_stop() -> None:
        with ParquetWriter(tmp_path / "parts.parquet") as writer:
            writer.write(_full_set())
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_and_stop()
    assert list(tmp_path.iterdir()) == []


REAL = current_settings().real_data_dir / "xp_continuous.parquet"


@pytest.mark.skipif(not REAL.is_file(), reason=f"no real spectra at {REAL}")
@pytest.mark.parametrize("suffix", WRITTEN_SUFFIXES)
def test_real_spectra_survive(tmp_path, suffix):
    spectra = read_spectra(REAL, max_rows=40)
    write_spectra(spectra, tmp_path / f"spectra{suffix}")
    found = read_spectra(tmp_path / f"spectra{suffix}")
    np.testing.assert_array_equal(found.source_id, spectra.source_id)
    np.testing.assert_array_equal(found.flux, spectra.flux)
    np.testing.assert_array_equal(found.flux_error, spectra.flux_error)
    assert found.metadata["error_note"].tolist() == spectra.metadata["error_note"].tolist()


@pytest.mark.parametrize("suffix", ["parquet", "fits", "vot", "ecsv"])
def test_units_and_descriptions_come_in_and_go_out(suffix, tmp_path):
    from core.sky.cluster_file import read_star_table

    spectra = synthetic.sampled(3)
    table = Table({"source_id": spectra.source_id, "flux": spectra.flux, "teff": [9.5, 10.2, 11.0], "n_obs": [1, 2, 3]})
    table["teff"].unit = "kK"
    table["teff"].description = "of the photosphere"
    table.write(tmp_path / "in.ecsv")
    write_spectra(read_spectra(tmp_path / "in.ecsv"), tmp_path / f"out.{suffix}")
    back = Table.read(tmp_path / f"out.{suffix}", **({"format": "votable"} if suffix == "vot" else {}))
    assert back["n_obs"].dtype.kind == "i"
    if suffix != "parquet":  # astropy reads the units of its own Parquet files alone
        assert back["teff"].unit == "kK"
    if suffix in ("vot", "ecsv"):  # of FITS astropy reads no TCOMM
        assert back["teff"].description == "of the photosphere"
    again = read_spectra(tmp_path / f"out.{suffix}").metadata.attrs
    assert (again["units"]["teff"], again["descriptions"]["teff"]) == ("kK", "of the photosphere")
    field = read_star_table(tmp_path / f"out.{suffix}").schema.field("teff")
    assert field.metadata == {b"unit": b"kK", b"description": b"of the photosphere"}
