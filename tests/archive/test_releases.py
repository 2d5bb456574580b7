"""Both releases against the stand-in, ids of one in the other, and an archive full of surprises."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.archive import adql, schema
from core.archive.bulk import fetch_spectra
from core.archive.client import ArchiveClient
from core.archive.random_sources import fetch_random
from core.archive.retry import RetryPolicy
from core.archive.translate import translate_ids
from core.datasets.built import build_dataset
from core.errors import ArchiveReplyError, CalibrationError, NotFoundError, UsageError
from core.gaia import releases
from core.gaia.columns import GAIA_SOURCE_COLUMNS
from core.gaia.releases import DR3, DR4
from core.spectra import design_recipe
from core.spectra.readers import read_spectra
from core.star.card import verdict_card
from core.star.lookup import find_star
from tests.archive.stand_in import Fault, StandIn, build_sky
from tests.archive.stand_in.made_up import MadeUpPackage
from tests.archive.stand_in.releases import SURPRISING


@pytest.fixture
def dr4(archive):
    """A client of DR4 in the stand-in, whose made-up calibration is on this machine."""
    design_recipe.make_calibration(DR4, MadeUpPackage(51))
    return ArchiveClient(policy=RetryPolicy(attempts=3, first_pause_s=0.01), release=DR4)


def ids_of(archive, release, n):
    return archive.database.skies[release.name].gaia["source_id"].to_numpy()[:n]


def unambiguous(archive):
    """(DR3 id, DR4 id) of a star whose id has changed and is translated without doubt."""
    old, new = (archive.database.skies[release.name].gaia["source_id"].to_numpy() for release in (DR3, DR4))
    row = next(row for row in range(0, 300, 3) if row % 25 != 11 and row % 40 != 17)
    return int(old[row]), int(new[row])


def test_a_star_of_each_release_is_found_under_its_own_id(archive, client, dr4):
    old, new = unambiguous(archive)
    assert old != new
    first = find_star(str(old), client=client, use_embedded=False)
    second = find_star(str(new), client=dr4, use_embedded=False)
    assert (first.designation, second.designation) == (f"Gaia DR3 {old}", f"Gaia DR4 {new}")
    assert (first.gaia["ref_epoch"], second.gaia["ref_epoch"]) == (2016.0, 2017.5)
    assert second.spectra.release == "dr4"
    assert second.gaia["astrometric_params_solved"] == 31, "the renamed column comes under its usual name"
    assert "phot_bp_rp_excess_factor" not in second.gaia
    np.testing.assert_allclose(second.spectra.flux, first.spectra.flux, rtol=1e-3, atol=1e-20)


def test_an_id_of_the_other_release_is_translated_and_that_is_said(archive, client, dr4):
    old, new = unambiguous(archive)
    for text, at, target, expected in (
        (f"Gaia DR3 {old}", dr4, new, "Gaia DR4"),
        (f"Gaia DR4 {new}", client, old, "Gaia DR3"),
        (str(old), dr4, new, "Gaia DR4 has no source"),
    ):
        record = find_star(text, client=at, use_embedded=False)
        assert record.source_id == target
        said = " ".join(record.messages)
        assert expected in said
        assert "mas apart" in said
        assert "mag" in said


def test_ambiguous_and_lost_ids_are_listed_not_guessed(archive, dr4):
    ids = archive.database.skies[DR3.name].gaia["source_id"].to_numpy()
    answer = translate_ids(ids, "dr3", dr4)
    table = answer.matched.set_index("old_id")["new_id"]
    truth = pd.Series(archive.database.skies[DR4.name].gaia["source_id"].to_numpy(), index=ids)
    assert (table == truth.reindex(table.index)).all()
    assert set(answer.lost) == set(ids[17::40])
    assert set(answer.ambiguous["old_id"]) == set(ids[11::25]) - set(answer.lost)
    assert len(table) + len(answer.lost) + answer.ambiguous["old_id"].nunique() == len(ids)
    with pytest.raises(UsageError, match="several counterparts"):
        find_star(f"Gaia DR3 {ids[11]}", client=dr4, use_embedded=False)


def test_a_dr4_card_says_what_the_release_does_not_publish(archive, dr4):
    _, new = unambiguous(archive)
    card = verdict_card(find_star(str(new), client=dr4, use_embedded=False))
    texts = " ".join(item.text for item in card.advice)
    assert "no phot_bp_rp_excess_factor" in texts
    assert "zero point" in texts
    plain = card.record.gaia["parallax"]
    assert card.absolute_magnitude is not None
    expected = card.record.gaia["phot_g_mean_mag"] + 5 * np.log10(plain / 100)
    assert card.absolute_magnitude.value == pytest.approx(expected, abs=0.2), "no zero point is taken off"


def test_a_thousand_stars_come_in_parts_and_resume(archive, dr4, tmp_path):
    with StandIn(build_sky(1000, seed=3)) as large, pytest.MonkeyPatch.context() as patch:
        for name, value in large.environment.items():
            patch.setenv(name, value)
        for release in (DR3, DR4):
            ids, out = ids_of(large, release, 1000), tmp_path / f"{release.key}.parquet"
            at = ArchiveClient(policy=RetryPolicy(attempts=1, first_pause_s=0.01), release=release)
            large.faults.add(Fault("status", "data", times=-1, value=503))
            with pytest.raises(Exception, match=r"503|busy|unavailable"):
                fetch_spectra(ids, out, client=at, chunk_ids=250)
            large.faults.clear()
            large.counts.clear()
            found = fetch_spectra(ids, out, client=at, chunk_ids=250)
            assert found.n_delivered == 1000
            spectra = read_spectra(out)
            assert spectra.release == release.key
            assert spectra.release_stated
            assert spectra.source_id.tolist() == ids.tolist()
            assert np.isfinite(spectra.flux).all()
            assert pq.read_schema(out).metadata[b"gaia_release"] == release.key.encode()


def test_a_download_of_the_other_release_is_not_continued(archive, client, dr4, tmp_path):
    out = tmp_path / "stars.parquet"
    archive.faults.add(Fault("quota", "data", times=-1))
    with pytest.raises(Exception, match="quota"):
        fetch_spectra(ids_of(archive, DR3, 20), out, client=client, chunk_ids=10)
    archive.faults.clear()
    with pytest.raises(UsageError, match="release"):
        fetch_spectra(ids_of(archive, DR3, 20), out, client=dr4, chunk_ids=10)


def test_random_stars_of_a_release_whose_size_is_asked(archive, dr4, tmp_path):
    n, undelivered = fetch_random(25, tmp_path / "random", client=dr4, seed=2, chunk_ids=10)
    assert (n, len(undelivered)) == (25, 0)
    assert read_spectra(tmp_path / "random").release == "dr4"


def test_without_a_calibration_coefficients_are_refused_and_sampled_spectra_read(archive, tmp_path):
    at = ArchiveClient(policy=RetryPolicy(attempts=1, first_pause_s=0.01), release=DR4)
    ids = ids_of(archive, DR4, 40)
    with pytest.raises(CalibrationError, match="Install the GaiaXPy for Gaia DR4"):
        fetch_spectra(ids[:5], tmp_path / "none.parquet", client=at)
    sampled = at.datalink(ids.tolist(), "XP_SAMPLED", tmp_path / "s.zip", structure="RAW", file_format="csv")
    spectra = read_spectra(sampled, release="dr4")
    assert spectra.release == "dr4"
    assert np.isfinite(spectra.flux).all()


@pytest.mark.parametrize("release", [DR3, DR4], ids=lambda release: release.key)
def test_the_archive_has_what_the_table_says(archive, release, capsys):
    at = ArchiveClient(release=release)
    found = schema.check_schema(at)
    assert found.surprises == ()
    before = archive.counts["tap"]
    assert schema.check_schema(at) == found, "the answer is kept"
    assert archive.counts["tap"] == before
    named = {item.what for item in found.differences}
    assert named == (set() if release == DR3 else {"astrometric_params", *DR4.removed})


def test_surprises_are_named_one_by_one(archive, client, monkeypatch, tmp_path):
    monkeypatch.setattr(releases, "RELEASES", (DR3, DR4, SURPRISING))
    for module in ("core.spectra.readers.data_release", "core.star.remote"):
        monkeypatch.setattr(f"{module}.RELEASES", (DR3, DR4, SURPRISING))
    at = dataclasses.replace(client, release=SURPRISING)
    found = {item.what: item.text for item in schema.check_schema(at).surprises}
    assert set(found) == {"ruwe", "gaiadr5.dr4_neighbourhood"}
    assert "ruwe_index" in found["ruwe"] or "no cut on bad astrometry" in found["ruwe"]
    assert "cannot be translated" in found["gaiadr5.dr4_neighbourhood"]
    ids = ids_of(archive, SURPRISING, 5)
    zipped = at.datalink(ids.tolist(), "XP_CONTINUOUS", tmp_path / "c.zip", structure="RAW", file_format="csv")
    with pytest.raises(Exception, match="53 values, expected 51"):
        read_spectra(zipped, release="dr5")


def test_a_star_comes_without_what_its_archive_has_not(archive, client, monkeypatch):
    known = dataclasses.replace(SURPRISING, n_coefficients=(53, 55))
    monkeypatch.setattr(releases, "RELEASES", (DR3, DR4, known))
    for module in ("core.spectra.readers.data_release", "core.star.remote"):
        monkeypatch.setattr(f"{module}.RELEASES", (DR3, DR4, known))
    said = []
    at = dataclasses.replace(client, release=known, on_message=said.append)
    met = schema.at_first_contact(at)
    assert [text.split(": ")[0] for text in said] == ["Gaia DR5 in this archive"] * 2
    assert met.release.column("ruwe") is None
    table = met.query(adql.stars_query(ids_of(archive, known, 3).tolist(), met.release))
    assert len(table) == 3
    assert "ruwe" not in table
    assert "phot_g_mean_mag" in table
    assert schema.at_first_contact(client) is client, "a published release is taken as it is known"


def test_a_missing_table_and_a_draft_that_did_not_come_true_are_met():
    tables = {"gaia_source": [name for name in GAIA_SOURCE_COLUMNS if name != "random_index"]}
    met = schema.as_found(DR4, tables)
    assert met.column("astrometric_params_solved") == "astrometric_params_solved"
    assert met.column("random_index") is None
    assert "astrophysical_parameters" not in adql.selected_stars(1, met)
    assert "teff_gspphot" not in adql.selected_stars(1, met)
    with pytest.raises(ArchiveReplyError, match="no column ra"):
        schema.as_found(DR4, {"gaia_source": ["source_id", "dec"]})


def test_an_archive_without_the_release_says_what_it_has(monkeypatch, tmp_path):
    with StandIn(build_sky(40, seed=2)) as only_new:
        only_new.database.withdraw(DR3)
        for name, value in only_new.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
        with pytest.raises(ArchiveReplyError, match=r"no tables of Gaia DR3.*it has.*gaiadr4"):
            schema.check_schema(ArchiveClient(release=DR3))
        assert schema.check_schema(ArchiveClient(release=DR4)).surprises == ()


def test_an_overrun_archive_is_asked_again_and_what_came_is_kept(archive, dr4, tmp_path):
    ids, out = ids_of(archive, DR4, 60), tmp_path / "busy.parquet"
    archive.faults.add(Fault("status", "data", times=2, value=503))
    archive.faults.add(Fault("fewer", "data", times=1, value=4))
    found = fetch_spectra(ids, out, client=dr4, chunk_ids=20)
    assert found.n_delivered == 60


def test_an_unknown_id_is_not_found_in_any_release(archive, dr4):
    with pytest.raises(NotFoundError, match="Gaia DR4 has no source"):
        find_star("4295806720", client=dr4, use_embedded=False)


def test_the_stand_in_lists_its_schemas(archive):
    listed = ArchiveClient().query("SELECT schema_name FROM TAP_SCHEMA.schemas")["schema_name"]
    assert sorted(json.loads(json.dumps(listed.tolist()))) == ["gaiadr3", "gaiadr4", "gaiadr5"]


def test_a_training_set_of_dr4_is_built_from_lists_of_older_ids(archive, dr4, tmp_path):
    built = build_dataset(tmp_path / "set", client=dr4, n_stars=60, seed=1)
    spectra = read_spectra(built.spectra)
    assert spectra.release == "dr4"
    known = archive.database.skies[DR4.name].gaia["source_id"]
    assert np.isin(spectra.source_id, known).all()
    assert {"massive", "low-mass"} == set(spectra.metadata["label"])
    assert "ALS" in set(spectra.metadata["origin"])
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
    assert manifest["release"] == "Gaia DR4"
