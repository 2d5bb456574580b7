"""Whole model atmospheres: flux conservation, limits, trends with temperature and gravity, and named refusals."""

import numpy as np
import pytest

from core.commands.atmosphere import atmosphere
from core.errors import ParameterRangeError, UsageError
from core.simulation.atmosphere.composition import composition
from core.simulation.atmosphere.convection import adiabatic_gradient
from core.simulation.atmosphere.gas import solve_gas
from core.simulation.atmosphere.model import (
    DEPTH_GRID,
    GRID_WAVELENGTH_NM,
    effective_flux,
    grey_temperature,
    hopf,
    solve_structure,
    spectrum,
)
from core.simulation.grid import load_grid


@pytest.fixture(scope="module")
def hot():
    return solve_structure(20000.0, 4.0)


@pytest.fixture(scope="module")
def solar():
    return solve_structure(5772.0, 4.44)


def test_hopf_function_has_its_exact_ends():
    assert hopf(np.array(0.0)) == pytest.approx(1 / np.sqrt(3), abs=2e-3)
    assert hopf(np.array(50.0)) == pytest.approx(0.710446, abs=1e-3)
    assert grey_temperature(np.array([0.0]), 10000.0)[0] == pytest.approx(8112, abs=15)


@pytest.mark.parametrize("name", ["hot", "solar"])
def test_flux_is_conserved(name, request):
    structure = request.getfixturevalue(name)
    assert structure.surface_error < 0.01
    # The whole radiative flux, above where convection takes over, within a few per cent at every depth.
    assert structure.worst_error < 0.06


def test_temperature_rises_inwards_and_departs_from_grey(hot):
    temperature = hot.gas.temperature
    assert (np.diff(temperature[12:]) > 0).all()
    photosphere = np.argmin(np.abs(DEPTH_GRID - 2 / 3))
    assert temperature[photosphere] == pytest.approx(20000, rel=0.05)
    assert temperature[12] < grey_temperature(DEPTH_GRID, 20000.0)[12]  # lines cool the surface


def test_pressure_holds_the_column(hot):
    assert (np.diff(hot.gas.pressure) > 0).all()
    np.testing.assert_allclose(hot.gas.pressure[-20:], 1e4 * hot.column[-20:], rtol=0.15)


def test_most_of_the_flux_of_a_solar_star_lies_in_the_optical(solar):
    share = spectrum(solar).sum() * 2 / effective_flux(5772.0)
    assert 0.62 < share < 0.80  # 0.71 in the measured solar spectrum (ASTM E490)


def test_solar_model_has_the_colour_and_brightness_of_the_sun(solar):
    # Thuillier et al. 2003, Sol. Phys. 214, 1: irradiances at one astronomical unit, 215 solar radii away.
    flux = {wave: spectrum(solar)[np.abs(GRID_WAVELENGTH_NM - wave) <= 4].mean() for wave in (440, 556, 700)}
    assert flux[440] / flux[700] == pytest.approx(1.28, rel=0.06)
    assert flux[556] / 215.03**2 == pytest.approx(1.86, rel=0.05)


def test_convection_carries_flux_below_the_solar_surface(solar, hot):
    assert solar.share[DEPTH_GRID > 20].max() < 0.5
    assert solar.share[DEPTH_GRID < 0.1].min() == 1
    assert (hot.share == 1).all()


def test_adiabatic_gradient_of_a_monatomic_gas_and_its_fall_in_the_ionisation_zone():
    gas = solve_gas(np.array([5000.0, 12000.0, 60000.0]), np.full(3, 1e4), composition())
    gradient = adiabatic_gradient(gas, composition())[0]
    assert gradient[0] == pytest.approx(0.4, abs=0.02)
    assert gradient[1] < 0.2
    assert 0.3 < gradient[2] < 0.42


def equivalent_width_nm(flux, wavelength_nm, first, last):
    """Of a line between two wavelengths, below the straight line through the 4 nm outside each."""
    sides = [np.abs(wavelength_nm - edge) <= 2 for edge in (first - 2, last + 2)]
    level = [flux[:, side].mean(axis=1) for side in sides]
    inside = (wavelength_nm >= first) & (wavelength_nm <= last)
    part = (wavelength_nm[inside] - first + 2) / (last - first + 4)
    continuum = level[0][:, None] * (1 - part) + level[1][:, None] * part
    return (1 - flux[:, inside] / continuum).sum(axis=1) * 2


def test_balmer_jump_falls_from_a_to_o_stars_and_changes_with_gravity():
    grid = load_grid()
    blue, red = np.searchsorted(grid.wavelength_nm, [360, 406])
    main_sequence = grid.flux(np.array([10000, 15000, 22000, 32000, 42000]), 4.5, 0.0)
    assert (np.diff(main_sequence[:, red] / main_sequence[:, blue]) < 0).all()
    gravity = grid.flux(np.full(3, 30000.0), np.array([4.5, 5.5, 6.5]), 0.0, "helium_poor")
    jump = gravity[:, red] / gravity[:, blue]  # not monotonic: the line wings fill in what the jump loses
    assert (np.abs(np.diff(jump)) > 0.005 * jump[:-1]).all()


@pytest.mark.parametrize(("first", "last"), [(470, 502), (422, 446)])
def test_balmer_lines_of_hot_stars_grow_with_gravity(first, last):
    grid = load_grid()
    for teff in (25000.0, 30000.0, 40000.0):
        flux = grid.flux(np.full(5, teff), np.linspace(4.5, 6.5, 5), 0.0, "helium_poor").astype(float)
        assert (np.diff(equivalent_width_nm(flux, grid.wavelength_nm, first, last)) > 0).all()


def test_beyond_the_eddington_limit_is_refused():
    with pytest.raises(ParameterRangeError, match="Eddington limit"):
        solve_structure(45000.0, 3.0)


def test_unknown_family_is_refused():
    with pytest.raises(UsageError, match="white_dwarf"):
        solve_structure(10000.0, 4.0, family="brown_dwarf")


def test_two_runs_are_identical():
    first, second = (spectrum(solve_structure(12000.0, 4.0, max_iterations=5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_command_writes_a_spectrum_and_refuses_wild_parameters(tmp_path, capsys):
    out = tmp_path / "spectrum.csv"
    atmosphere(teff=15000, logg=4.0, out=out)
    table = np.genfromtxt(out, delimiter=",", names=True)
    assert table.dtype.names == ("wavelength_nm", "flux")
    assert len(table) == len(GRID_WAVELENGTH_NM)
    assert "within" in capsys.readouterr().out
    with pytest.raises(ParameterRangeError, match="500000"):
        atmosphere(teff=500000, logg=4.0, out=out)
