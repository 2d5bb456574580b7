"""Against the live archives; off by default: `pytest -m remote tests/archive/test_remote.py`."""

import pytest

from core.archive.als import fetch_als
from core.archive.client import ArchiveClient
from core.star.lookup import find_star

pytestmark = pytest.mark.remote
RECORDED_ID = 5937083312263887616


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))


def test_a_star_by_id_brings_its_spectrum():
    record = find_star(str(RECORDED_ID), use_embedded=False)
    assert record.product == "XP_SAMPLED"
    assert record.spectra.flux[0, 0] == pytest.approx(4.3137092e-17, rel=1e-3)


def test_a_star_by_name_and_by_coordinates():
    by_name = find_star("HD 37022", use_embedded=False)
    assert by_name.simbad["sp_type"].startswith("O")
    assert find_star("05 35 16.46 -05 23 22.8", use_embedded=False).source_id == by_name.source_id


def test_an_edition_of_als_still_has_the_columns_that_are_needed():
    assert (fetch_als(ArchiveClient()).stars["als_category"] == "M").sum() > 5000
