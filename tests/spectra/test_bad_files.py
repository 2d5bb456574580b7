"""Every file that cannot be used has its own named error, which says what was found."""

import gzip
import os
import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core import errors
from core.settings import current_settings
from core.spectra.readers import read_bytes, read_spectra
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
    "JSON": (b'{"answer": {"id": [1]}}', errors.UnsupportedFormatError, "JSON"),
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
    "scalar flux": (b"source_id,flux\n1,2.5\n", errors.SampleCountError, "flux is one number, expected a list"),
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


REPLIES = current_settings().real_data_dir / "archive_replies"


@pytest.mark.skipif(not REPLIES.is_dir(), reason=f"no real archive replies in {REPLIES}")
@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("no_server_error.xml", errors.ArchiveReplyError, "Couldn't connect with server"),
        ("test_tables_gaia.xml", errors.UnsupportedFormatError, "tableset"),
        ("job_1.vot", errors.MissingColumnError, "alpha, delta"),
        ("1710099405832VAL-result.vot", errors.MissingColumnError, "solution_id"),
        ("cone_search.json", errors.MissingColumnError, "solution_id"),
    ],
)
def test_real_replies_without_spectra_have_their_named_errors(name, kind, words):
    with pytest.raises(kind, match=words):
        read_spectra(REPLIES / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes among its files")
@pytest.mark.timeout(60)
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "stars.csv")
    with pytest.raises(errors.ReadError, match="a pipe or a device"):
        read_spectra(tmp_path / "stars.csv")
