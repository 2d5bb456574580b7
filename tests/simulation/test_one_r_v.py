"""One meaning of R(V): equal bends of the spectrum, and a sky whose dust is that of real hot stars."""

import numpy as np
import pandas as pd
import pytest

from core.simulation.dust_curves import LAWS, MILKY_WAY, R_V_RANGE, SKY, law_curve, transmission
from core.simulation.dust_draw import draw_dust
from core.simulation.one_r_v import COMPARED_NM, SCALE, own_r_v
from core.simulation.population.draws import CURRENT, Draw
from core.simulation.population.table import draw_population

COMPARABLE = [law for law in range(len(LAWS)) if LAWS[law] not in ("LMC", "SMC")]


def unlike(law: int, own: float, r_v: float) -> float:
    """What is left of F19's curve at `r_v` when the law's, at any A(V) and brightness, has taken its part."""
    target, curve = law_curve(SCALE, r_v, COMPARED_NM), law_curve(law, own, COMPARED_NM)
    design = np.column_stack([curve, np.ones_like(curve)])
    return float(np.std(target - design @ np.linalg.lstsq(design, target, rcond=None)[0]))


@pytest.mark.parametrize("law", COMPARABLE)
@pytest.mark.parametrize("r_v", [2.8, 3.3, 4.4])
def test_no_other_r_v_of_the_law_bends_more_alike(law, r_v):
    own = float(own_r_v(np.array([law]), np.array([r_v]))[0])
    for other in (own - 0.3, own + 0.3, r_v):
        if R_V_RANGE[0] <= other <= R_V_RANGE[1]:
            assert unlike(law, own, r_v) <= unlike(law, other, r_v) + 1e-3


def test_its_own_scale_is_left_alone():
    r_v = np.linspace(*R_V_RANGE, 40)
    assert own_r_v(np.full(40, SCALE), r_v) == pytest.approx(r_v, abs=1e-9)


@pytest.mark.parametrize("law", COMPARABLE)
def test_larger_stays_larger_and_inside(law):
    found = own_r_v(np.full(200, law), np.linspace(*R_V_RANGE, 200))
    assert (np.diff(found) >= 0).all()
    assert R_V_RANGE[0] <= found.min()
    assert found.max() <= R_V_RANGE[1]


def test_scales_differ_as_they_do_on_real_hot_stars():
    # python -m validation.hot_star_dust: the same 28 stars have 2.7, 2.9-3.0 and 3.3
    at_three = own_r_v(np.array([LAWS.index("G23"), SCALE, LAWS.index("M14")]), np.full(3, 3.0))
    assert at_three == pytest.approx([2.7, 3.0, 3.35], abs=0.1)


def test_the_sky_has_its_own_laws_and_one_scale():
    n = 20_000
    sky = draw_dust(np.ones(n), np.random.default_rng(1), wide=False, one_r_v=True)
    assert set(sky.law) == set(SKY)
    assert np.median(sky.r_v[sky.law == SCALE]) == pytest.approx(3.1, abs=0.03)
    assert np.median(sky.r_v[sky.law == LAWS.index("XP hot red")]) > 3.15


def test_training_does_not_ask_for_the_scale():
    stars = np.ones(2_000)
    plain, scaled = (draw_dust(stars, np.random.default_rng(2), one_r_v=flag) for flag in (False, True))
    assert np.array_equal(plain.r_v, scaled.r_v)
    assert np.array_equal(plain.law, scaled.law)
    assert set(plain.law) == set(MILKY_WAY)


@pytest.mark.parametrize("name", ["XP hot", "XP all"])
def test_a_curve_of_the_red_alone_rises_in_the_blue_as_f19(name):
    blue, red = np.arange(330.0, 400.0, 5.0), np.arange(405.0, 1000.0, 5.0)
    alone, whole, f19 = LAWS.index(f"{name} red"), LAWS.index(name), SCALE

    def rise(law: int) -> np.ndarray:
        at = law_curve(law, 3.1, np.append(blue, 400.0))
        return at[:-1] - at[-1]

    assert law_curve(alone, 3.1, red) == pytest.approx(law_curve(whole, 3.1, red))
    assert rise(alone) == pytest.approx(rise(f19), abs=1e-6)
    assert (rise(whole)[:8] < rise(f19)[:8]).all()  # the leak in it


def test_every_curve_of_the_sky_makes_a_spectrum():
    dust = draw_dust(np.full(500, 3.0), np.random.default_rng(3), wide=False, one_r_v=True)
    passed = transmission(np.arange(330.0, 1051.0, 10.0), dust)
    assert np.isfinite(passed).all()
    assert (passed > 0).all()
    assert (passed < 0.6).all()


def test_draw_four_teaches_what_draw_three_taught():
    three = Draw(3, one_r_v=False)
    taught, before = (
        draw_population("training", 500, np.random.default_rng(4), draw=draw) for draw in (CURRENT, three)
    )
    pd.testing.assert_frame_equal(taught, before)
    sky, sky_before = (
        draw_population("massive", 500, np.random.default_rng(4), draw=draw) for draw in (CURRENT, three)
    )
    assert not np.array_equal(sky["true_r_v"], sky_before["true_r_v"])
    assert np.array_equal(sky["true_a_v"], sky_before["true_a_v"])
