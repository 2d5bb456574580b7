"""Zips and uploads: one bad member costs one star; bombs, lies about sizes and paths do no harm."""

import gzip
import io
import zipfile

import numpy as np
import pytest

from core import errors
from core.spectra.readers import formats, read_bytes, read_spectra, reading
from core.spectra.validation import usable
from tests.spectra import synthetic

N = 4
SPECTRA = synthetic.sampled(N, seed=3)
RAW = synthetic.sampled_columns(SPECTRA)
CONTINUOUS = synthetic.continuous_columns(SPECTRA.source_id, synthetic.coefficients(N, seed=4))
CSV = synthetic.csv_bytes(RAW)
FITS = synthetic.astropy_bytes(RAW, "fits")
VOTABLE = synthetic.astropy_bytes(RAW, "votable")
ZIP = synthetic.zip_bytes({"XP_SAMPLED_COMBINED.csv": synthetic.sample_rows_csv(SPECTRA)})


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
