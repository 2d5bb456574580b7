"""Dust of stars drawn from the family of curves: wide for training, for the sky as real hot stars show it."""

import numpy as np

from core.simulation.dust_curves import MILKY_WAY, N_SHAPES, R_V_RANGE, SKY, Dust
from core.simulation.one_r_v import own_r_v


def draw_dust(
    a_v: np.ndarray,
    rng: np.random.Generator,
    *,
    laws: tuple[int, ...] = MILKY_WAY,
    wide: bool = True,
    one_r_v: bool = False,
) -> Dust:
    """Dust of the family for stars of given A(V), (n_stars,).

    `wide` is for training: R(V) from 2.3 to 5.5, all of the structure, the blue end 0.2 to 1.15 of the law's. Otherwise
    as the sky has it: half of the structure, 0.95 +- 0.1 of the blue end, one star in twenty behind the large grains of
    an HII region (Maiz Apellaniz & Barba 2018, A&A 613, A9). `one_r_v` gives the sky's R(V) one meaning for all laws,
    3.1 +- 0.3 in the scale of F19, as real hot stars have it, and takes the laws that fit those (SKY;
    docs/decisions/instrument.md); without it every one of `laws` is taken at 3.2 +- 0.25 of its own.
    """
    n = len(a_v)
    by_scale = one_r_v and not wide
    if by_scale:
        laws = SKY
    normal, any_r_v = rng.normal(*((3.1, 0.3) if by_scale else (3.2, 0.25)), n), rng.uniform(*R_V_RANGE, n)
    r_v = np.clip(np.where(rng.random(n) < (0.5 if wide else 0.05), any_r_v, normal), *R_V_RANGE)
    law = np.asarray(laws)[rng.integers(len(laws), size=n)]
    if by_scale:
        r_v = own_r_v(law, r_v)
    return Dust(
        a_v=np.asarray(a_v, dtype=np.float64),
        r_v=r_v,
        law=law,
        blue=rng.uniform(0.2, 1.15, n) if wide else np.clip(rng.normal(0.95, 0.1, n), 0.5, 1.15),
        roughness=np.exp(rng.normal(-0.3, 0.5, n)) * (1.0 if wide else 0.5),
        shape=rng.integers(N_SHAPES, size=(n, 2)),
    )
