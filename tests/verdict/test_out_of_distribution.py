"""The out-of-distribution model: what it calls ordinary, what it flags, and that it survives being stored."""

import numpy as np
import pytest

from core.errors import RunError
from core.spectra.grid import WAVELENGTH_NM
from core.verdict.out_of_distribution import (
    EXCEEDED_BY,
    fit_out_of_distribution,
    load_out_of_distribution,
    store_out_of_distribution,
)


def power_laws(n: int, rng: np.random.Generator, noise: float = 0.01) -> np.ndarray:
    """Blue and red power laws with a little noise, W m^-2 nm^-1."""
    slope = np.where(rng.random(n) < 0.5, -3.0, 1.0) + rng.normal(0, 0.5, n)
    shape = (WAVELENGTH_NM / 600.0) ** slope[:, None]
    return 1e-15 * (shape + rng.normal(0, noise, shape.shape))


@pytest.fixture(scope="module")
def model():
    return fit_out_of_distribution(power_laws(3000, np.random.default_rng(1)))


def test_one_per_cent_of_new_training_like_stars_are_beyond_the_limit(model):
    score = model.score(power_laws(20_000, np.random.default_rng(2)))
    # The limit is a quantile of 1,500 stars: its share scatters by 0.26 %.
    assert np.mean(score > 1) == pytest.approx(EXCEEDED_BY, abs=0.008)
    assert np.median(score) == pytest.approx(0, abs=0.1)


def test_the_score_is_blind_to_brightness(model):
    flux = power_laws(50, np.random.default_rng(3))
    np.testing.assert_allclose(model.score(flux), model.score(1e4 * flux), rtol=1e-6, atol=1e-9)


def test_other_kinds_of_spectra_are_flagged(model):
    ordinary = power_laws(100, np.random.default_rng(4))
    line = np.exp(-0.5 * ((WAVELENGTH_NM - 500) / 20) ** 2)
    strange = {
        "emission lines": ordinary + 3e-15 * line,
        "steps": np.where(WAVELENGTH_NM < 640, 0.5, 1.0) * ordinary,
        "noise": np.abs(np.random.default_rng(5).normal(0, 1e-15, ordinary.shape)),
        "between the classes": 0.5e-15
        * ((WAVELENGTH_NM / 600.0) ** -3.0 + (WAVELENGTH_NM / 600.0) ** 1.0)
        * np.ones((100, 1)),
    }
    for name, flux in strange.items():
        assert np.mean(model.score(flux) > 1) > 0.9, name


def test_spectra_with_gaps_have_no_score(model):
    flux = power_laws(3, np.random.default_rng(6))
    flux[0, 5] = np.nan
    flux[1] = 0
    assert np.isnan(model.score(flux)).tolist() == [True, True, False]
    assert model.score(flux[:0]).shape == (0,)


def test_the_stored_model_is_that_of_the_training_rows_alone(tmp_path):
    flux = power_laws(400, np.random.default_rng(7))
    rows = np.arange(300)
    path = store_out_of_distribution(tmp_path / "a", flux, rows)
    changed = flux.copy()
    changed[300:] = 1.0
    store_out_of_distribution(tmp_path / "b", changed, rows)
    first, second = load_out_of_distribution(tmp_path / "a"), load_out_of_distribution(tmp_path / "b")
    np.testing.assert_array_equal(first.score(flux), second.score(flux))
    assert path.stat().st_size < 100_000


def test_too_few_stars_leave_no_model(tmp_path):
    flux = power_laws(60, np.random.default_rng(8))
    assert store_out_of_distribution(tmp_path, flux, np.arange(60)) is None
    assert load_out_of_distribution(tmp_path) is None
    with pytest.raises(ValueError, match="at least 80"):
        fit_out_of_distribution(flux)


def test_a_damaged_model_is_named(tmp_path):
    path = store_out_of_distribution(tmp_path, power_laws(200, np.random.default_rng(9)), np.arange(200))
    whole = path.read_bytes()
    for content in (b"no archive", b"", whole[: len(whole) // 2], whole[:400] + bytes(400) + whole[800:]):
        path.write_bytes(content)
        with pytest.raises(RunError, match=r"domain\.npz is damaged"):
            load_out_of_distribution(tmp_path)
    np.savez(path, centre=np.zeros(3))
    with pytest.raises(RunError, match="median"):
        load_out_of_distribution(tmp_path)
