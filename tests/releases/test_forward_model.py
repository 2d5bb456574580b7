"""The forward model of another release, made from GaiaXPy's own code with a made-up instrument of 51 BP functions."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.__main__ import main
from core.errors import CalibrationError
from core.gaia.releases import DR3, DR4
from core.simulation.draw import simulate
from core.simulation.forward_recipe import LARGEST_DIFFERENCE, check_forward, make_forward
from core.simulation.instrument import forward_matrix, forward_path, has_forward
from core.simulation.instruments import noise_scale
from core.spectra.design_recipe import gaiaxpy_table, make_calibration, quiet
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.readers import read_spectra
from tests.archive.stand_in.made_up import MadeUpPackage
from tests.releases.made_up_gaiaxpy import with_instrument_of

LIGHT_NM = np.arange(320.0, 1101.0, 2.0)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A machine whose GaiaXPy has 51 BP functions, after `archive --calibrate`, and the same stars in both releases."""
    folder = tmp_path_factory.mktemp("forward")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLORER_DATA_DIR", str(folder / "local"))
        (folder / "config").mkdir()
        package = with_instrument_of(51, folder / "config", patch)
        assert main(["archive", "--calibrate", "--release", "dr4"]) == 0
        for release in (DR3, DR4):
            out = folder / f"{release.key}.parquet"
            simulate("training", 300, 5, out, with_coefficients=True, instrument=release.key, workers=1)
        yield folder, package


def test_the_command_makes_both_models_and_black_bodies_come_back(place):
    assert has_forward("dr4")
    assert forward_matrix(LIGHT_NM, "dr4").shape == (51 + 55, len(LIGHT_NM))
    assert check_forward(DR3) < 0.015 < LARGEST_DIFFERENCE
    assert check_forward(DR4) < LARGEST_DIFFERENCE


def test_coefficients_of_the_model_are_those_that_gaiaxpy_calibrates(place):
    _, package = place
    light = np.exp(-(((LIGHT_NM[None] - np.array([[450.0], [600.0], [800.0]])) / 150.0) ** 2))
    bp, rp = np.split(light @ forward_matrix(LIGHT_NM, "dr4").T, [51], axis=1)
    with quiet():
        table, _ = package.calibrate(gaiaxpy_table(bp, rp), sampling=WAVELENGTH_NM, save_file=False)
    back = np.stack(table["flux"])
    sent = np.stack([np.interp(WAVELENGTH_NM, LIGHT_NM, row) for row in light])
    inner = (WAVELENGTH_NM > 400) & (WAVELENGTH_NM < 1000)
    assert np.abs(back - sent)[:, inner].max() < 0.05


def test_stars_are_seen_through_the_releases_own_instrument_with_less_noise(place):
    folder, _ = place
    here, there = (read_spectra(folder / f"{release.key}.parquet") for release in (DR3, DR4))
    assert there.release == "dr4"
    assert there.coefficients.bp.shape == (300, 51)
    np.testing.assert_allclose(there.flux_error, here.flux_error * noise_scale(DR4), rtol=0.01)
    size = np.abs(here.flux).max(axis=1)
    assert np.median(np.abs(there.flux - here.flux).max(axis=1) / size) < 0.1
    scaled = np.abs(there.flux - here.flux) / np.hypot(here.flux_error, there.flux_error)
    # noise of another strength and four functions fewer, but the same stars
    assert np.median(scaled) < 1.0


def test_an_instrument_with_another_number_of_functions_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path / "local"))
    (tmp_path / "config").mkdir()
    package = with_instrument_of(53, tmp_path / "config", monkeypatch)
    with pytest.raises(CalibrationError, match="too old"):
        make_calibration(DR4, package)
    with pytest.raises(CalibrationError, match=r"53 \+ 55 functions, expected 51 \+ 55"):
        make_forward(DR4, package)
    assert not has_forward("dr4")


def test_a_package_without_a_readable_instrument_leaves_the_calibration_to_simulate_with(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    package = MadeUpPackage(51)
    monkeypatch.setattr("core.spectra.design_recipe.installed_package", lambda _: package)
    assert main(["archive", "--calibrate", "--release", "dr4"]) == 0
    assert "no forward model is made from it" in capsys.readouterr().err
    assert not has_forward("dr4")
    simulate("training", 20, 5, tmp_path / "a.parquet", with_coefficients=True, instrument="dr4", workers=1)
    assert {len(row) for row in pq.read_table(tmp_path / "a.parquet")["bp_coefficients"].to_pylist()} == {51}


def test_a_damaged_forward_model_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    forward_path("dr4").parent.mkdir(parents=True)
    forward_path("dr4").write_bytes(b"PK no npz")
    with pytest.raises(CalibrationError, match=r"damaged.*--calibrate"):
        forward_matrix(LIGHT_NM, "dr4")
