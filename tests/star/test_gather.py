"""Lists of stars: gathered from wherever each lies, merged with what the archive knows, and their table of verdicts."""

import numpy as np
import pandas as pd
import pytest

from core.archive.cache import CachedStar, StarCache
from core.archive.client import ArchiveClient
from core.archive.retry import RetryPolicy
from core.settings import current_settings
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.spectrum_set import SpectrumSet
from core.star.gather import MOST_AT_ONCE, NEEDS_NETWORK, gather
from core.star.lookup import find_star
from core.star.merge import lacking, merge_columns
from core.star.star_list import FROM_ID, FROM_SPECTRUM, FROM_TABLE, counts, list_table
from core.star.typed_list import read_typed_list
from core.verdict.ensemble import load_ensemble
from core.verdict.verdict import judge

ONE, TWO, THREE = 4295806720, 4295806848, 4295806976


def spectra(ids, **metadata) -> SpectrumSet:
    flux = 1e-15 * (WAVELENGTH_NM / 500) ** -2 * np.ones((len(ids), 1))
    return SpectrumSet(np.array(ids, dtype=np.int64), flux, flux / 50, metadata=pd.DataFrame(metadata or None,
                       index=range(len(ids))))  # fmt: skip


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """A client whose archives nobody serves, and an empty cache."""
    for name in ("GAIA_TAP_URL", "GAIA_DATA_URL", "SIMBAD_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/nobody")
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    return ArchiveClient(settings=current_settings(), policy=RetryPolicy(attempts=1))


def test_without_a_network_each_star_is_there_or_says_what_it_needs(offline):
    listed = read_typed_list(f"{TWO}\nnonsense 5.9e18\n{ONE}\n{ONE}\nGaia DR2 128\nHD 37022\ncone 83 -5 0.1")
    found = gather(listed, offline, opened=[spectra([ONE, THREE])])
    assert found.spectra.source_id.tolist() == [TWO, ONE]
    assert found.spectra.note.tolist() == [NEEDS_NETWORK, ""]
    assert np.isnan(found.spectra.flux[0]).all()
    assert np.isfinite(found.spectra.flux[1]).all()
    said = " ".join(found.messages)
    for expected in ("more than once", "Gaia DR2 could not be translated", "names were not looked up", "not searched"):
        assert expected in said


def test_too_many_for_the_archive_wait_for_a_job(offline):
    ids = 128 * (np.arange(MOST_AT_ONCE + 1) + 10**8)
    found = gather(read_typed_list(f"{ONE}\n" + "\n".join(map(str, ids))), offline, opened=[spectra([ONE])])
    assert found.spectra.source_id.tolist() == [ONE]
    assert len(found.waiting) == MOST_AT_ONCE + 1


def test_an_opened_file_does_not_hide_what_the_archive_knows(offline):
    cache = StarCache()
    known = {"source_id": ONE, "parallax": 1.5, "ruwe": None, "phot_g_mean_mag": 12.0}
    cache.save(CachedStar(ONE, known, None, ""))
    record = find_star(
        str(ONE), opened=[spectra([ONE], label=["O9V"], ruwe=[1.1])], offline=True, client=offline, cache=cache,
        use_embedded=False,
    )  # fmt: skip
    assert record.origin == "file"
    assert np.isfinite(record.spectra.flux).all()
    assert (record.gaia["parallax"], record.gaia["ruwe"], record.gaia["label"]) == (1.5, 1.1, "O9V")
    assert any("Gaia DR3's own columns" in text for text in record.messages)


def test_columns_are_merged_by_id_and_never_into_simulated_stars():
    own = spectra([ONE, TWO, THREE], parallax=[9.0, 8.0, 7.0], true_teff=[np.nan, np.nan, 20_000.0])
    columns = pd.DataFrame({"source_id": [THREE, ONE, TWO], "parallax": [1.0, 2.0, np.nan], "ruwe": [1.0, 1.1, 1.2]})
    found = merge_columns(own, columns).metadata
    assert found["parallax"].tolist() == [2.0, 8.0, 7.0]
    assert found["ruwe"].tolist()[:2] == [1.1, 1.2]
    assert pd.isna(found["ruwe"][2])
    assert lacking(found)["ruwe"] == 1
    assert "parallax" not in lacking(found)


def test_the_table_of_a_list_says_where_magnitudes_and_positions_come_from():
    ensemble = load_ensemble(current_settings().default_run_dir)
    own = spectra([ONE, TWO], name=["a", "b"], label=["O9V", None], phot_g_mean_mag=[12.0, np.nan],
                  bp_rp=[0.1, np.nan], ra=[45.0, np.nan], dec=[1.0, np.nan])  # fmt: skip
    empty = SpectrumSet(np.array([THREE]), np.full((1, 343), np.nan), note=np.array([NEEDS_NETWORK], dtype=object))
    verdict = judge(own, ensemble)
    table = list_table(own, verdict, 0.01, "mine.csv")
    assert table["photometry"].tolist() == [FROM_TABLE, FROM_SPECTRUM]
    assert table["position"].tolist() == [FROM_TABLE, FROM_ID]
    assert table["file_label"].tolist() == ["O9V", ""]
    assert np.isfinite(table["phot_g_mean_mag"]).all()
    np.testing.assert_allclose(table["posterior"], verdict.posterior(0.01))
    missing = list_table(empty, judge(empty, ensemble), 0.01)
    assert missing["note"].str.contains(NEEDS_NETWORK).all()
    assert counts(missing)["classified"] == 0
