"""Verdicts of members that never saw a star take the place of all members' verdict, and say so."""

import numpy as np
import pandas as pd
import pytest

from core.archive.client import ArchiveClient
from core.commands.star import print_card
from core.datasets.real_stars import FIRST_STAR
from core.errors import OfflineError, RunError
from core.gaia.releases import find_release
from core.spectra.spectrum_set import SpectrumSet
from core.star.card import card_facts, verdict_card
from core.star.lookup import find_star
from core.verdict.companions import companions_of
from core.verdict.ensemble import load_ensemble
from core.verdict.unseen import CHANGED_NOTE, UNSEEN_FILE, UNSEEN_NOTE, band_fluxes, load_unseen
from core.verdict.verdict import classify, judge
from tests.verdict.tiny_runs import black_bodies, write_run


def write_unseen(folder, ids, probability, **changes):
    columns = {"source_id": np.asarray(ids, dtype=np.int64), "fold": 0, "logit": 1.0, "probability": probability}
    table = pd.DataFrame(columns | {"spread": 0.01} | changes)
    table.to_parquet(folder / UNSEEN_FILE, index=False)
    return folder


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run")


@pytest.fixture
def spectra():
    return SpectrumSet(128 * np.arange(1, 7), black_bodies(6))


def judged(spectra, run):
    ensemble = load_ensemble(run)
    return judge(spectra, ensemble, companions_of(ensemble))


def test_only_stars_that_were_learnt_from_are_replaced(run, spectra):
    before = judged(spectra, run)
    assert not before.unseen.any()
    write_unseen(run, spectra.source_id[[1, 4]], [0.987, 0.002])
    after = judged(spectra, run)
    assert after.unseen.tolist() == [False, True, False, False, True, False]
    assert after.probability[[1, 4]].tolist() == [0.987, 0.002]
    assert after.probability_std[[1, 4]].tolist() == [0.01, 0.01]
    assert after.label[[1, 4]].tolist() == ["massive", "low-mass"]
    assert np.isfinite(after.sky_probability).all()
    pd.testing.assert_frame_equal(after.table().drop([1, 4]), before.table().drop([1, 4]))
    assert classify(spectra, load_ensemble(run))["probability"].equals(before.table()["probability"])


def test_another_spectrum_of_a_learnt_star_is_judged_by_all_members_and_noted(run, spectra):
    """A stored number belongs to a spectrum: a reddened copy under the same id must not get it."""
    write_unseen(run, spectra.source_id[[1, 4]], [0.987, 0.002], bands=list(band_fluxes(spectra.flux[[1, 4]])))
    changed = spectra.flux.copy()
    changed[1] *= np.linspace(0.9, 1.0, 343)  # a little more dust
    changed[4] *= 1.002  # another calibration of the same coefficients
    found = judged(SpectrumSet(spectra.source_id, changed), run)
    bare = classify(SpectrumSet(spectra.source_id, changed), load_ensemble(run))
    assert found.unseen.tolist() == [False, False, False, False, True, False]
    assert found.probability[1] == bare["probability"][1]
    assert [note == CHANGED_NOTE for note in found.note] == [False, True, False, False, False, False]
    assert found.probability[4] == 0.002


def test_a_table_with_other_bands_is_refused(run, spectra):
    write_unseen(run, spectra.source_id[:1], [0.9], bands=[[1.0, 2.0]])
    with pytest.raises(RunError, match="2 values in bands, expected 8"):
        load_unseen(run)


def test_a_star_that_cannot_be_classified_gets_no_number(run, spectra):
    write_unseen(run, spectra.source_id[:1], [0.9])
    flux = spectra.flux.copy()
    flux[0, 3] = np.nan
    star = judged(SpectrumSet(spectra.source_id, flux), run).star()
    assert (star.probability, star.unseen, star.label) == (None, False, None)


@pytest.mark.parametrize("harm", ["damaged", "column", "twice"])
def test_a_bad_table_is_refused(run, spectra, harm):
    if harm == "damaged":
        (run / UNSEEN_FILE).write_bytes(b"no table")
    elif harm == "column":
        write_unseen(run, [128], [0.5])
        pd.read_parquet(run / UNSEEN_FILE).drop(columns="spread").to_parquet(run / UNSEEN_FILE)
    else:
        write_unseen(run, [128, 128], [0.5, 0.6])
    with pytest.raises(RunError, match="real_oof"):
        load_unseen(run)


def test_a_real_star_is_found_offline_and_its_card_says_whose_verdict_it_is(run, capsys):
    write_unseen(run, [FIRST_STAR], [0.9875])
    record = find_star(str(FIRST_STAR), offline=True)
    ensemble = load_ensemble(run)
    card = verdict_card(record, ensemble, companions_of(ensemble))
    facts = dict(card_facts(card))
    verdict = card.verdict
    assert (record.origin, verdict.probability, verdict.label, verdict.unseen) == ("real", 0.9875, "massive", True)
    assert facts["spectral type"] == "O7V (Wright et al. 2015, MNRAS 449, 741)"
    assert facts["extinction"].startswith("A_V 5.36 mag")
    assert card.to_dict()["unseen"] is True
    print_card(card)
    printed = capsys.readouterr().out
    assert UNSEEN_NOTE in printed
    assert "O7V" in printed


def test_the_shipped_stars_are_of_one_release_and_never_answer_for_another():
    client = ArchiveClient(release=find_release("dr4"))
    with pytest.raises(OfflineError):
        find_star(str(FIRST_STAR), offline=True, client=client)
    with pytest.raises(OfflineError):
        find_star(f"Gaia DR4 {FIRST_STAR}", offline=True)


def test_a_real_star_is_found_by_its_place(run):
    record = find_star("308.55625 41.58408", offline=True, epoch="J2016.0", radius_arcsec=2.0)
    assert (record.source_id, record.origin, record.n_others) == (FIRST_STAR, "real", 0)
