"""The cache: what goes in comes out; what is damaged removes itself; negative replies are kept for a while."""

import time

import numpy as np
import pandas as pd
import pytest

from core.archive import cache as cache_module
from core.archive.cache import CachedStar, StarCache
from core.spectra.spectrum_set import Coefficients, SpectrumSet

STAR = 5937083312263887616


@pytest.fixture
def cache(tmp_path):
    return StarCache(tmp_path / "archive")


def make_star(source_id=STAR, with_spectrum=True):
    rng = np.random.default_rng(1)
    coefficients = Coefficients(
        rng.normal(size=(1, 55)), rng.normal(size=(1, 55)), bp_error=rng.random((1, 55)), rp_error=rng.random((1, 55))
    )
    flux = rng.normal(size=(1, 343)) * 1e-16
    spectra = SpectrumSet(
        np.array([source_id]), flux, np.abs(flux), coefficients, note=np.array(["a note"], dtype=object)
    )
    gaia = {"source_id": source_id, "ra": 251.5, "parallax": float("nan"), "ruwe": np.float32(1.25),
            "has_rvs": np.True_, "flags_flame": None, "random_index": np.int64(2**60 + 1)}  # fmt: skip
    rvs = pd.DataFrame({"wavelength_nm": [846.0, 846.01], "flux": [1.0, 0.9], "flux_error": [0.1, 0.1]})
    return CachedStar(
        source_id, gaia, spectra if with_spectrum else None, "XP_SAMPLED" if with_spectrum else "", rvs, "SELECT 1"
    )


def test_a_star_comes_back_as_it_went_in(cache):
    star = make_star()
    cache.save(star)
    back = cache.load(STAR)
    np.testing.assert_array_equal(back.spectra.flux, star.spectra.flux)
    np.testing.assert_array_equal(back.spectra.flux_error, star.spectra.flux_error)
    np.testing.assert_array_equal(back.spectra.coefficients.bp_error, star.spectra.coefficients.bp_error)
    assert back.spectra.note[0] == "a note"
    assert back.spectra.source_id[0] == STAR
    assert back.gaia["random_index"] == 2**60 + 1
    assert back.gaia["parallax"] is None
    assert back.gaia["has_rvs"] is True
    assert back.gaia["ruwe"] == pytest.approx(1.25)
    assert (back.query, back.release, back.product) == ("SELECT 1", "Gaia DR3", "XP_SAMPLED")
    assert back.retrieved[:2] == "20"
    pd.testing.assert_frame_equal(back.rvs, star.rvs)
    assert cache.source_ids().tolist() == [STAR]


@pytest.mark.parametrize("where", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "html"])
def test_a_damaged_star_removes_itself(cache, damage, where):
    cache.save(make_star())
    path = next(cache.folder.glob("stars/*/*.npz"))
    data = bytearray(path.read_bytes())
    place = int(len(data) * where)
    if damage == "flip":
        data[place : place + 40] = bytes(255 - byte for byte in data[place : place + 40])
    content = {"truncate": bytes(data[:place]), "empty": b"", "html": b"<html></html>"}.get(damage, bytes(data))
    path.write_bytes(content)
    assert cache.load(STAR) is None
    assert not path.exists()
    cache.save(make_star())
    assert cache.load(STAR) is not None


def test_a_file_under_another_stars_name_is_not_believed(cache):
    cache.save(make_star())
    path = next(cache.folder.glob("stars/*/*.npz"))
    other = cache._star_path(STAR + 128)
    other.write_bytes(path.read_bytes())
    assert cache.load(STAR + 128) is None
    assert not other.exists()


def test_nothing_half_written_is_left(cache, monkeypatch):
    def fail(_):
        raise OSError("disk full")

    monkeypatch.setattr(cache_module, "_encode", fail)
    with pytest.raises(OSError, match="disk full"):
        cache.save(make_star())
    assert [path for path in cache.folder.rglob("*") if path.is_file()] == []


def test_no_spectrum_is_believed_for_a_week_only(cache, monkeypatch):
    cache.save(make_star(with_spectrum=False))
    assert cache.load(STAR).spectra is None
    monkeypatch.setattr(cache_module, "NEGATIVE_REPLY_DAYS", -1.0)
    assert cache.load(STAR) is None


def test_answers_are_remembered_negative_ones_for_a_week_and_damaged_ones_never(cache, monkeypatch):
    cache.remember_answer("name X", {"found": True, "source_id": STAR})
    cache.remember_answer("name Y", {"found": False, "message": "none"})
    assert cache.recall_answer("name X")["source_id"] == STAR
    assert cache.recall_answer("name Y")["found"] is False
    assert cache.recall_answer("name Z") is None
    monkeypatch.setattr(cache_module, "NEGATIVE_REPLY_DAYS", -1.0)
    assert cache.recall_answer("name Y") is None
    assert cache.recall_answer("name X") is not None
    cache._answer_path("name X").write_text('{"query": "name')
    assert cache.recall_answer("name X") is None
    assert not cache._answer_path("name X").exists()


def test_a_cached_star_opens_in_less_than_a_third_of_a_second(cache):
    cache.save(make_star())
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        cache.load(STAR)
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.3
