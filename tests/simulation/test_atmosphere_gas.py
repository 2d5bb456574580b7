"""The equation of state: conservation laws and the limits that Saha's equation has."""

import numpy as np
import pytest

from core.simulation.atmosphere.atoms import ATOMS, H_IONISATION_EV, ROMAN
from core.simulation.atmosphere.composition import HELIUM_RATIO, composition
from core.simulation.atmosphere.constants import K_EV, SAHA, K
from core.simulation.atmosphere.gas import solve_gas
from core.simulation.atmosphere.occupation import occupation

TEMPERATURE = np.array([2300.0, 3000, 4000, 5800, 8000, 12000, 20000, 40000, 80000])


@pytest.fixture(scope="module", params=list(HELIUM_RATIO))
def gas(request):
    return solve_gas(TEMPERATURE, np.full(len(TEMPERATURE), 1e4), composition(request.param))


def stages(gas, name):
    return [gas.density[f"{name} {ROMAN[stage]}"] for stage in range(len(ATOMS[name].terms))]


def test_charge_is_conserved(gas):
    positive = gas.density["H II"] - gas.density["H-"]
    for name in ATOMS:
        positive = positive + sum(stage * density for stage, density in enumerate(stages(gas, name)))
    np.testing.assert_allclose(positive, gas.electrons, rtol=1e-6)


def test_particles_make_the_pressure(gas):
    particles = gas.electrons + sum(gas.density[name] for name in ("H I", "H II", "H-", "H2"))
    particles = particles + sum(sum(stages(gas, name)) for name in ATOMS)
    np.testing.assert_allclose(particles * K * gas.temperature, gas.pressure, rtol=1e-6)


def test_hydrogen_follows_saha(gas):
    ratio = gas.density["H II"] * gas.electrons / gas.density["H I"]
    expected = SAHA * TEMPERATURE**1.5 * np.exp(-H_IONISATION_EV / (K_EV * TEMPERATURE))
    np.testing.assert_allclose(ratio, expected, rtol=1e-9)


def test_limits_of_ionisation():
    hot = solve_gas(np.array([60000.0]), np.array([1e3]), composition())
    cold = solve_gas(np.array([4000.0]), np.array([1e5]), composition())
    assert hot.density["H II"] > 0.999 * hot.hydrogen_nuclei
    assert hot.density["He III"] > 0.9 * hot.density["He II"]
    assert cold.density["H II"] < 1e-6 * cold.hydrogen_nuclei
    assert cold.density["Na II"] > cold.density["Na I"] > 0


def test_cool_gas_forms_molecules_and_locks_oxygen_in_carbon_monoxide():
    gas = solve_gas(np.array([2600.0, 6500.0]), np.full(2, 1e5), composition())
    assert 2 * gas.density["H2"][0] > 0.5 * gas.hydrogen_nuclei[0] > 2 * gas.density["H2"][1]
    carbon = gas.density["CO"] / (composition().ratio["C"] * gas.hydrogen_nuclei)
    assert 0.95 < carbon[0] <= 1.001
    assert carbon[1] < 0.01
    titanium = gas.density["TiO"] / (composition().ratio["Ti"] * gas.hydrogen_nuclei)
    assert 0.1 < titanium[0] <= 1.001


def test_carbon_rich_gas_has_no_titanium_oxide():
    normal, chemical = composition(), composition()
    chemical.ratio["C"] = 2 * chemical.ratio["O"]
    rich, poor = (solve_gas(np.array([2600.0]), np.array([1e5]), c) for c in (chemical, normal))
    assert rich.density["TiO"] < 1e-2 * poor.density["TiO"]


def test_occupation_falls_with_level_and_density():
    level = np.arange(2, 30)
    sparse = occupation(level, np.array(1e13), np.array(1e4))
    dense = occupation(level, np.array(1e16), np.array(1e4))
    assert (np.diff(sparse) <= 0).all()
    assert (dense <= sparse).all()
    assert sparse[0] > 0.999
    assert dense[-1] < 1e-3
