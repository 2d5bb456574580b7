"""Drawing to Parquet: determinism, columns, consistency of spectra with their rows, faults."""

import hashlib
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.commands.simulate import Population
from core.commands.simulate import simulate as simulate_command
from core.errors import DiskSpaceError, ParameterRangeError, UsageError
from core.simulation import draw as draw_module
from core.simulation.chunk import COLUMNS
from core.simulation.draw import simulate
from core.simulation.population.training import NEGATIVE_MIX
from core.simulation.single_star import simulate_star
from core.spectra.calibration import calibrate
from core.spectra.photometry import synthetic_photometry
from core.spectra.readers import read_spectra

N_STARS = 700


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Several chunks and parts even in small files."""
    monkeypatch.setattr(draw_module, "CHUNK_STARS", 256)
    monkeypatch.setattr(draw_module, "PART_STARS", 512)


@pytest.fixture(scope="module")
def training_file(tmp_path_factory) -> Path:
    return simulate("training", 3_000, 5, tmp_path_factory.mktemp("draw") / "t.parquet", with_coefficients=True)


def _flux(path: Path, name: str = "flux") -> np.ndarray:
    column = pq.read_table(path)[name].combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), -1)


@pytest.mark.parametrize("population", ["training", "survey", "massive"])
def test_same_seed_same_bytes_whatever_the_workers(population, tmp_path):
    sums = []
    for workers in (1, 2, 3):
        path = simulate(population, N_STARS, 42, tmp_path / f"{workers}.parquet", workers=workers)
        sums.append(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(set(sums)) == 1
    other = simulate(population, N_STARS, 43, tmp_path / "other.parquet")
    assert hashlib.sha256(other.read_bytes()).hexdigest() != sums[0]


def test_columns_are_the_published_ones(training_file):
    names = pq.read_schema(training_file).names
    coefficients = [f"{b}_{c}" for b in ("bp", "rp") for c in ("coefficients", "coefficient_errors")]
    assert names == [name for name, _ in COLUMNS] + ["flux", "flux_error", *coefficients]


def test_ids_are_unique_over_all_chunks(training_file):
    ids = pq.read_table(training_file, columns=["source_id"])["source_id"].to_numpy()
    assert len(set(ids.tolist())) == 3_000


def test_labels_and_parts_have_the_studys_shares(training_file):
    table = pq.read_table(training_file, columns=["label", "part"]).to_pandas()
    assert abs((table["label"] == "massive").mean() - 0.5038) < 0.001
    assert abs((table["part"] == "test").mean() - 0.2) < 0.001
    assert abs((table.loc[table["part"] == "test", "label"] == "massive").mean() - 0.5038) < 0.005


def test_survey_is_for_testing_only(tmp_path):
    path = simulate("survey", 300, 1, tmp_path / "s.parquet")
    assert set(pq.read_table(path, columns=["part"])["part"].to_pylist()) == {"test"}


def test_spectra_agree_with_their_magnitudes(training_file):
    table = pq.read_table(training_file, columns=["phot_g_mean_mag", "bp_rp"]).to_pandas()
    g_mag, bp, rp = synthetic_photometry(_flux(training_file))
    bright = (table["phot_g_mean_mag"] < 14).to_numpy()
    assert np.abs(g_mag - table["phot_g_mean_mag"])[bright].median() < 0.02
    assert np.nanmedian(np.abs(bp - rp - table["bp_rp"])[bright]) < 0.03


def test_flux_is_the_calibrated_coefficients(training_file):
    spectra = read_spectra(training_file, max_rows=200)
    flux, _ = calibrate(spectra.coefficients, with_errors=False)
    peak = np.abs(flux).max(axis=1, keepdims=True)
    assert (np.abs(flux - spectra.flux) < 1e-5 * peak).all()
    assert (np.abs(flux - spectra.flux) < 0.05 * spectra.flux_error).all()
    assert (spectra.flux_error > 0).all()
    assert (spectra.note == "").all()


def test_every_spectrum_is_finite(training_file):
    assert np.isfinite(_flux(training_file)).all()
    assert np.isfinite(_flux(training_file, "flux_error")).all()


def test_hot_stars_are_blue_and_reddened_stars_are_red(training_file):
    table = pq.read_table(training_file, columns=["true_teff", "true_a_v", "bp_rp"]).to_pandas()
    clean = table[table["true_a_v"] < 0.1]
    assert clean.loc[clean["true_teff"] > 28_000, "bp_rp"].median() < -0.2
    assert clean.loc[clean["true_teff"] < 4_000, "bp_rp"].median() > 1.5
    hot = table[table["true_teff"] > 28_000]
    assert hot.loc[hot["true_a_v"] > 5, "bp_rp"].median() > 1.2


def test_folder_holds_the_same_stars_as_a_file(tmp_path):
    file = simulate("survey", 1_200, 3, tmp_path / "one.parquet")
    folder = simulate("survey", 1_200, 3, tmp_path / "parts")
    parts = sorted(folder.glob("*.parquet"))
    assert [path.name for path in parts] == ["part-00000.parquet", "part-00001.parquet", "part-00002.parquet"]
    assert np.array_equal(np.concatenate([_flux(path) for path in parts]), _flux(file))


def test_progress_reaches_the_end(tmp_path):
    seen: list[tuple[int, int]] = []
    simulate("training", N_STARS, 1, tmp_path / "x.parquet", progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (N_STARS, N_STARS)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_interrupted_draw_leaves_nothing(tmp_path):
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    for out in ("x.parquet", "folder"):
        with pytest.raises(KeyboardInterrupt):
            simulate("training", N_STARS, 1, tmp_path / out, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_full_disk_is_named_before_the_start(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(draw_module.shutil, "disk_usage", lambda path: usage._replace(free=10_000))
    with pytest.raises(DiskSpaceError, match=r"5,000 stars need about"):
        simulate("survey", 5_000, 1, tmp_path / "x.parquet")
    assert list(tmp_path.iterdir()) == []


def test_existing_folder_is_not_touched(tmp_path):
    with pytest.raises(UsageError, match="exists already"):
        simulate("survey", 10, 1, tmp_path)


def test_embedded_set_is_made_once(tmp_path, monkeypatch):
    from core.datasets import embedded

    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(embedded, "N_TRAIN", 160)
    monkeypatch.setattr(embedded, "N_TEST", 40)
    calls: list[int] = []

    def counted(*args, **kwargs):
        calls.append(1)
        return simulate(*args, **kwargs)

    monkeypatch.setattr(embedded, "simulate", counted)
    results: list[Path] = []
    threads = [threading.Thread(target=lambda: results.append(embedded.embedded_dataset())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    assert len(set(results)) == 1
    assert len(calls) == 1
    assert pq.read_metadata(results[0]).num_rows == 200


def test_embedded_set_is_made_anew_when_the_atmospheres_change(tmp_path, monkeypatch):
    from core.datasets import embedded

    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path / "local"))
    monkeypatch.setattr(embedded, "N_TRAIN", 20)
    monkeypatch.setattr(embedded, "N_TEST", 5)
    first = embedded.embedded_dataset()
    changed = tmp_path / "grid.npz"
    changed.write_bytes(b"another grid")
    other = replace(embedded.EMBEDDED, files=(changed, *embedded.INPUT_FILES[1:]))
    assert embedded.embedded_dataset(edition=other) != first


def test_one_star_keeps_its_magnitude_and_its_noise():
    clean, spectrum = simulate_star(30_000, 4.0, 0.0, 1.0, 3.1, 14.0, seed=1)
    again = simulate_star(30_000, 4.0, 0.0, 1.0, 3.1, 14.0, seed=1)[1]
    other = simulate_star(30_000, 4.0, 0.0, 1.0, 3.1, 14.0, seed=2)[1]
    assert synthetic_photometry(clean[None])[0][0] == pytest.approx(14.0, abs=1e-3)
    assert np.array_equal(spectrum.flux, again.flux)
    assert not np.array_equal(spectrum.flux, other.flux)
    pull = (spectrum.flux[0] - clean) / spectrum.flux_error[0]
    assert 0.2 < np.std(pull) < 4.0  # noise and calibration errors, neither absent nor wild


def test_command_takes_another_mix_and_refuses_an_unknown_kind(tmp_path):
    mix = ",".join(f"{kind}=0" for kind in NEGATIVE_MIX if kind != "white dwarf")
    simulate_command(Population.training, 60, tmp_path / "wd.parquet", mix=mix)
    table = pq.read_table(tmp_path / "wd.parquet", columns=["label", "category"]).to_pandas()
    assert set(table.category[table.label == "low-mass"]) == {"white dwarf"}
    for population, wrong in (("training", "quasar=1"), ("training", "F=x"), ("survey", "F=1")):
        with pytest.raises(UsageError, match="--mix"):
            simulate_command(Population(population), 60, tmp_path / "no.parquet", mix=wrong)


@pytest.mark.parametrize("family", ["normal", "white_dwarf", "helium_poor", "helium_rich", "helium_white_dwarf"])
def test_one_star_of_every_family(family):
    logg = {"normal": 4.0, "white_dwarf": 8.0, "helium_white_dwarf": 8.0}.get(family, 5.5)
    clean, _ = simulate_star(28_000, logg, 0.0, 0.0, 3.1, 12.0, seed=1, family=family)
    assert clean[50] > clean[300] > 0


@pytest.mark.parametrize(
    "change", [{"teff": 200_000}, {"logg": -3}, {"mh": 2}, {"a_v": -1}, {"g_mag": 25}, {"r_v": 1.0}, {"teff": np.nan}]
)
def test_one_star_outside_the_models_is_refused_with_the_range(change):
    star = {"teff": 30_000, "logg": 4.0, "mh": 0.0, "a_v": 1.0, "r_v": 3.1, "g_mag": 14.0} | change
    with pytest.raises(ParameterRangeError, match=r"\d"):
        simulate_star(**star, seed=1)
