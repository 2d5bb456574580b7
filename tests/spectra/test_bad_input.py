"""Every bad input has its own named error, or a note on its row while the good rows are delivered."""

import gzip
import io
import pickle
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core import errors
from core.settings import current_settings
from core.spectra.grid import N_SAMPLES
from core.spectra.readers import NO_ID, formats, iter_spectra, read_bytes, read_spectra, reading
from core.spectra.readers.csv_table import _BLOCK_BYTES
from core.spectra.spectrum_set import SpectrumSet
from core.spectra.validation import note_bad_rows, usable
from tests.spectra import synthetic

N = 4
SPECTRA = synthetic.sampled(N, seed=3)
RAW = synthetic.sampled_columns(SPECTRA)
CONTINUOUS = synthetic.continuous_columns(SPECTRA.source_id, synthetic.coefficients(N, seed=4))
CSV = synthetic.csv_bytes(RAW)
FITS = synthetic.astropy_bytes(RAW, "fits")
VOTABLE = synthetic.astropy_bytes(RAW, "votable")
ZIP = synthetic.zip_bytes({f"XP_SAMPLED-Gaia DR3 {SPECTRA.source_id[0]}.csv": synthetic.sample_rows_csv(SPECTRA)})


def _parquet(columns: dict) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


PARQUET = _parquet(RAW)


def _error_votable(reason: str, value: str = "ERROR") -> bytes:
    return (
        f'<?xml version="1.0"?><VOTABLE version="1.3"><RESOURCE type="results">'
        f'<INFO name="QUERY_STATUS" value="{value}">{reason}</INFO></RESOURCE></VOTABLE>'
    ).encode()


WHOLE_FILE = {
    "empty file": (b"", errors.EmptyFileError, "empty"),
    "blank file": (b"\n \n", errors.EmptyFileError, "empty"),
    "table without rows": (b"source_id,flux\n", errors.EmptyFileError, "no row"),
    "comments only": (b"# a\n# b\n", errors.EmptyFileError, "no table"),
    "web page": (b"<!DOCTYPE html>\n<html><title>502 Bad Gateway</title>", errors.HtmlPageError, "502 Bad Gateway"),
    "web page without doctype": (b"<html>\n<body>quota</body></html>", errors.HtmlPageError, "web page"),
    "XHTML page": (
        b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD"><html xmlns="a"><title>Oops</title></html>',
        errors.HtmlPageError,
        "Oops",
    ),
    "error VOTable": (_error_votable("Cannot parse query"), errors.ArchiveReplyError, "Cannot parse query"),
    "other XML": (b"<?xml version='1.0'?><uws:job xmlns:uws='u'/>", errors.UnsupportedFormatError, "<job>"),
    "plain text": (b"Service unavailable\n", errors.UnsupportedFormatError, "Service unavailable"),
    "JSON": (b'{"source_id": [1]}', errors.UnsupportedFormatError, "JSON"),
    "pickle": (pickle.dumps({"source_id": [1]}), errors.UnsupportedFormatError, "never loaded"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(100), errors.UnsupportedFormatError, "HDF5"),
    "binary": (b"abc\x00\x01\x02", errors.UnsupportedFormatError, "binary"),
    "UTF-16": ("source_id,flux\n1,2\n".encode("utf-16"), errors.UnsupportedFormatError, "UTF-8"),
    "truncated Parquet": (PARQUET[: len(PARQUET) // 2], errors.TruncatedFileError, "Parquet"),
    "truncated FITS": (FITS[: len(FITS) * 2 // 3], errors.TruncatedFileError, "breaks off"),
    "truncated VOTable": (VOTABLE[: len(VOTABLE) // 2], errors.TruncatedFileError, "VOTable"),
    "truncated zip": (ZIP[: len(ZIP) // 2], errors.TruncatedFileError, "zip"),
    "truncated gzip": (gzip.compress(CSV)[:-2000], errors.TruncatedFileError, "breaks off"),
    "damaged gzip": (gzip.compress(CSV)[:500] + bytes(500), errors.TruncatedFileError, "damaged"),
    "no spectra": (b"source_id,ra,dec\n1,2,3\n", errors.MissingColumnError, "found source_id, ra, dec"),
    "no ids": (synthetic.csv_bytes({"name": ["a"], "flux": RAW["flux"][:1]}), errors.MissingColumnError, "source_id"),
    "one band only": (
        synthetic.csv_bytes({"source_id": [1], "bp_coefficients": [np.ones(55)]}),
        errors.MissingColumnError,
        "rp_coefficients",
    ),
    "wrong number of samples": (
        synthetic.csv_bytes({**RAW, "flux": [item[:342] for item in RAW["flux"]]}),
        errors.SampleCountError,
        "342 samples, expected 343",
    ),
    "wrong number of coefficients": (
        synthetic.csv_bytes({**CONTINUOUS, "rp_coefficients": [item[:50] for item in CONTINUOUS["rp_coefficients"]]}),
        errors.SampleCountError,
        "rp_coefficients has 50 values, expected 55",
    ),
    "scalar flux": (b"source_id,flux\n1,2.5\n", errors.SampleCountError, "no complete list of numbers"),
    "float ids in Parquet": (
        _parquet({**RAW, "source_id": SPECTRA.source_id.astype(np.float64)}),
        errors.SourceIdError,
        repr(float(SPECTRA.source_id[0])),
    ),
    "float ids in FITS": (
        synthetic.astropy_bytes({**RAW, "source_id": [float(item) for item in RAW["source_id"]]}, "fits"),
        errors.SourceIdError,
        repr(float(SPECTRA.source_id[0])),
    ),
    "float ids in VOTable": (
        synthetic.astropy_bytes({**RAW, "source_id": [float(item) for item in RAW["source_id"]]}, "votable"),
        errors.SourceIdError,
        repr(float(SPECTRA.source_id[0])),
    ),
    "exponent ids in CSV": (
        synthetic.csv_bytes({**RAW, "source_id": [f"{item:.10E}" for item in RAW["source_id"]]}),
        errors.SourceIdError,
        f"{SPECTRA.source_id[0]:.10E}",
    ),
    "decimal ids in CSV": (
        synthetic.csv_bytes({**RAW, "source_id": [f"{float(item):.1f}" for item in RAW["source_id"]]}),
        errors.SourceIdError,
        f"{float(SPECTRA.source_id[0]):.1f}",
    ),
    "names as ids": (
        synthetic.csv_bytes({**RAW, "source_id": ["Vega", "Deneb", "Rigel", "Mira"]}),
        errors.SourceIdError,
        "'Vega' is no 64-bit Gaia id",
    ),
    "unknown unit": (
        synthetic.ecsv_bytes(RAW).replace(synthetic.FLUX_UNIT.encode(), b"furlongs"),
        errors.UnitError,
        "furlongs",
    ),
    "unit of another quantity": (
        synthetic.ecsv_bytes(RAW).replace(synthetic.FLUX_UNIT.encode(), b"mag"),
        errors.UnitError,
        "mag",
    ),
    "another grid": (
        synthetic.sample_rows_csv(SPECTRA).replace(b",336.0,", b",335.0,"),
        errors.WavelengthGridError,
        "335 to 1020 nm in steps of 2 nm",
    ),
    "a finer grid": (
        ("source_id,wavelength,flux\n" + "".join(f"7,{w},1e-17\n" for w in range(330, 1051))).encode(),
        errors.WavelengthGridError,
        "covers 336 to 1020 nm",
    ),
    "external STREAM": (
        b'<VOTABLE><RESOURCE><TABLE><FIELD name="source_id" datatype="long"/><DATA><BINARY><STREAM '
        b'href="file:///etc/passwd"/></BINARY></DATA></TABLE></RESOURCE></VOTABLE>',
        errors.UnsupportedFormatError,
        "another file",
    ),
    "external entity": (
        b'<?xml version="1.0"?><!DOCTYPE VOTABLE [<!ENTITY x SYSTEM "file:///etc/passwd">]><VOTABLE>&x;</VOTABLE>',
        errors.UnsupportedFormatError,
        "DOCTYPE",
    ),
    "NumPy zip": (synthetic.zip_bytes({"flux.npy": b"\x93NUMPY"}), errors.UnsupportedFormatError, "npz"),
    "zip without spectra": (synthetic.zip_bytes({"a.csv": b"x,y\n1,2\n"}), errors.MissingColumnError, "a.csv"),
    "zip of a web page": (
        synthetic.zip_bytes({"XP_SAMPLED-Gaia DR3 12345.csv": b"<html>"}),
        errors.HtmlPageError,
        "XP_SAMPLED-Gaia DR3 12345.csv",
    ),
    "zip in a zip": (synthetic.zip_bytes({"XP_SAMPLED.zip": ZIP}), errors.ReadError, "inside a zip"),
}


@pytest.mark.parametrize("name", WHOLE_FILE)
def test_an_unusable_file_has_its_named_error(tmp_path, name):
    data, kind, words = WHOLE_FILE[name]
    path = tmp_path / "upload.csv"
    path.write_bytes(data)
    with pytest.raises(kind) as by_path:
        read_spectra(path)
    with pytest.raises(kind) as by_bytes:
        read_bytes("upload.csv", data)
    for caught in (by_path, by_bytes):
        assert type(caught.value) is kind
        assert words in str(caught.value)
        assert "upload.csv" in str(caught.value)


def test_a_missing_file_is_a_named_error(tmp_path):
    with pytest.raises(errors.ReadError, match="No such file"):
        read_spectra(tmp_path / "nowhere.csv")
    with pytest.raises(errors.EmptyFileError, match="no readable file"):
        read_spectra(tmp_path)


def _with_row(row: int, **changes: object) -> bytes:
    columns = {name: list(values) for name, values in RAW.items()}
    for name, value in changes.items():
        columns[name][row] = value
    return synthetic.csv_bytes(columns)


GAPPED = RAW["flux"][1].copy()
GAPPED[[3, 9]] = np.nan
ONE_ROW = {
    "NaN samples": (_with_row(1, flux=GAPPED), "2 of 343 flux samples are missing (NaN)"),
    "infinite sample": (_with_row(1, flux=np.where(np.arange(N_SAMPLES) == 5, np.inf, 1e-16)), "1 of 343"),
    "no flux": (_with_row(1, flux=None), "no flux"),
    "zero flux": (_with_row(1, flux=np.zeros(N_SAMPLES)), "all flux samples are zero"),
    "negative flux": (_with_row(1, flux=-np.abs(RAW["flux"][1])), "all flux samples are negative or zero"),
    "wrong number of samples": (_with_row(1, flux=RAW["flux"][1][:300]), "300 samples, expected 343"),
    "words as flux": (_with_row(1, flux="[1.0, two, 3.0]"), "no complete list of numbers"),
    "exponent id": (_with_row(1, source_id="5.93708331226389E18"), "5.93708331226389E18"),
    "name as id": (_with_row(1, source_id="Vega"), "'Vega' is no 64-bit Gaia id"),
    "no id": (_with_row(1, source_id=None), "source_id is missing"),
    "negative id": (_with_row(1, source_id=-7), "-7 is no Gaia id"),
    "id beyond the sky": (_with_row(1, source_id=6999999999999999999), "is no Gaia id"),
    "id beyond 64 bits": (_with_row(1, source_id="99999999999999999999"), "no 64-bit Gaia id"),
}


@pytest.mark.parametrize("name", ONE_ROW)
def test_a_bad_row_is_noted_in_its_place_and_the_others_are_delivered(name):
    data, words = ONE_ROW[name]
    found = read_bytes("rows.csv", data)
    assert len(found) == N
    assert words in found.note[1]
    assert usable(found).tolist() == [True, False, True, True]
    good = [0, 2, 3]
    assert (found.note[good] == "").all()
    np.testing.assert_array_equal(found.source_id[good], SPECTRA.source_id[good])
    np.testing.assert_allclose(found.flux[good], SPECTRA.flux[good], rtol=1e-12)


def test_negative_samples_are_legal():
    flux = RAW["flux"][1].copy()
    flux[:300] = -np.abs(flux[:300])
    flux[300:] = np.abs(flux[300:])
    found = read_bytes("rows.csv", _with_row(1, flux=flux))
    assert (found.note == "").all()
    assert usable(found).all()


@pytest.mark.parametrize(
    ("band", "value", "words"),
    [
        ("bp", None, "the BP band is missing"),
        ("rp", None, "the RP band is missing"),
        ("bp", np.where(np.arange(55) == 4, np.nan, 1.0), "1 of 55 BP coefficients are missing (NaN)"),
    ],
)
def test_a_missing_band_is_noted(band, value, words):
    columns = {name: list(values) for name, values in CONTINUOUS.items()}
    columns[f"{band}_coefficients"][2] = value
    found = read_bytes("continuous.csv", synthetic.csv_bytes(columns))
    assert found.note.tolist() == ["", "", words, ""]
    assert usable(found).tolist() == [True, True, False, True]


def test_a_table_of_bad_fluxes_alone_is_delivered_with_notes():
    columns = {**RAW, "flux": [np.zeros(N_SAMPLES)] * N}
    found = read_bytes("zeros.csv", synthetic.csv_bytes(columns))
    assert (found.note == "all flux samples are zero").all()


def test_duplicates_are_noted_and_usable():
    columns = {name: [values[i] for i in (0, 1, 0, 2, 0)] for name, values in RAW.items()}
    found = read_bytes("twice.csv", synthetic.csv_bytes(columns))
    assert found.note.tolist() == [
        "duplicate source_id (row 1 of 3)",
        "",
        "duplicate source_id (row 2 of 3)",
        "",
        "duplicate source_id (row 3 of 3)",
    ]
    assert usable(found).all()
    assert note_bad_rows(SpectrumSet(found.source_id, found.flux)).note.tolist() == found.note.tolist()


def test_unreadable_ids_are_no_duplicates_of_each_other():
    columns = {**RAW, "source_id": ["Vega", "Vega", *RAW["source_id"][2:]]}
    found = read_bytes("names.csv", synthetic.csv_bytes(columns))
    assert found.source_id[:2].tolist() == [NO_ID, NO_ID]
    assert not any("duplicate" in text for text in found.note)


@pytest.mark.parametrize("cut", [1, 40, 3000])
def test_a_truncated_csv_keeps_its_whole_rows(cut):
    data = CSV.rstrip()[:-cut]
    found = read_bytes("cut.csv", data)
    np.testing.assert_array_equal(found.source_id, SPECTRA.source_id)
    np.testing.assert_allclose(found.flux[:3], SPECTRA.flux[:3], rtol=1e-12)
    assert (found.note[:3] == "").all()


def test_a_row_that_ends_inside_its_flux_is_noted():
    found = read_bytes("cut.csv", CSV.rstrip()[: -len(CSV) // 6])
    assert "truncated" in found.note[-1]
    assert usable(found).tolist() == [True, True, True, False]


def test_a_row_with_too_few_fields_keeps_its_id():
    lines = CSV.splitlines()
    lines[2] = b",".join([str(SPECTRA.source_id[1]).encode(), b"1.0"])
    found = read_bytes("short.csv", b"\n".join(lines))
    assert len(found) == N
    row = int(np.flatnonzero(found.source_id == SPECTRA.source_id[1])[0])
    assert "2 fields, expected 3" in found.note[row]
    assert usable(found).sum() == N - 1


def test_a_star_with_missing_samples_costs_only_itself():
    rows = synthetic.sample_rows_csv(SPECTRA).splitlines()
    del rows[350]
    found = read_bytes("combined.csv", b"\n".join(rows))
    assert found.source_id.tolist() == SPECTRA.source_id.tolist()
    assert "342 samples, expected 343" in found.note[1]
    assert usable(found).tolist() == [True, False, True, True]


def test_a_bad_member_of_a_zip_costs_only_its_star():
    names = [f"XP_SAMPLED-Gaia DR3 {source_id}.csv" for source_id in SPECTRA.source_id]
    members = {name: synthetic.sample_rows_csv(SPECTRA.take(slice(i, i + 1))) for i, name in enumerate(names)}
    members[names[1]] = b"<html>quota</html>"
    members["MCMC_MSC-Gaia DR3 1.csv"] = b"source_id,teff1\n1,5000\n"
    members["RVS-Gaia DR3 1.csv"] = b"source_id,wavelength,flux\n1,846,1\n"
    found = read_bytes("reply.zip", synthetic.zip_bytes(members))
    assert sorted(found.source_id) == sorted(SPECTRA.source_id)
    bad = found.source_id == SPECTRA.source_id[1]
    assert "web page" in found.note[bad][0]
    np.testing.assert_array_equal(usable(found), ~bad)


def test_a_zip_with_both_products_falls_back_on_the_coefficients():
    star = SPECTRA.source_id[0]
    members = {
        f"XP_SAMPLED-Gaia DR3 {star}.csv": synthetic.sample_rows_csv(SPECTRA.take(slice(0, 1)))[:2000],
        "XP_CONTINUOUS_RAW.csv": synthetic.csv_bytes(CONTINUOUS),
    }
    found = read_bytes("reply.zip", synthetic.zip_bytes(members))
    assert sorted(found.source_id) == sorted(SPECTRA.source_id)
    assert usable(found).all()
    assert "XP_SAMPLED" in found.note[found.source_id == star][0]


def test_zip_members_are_never_written_to_disk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = synthetic.zip_bytes({"../../XP_SAMPLED-evil.csv": synthetic.sample_rows_csv(SPECTRA)})
    assert len(read_bytes("reply.zip", data)) == N
    assert list(tmp_path.rglob("*")) == []


def test_a_zip_bomb_is_refused():
    bomb = synthetic.zip_bytes({"XP_SAMPLED.csv": bytes(50_000_000)})
    assert len(bomb) < 100_000
    with pytest.raises(errors.FileTooLargeError, match="refused"):
        read_bytes("reply.zip", bomb)


def test_a_zip_that_lies_about_its_size_is_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("XP_SAMPLED.csv", synthetic.sample_rows_csv(SPECTRA))
        archive.infolist()[0].file_size = 10
    with pytest.raises(errors.ReadError):
        read_bytes("reply.zip", stream.getvalue())


def test_uploads_are_limited(monkeypatch):
    monkeypatch.setattr(reading, "MAX_UPLOAD_BYTES", 1000)
    with pytest.raises(errors.FileTooLargeError, match="python -m core classify"):
        read_bytes("big.csv", CSV)


def test_formats_that_are_read_whole_are_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "MAX_WHOLE_BYTES", 1000)
    for name, data, words in [
        ("big.vot", VOTABLE, "stilts tcopy"),
        ("big.zip", ZIP, "unzip"),
        ("big.fits.gz", gzip.compress(FITS), "gunzip"),
    ]:
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(errors.FileTooLargeError, match=words):
            read_spectra(path)


def test_a_file_that_turns_bad_halfway_is_not_condemned(tmp_path):
    columns = {name: list(values) * 40 for name, values in RAW.items()}
    columns["source_id"] = ["Vega"] * (40 * N - 1) + [RAW["source_id"][-1]]
    path = tmp_path / "late.csv"
    path.write_bytes(synthetic.csv_bytes(columns))
    assert path.stat().st_size < _BLOCK_BYTES
    parts = list(iter_spectra(path, chunk_rows=8))
    assert sum(int(usable(part).sum()) for part in parts) == 1


REPLIES = current_settings().real_data_dir / "archive_replies"


@pytest.mark.skipif(not REPLIES.is_dir(), reason=f"no real archive replies in {REPLIES}")
@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("no_server_error.xml", errors.ArchiveReplyError, "Couldn't connect with server"),
        ("test_tables_gaia.xml", errors.UnsupportedFormatError, "tableset"),
        ("job_1.vot", errors.MissingColumnError, "alpha, delta"),
        ("1710099405832VAL-result.vot", errors.MissingColumnError, "solution_id"),
        ("cone_search.json", errors.UnsupportedFormatError, "JSON"),
    ],
)
def test_real_replies_without_spectra_have_their_named_errors(name, kind, words):
    with pytest.raises(kind, match=words):
        read_spectra(REPLIES / name)
