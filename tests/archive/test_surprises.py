"""A DR4 archive that differs from the draft: everything that can be done is done, and what is lost is said."""

from contextlib import contextmanager

import numpy as np
import pytest

from core.archive import schema
from core.archive.bulk import fetch_spectra
from core.archive.client import ArchiveClient
from core.archive.random_sources import Cone, fetch_random
from core.archive.retry import RetryPolicy
from core.datasets.built import build_dataset
from core.datasets.catalogue import read_manifest
from core.errors import ArchiveReplyError
from core.gaia.releases import DR4, PARAMETER_TABLE
from core.spectra import design_recipe
from core.spectra.readers import read_spectra
from core.star.card import verdict_card
from core.star.gather import gather
from core.star.lookup import find_star
from core.star.typed_list import TypedList
from tests.archive.stand_in import Fault, StandIn, build_sky
from tests.archive.stand_in.made_up import MadeUpPackage

RENAMED = {
    "ruwe": "ruwe_al", "has_xp_continuous": "has_bp_rp", "has_xp_sampled": "has_bp_rp_sampled", "pm": "proper_motion",
    "phot_g_mean_mag": "g_mean_mag", "parallax": "plx", "bp_rp": "bprp", "random_index": "random_order",
    "pmra": "pm_ra_cosdec", "astrometric_params": "n_params", "parallax_over_error": "plx_snr",
}  # fmt: skip


@pytest.fixture(scope="module")
def _odd():
    with StandIn(build_sky(160, seed=6)) as archive:
        yield archive


@pytest.fixture
def odd(_odd, monkeypatch, tmp_path):
    """(stand-in, client of DR4, what the client was told)."""
    for name, value in _odd.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path / "local"))
    design_recipe.make_calibration(DR4, MadeUpPackage(51))
    said: list[str] = []
    policy = RetryPolicy(attempts=1, first_pause_s=0.01)
    yield _odd, ArchiveClient(policy=policy, release=DR4, on_message=said.append), said
    _odd.faults.clear()


@contextmanager
def without(archive, *columns, table="gaia_source"):
    """The columns under other names, as long as it lasts."""
    pairs = [(name, RENAMED.get(name, f"{name}_new")) for name in columns]
    for old, new in pairs:
        archive.database.rename_column(DR4.table(table), old, new)
    try:
        yield
    finally:
        for old, new in pairs:
            archive.database.rename_column(DR4.table(table), new, old)


def ids_of(archive, n):
    return archive.database.skies[DR4.name].gaia["source_id"].to_numpy()[:n]


@pytest.mark.parametrize("column", RENAMED)
def test_a_star_comes_whole_but_for_the_column_that_is_called_otherwise(odd, column):
    archive, client, said = odd
    star = archive.database.skies[DR4.name].gaia.iloc[4]
    with without(archive, column):
        found = schema.check_schema(client)
        assert [item.what for item in found.surprises] == [column]
        by_id = find_star(str(star["source_id"]), client=client, use_embedded=False)
        place = f"{star['ra']:.6f} {star['dec']:+.6f}"
        by_place = find_star(place, client=client, use_embedded=False, epoch=2017.5, refresh=True)
    assert by_id.source_id == by_place.source_id == star["source_id"]
    assert np.isfinite(by_id.spectra.flux).all()
    assert any(text.startswith("Gaia DR4 in this archive:") and column in text for text in said)
    assert verdict_card(by_id).record.source_id == star["source_id"]


def test_many_stars_come_without_the_flag_that_says_whether_they_have_spectra(odd, tmp_path):
    archive, client, _ = odd
    with without(archive, "has_xp_continuous", "phot_g_mean_mag"):
        found = fetch_spectra(ids_of(archive, 20), tmp_path / "some.parquet", client=client)
        assert fetch_random(10, tmp_path / "random", client=client, chunk_ids=5)[0] == 10
        listed = TypedList(ids=ids_of(archive, 5), cones=(Cone(83.8, -5.4, 180.0),))
        gathered = gather(listed, client)
    assert found.n_delivered == 20
    assert np.isfinite(gathered.spectra.flux).all()
    assert len(gathered.spectra) > 100


@pytest.mark.parametrize("columns", [("ruwe", "has_xp_continuous", "parallax_over_error"), ("random_index",)])
def test_a_training_set_is_built_by_the_columns_that_there_are(odd, tmp_path, columns):
    archive, client, said = odd
    with without(archive, *columns):
        built = build_dataset(tmp_path / "set", client=client, n_stars=40, seed=1)
    labels = set(read_spectra(built.spectra).metadata["label"])
    assert "massive" in labels
    for name in columns:
        assert any(f"no column {name}:" in text for text in said)
    if "random_index" in columns:
        assert any(note.startswith("No cool stars") for note in read_manifest(tmp_path / "set").notes)
        with without(archive, *columns), pytest.raises(ArchiveReplyError, match="no random_index"):
            fetch_random(5, tmp_path / "random", client=client)


def test_a_training_set_without_its_essential_columns_is_refused(odd, tmp_path):
    archive, client, _ = odd
    with without(archive, "parallax"), pytest.raises(ArchiveReplyError, match=r"has no parallax.*--check"):
        build_dataset(tmp_path / "set", client=client, n_stars=40, seed=1)


def test_without_the_parameter_table_stars_come_and_the_set_has_what_als_lists(odd, tmp_path):
    archive, client, said = odd
    star = ids_of(archive, 5)[-1]
    archive.database.rename_table(DR4.table(PARAMETER_TABLE), "parameters_new")
    try:
        assert find_star(str(star), client=client, use_embedded=False).source_id == star
        build_dataset(tmp_path / "set", client=client, n_stars=40, seed=1)
    finally:
        archive.database.rename_table(DR4.table("parameters_new"), PARAMETER_TABLE)
    assert any(f"table gaiadr4.{PARAMETER_TABLE} is missing" in text for text in said)
    notes = read_manifest(tmp_path / "set").notes
    assert [note.split(":")[0] for note in notes[-2:]] == ["No hot stars of ESP-HS", "No cool stars"]


def test_a_schema_of_another_name_is_found_and_said(odd):
    archive, client, said = odd
    star = ids_of(archive, 5)[-1]
    archive.database.rename_schema(DR4.schema, "gaiadr4_main")
    try:
        surprise = schema.check_schema(client).surprises[0]
        found = find_star(str(star), client=client, use_embedded=False)
    finally:
        archive.database.rename_schema("gaiadr4_main", DR4.schema)
    assert surprise.what == "gaiadr4_main"
    assert found.spectra is not None
    assert any("is called gaiadr4_main, expected gaiadr4" in text for text in said)


def test_an_archive_too_busy_to_list_its_tables_is_asked_by_the_draft(odd):
    archive, client, said = odd
    archive.faults.add(Fault("status", "tap", times=1, value=503))
    star = ids_of(archive, 5)[-1]
    assert find_star(str(star), client=client, use_embedded=False).spectra is not None
    assert any("asked for by the draft" in text for text in said)
