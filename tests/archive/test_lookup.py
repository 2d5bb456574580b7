"""Finding a star by id, name and coordinates: opened files, embedded set, cache, archive; and without a network."""

import time

import numpy as np
import pandas as pd
import pytest

from core.archive.cache import StarCache
from core.errors import NotFoundError, OfflineError, SourceIdError
from core.spectra.spectrum_set import SpectrumSet
from core.star.card import verdict_card
from core.star.lookup import find_star
from tests.archive.stand_in.sky import DOUBLE_STAR_NAME, NO_DR3_NAME, RECORDED_ID, THETA1_ORI_C, double_star


def find(query, client, **options):
    return find_star(query, client=client, use_embedded=False, **options)


def plain_star(archive, *, sampled):
    gaia = archive.sky.gaia
    chosen = gaia[(gaia["has_xp_sampled"] == sampled) & (gaia["source_id"] != RECORDED_ID) & ~gaia["has_rvs"]]
    return int(chosen["source_id"].iloc[3])


def test_an_id_leads_to_spectrum_and_columns_then_to_the_cache(archive, client):
    source_id = plain_star(archive, sampled=True)
    record = find(f"Gaia DR3 {source_id}", client)
    assert (record.source_id, record.origin, record.product) == (source_id, "archive", "XP_SAMPLED")
    assert len(record.spectra) == 1
    row = archive.sky.rows([source_id])
    np.testing.assert_allclose(record.spectra.flux, archive.sky.flux(row), rtol=1e-5, atol=1e-22)
    assert record.spectra.coefficients is not None
    expected = archive.sky.gaia.iloc[row[0]]
    for name in ("ra", "parallax", "ruwe", "teff_gspphot", "mass_flame", "spectraltype_esphs"):
        assert record.gaia[name] == pytest.approx(expected[name])
    before = dict(archive.counts)
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        again = find(str(source_id), client)
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.3
    assert again.origin == "cache"
    assert dict(archive.counts) == before
    np.testing.assert_array_equal(again.spectra.flux, record.spectra.flux)
    assert before == {"tap": 1, "data": 1}


def test_without_a_sampled_spectrum_the_coefficients_are_calibrated_here(archive, client):
    source_id = plain_star(archive, sampled=False)
    record = find(str(source_id), client)
    assert record.product == "XP_CONTINUOUS"
    row = archive.sky.rows([source_id])
    np.testing.assert_allclose(record.spectra.flux, archive.sky.flux(row), rtol=1e-6, atol=1e-24)
    assert np.isfinite(record.spectra.flux_error).all()


def test_a_bright_star_brings_its_rvs_spectrum_through_the_cache(archive, client):
    find("Theta1 Ori C", client)
    record = find("Theta1 Ori C", client)
    assert record.origin == "cache"
    assert len(record.rvs) > 2000
    assert 845 < record.rvs["wavelength_nm"].min() < record.rvs["wavelength_nm"].max() < 871


def test_a_name_goes_through_simbads_gaia_id(archive, client):
    record = find("HD 37022", client)
    assert record.source_id == THETA1_ORI_C
    assert record.simbad == {"main_id": "* tet01 Ori C", "otype": "**", "sp_type": "O7Vp"}
    assert archive.counts["simbad"] == 1


def test_a_name_without_gaia_id_is_found_by_position_and_proper_motion(archive, client):
    fast = int(archive.sky.gaia.loc[archive.sky.gaia["pm"].idxmax(), "source_id"])
    record = find(NO_DR3_NAME, client)
    assert record.source_id == fast
    assert record.separation_arcsec < 0.1
    assert record.n_others == 0


def test_coordinates_find_the_nearest_and_say_how_many_others(archive, client):
    pair = double_star(archive.sky)
    record = find("150.0 +20.0", client)
    assert record.source_id == pair[0]
    assert record.n_others == 1
    assert "2 sources lie within 5 arcsec" in " ".join(record.messages)
    assert find("150.0 +20.0", client, radius_arcsec=1.0).n_others == 0


def test_typed_coordinates_have_an_epoch(archive, client):
    fast = archive.sky.gaia.loc[archive.sky.gaia["pm"].idxmax()]
    now = f"{fast['ra']:.6f} {fast['dec']:+.6f}"
    assert find(now, client, epoch="J2016").source_id == fast["source_id"]
    with pytest.raises(NotFoundError, match=r"within 5 arcsec"):
        find(now, client, epoch="J2000")


@pytest.mark.parametrize("query", ["O'Neill's star", DOUBLE_STAR_NAME])
def test_quotes_in_names_survive_the_whole_way(archive, client, query):
    assert find(query, client).source_id in double_star(archive.sky)


def test_unknown_names_are_asked_once(archive, client):
    for _ in range(2):
        with pytest.raises(NotFoundError, match="Simbad knows no object"):
            find("No Such Star", client)
    assert archive.counts["simbad"] == 1


def test_an_unknown_id_says_where_it_points(archive, client):
    with pytest.raises(NotFoundError, match="HEALPix pixel"):
        find(str(RECORDED_ID + 128), client)


def test_a_damaged_id_never_reaches_the_archive(archive, client):
    with pytest.raises(SourceIdError):
        find("5.937083312263888e18", client)
    assert sum(archive.counts.values()) == 0


def test_opened_files_come_first(archive, client):
    spectra = SpectrumSet(np.array([THETA1_ORI_C]), np.ones((1, 343)))
    record = find(str(THETA1_ORI_C), client, opened=[spectra])
    assert record.origin == "file"
    assert sum(archive.counts.values()) == 0


def test_opened_files_with_positions_are_searched_by_coordinates(archive, client):
    import pandas as pd

    spectra = SpectrumSet(np.array([7 * 128, 8 * 128]), np.ones((2, 343)),
                          metadata=pd.DataFrame({"ra": [10.0, 20.0], "dec": [-30.0, -30.0]}))  # fmt: skip
    record = find("20.0 -30.0", client, opened=[spectra])
    assert (record.source_id, record.origin) == (8 * 128, "file")
    assert record.separation_arcsec < 0.01


def test_offline_the_cache_still_opens_by_id_name_and_coordinates(archive, client):
    find("Theta1 Ori C", client)
    archive.counts.clear()
    for query in (str(THETA1_ORI_C), "Theta1 Ori C", "83.81862 -5.38968"):
        record = find(query, client, offline=True)
        assert (record.source_id, record.origin) == (THETA1_ORI_C, "cache")
    assert sum(archive.counts.values()) == 0
    with pytest.raises(OfflineError, match="Connect and try again"):
        find(str(RECORDED_ID), client, offline=True)


def test_with_a_dead_network_the_same(archive, client, monkeypatch):
    find("Theta1 Ori C", client)
    for name in ("GAIA_TAP_URL", "GAIA_DATA_URL", "SIMBAD_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/tap-server/tap")
    record = find_star("83.81862 -5.38968", use_embedded=False)
    assert record.origin == "cache"
    assert "No connection" in record.messages[0]
    for query in (str(RECORDED_ID), "Some Star", "10 10"):
        with pytest.raises(OfflineError, match="No connection"):
            find_star(query, use_embedded=False)


def test_refresh_asks_again(archive, client):
    find("Theta1 Ori C", client)
    archive.counts.clear()
    assert find("Theta1 Ori C", client, refresh=True).origin == "archive"
    assert archive.counts["tap"] == 1


def test_a_corrupt_cache_entry_is_fetched_again(archive, client):
    find(str(THETA1_ORI_C), client)
    path = next(StarCache().folder.glob("stars/*/*.npz"))
    path.write_bytes(path.read_bytes()[:500])
    assert find(str(THETA1_ORI_C), client).origin == "archive"


def test_the_recorded_reply_of_the_archive_is_read(archive, client):
    if archive.real_dir is None:
        pytest.skip("no recorded replies of the archive (folder of real data) on this machine")
    record = find(str(RECORDED_ID), client)
    assert record.product == "XP_SAMPLED"
    assert record.spectra.flux[0, 0] == pytest.approx(4.3137092e-17, rel=1e-6)
    assert record.spectra.coefficients.bp[0, 0] == pytest.approx(3325.743093963916)


def test_what_gaia_does_not_know_of_a_star_is_none(archive, client):
    found = find(str(plain_star(archive, sampled=True)), client, refresh=True)
    assert found.origin == "archive"
    unknown = [name for name, value in found.gaia.items() if value is None]
    assert unknown
    assert not [name for name, value in found.gaia.items() if value is not None and pd.isna(value)]
    again = find(str(found.source_id), client)
    assert again.origin == "cache"
    assert again.gaia == found.gaia
    assert verdict_card(found).to_dict()["gaia"] == verdict_card(again).to_dict()["gaia"]
