"""Tight model atmospheres: the equations hold at every depth, modules can be exchanged, a warm start is faster."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import ParameterRangeError
from core.simulation.atmosphere.converged import converge
from core.simulation.atmosphere.model import DEPTH_GRID, effective_flux, spectrum
from core.simulation.atmosphere.modules import SOLVER, DepthProfile
from core.simulation.atmosphere.opacity import opacity


@pytest.fixture(scope="module")
def hot():
    return converge(20000.0, 3.8, 0.0)


def test_flux_is_constant_at_every_depth(hot):
    assert hot.worst_error < 5e-4
    assert len(hot.history) < 25


def test_an_m_dwarf_converges_where_the_old_steps_stall():
    cool = converge(3400.0, 4.8, -1.0)
    assert cool.surface_error < 1e-3
    assert cool.worst_error < 1e-3
    assert (cool.share < 0.5).any()  # it is convective


def test_pressure_balances_gravity_and_radiation(hot):
    gas = hot.gas
    weight = np.diff(gas.pressure) / np.diff(hot.column)
    assert (weight < 10**3.8 * 1.001).all()  # radiation only lightens the gas
    assert weight[:20].mean() > 0.5 * 10**3.8


def test_no_more_leaves_than_sigma_teff_4(hot):
    flux = spectrum(hot)
    assert 0.05 < 2.0 * flux.sum() / effective_flux(20000.0) < 1.0


def test_an_exchanged_opacity_is_used():
    def doubled(gas, sampling):
        absorption, scattered = opacity(gas, sampling)
        return 2 * absorption, 2 * scattered

    plain = converge(12000.0, 4.0, 0.0)
    thick = converge(12000.0, 4.0, 0.0, modules=replace(SOLVER, opacity=doubled))
    tau = DEPTH_GRID > 0.5
    assert (thick.column[tau] < 0.75 * plain.column[tau]).all()  # the same optical depth in less mass, about 1/sqrt(2)
    assert thick.worst_error < 1e-3


def test_a_warm_start_needs_fewer_steps(hot):
    start = DepthProfile(hot.gas.temperature, hot.gas.pressure)
    again = converge(20000.0, 3.8, 0.0, start=start)
    assert len(again.history) < len(hot.history)
    np.testing.assert_allclose(again.gas.temperature[10:], hot.gas.temperature[10:], rtol=2e-3)


def test_beyond_the_eddington_limit_is_refused():
    with pytest.raises(ParameterRangeError, match="Eddington"):
        converge(45000.0, 2.5, 0.0)
