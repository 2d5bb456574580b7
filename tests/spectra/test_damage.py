"""Steps and dips at 600-640 nm are noted; ordinary spectra, lines and bands are not; the number stays."""

import numpy as np
import pytest

from core.datasets.real_stars import real_stars_path
from core.settings import current_settings
from core.simulation.unusual.draw import draw_kind
from core.spectra.damage import NOTE, damage_score, is_damaged
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.non_stars import has_damage
from core.spectra.readers import read_spectra
from core.spectra.spectrum_set import SpectrumSet
from core.verdict.ensemble import load_ensemble
from core.verdict.verdict import classify
from tests.verdict.tiny_runs import black_bodies, write_run

REAL_DATA = current_settings().real_data_dir / "labelled"


@pytest.fixture(scope="module")
def stars():
    """Real stars without a note."""
    stars = read_spectra(real_stars_path())
    return stars.take(np.flatnonzero(~is_damaged(stars.flux, stars.flux_error)))


def step(amount, edge_nm=625.0):
    return 1.0 - amount * np.less(WAVELENGTH_NM, edge_nm)


def dip(amount, centre_nm=622.0, width_nm=7.0):
    return 1.0 - amount * np.exp(-0.5 * ((WAVELENGTH_NM - centre_nm) / width_nm) ** 2)


@pytest.mark.parametrize("amount", [0.07, 0.12, 0.2])
@pytest.mark.parametrize("harm", [step, dip])
@pytest.mark.parametrize("with_errors", [True, False])
def test_injected_steps_and_dips_are_noted(stars, harm, amount, with_errors):
    error = stars.flux_error if with_errors else None
    noted = has_damage(stars.flux * harm(amount), error).mean()
    assert noted > 0.8, noted


def test_few_real_stars_are_noted_and_none_for_its_brightness_alone(stars):
    every = read_spectra(real_stars_path())
    assert is_damaged(every.flux, every.flux_error).mean() < 0.04  # 41 of 2,000 were chosen because they are damaged
    np.testing.assert_allclose(damage_score(stars.flux[:20] * 1e-3, stars.flux_error[:20] * 1e-3),
                               damage_score(stars.flux[:20], stars.flux_error[:20]), rtol=1e-9)  # fmt: skip


def test_what_cannot_be_judged_is_not_noted(stars):
    flux = stars.flux[:4].copy()
    flux[0, 150], flux[1], flux[2] = np.nan, 0.0, -flux[2]
    assert is_damaged(flux).tolist()[:3] == [False, False, False]
    assert np.isnan(damage_score(flux))[:3].all()
    assert len(is_damaged(flux[:0])) == 0


def test_the_verdict_says_so_and_keeps_its_number(tmp_path, stars):
    ensemble = load_ensemble(write_run(tmp_path / "run"))
    good = black_bodies(6)
    flux = np.vstack([good, good * step(0.2)])
    table = classify(SpectrumSet(128 * np.arange(1, 13), flux), ensemble)
    assert table["probability"].notna().all()
    assert (table["note"].iloc[6:] == NOTE).all()
    assert (table["note"].iloc[:6] == "").all()


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="XP_REAL_DATA is not there")
def test_marked_spectra_are_noted_and_others_are_not():
    import pandas as pd

    columns = ["xp_broken", "flux", "flux_error"]
    stars = pd.concat(
        [pd.read_parquet(file, columns=columns) for file in sorted(REAL_DATA.glob("xp_*.parquet"))], ignore_index=True
    )
    flux, error = (np.stack(list(stars[name])).astype(float) for name in ("flux", "flux_error"))
    noted = has_damage(flux, error)
    assert noted[stars["xp_broken"]].mean() > 0.8
    assert noted[~stars["xp_broken"]].mean() < 0.005


def test_bands_and_lines_of_peculiar_stars_are_not_damage():
    rng = np.random.default_rng(8)
    for kind in ("carbon star", "T Tauri", "planetary nebula"):
        spectra = draw_kind(kind, 150, rng)
        assert has_damage(spectra.flux, spectra.flux_error).mean() < 0.35, kind
