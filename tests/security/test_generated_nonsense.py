"""Readers and parsers fed with generated nonsense: what comes out is a result or a named error, never anything else."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.archive.id_files import read_ids
from core.errors import ExplorerError
from core.jobs.job import find_job
from core.runs.catalogue import find_runs
from core.runs.run import read_run
from core.sky.cluster_file import read_star_table
from core.spectra.readers import read_bytes
from core.spectra.spectrum_set import SpectrumSet
from core.star.resolve import epoch_year, understand
from core.survey.simulated import parse_simulated
from core.survey.store import read_manifest
from tests.spectra import synthetic

SPECTRA = synthetic.sampled(2, seed=8)
COLUMNS = synthetic.sampled_columns(SPECTRA)
CONTINUOUS = synthetic.continuous_columns(SPECTRA.source_id, synthetic.coefficients(2, seed=9))
WHOLE = {
    "csv": synthetic.csv_bytes(COLUMNS),
    "csv of coefficients": synthetic.csv_bytes(CONTINUOUS),
    "rows.csv": synthetic.sample_rows_csv(SPECTRA),
    "ecsv": synthetic.ecsv_bytes(COLUMNS),
    "fits": synthetic.astropy_bytes(COLUMNS, "fits"),
    "vot": synthetic.astropy_bytes(COLUMNS, "votable"),
    "zip": synthetic.zip_bytes({"XP_SAMPLED_COMBINED.csv": synthetic.sample_rows_csv(SPECTRA)}),
}
QUIETLY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
HOSTILE = ("../../etc/passwd", "/etc/passwd", "..", ".", "", "a/b", "a\\b", "%2e%2e", "\x00", "~", "con", "x" * 5000)


@st.composite
def damaged(draw, whole: bytes) -> bytes:
    """A file with some bytes changed, a piece cut out, doubled or put in."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at, length = draw(st.integers(0, len(data))), draw(st.integers(0, 64))
        how = draw(st.sampled_from(["change", "cut", "double", "insert", "end"]))
        if how == "change":
            data[at : at + length] = draw(st.binary(min_size=length, max_size=length))
        elif how == "cut":
            del data[at : at + length]
        elif how == "double":
            data[at:at] = data[at : at + length]
        elif how == "insert":
            data[at:at] = draw(st.binary(max_size=64))
        else:
            del data[at:]
    return bytes(data)


def refused(error: ExplorerError) -> None:
    """A refusal has words."""
    assert str(error).strip()


def read_or_refuse(name: str, data: bytes) -> None:
    try:
        found = read_bytes(name, data)
    except ExplorerError as error:
        refused(error)
    else:
        assert isinstance(found, SpectrumSet)
        assert len(found)


@pytest.mark.parametrize("kind", WHOLE)
@QUIETLY
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_by_name(kind, data):
    read_or_refuse(f"upload.{kind.split()[0]}", data.draw(damaged(WHOLE[kind])))


@QUIETLY
@given(content=st.binary(max_size=600), suffix=st.sampled_from(["csv", "fits", "vot", "zip", "parquet", "gz", "x"]))
def test_any_bytes_are_refused_by_name(content, suffix):
    read_or_refuse(f"upload.{suffix}", content)


@QUIETLY
@given(
    content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)),
    suffix=st.sampled_from(["csv", "parquet", "fits", "vot"]),
)
def test_a_table_of_stars_is_read_or_refused(content, suffix, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / f"stars.{suffix}"
    path.write_bytes(content)
    for read in (read_star_table, read_ids):
        try:
            assert len(read(path)) >= 0
        except ExplorerError as error:
            refused(error)


@QUIETLY
@given(text=st.one_of(st.text(max_size=80), st.from_regex(r"[-+0-9.dhms :lbfk=]{1,40}", fullmatch=True)))
def test_any_question_for_a_star_is_understood_or_refused(text):
    for understood in (understand, epoch_year, parse_simulated):
        try:
            understood(text)
        except ExplorerError as error:
            refused(error)


_NAMES = st.sampled_from(["model", "members", "data", "state", "file", "x"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=8,
)


@QUIETLY
@given(content=_JSON)
def test_a_run_with_nonsense_in_it_does_not_hide_the_others(content, tmp_path_factory):
    from core.settings import current_settings

    folder = tmp_path_factory.getbasetemp() / "local" / "runs" / "odd"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(content))
    settings = current_settings().model_copy(update={"local_dir": folder.parent.parent})
    assert any(run.shipped for run in find_runs(settings))
    try:
        read_run(folder)
    except ExplorerError as error:
        refused(error)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_job_is_found_by_its_name_alone(name, tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path / "local"))
    (tmp_path / "local" / "jobs").mkdir(parents=True)
    (tmp_path / "job.json").write_text("{}")
    with pytest.raises(ExplorerError):
        find_job(name)


def test_a_survey_without_a_sound_manifest_is_refused(tmp_path):
    for content in (b"", b"[]", b"{", b'{"state": 1}', np.random.default_rng(1).bytes(50)):
        (tmp_path / "_manifest.json").write_bytes(content)
        with pytest.raises(ExplorerError):
            read_manifest(tmp_path)
