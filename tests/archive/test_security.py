"""Hostile replies: bombs, entities and foreign paths are refused, and nothing secret is written down."""

import gzip
import io
import re
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.archive import parse
from core.archive.client import check_zip
from core.archive.id_files import read_id_list, read_ids
from core.archive.products import read_star_products
from core.archive.retry import IncompleteReplyError
from core.errors import ArchiveReplyError, ReadError, SourceIdError
from tests.archive.stand_in import build_sky, replies

ENTITY = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>
<VOTABLE version="1.4"><RESOURCE><TABLE><FIELD name="x" datatype="char" arraysize="*"/><DATA><TABLEDATA>
<TR><TD>&b;</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"""


def zip_of(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_documents_with_entities_are_refused():
    with pytest.raises(ArchiveReplyError, match="entities"):
        parse.votable_to_frame(ENTITY)


def test_entities_behind_a_long_comment_are_refused_too():
    padded = ENTITY.replace(b"<!DOCTYPE", b"<!--" + b" " * 200_000 + b"--><!DOCTYPE")
    with pytest.raises((ArchiveReplyError, IncompleteReplyError)):
        parse.votable_to_frame(padded)
    inside = padded.replace(b"<!--", b"<!-- votable ")
    with pytest.raises(ArchiveReplyError, match="refused"):
        parse.votable_to_frame(inside)


def test_a_reply_cannot_make_us_read_another_file(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"x" * 100)
    whole = replies.votable(pd.DataFrame({"source_id": [1]})).decode()
    reply = re.sub(r"<STREAM.*?</STREAM>", f'<STREAM href="file://{secret}"/>', whole, flags=re.DOTALL)
    with pytest.raises(ArchiveReplyError, match="refused"):
        parse.votable_to_frame(reply.encode())


@pytest.mark.parametrize("rvs", [ENTITY, b"", b"<html>", b"no table"])
def test_an_rvs_spectrum_that_cannot_be_read_costs_nothing_else_and_is_told(rvs, caplog):
    star = build_sky(5).gaia["source_id"].iloc[0]
    members = dict(_members(replies.products_zip(build_sky(5), [star], "XP_CONTINUOUS", "INDIVIDUAL", "votable")))
    spectra, product, read = read_star_products(zip_of(**members, **{f"RVS-Gaia DR3 {star}.xml": rvs}), star)
    assert (len(spectra), product, read) == (1, "XP_CONTINUOUS", {"rvs": None})
    assert f"the RVS spectrum of {star}" in caplog.text


def _members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def test_a_gzip_bomb_is_refused():
    with pytest.raises(ArchiveReplyError, match="unpacks to more than"):
        parse.decompressed(gzip.compress(b"0" * 2_000_000), limit=1_000_000)


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    with pytest.raises(ArchiveReplyError, match="refused"):
        read_star_products(zip_of(**{"XP_SAMPLED-Gaia DR3 1.csv": b"0" * 100_000_000}), 1)


def test_paths_out_of_the_folder_lead_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = zip_of(**{"../../XP_SAMPLED-Gaia DR3 128.csv": b"source_id,wavelength,flux\n128,336,1\n"})
    with pytest.raises(IncompleteReplyError):
        read_star_products(data, 128)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("size", [0, 10, 500])
def test_cut_zip_files_are_no_zip_files(tmp_path, size):
    path = tmp_path / "x.zip"
    path.write_bytes(zip_of(a=np.random.default_rng(1).bytes(4000))[:size])
    with pytest.raises(IncompleteReplyError):
        check_zip(path)


def test_a_damaged_member_is_noticed(tmp_path):
    path = tmp_path / "x.zip"
    data = bytearray(zip_of(a=bytes(range(256)) * 40))
    data[60] ^= 255
    path.write_bytes(data)
    with pytest.raises((IncompleteReplyError, zipfile.BadZipFile, Exception), match=r"damaged|invalid|Error"):
        check_zip(path)


@pytest.mark.parametrize(
    "body", [b"", b"   ", b"<html><title>Login</title></html>", b"not xml", b"<VOTABLE><RESOURCE>"]
)
def test_whatever_is_no_votable_is_worth_another_attempt(body):
    with pytest.raises(IncompleteReplyError):
        parse.votable_to_frame(body)


def test_an_overflow_is_noticed():
    frame = pd.DataFrame({"source_id": [1, 2], "x": [1.0, float("nan")], "name": ["a", None], "flag": [True, False]})
    read = parse.votable_to_frame(replies.votable(frame, overflow=True))
    assert read.attrs["overflow"] is True
    assert read["source_id"].tolist() == [1, 2]
    assert read["name"].fillna("").tolist() == ["a", ""]
    assert read["flag"].tolist() == [True, False]


def test_a_table_that_claims_more_than_it_holds_is_refused():
    whole = replies.votable(pd.DataFrame({"source_id": [1]})).decode()
    reply = whole.replace('datatype="long"', 'datatype="long" arraysize="90000000"')
    with pytest.raises(ArchiveReplyError, match="claims"):
        parse.votable_to_frame(reply.encode())


@pytest.mark.parametrize(
    ("said", "seconds"), [("30", 30.0), (" 5 ", 5.0), ("\x1f1", 1.0), ("²", None), ("9" * 400, None), (None, None)]
)
def test_only_a_number_is_a_time_to_wait(said, seconds):
    assert parse.http_error(503, b"busy", said).retry_after_s == seconds


def test_a_damaged_list_of_ids_is_refused_by_name(tmp_path):
    path = tmp_path / "ids.parquet"
    pd.DataFrame({"source_id": ["5937083312263887616", "Vega"]}).to_parquet(path)
    assert read_ids(path).tolist() == [5937083312263887616]
    assert "Vega" in read_id_list(path).problems["row 2"]
    pd.DataFrame({"source_id": ["Vega"]}).to_parquet(path)
    with pytest.raises(SourceIdError, match="row 1: source_id 'Vega' is no 64-bit Gaia id"):
        read_ids(path)
    ids = pd.DataFrame({"source_id": np.arange(1, 50_000)})
    ids.to_parquet(path)
    data = bytearray(path.read_bytes())
    data[100:200] = bytes(100)
    path.write_bytes(data)
    with pytest.raises(ReadError, match="damaged"):
        read_ids(path)
    pq.write_table(pa.table({"source_id": [1], "abcdefgh": [2]}), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"\x92" * 8))
    with pytest.raises(ReadError, match="no Parquet file"):
        read_ids(path)


def test_a_column_without_a_name_is_no_whole_table():
    whole = replies.votable(pd.DataFrame({"source_id": [1]})).decode()
    with pytest.raises(IncompleteReplyError, match="no whole VOTable"):
        parse.votable_to_frame(re.sub(r'name="source_id"', 'name=""', whole).encode())
