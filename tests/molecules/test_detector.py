"""The detector on spectra whose content is known: what is there is found, what is not is not, and why."""

import numpy as np
import pytest

from core.molecules.catalogue import Catalogue, load_catalogue
from core.molecules.chance import N_SUMMARY
from core.molecules.detector import DETECTED, NOT_COVERED, NOT_DETECTED, Report, detect, matched_lines
from core.molecules.example import FWHM_KMS, HOT_CORE, VELOCITY_KMS, hot_core, make_spectrum
from core.molecules.explanation import delete_lines, deletion_test, line_shares
from core.molecules.features import N_VALUES, judge, prepare
from core.molecules.kinematics import line_width_kms, systemic_velocity_kms
from core.molecules.network import load_network
from core.molecules.observed import ObservedSpectrum, bin_means, robust_noise


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def report(catalogue) -> Report:
    return detect(
        hot_core(catalogue),
        catalogue,
        load_network(threads=1),
        velocity_kms=VELOCITY_KMS,
        fwhm_kms=FWHM_KMS,
        n_decoys=2,
    )


def test_what_is_in_the_hot_core_is_found_and_nothing_else(report):
    truth = {key for key, _, _ in HOT_CORE}
    found = {item.species.key for item in report.findings if item.label == DETECTED}
    assert len(found & truth) >= 15
    assert len(found - truth) <= 1
    assert report.decoy_rate < 0.01


def test_column_densities_and_temperatures_of_the_fit(report):
    truth = {key: (column, temperature) for key, column, temperature in HOT_CORE}
    for key in ("CH3OH;vt=0", "CH3CN;v8=1", "CH3CH2CN;v=0", "cis-CH2OHCHO;v=0", "SO2;v=0"):
        item = next(item for item in report.findings if item.species.key == key)
        column, temperature = truth[key]
        assert item.column_density_cm2 == pytest.approx(column, rel=0.3), key
        assert item.excitation_temperature_k == pytest.approx(temperature, rel=0.25), key


def test_an_uncovered_species_is_not_called_absent(report):
    item = next(item for item in report.findings if item.species.key == "C-13-H3CN;v=0")
    assert item.label == NOT_COVERED
    assert np.isnan(item.probability)


def test_few_matched_lines_name_no_molecule(report):
    for item in report.findings:
        if item.label == DETECTED:
            assert item.n_lines_matched >= 3
        elif item.label == NOT_DETECTED:
            assert "upper limit" in item.note
            assert item.column_density_cm2 > 0


def test_noise_alone_holds_nothing(catalogue):
    frequency = np.arange(241_000.0, 243_000.0, 0.5)
    noise = np.random.default_rng(1).normal(0.0, 0.2, len(frequency))
    spectrum = ObservedSpectrum(frequency, noise, np.zeros(len(frequency), int), np.full(len(frequency), 0.2))
    found = detect(spectrum, catalogue, load_network(threads=1), velocity_kms=0.0, n_decoys=1)
    assert not any(item.label == DETECTED for item in found.findings)
    assert any("no line stands above" in note for note in found.notes)


def test_velocity_and_width_are_found(catalogue):
    spectrum = make_spectrum(catalogue, HOT_CORE, velocity_kms=-37.0)
    width = line_width_kms(spectrum)
    assert width == pytest.approx(FWHM_KMS, rel=0.3)
    velocity, significance = systemic_velocity_kms(spectrum, catalogue.species, width)
    assert velocity == pytest.approx(-37.0, abs=1.0)
    assert significance > 8


def test_the_numbers_a_network_sees(catalogue):
    binned = prepare(hot_core(catalogue), VELOCITY_KMS, FWHM_KMS)
    judged = judge(binned, catalogue.find("CH3OH;vt=0")[0])
    assert judged.values.shape == (N_VALUES,) == (343,)
    assert np.isfinite(judged.values).all()
    assert (np.diff(judged.predicted) <= 1e-9).all()  # strongest first
    assert judged.observed[0] > 100 * judged.noise[0]
    assert judge(binned, catalogue.find("C-13-H3CN")[0]) is None


def test_deleting_lines_by_contribution_lowers_the_probability_faster(report):
    network = load_network(threads=1)
    item = next(item for item in report.findings if item.species.key == "CH3CN;v8=1")
    shares = line_shares(item.judged, network)
    test = deletion_test(report, item, network, shares)
    assert test.by_share[0] > 0.9
    assert test.passed
    changed = delete_lines(item.judged, np.array([0]))
    assert (changed != item.judged.values).sum() <= 5 + N_SUMMARY
    assert matched_lines(item.judged)[1].sum() == item.n_lines_matched


def test_bins_hold_the_mean_and_gaps_hold_nothing():
    frequency = np.concatenate([np.arange(0.0, 10.0), np.arange(20.0, 30.0)]) + 1e5
    value = np.arange(20.0)
    value[3] = np.nan
    window = np.repeat([0, 1], 10)
    spectrum = ObservedSpectrum(frequency, value, window, np.ones(20))
    integral, covered = spectrum.cumulative(value), spectrum.covered_width()
    low, high = 1e5 + np.array([-0.5, 12.0, 19.5]), 1e5 + np.array([4.5, 15.0, 21.5])
    mean, share = bin_means(spectrum.nodes, integral, covered, low, high)
    assert mean == pytest.approx([(0 + 1 + 2 + 4) / 4, 0.0, 10.5])
    assert share == pytest.approx([0.8, 0.0, 1.0])


def test_noise_of_a_line_forest_is_not_the_forest():
    rng = np.random.default_rng(5)
    value = rng.normal(0.0, 0.3, 5000)
    value[rng.integers(0, 5000, 1500)] += rng.exponential(20.0, 1500)
    assert robust_noise(value) == pytest.approx(0.3, rel=0.3)
