"""Networks of the atmosphere: laws hold whatever the weights are, derivatives are exact, NumPy and Keras agree."""

import numpy as np
import pytest

from core.errors import ParameterRangeError, UsageError
from core.simulation.atmosphere.converged import converge
from core.simulation.atmosphere.model import DEPTH_GRID, column_mass, gas_pressure, grey_temperature
from core.simulation.atmosphere_network.flux_network import FluxNetwork, bin_widths, shares_of, total_flux
from core.simulation.atmosphere_network.inputs import feature_slopes, features
from core.simulation.atmosphere_network.kernel import Kernel, fit_kernel, left_out
from core.simulation.atmosphere_network.planck_curves import PlanckCurves
from core.simulation.atmosphere_network.residuals import equilibrium
from core.simulation.atmosphere_network.structure_network import KINDS, StructureNetwork
from core.simulation.grid import load_grid
from core.simulation.smooth_grid import log_planck

TEFF, LOGG, MH = np.array([4500.0, 9000.0, 30000.0]), np.array([2.0, 4.0, 4.0]), np.array([-1.0, 0.0, 0.3])


def places(n: int, rng) -> np.ndarray:
    return features(rng.uniform(4000, 40000, n), rng.uniform(2, 5, n), rng.uniform(-2, 0.5, n))


def random_kernel(n_out: int, seed: int) -> Kernel:
    rng = np.random.default_rng(seed)
    weights, bias = rng.normal(0, 0.3, (30, n_out)), rng.normal(0, 0.2, n_out)
    scale = np.array([0.8, 1.5, 1.5, 1.0, 0.8])
    return Kernel(*(a.astype(np.float32) for a in (places(30, rng), scale, weights, bias)))


@pytest.fixture(scope="module")
def flux_network(tmp_path_factory):
    wave = load_grid().wavelength_nm
    curves = 0.2 * np.sin(np.outer(np.arange(1, 6), wave / 150.0))
    arrays = {"wavelength_nm": wave, "curves": curves, "mean": 0.1 * np.cos(wave / 90.0), "errors": np.zeros((6, 1))}
    path = tmp_path_factory.mktemp("networks") / "flux.npz"
    np.savez(path, **arrays, **random_kernel(len(curves) + 6, 0).arrays("kernel"))
    return FluxNetwork(path)


@pytest.fixture(scope="module")
def structure_network(tmp_path_factory):
    depth = np.linspace(0, 1, len(DEPTH_GRID))
    arrays = {f"{kind}/curves": 0.05 * np.stack([np.sin(3 * depth + i) for i in range(3)]) for i, kind in
              enumerate(KINDS)}  # fmt: skip
    middle = {"temperature": 0.0, "rosseland": -1.0, "push": 0.3, "share": 0.9, "electrons": -1.0}
    arrays |= {f"{kind}/mean": np.full(len(depth), middle[kind]) for kind in KINDS}
    path = tmp_path_factory.mktemp("networks") / "structure.npz"
    np.savez(path, **arrays, **random_kernel(3 * len(KINDS), 0).arrays("kernel"))
    return StructureNetwork(path)


def test_shares_of_the_energy_sum_to_one_and_the_spectrum_has_its_own(flux_network):
    shares = flux_network.shares(TEFF, LOGG, MH)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-5)
    flux = flux_network.flux(TEFF, LOGG, MH)
    visible = flux @ bin_widths(flux_network.wavelength_nm) / total_flux(TEFF)
    np.testing.assert_allclose(visible, shares[:, 3], rtol=1e-4)


def test_derivatives_are_exact(flux_network):
    value, slopes = flux_network.log_flux(TEFF, LOGG, MH)
    np.testing.assert_allclose(np.exp(value), flux_network.flux(TEFF, LOGG, MH), rtol=1e-4)
    for axis, step in enumerate(np.diag([0.02, 0.02, 0.02])):
        ends = [flux_network.log_flux(TEFF * np.exp(s * step[0]), LOGG + s * step[1], MH + s * step[2])[0] for s in
                (1, -1)]  # fmt: skip
        central = (ends[0].astype(float) - ends[1]) / 0.04
        np.testing.assert_allclose(central, slopes[:, axis], atol=3e-3 * np.abs(slopes[:, axis]).max())


def test_a_star_outside_the_models_is_refused_with_what_would_do(flux_network):
    with pytest.raises(ParameterRangeError, match="choose 2800 to 50000"):
        flux_network.flux(60000.0, 4.0, 0.0)
    with pytest.raises(ParameterRangeError, match="logg"):
        flux_network.flux(30000.0, 0.5, 0.0)


def test_other_families_are_the_grids(flux_network):
    grid = load_grid().flux(20000.0, 8.0, 0.0, "white_dwarf")
    np.testing.assert_allclose(flux_network.flux([20000.0], [8.0], [0.0], "white_dwarf"), grid, rtol=0.02)


def test_features_have_exact_slopes():
    slopes, step = feature_slopes(TEFF, LOGG), 1e-5
    up = features(TEFF * np.exp(step), LOGG, MH) - features(TEFF * np.exp(-step), LOGG, MH)
    np.testing.assert_allclose(slopes[:, 0], up / (2 * step), atol=1e-6)
    up = features(TEFF, LOGG + step, MH) - features(TEFF, LOGG - step, MH)
    np.testing.assert_allclose(slopes[:, 1], up / (2 * step), atol=1e-6)


def test_a_kernel_network_goes_through_its_models_and_knows_its_error_beside_them():
    rng = np.random.default_rng(4)
    scale = np.array([0.8, 1.5, 1.5, 1.0, 0.8])

    def truth(x):
        return np.stack([np.sin(x[:, 0]) * x[:, 1], np.exp(-(x[:, 2] ** 2))], axis=1)

    x, fresh = places(300, rng), places(100, rng)
    network = fit_kernel(x, truth(x), scale, 1e-6)
    np.testing.assert_allclose(network.value(x), truth(x), atol=2e-3)
    off, expected = network.value(fresh) - truth(fresh), left_out(x, truth(x), scale, 1e-6)
    assert np.median(np.abs(off)) < 2 * np.median(np.abs(expected)) < 0.1
    # Fewer units than models: the least squares of all of them, better than the same units alone.
    fewer = fit_kernel(x, truth(x), scale, 1e-6, centres=x[::4])
    alone = fit_kernel(x[::4], truth(x[::4]), scale, 1e-6)
    assert ((fewer.value(fresh) - truth(fresh)) ** 2).mean() < ((alone.value(fresh) - truth(fresh)) ** 2).mean()


def test_planck_curves_are_the_planck_function():
    wave, teff = load_grid().wavelength_nm.astype(float), np.array([2801.0, 7777.0, 49990.0])
    planck = PlanckCurves(wave)
    found = planck.coefficients(np.log(teff))[0] @ planck.curves + 4 * np.log(teff)[:, None]
    np.testing.assert_allclose(found, log_planck(wave, teff)[0], atol=1e-4)


def test_the_column_is_in_hydrostatic_equilibrium_by_construction(structure_network):
    for place in zip(TEFF, LOGG, MH, strict=True):
        found = structure_network.structure(*place)
        np.testing.assert_allclose(found.column, column_mass(found.rosseland), rtol=1e-6)
        net = 10.0 ** place[1] * (1 - 0.5 * (found.push[1:] + found.push[:-1]))
        np.testing.assert_allclose(np.diff(found.pressure), net * np.diff(found.column), rtol=1e-4)


def test_a_structure_source_starts_the_solver_for_the_family_it_knows(structure_network):
    profile = structure_network.profile(9000.0, 4.0, 0.0)
    assert profile.share is not None
    assert profile.push is not None
    with pytest.raises(UsageError, match="family normal"):
        structure_network.profile(20000.0, 8.0, 0.0, "white_dwarf")


def test_a_start_that_knows_share_and_push_converges_sooner():
    found = converge(6500.0, 4.0, 0.0)
    here = equilibrium(6500.0, 4.0, 0.0, found.gas.temperature, found.gas.pressure, found.share, with_response=True)
    assert np.abs(here.flux).max() < 1e-3
    assert np.abs(here.hydrostatic).max() < 2e-3
    assert here.bands.sum() == pytest.approx(1.0, abs=1e-3)
    from core.simulation.atmosphere.modules import DepthProfile

    bare = converge(6500.0, 4.0, 0.0, start=DepthProfile(found.gas.temperature, found.gas.pressure))
    known = converge(
        6500.0, 4.0, 0.0, start=DepthProfile(found.gas.temperature, found.gas.pressure, found.share, here.push)
    )
    assert len(known.history) < len(bare.history)


def test_keras_layers_obey_the_laws_and_become_the_same_numpy_network():
    pytest.importorskip("keras")
    from core.simulation.atmosphere_network.architecture import EnergyShares, HydrostaticColumn, radial_network

    kernel = random_kernel(7, 1)
    x = features(TEFF, LOGG, MH).astype(np.float32)
    np.testing.assert_allclose(kernel.value(x), np.asarray(radial_network(kernel)(x)), atol=1e-4)
    rosseland = np.tile(np.linspace(-2, 1, len(DEPTH_GRID)), (2, 1)).astype(np.float32)
    push = np.tile(np.linspace(0.1, 0.5, len(DEPTH_GRID)), (2, 1)).astype(np.float32)
    column, pressure = HydrostaticColumn()(rosseland, push, np.log(10.0) * np.full((2, 1), 4.0, dtype=np.float32))
    expected = column_mass(np.exp(rosseland[0]))
    np.testing.assert_allclose(np.exp(column[0]), expected, rtol=1e-4)
    np.testing.assert_allclose(np.exp(pressure[0]), gas_pressure(expected, 1e4, push[0] * 1e4), rtol=1e-4)
    wave = load_grid().wavelength_nm
    planck = (log_planck(wave, TEFF)[0] - np.log(total_flux(TEFF))[:, None]).astype(np.float32)
    logits = np.random.default_rng(1).normal(size=(3, 6)).astype(np.float32)
    shape, shares = EnergyShares(wave)(np.zeros_like(planck), planck, logits)
    np.testing.assert_allclose(np.exp(shares).sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(np.exp(shares), shares_of(logits), rtol=1e-4)
    visible = np.exp(np.asarray(shape) + planck) @ bin_widths(wave)
    np.testing.assert_allclose(visible, np.exp(np.asarray(shares))[:, 3], rtol=1e-4)


def test_grey_is_the_structure_of_a_network_that_says_nothing(structure_network):
    found = structure_network.structure(9000.0, 4.0, 0.0)
    assert (np.abs(np.log(found.temperature / grey_temperature(DEPTH_GRID, 9000.0))) < 0.7).all()


def test_the_shipped_flux_network_is_near_the_grid_and_nearer_to_the_solver():
    from core.simulation.atmosphere.model import spectrum
    from core.simulation.atmosphere_source import atmosphere_source
    from core.simulation.single_star import simulate_star

    place = (17000.0, 3.3, -0.4)
    found, grid = (atmosphere_source(name).flux(*place)[0] for name in ("network", "grid"))
    np.testing.assert_allclose(found, grid, rtol=0.06)
    solved = spectrum(converge(*place))
    assert np.abs(found / solved - 1).mean() < 0.5 * np.abs(grid / solved - 1).mean()
    clean, _ = simulate_star(*place, 0.5, 3.1, 12.0, 1, atmosphere="network")
    other, _ = simulate_star(*place, 0.5, 3.1, 12.0, 1)
    assert 0 < np.abs(clean / other - 1)[30:].max() < 0.03


def test_the_solver_starts_warm_and_ends_at_the_same_model():
    from core.simulation.atmosphere_network.warm_start import converge_warm, warm_profile

    place = (11000.0, 3.5, -0.3)
    cold, warm = converge(*place), converge_warm(*place)
    assert len(warm.history) < len(cold.history)
    np.testing.assert_allclose(warm.gas.temperature[10:], cold.gas.temperature[10:], rtol=2e-3)
    assert warm_profile(20000.0, 8.0, 0.0, "white_dwarf") is None
    assert warm_profile(90000.0, 5.0, 0.0, "normal") is None
