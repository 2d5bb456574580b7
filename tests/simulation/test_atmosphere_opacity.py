"""Opacities and radiative transfer: published values, normalisations and analytic limits."""

import numpy as np
import pytest
from scipy.special import expn

from core.simulation.atmosphere.composition import composition
from core.simulation.atmosphere.constants import SIGMA_SB, C, planck
from core.simulation.atmosphere.continuum_hydrogen import h_minus_bound_free, hydrogen_absorption, hydrogen_sections
from core.simulation.atmosphere.gas import solve_gas
from core.simulation.atmosphere.hydrogen_lines import (
    line_wavelength_nm,
    oscillator_strength,
    series_absorption,
    stark_constant,
    stark_profile,
)
from core.simulation.atmosphere.hydrogenic import bound_free
from core.simulation.atmosphere.occupation import LYMAN_LIMIT_HZ
from core.simulation.atmosphere.sampling import GRID_WAVELENGTH_NM, bin_average, energy_sampling, spectrum_sampling
from core.simulation.atmosphere.transfer import emergent_flux, solve_transfer


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [(1, 2, 0.4162), (1, 3, 0.0791), (2, 3, 0.6407), (2, 4, 0.1193), (2, 5, 0.04467), (3, 4, 0.8421), (4, 5, 1.038)],
)
def test_oscillator_strengths_of_hydrogen(lower, upper, expected):
    assert oscillator_strength(lower, upper) == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(("upper", "expected"), [(3, 656.470), (4, 486.274), (5, 434.173)])
def test_balmer_wavelengths_in_vacuum(upper, expected):
    assert line_wavelength_nm(2, upper) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(("level", "expected"), [(1, 6.30e-18), (2, 1.40e-17)])
def test_hydrogen_photoionisation_at_threshold(level, expected):
    assert bound_free(level, np.array(LYMAN_LIMIT_HZ / level**2)) == pytest.approx(expected, rel=0.04)


@pytest.mark.parametrize(("wavelength_nm", "expected"), [(500.0, 3.0e-17), (850.0, 3.9e-17), (1600.0, 1.1e-18)])
def test_h_minus_photodetachment(wavelength_nm, expected):
    assert float(h_minus_bound_free(np.array([wavelength_nm]))[0]) == pytest.approx(expected, rel=0.15)
    assert float(h_minus_bound_free(np.array([1650.0]))[0]) == 0.0


@pytest.mark.parametrize("electrons_pressure", [1.0, 1e3, 1e5])
def test_stark_profile_is_normalised(electrons_pressure):
    gas = solve_gas(np.array([10000.0, 20000.0]), np.full(2, electrons_pressure), composition())
    centre = line_wavelength_nm(2, 4)
    # Even steps in the core, widening to the far wings: the profile spans six decades.
    half = np.concatenate([np.linspace(0, 1, 4001), np.geomspace(1.0005, 400, 3000)])
    delta = np.concatenate([-half[:0:-1], half])
    profile = stark_profile(delta, centre, stark_constant(2, 4), gas, 1.67e-24)
    nu_width = C * 1e7 / centre**2  # Hz per nm
    area = np.trapezoid(profile, delta, axis=1) * nu_width
    assert ((area > 0.96) & (area < 1.04)).all()


def test_lines_merge_into_the_continuum_without_a_step():
    wavelength = np.linspace(360.0, 378.0, 400)
    gas = solve_gas(np.array([12000.0]), np.array([2e3]), composition())
    total = hydrogen_absorption(gas, wavelength, hydrogen_sections(wavelength)) + series_absorption(
        gas, wavelength, 2, 1
    )
    around = np.log(total[0, (wavelength > 363) & (wavelength < 366.5)])
    assert np.abs(np.diff(around)).max() < 0.1


def test_deep_isothermal_atmosphere_radiates_as_a_black_body():
    tau = np.repeat(np.logspace(-6, 2, 56)[:, None], 5, axis=1)
    source = np.tile(np.linspace(1, 2, 5), (56, 1))
    np.testing.assert_allclose(emergent_flux(tau, source), np.pi * source[0], rtol=2e-3)
    thermal = np.ones_like(tau)
    np.testing.assert_allclose(solve_transfer(tau, source, thermal).mean[-1], source[0], rtol=1e-3)


def test_linear_source_gives_the_eddington_barbier_flux():
    tau = np.logspace(-6, 2, 56)[:, None]
    np.testing.assert_allclose(emergent_flux(tau, 1 + 1.5 * tau), np.pi * (1 + 1.5 * 2 / 3), rtol=3e-3)
    exact = 2 * np.pi * np.sum(expn(3, np.array([0.0])))
    np.testing.assert_allclose(emergent_flux(tau, np.ones_like(tau)), exact, rtol=2e-3)


def test_scattering_conserves_flux():
    tau = np.logspace(-6, 2, 56)[:, None]
    field = solve_transfer(tau, 1 + 1.5 * tau, np.full_like(tau, 1e-8), iterations=4)
    np.testing.assert_allclose(field.flux, field.surface_flux[0], rtol=0.02)


def test_energy_sampling_integrates_the_planck_function():
    sampling = energy_sampling()
    for teff in (3000.0, 6000.0, 15000.0, 40000.0):
        total = np.pi * planck(sampling.wavelength_nm, np.array([teff])) @ sampling.weight_nm
        assert total == pytest.approx(SIGMA_SB * teff**4, rel=0.01)


def test_bins_average_and_keep_constants_and_slopes():
    fine = spectrum_sampling().wavelength_nm
    np.testing.assert_allclose(np.ones_like(fine) @ bin_average(), 1, rtol=1e-9)
    np.testing.assert_allclose(fine @ bin_average(), GRID_WAVELENGTH_NM, rtol=1e-9)
