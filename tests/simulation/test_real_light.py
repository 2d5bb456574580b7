"""What the second draw adds: line light, the leak of real XP spectra, damage, and a first draw that stays as it was."""

import numpy as np
import pytest

from core.simulation import line_light
from core.simulation.damage import draw_damage
from core.simulation.draw import DrawRequest, iter_chunks
from core.simulation.line_light import AIR_TO_VACUUM, KINDS, N_KEPT, add_line_light, light_of
from core.simulation.model_errors import LEAK_FROM_NM, add_model_errors
from core.simulation.population import draw_population
from core.simulation.population.draws import CURRENT, FIRST
from core.spectra.calibration import design_matrix
from core.spectra.grid import WAVELENGTH_NM

FINE_NM = np.arange(320.0, 1101.0, 2.0)


def members(kind: str) -> np.ndarray:
    rows = KINDS.index(kind) * N_KEPT + np.arange(N_KEPT)
    return add_line_light(FINE_NM, np.ones((N_KEPT, len(FINE_NM))), rows)


def equivalent_width(flux: np.ndarray, centre: float, half: float) -> np.ndarray:
    """nm above the line through both sides."""
    inside = np.abs(FINE_NM - centre) <= half
    sides = (np.abs(FINE_NM - centre) > half) & (np.abs(FINE_NM - centre) <= half + 6.0)
    level = flux[:, sides].mean(axis=1, keepdims=True)
    return ((flux[:, inside] / level) - 1.0).sum(axis=1) * 2.0


def test_plain_stars_keep_their_light():
    assert np.array_equal(members("plain"), np.ones((N_KEPT, len(FINE_NM))))


@pytest.mark.parametrize(
    ("kind", "line_nm", "least", "most"),
    [("WN early", 468.6, 4.0, 40.0), ("WC early", 580.8, 15.0, 200.0), ("WC late", 971.0, 10.0, 120.0)],
)
def test_wolf_rayet_lines_are_as_wide_and_strong_as_published(kind, line_nm, least, most):
    undiluted = np.percentile(equivalent_width(members(kind), line_nm * AIR_TO_VACUUM, 8.0), 75)
    assert least < undiluted < most


def test_library_factors_are_positive_and_finite():
    library = line_light._library(FINE_NM.tobytes())
    assert np.isfinite(library).all()
    assert library.min() > 0
    assert library.shape == (len(KINDS) * N_KEPT, len(FINE_NM))


def test_o_star_lines_are_deeper_than_the_models_on_average():
    assert equivalent_width(members("O star"), 434.05 * AIR_TO_VACUUM, 5.0).mean() < 0.0


def test_light_of_a_kind_is_of_that_kind():
    assert (light_of("WC late", 50, np.random.default_rng(2)) // N_KEPT == KINDS.index("WC late")).all()


def test_the_leak_is_a_share_of_the_red_flux_whatever_the_blue():
    """Doubling the dust must not change what leaks: it is additive."""
    stars = draw_population("training", 300, np.random.default_rng(4))
    from core.simulation.synthesis import noise_free_coefficients

    def excess(a_v: float) -> np.ndarray:
        table = stars.assign(
            true_a_v=a_v, true_teff=15_000.0, true_logg=4.0, family="normal", light=0, companion_radius_rsun=0.0
        )
        bp, rp, _ = noise_free_coefficients(table)
        before = np.concatenate([bp, rp], axis=1) @ design_matrix()
        stellar = (np.full(len(table), 15_000.0), np.full(len(table), 4.0), np.zeros(len(table)))
        seen = add_model_errors(bp, rp, stellar, np.ones(len(table), dtype=bool), np.random.default_rng(5))
        after = np.concatenate(seen, axis=1) @ design_matrix()
        red = before[:, (LEAK_FROM_NM[0] <= WAVELENGTH_NM) & (LEAK_FROM_NM[1] >= WAVELENGTH_NM)].mean(axis=1)
        blue = (WAVELENGTH_NM >= 350) & (WAVELENGTH_NM <= 370)
        return np.asarray(np.median((after - before)[:, blue].mean(axis=1) / red))

    assert 0.03 < excess(1.0) < 0.10
    assert excess(5.0) == pytest.approx(excess(1.0), abs=0.01)


def test_damage_stays_where_bp_ends():
    factor = draw_damage(500, np.random.default_rng(6))
    untouched = WAVELENGTH_NM > 700
    assert np.abs(factor[:, untouched] - 1.0).max() < 0.01
    assert (factor > 0).all()
    assert np.percentile(np.abs(factor - 1.0).max(axis=1), 10) > 0.03


def test_the_second_draw_has_what_the_first_lacks():
    first, second = (
        draw_population("training", 4_000, np.random.default_rng(7), draw=draw) for draw in (FIRST, CURRENT)
    )
    assert "Wolf-Rayet" in set(second["category"])
    assert "Wolf-Rayet" not in set(first["category"])
    assert first["dust_law"].nunique() == 1
    assert second["dust_law"].nunique() >= 10
    massive = second[second["label"] == "massive"]
    assert massive["true_teff"].min() < 15_000 < first[first["label"] == "massive"]["true_teff"].min()


def test_the_first_draw_is_what_it_was():
    """The embedded set and the reference runs stand on it: figures of its first stars, noted before the second draw."""
    table = next(iter_chunks(DrawRequest("training", 4_096, 2023, draw=FIRST), workers=1))
    ids = table["source_id"].to_numpy()
    flux = table["flux"].combine_chunks().flatten().to_numpy().reshape(len(table), -1)
    assert ids[:3].tolist() == FIRST_IDS
    assert flux[:3, 100] == pytest.approx(FIRST_FLUX, rel=1e-3)


FIRST_IDS = [5910607274040098817, 5941033234681823234, 3423431638942482435]
FIRST_FLUX = [2.73348e-18, 6.85981e-18, 2.46173e-14]
