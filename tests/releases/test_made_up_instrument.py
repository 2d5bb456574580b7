"""A made-up 51-function instrument from one end to the other: recipe, simulator, files, readers, networks, verdicts."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.__main__ import main
from core.errors import CalibrationError, MixedReleasesError, ReadError, SurveyError
from core.gaia.releases import DR3, DR4
from core.settings import current_settings
from core.simulation.draw import simulate
from core.spectra import design_recipe
from core.spectra.calibration import design_path, is_calibrated
from core.spectra.readers import read_spectra
from core.spectra.representations import represent
from core.spectra.spectrum_set import concatenate
from core.spectra.writers import write_spectra
from core.survey.survey import survey
from core.verdict.companions import load_companions
from core.verdict.ensemble import load_ensemble
from core.verdict.verdict import judge
from tests.archive.stand_in.made_up import MadeUpPackage, turned

N_STARS = 400
QUICK = ("--model", "stellarnet", "--preset", "quick", "--folds", "2", "--epochs", "2")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A machine that has the made-up calibration as DR4's, and two sets of the same simulated stars."""
    folder = tmp_path_factory.mktemp("releases")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLORER_DATA_DIR", str(folder / "local"))
        made = design_recipe.make_calibration(DR4, MadeUpPackage(51))
        assert (made.n_bp, made.n_rp) == (51, 55)
        assert made.difference < 1e-12
        for release in (DR3, DR4):
            out = folder / f"{release.key}.parquet"
            simulate("training", N_STARS, 5, out, with_coefficients=True, instrument=release.key, workers=1)
        yield folder


@pytest.fixture(scope="module")
def run(place):
    """An ensemble of the made-up instrument, made by one command."""
    command = ["train", "--instrument", "dr4", "--stars", str(N_STARS), "--out", str(place / "run"), *QUICK]
    assert main([*command, "--threads", "1"]) == 0
    return place / "run"


def test_the_file_has_51_and_55_coefficients_and_says_whose_they_are(place):
    table = pq.read_table(place / "dr4.parquet")
    assert {len(row) for row in table["bp_coefficients"].to_pylist()} == {51}
    assert {len(row) for row in table["rp_coefficients"].to_pylist()} == {55}
    assert table.schema.metadata[b"gaia_release"] == b"dr4"


def test_the_coefficients_alone_tell_the_release_and_calibrate_to_the_same_spectrum(place, tmp_path):
    table = pq.read_table(place / "dr4.parquet").drop_columns(["flux", "flux_error"])
    pq.write_table(table.replace_schema_metadata(None), tmp_path / "bare.parquet")
    found, here = read_spectra(tmp_path / "bare.parquet"), read_spectra(place / "dr3.parquet")
    assert (found.release, found.release_stated) == ("dr4", True)
    assert found.source_id.tolist() == here.source_id.tolist()
    scale = np.abs(here.flux).max(axis=1, keepdims=True)
    # DR4's noise is the weaker one, and what the four dropped functions carried of it is lost
    assert np.median(np.abs(found.flux - here.flux).max(axis=1) / scale[:, 0]) < 0.06
    expected = turned(here.coefficients.bp, 51)
    size = np.abs(expected).max(axis=1)
    # the noise of the dropped functions is shared out among the others
    assert np.median(np.abs(found.coefficients.bp - expected).max(axis=1) / size) < 0.1


@pytest.mark.parametrize("suffix", ["parquet", "csv", "ecsv", "fits", "vot"])
def test_every_format_carries_the_release(place, tmp_path, suffix):
    spectra = read_spectra(place / "dr4.parquet").take(slice(0, 5))
    write_spectra(spectra, tmp_path / f"some.{suffix}")
    again = read_spectra(tmp_path / f"some.{suffix}")
    assert (again.release, again.release_stated) == ("dr4", True)
    assert list(again.metadata.columns) == list(spectra.metadata.columns)
    np.testing.assert_allclose(again.coefficients.bp, spectra.coefficients.bp, rtol=1e-6)


def test_51_coefficients_labelled_dr3_are_refused(place, tmp_path):
    table = pq.read_table(place / "dr4.parquet").drop_columns(["flux", "flux_error"])
    pq.write_table(table.replace_schema_metadata({"gaia_release": "dr3"}), tmp_path / "wrong.parquet")
    with pytest.raises(ReadError, match=r"51 values, expected 55 \(Gaia DR3\); Gaia DR4 has 51"):
        read_spectra(tmp_path / "wrong.parquet")


def test_both_releases_in_one_table_are_refused(place, tmp_path):
    first, second = (read_spectra(place / f"{key}.parquet").take(slice(0, 3)) for key in ("dr3", "dr4"))
    with pytest.raises(MixedReleasesError, match="Gaia DR3 and Gaia DR4"):
        concatenate([first, second])
    for spectra in (first, second):
        write_spectra(spectra, tmp_path / "folder" / f"{spectra.release}.csv")
    with pytest.raises(MixedReleasesError):
        read_spectra(tmp_path / "folder")
    lines = (tmp_path / "folder" / "dr3.csv").read_text().splitlines()
    both = [*lines[:3], lines[3].replace("Gaia DR3", "Gaia DR4")]
    (tmp_path / "both.csv").write_text("\n".join(both) + "\n")
    with pytest.raises(MixedReleasesError, match="Gaia DR3 and Gaia DR4"):
        read_spectra(tmp_path / "both.csv")


def test_a_stated_release_is_not_overruled(place):
    with pytest.raises(MixedReleasesError, match="the file says that it is of Gaia DR4"):
        read_spectra(place / "dr4.parquet", release="dr3")


def test_coefficients_are_a_representation_of_their_own_width(place):
    spectra = read_spectra(place / "dr4.parquet")
    values = represent(spectra.flux, "coefficients", coefficients=spectra.coefficients)
    assert values.shape == (N_STARS, 343)
    assert (values[:, 51 + 55 :] == 0).all()
    np.testing.assert_allclose((values**2).sum(axis=1), 1.0)


def test_the_ensemble_is_tagged_and_judges_its_own_instrument_without_a_note(place, run):
    ensemble = load_ensemble(run)
    assert ensemble.instrument == "dr4"
    spectra = read_spectra(place / "dr4.parquet", with_errors=False)
    verdict = judge(spectra, ensemble, load_companions(run, ensemble.run.started))
    assert np.isfinite(verdict.probability).all()
    assert not any("instrument" in note for note in verdict.note)
    assert np.mean(verdict.note == "") >= 0.9  # some are drawn damaged; DR3's bases taught the detectors


def test_spectra_of_the_other_instrument_are_noted_or_refused(place, run):
    ensemble = load_ensemble(run)
    companions = load_companions(run, ensemble.run.started)
    spectra = read_spectra(place / "dr3.parquet", with_errors=False)
    spectra.flux[0, 100:140] *= 50.0  # like nothing that was learnt from
    verdict = judge(spectra, ensemble, companions)
    assert all("Gaia DR3 spectrum, networks trained on Gaia DR4's instrument" in note for note in verdict.note)
    assert np.isnan(verdict.probability[0])
    assert "refused: Gaia DR3 spectrum" in verdict.note[0]
    assert verdict.label[0] is None
    assert np.isfinite(verdict.probability).mean() > 0.9


def test_a_survey_is_of_one_release_and_is_not_resumed_with_another(place, run, tmp_path):
    done = survey(place / "dr4.parquet", run, tmp_path / "out", workers=1)
    assert done.manifest.release == "dr4"
    part = next((tmp_path / "out").glob("part-*.parquet"))
    assert pq.read_schema(part).metadata[b"gaia_release"] == b"dr4"
    with pytest.raises(SurveyError, match=r"Gaia DR4.*Gaia DR3"):
        survey(place / "dr4.parquet", run, tmp_path / "out", workers=1, resume=True, release="dr3")


def test_a_run_is_not_continued_with_the_other_instrument(place, run, capsys):
    assert main(["train", "--data", str(place / "dr3.parquet"), "--out", str(run), "--resume", *QUICK]) != 0
    assert "other" in capsys.readouterr().err


def test_the_command_says_what_it_took_a_silent_file_for(place, run, tmp_path, capsys):
    table = pq.read_table(place / "dr4.parquet", columns=["source_id", "flux"]).slice(0, 9)
    pq.write_table(table.replace_schema_metadata(None), tmp_path / "silent.parquet")
    command = ["classify", str(tmp_path / "silent.parquet"), "--out", str(tmp_path / "v.parquet"), "--run", str(run)]
    assert main(command) == 0
    assert "does not say its release; taken as Gaia DR3" in capsys.readouterr().out
    assert main([*command, "--release", "dr4"]) == 0
    assert "does not say" not in capsys.readouterr().out
    assert pq.read_schema(tmp_path / "v.parquet").metadata[b"gaia_release"] == b"dr4"
    command = ["survey", str(tmp_path / "silent.parquet"), "--run", str(run), "--workers", "1", "--out"]
    assert main([*command, str(tmp_path / "s3")]) == 0
    assert "does not say its release; taken as Gaia DR3" in capsys.readouterr().out
    assert main([*command, str(tmp_path / "s4"), "--release", "dr4"]) == 0
    assert "does not say" not in capsys.readouterr().out


def test_a_package_that_is_too_old_or_calibrates_otherwise_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    with pytest.raises(CalibrationError, match="too old"):
        design_recipe.make_calibration(DR4, MadeUpPackage(55))
    with pytest.raises(CalibrationError, match="too new"):
        design_recipe.make_calibration(DR4, MadeUpPackage(51, crooked=0.1))
    assert not is_calibrated("dr4")


def test_a_damaged_calibration_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    path = design_path("dr4")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PK no npz")
    with pytest.raises(CalibrationError, match=r"damaged.*--calibrate"):
        simulate("training", 10, 1, current_settings().cache_dir / "x.parquet", instrument="dr4")
