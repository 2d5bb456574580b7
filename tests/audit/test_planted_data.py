"""The study's flaws in the data, planted one at a time, and a probe that finds nothing where there is nothing."""

import numpy as np
import pytest

from core.audit.finding import FAILED, PASSED, REPORTED
from core.audit.probe_trees import mean_and_error
from core.datasets.training_data import training_data
from core.spectra.calibration import design_matrix
from core.spectra.spectrum_set import SpectrumSet
from core.statistics.prevalence import purity
from core.training.train import train
from tests.audit.conftest import WIDE, find, made_data, run_of, with_flux


def xp_flux(n: int, rng: np.random.Generator, scatter: float) -> np.ndarray:
    """Spectra in the space of the XP bases: one smooth coefficient vector with random differences."""
    coefficients = np.zeros((n, 110))
    coefficients[:, [0, 55]] = 1000.0
    return (coefficients + rng.normal(0, scatter, (n, 110)) * (np.arange(110) % 55 < 6)) @ design_matrix()


def ids_in(pixels_5: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gaia source ids in HEALPix pixels of level 5."""
    inside = rng.integers(0, 4**7, len(pixels_5))
    return ((pixels_5.astype(np.int64) << 14) + inside << 35) + np.arange(len(pixels_5))


def test_a_class_from_thirteen_fields_that_look_alike_each_is_found(tmp_path):
    """The spectra carry the mark of their field (dust, crowding) and nothing of the star."""
    rng = np.random.default_rng(0)
    n = 800
    label = (np.arange(n) % 2).astype(np.int8)
    fields = rng.choice(12 * 4**5, size=60, replace=False)
    field = np.where(label == 1, rng.integers(13, 60, n), rng.integers(0, 13, n))
    marks = xp_flux(60, rng, 60.0)
    spectra = SpectrumSet(source_id=ids_in(fields[field], rng), flux=marks[field] + xp_flux(n, rng, 2.0))
    data = made_data(spectra, label)
    folder = run_of(data, tmp_path / "run")
    finding = find("sky_blocks", folder, data)
    assert finding.verdict == FAILED
    assert finding.numbers["auc_plain"] > finding.numbers["auc_sky"] + 0.2
    assert "neighbours on the sky helped" in finding.text
    alone = find("without_spectra", folder)
    assert alone.verdict == REPORTED, "what position predicts is said, not failed"
    assert alone.numbers["auc_position"] > 0.95
    assert alone.numbers["low_mass_pixels"] == 13


def test_a_class_that_is_brighter_is_found_where_the_network_sees_brightness(tmp_path):
    rng = np.random.default_rng(1)
    n = 1200
    label = (np.arange(n) % 2).astype(np.int8)
    magnitude = np.where(label == 1, 12.0, 13.0) + rng.normal(0, 0.8, n)
    flux = 10 ** (-0.4 * (magnitude[:, None] - 12.0)) * xp_flux(n, rng, 20.0)
    spectra = SpectrumSet(source_id=ids_in(rng.integers(0, 12 * 4**5, n), rng), flux=flux)
    data = made_data(spectra, label, phot_g_mean_mag=magnitude)
    sees = run_of(data, tmp_path / "sees", representation="raw_scaled")
    finding = find("magnitude_matched", sees, data)
    assert finding.verdict == FAILED
    assert finding.numbers["sigma"] > 3
    assert "brightness helped" in finding.text
    assert find("context", sees).verdict == REPORTED
    assert find("without_spectra", sees, data).numbers["auc_brightness"] > 0.7
    blind = run_of(data, tmp_path / "blind")
    assert find("magnitude_matched", blind, data).verdict == PASSED
    assert find("sky_blocks", sees, data).verdict == PASSED, "one leak must not look like another"


def test_stored_runs_of_other_validations_are_preferred_to_the_probe(tmp_path, stars):
    run_of(stars, tmp_path / "plain")
    run_of(stars, tmp_path / "sky", validation="sky")
    finding = find("sky_blocks", tmp_path / "plain")
    assert finding.verdict == PASSED
    assert finding.numbers["source"] == "stored run sky"


def test_independent_noise_in_every_sample_is_found(stars, tmp_path):
    rng = np.random.default_rng(2)
    noise = 0.02 * np.abs(stars.flux).mean(axis=1, keepdims=True) * rng.normal(size=stars.flux.shape)
    noisy = with_flux(stars, stars.flux + noise)
    folder = run_of(noisy, tmp_path / "run")
    assert find("pixel_noise", folder, stars).verdict == PASSED
    finding = find("pixel_noise", folder, noisy)
    assert finding.verdict == FAILED
    assert "independent noise per sample" in finding.text


def test_equal_spectra_under_two_ids_are_found(stars, tmp_path):
    flux = stars.flux.copy()
    flux[1::2] = flux[: len(flux) // 2 * 2 : 2][: len(flux[1::2])]
    twins = with_flux(stars, flux)
    finding = find("shared_stars", run_of(twins, tmp_path / "run"), twins)
    assert finding.verdict == FAILED
    assert finding.numbers["shared_with_test"] == 0
    assert "two ids" in finding.text


def test_networks_of_one_table_on_different_stars_are_found(stars, tmp_path):
    from core.runs.settings import resolve_settings
    from models.registry import model_spec

    given = {"n_folds": 2, "only_folds": 1, "epochs": 1, "batch_size": 64}
    for key, part in (("wide", stars), ("deep", stars.take(np.arange(200)))):
        spec = model_spec(key)
        train(part, [(spec, resolve_settings(spec, "quick", **given))], tmp_path / "table" / key, device="test")
    finding = find("like_for_like", tmp_path / "table" / WIDE.key)
    assert finding.verdict == FAILED
    assert finding.numbers["differing"] == ["deep"]


def test_purity_on_the_sky_is_the_published_arithmetic(stars, tmp_path):
    finding = find("sky_purity", run_of(stars, tmp_path / "run", epochs=3))
    numbers = finding.numbers
    expected = float(purity(numbers["completeness"], numbers["false_positive_rate"], 0.001))
    assert finding.verdict == REPORTED
    assert numbers["purity"][0] == pytest.approx(expected, nan_ok=True)


def test_the_error_of_an_area_is_that_of_repeated_draws():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(3)
    label = np.arange(400) % 2
    areas = [roc_auc_score(label, rng.normal(label, 1.0)) for _ in range(400)]
    area, error = mean_and_error(np.array([np.mean(areas)]), 200, 200)
    assert area == pytest.approx(0.76, abs=0.01)
    assert error == pytest.approx(np.std(areas), rel=0.15)


def test_training_data_with_a_star_in_both_parts_never_gets_so_far(stars):
    from core.errors import LeakError

    table = stars.metadata.assign(part=["train", "test"] * (len(stars) // 2))
    ids = np.repeat(stars.source_id[::2], 2)
    with pytest.raises(LeakError):
        training_data(SpectrumSet(source_id=ids, flux=stars.flux, metadata=table), name="x", sha256="x")
