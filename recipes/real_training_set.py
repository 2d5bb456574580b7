"""Copies of real stars behind more dust, with smooth changes and more noise: `python -m recipes.real_training_set OUT`.

Of the 15,459 labelled stars those with a role are copied: massive ones most often, because there are 86 of them. The
first copy is the star itself. Rows carry the star's id and fold; a star and its copies never straddle folds.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.simulation.damage import DAMAGED_SHARE, draw_damage
from core.simulation.dust_curves import transmission
from core.simulation.dust_draw import draw_dust
from core.spectra.grid import WAVELENGTH_NM
from core.training.augmentation import coefficient_noise
from recipes.real_stars import CONTRADICTORY, COOL_NEGATIVE, DAMAGED, HOT_NEGATIVE, POSITIVE, RealStars, read_real_stars


@dataclass(frozen=True)
class CopyPlan:
    """How often each kind of star is copied, the share of damaged copies, and of massive stars without dust."""

    copies: dict[str, int]
    damaged: float = DAMAGED_SHARE
    bare: float = 0.0


FIRST_STAGE = CopyPlan({POSITIVE: 150, HOT_NEGATIVE: 15, COOL_NEGATIVE: 4, DAMAGED: 30})
SECOND_STAGE = CopyPlan(
    {POSITIVE: 400, HOT_NEGATIVE: 50, COOL_NEGATIVE: 10, CONTRADICTORY: 10, DAMAGED: 120}, damaged=0.06, bare=0.15
)
"""For `recipes.default_run` and `recipes.second_stage`."""
MOST_EXTRA_A_V = {POSITIVE: 3.0, HOT_NEGATIVE: 2.5, COOL_NEGATIVE: 1.5, CONTRADICTORY: 1.5, DAMAGED: 1.5}
LEAST_A_V_OF_MASSIVE = 0.8
"""Massive real stars teach behind at least so much dust: among stars without any, no other real hot ones are at hand,
and a network would learn that a hot and real star is massive; hot subdwarfs are that too."""
LESS_DUST_SHARE = 0.3
"""Of a star's own A_V at most this is taken off again, in one copy of five."""
SMOOTH_CHANGE, SMOOTH_NM = 0.01, 40.0
MOST_DIMMING_MAG, FAINTEST_MAG = 4.0, 17.6
_BLOCK = 4096
Laws = tuple[int, ...] | None


@dataclass(frozen=True)
class Copies:
    """n copies: flux float32 (n, 343), the row of each star in `RealStars`, 1 for massive."""

    flux: np.ndarray
    star: np.ndarray
    label: np.ndarray


def copies_of(stars: RealStars, plan: CopyPlan, seed: int, laws: Laws = None) -> Copies:
    """Every star with a role as often as the plan says."""
    role = stars.table["role"].to_numpy()
    times = np.array([plan.copies.get(name, 0) for name in role])
    star = np.repeat(np.arange(len(stars)), times)
    original = np.concatenate([[0], np.cumsum(times)[:-1]])[times > 0]
    if not plan.bare:
        original = original[~_is_bare(stars)[star[original]]]
    rng = np.random.default_rng(seed)
    flux = np.empty((len(star), len(WAVELENGTH_NM)), dtype=np.float32)
    for start in range(0, len(star), _BLOCK):
        rows = star[start : start + _BLOCK]
        flux[start : start + _BLOCK] = _changed(stars, rows, (plan, laws), rng)
    flux[original] = stars.flux[star[original]]
    return Copies(flux, star, (role[star] == POSITIVE).astype(np.int8))


def _changed(stars: RealStars, rows: np.ndarray, how: tuple[CopyPlan, Laws], rng: np.random.Generator) -> np.ndarray:
    plan, laws = how
    n, table = len(rows), stars.table.iloc[rows]
    most = np.array([MOST_EXTRA_A_V[name] for name in table["role"]])
    own = _own_dust(table)
    kind = rng.choice(3, n, p=[0.2, 0.2, 0.6])
    extra = np.choose(kind, [np.zeros(n), -LESS_DUST_SHARE * own * rng.random(n), most * rng.random(n)])
    bare = (table["role"] == POSITIVE).to_numpy() & (own + extra < LEAST_A_V_OF_MASSIVE)
    if plan.bare:
        bare &= rng.random(n) > plan.bare
    extra[bare] = (LEAST_A_V_OF_MASSIVE - own + most * rng.random(n))[bare]
    dust = draw_dust(np.abs(extra), rng) if laws is None else draw_dust(np.abs(extra), rng, laws=laws)
    flux = stars.flux[rows].astype(np.float64) * transmission(WAVELENGTH_NM, dust) ** np.sign(extra)[:, None]
    damaged = rng.random(n) < plan.damaged
    flux[damaged] *= draw_damage(int(damaged.sum()), rng)
    flux *= 1.0 + SMOOTH_CHANGE * _smooth_noise(n, rng)
    # The star at the same place of the noise law: as faint as the extra dust makes it, and dimmed further.
    g = table["phot_g_mean_mag"].to_numpy(float)
    fainter = np.where(rng.random(n) < 0.7, MOST_DIMMING_MAG * rng.random(n), 0.0)
    new_g = np.maximum(np.minimum(g + fainter, FAINTEST_MAG), g)
    flux *= 10.0 ** (-0.4 * (new_g - g))[:, None]
    noise = coefficient_noise(flux, new_g, rng)
    return flux + np.where(fainter > 0, 1.0, 0.0)[:, None] * noise


def _is_bare(stars: RealStars) -> np.ndarray:
    """Massive stars with too little dust to teach as they are."""
    return (stars.table["role"] == POSITIVE).to_numpy() & (_own_dust(stars.table) < LEAST_A_V_OF_MASSIVE)


def _own_dust(table: pd.DataFrame) -> np.ndarray:
    return np.nan_to_num(table["av_lit"].fillna(table["av_rough"]).to_numpy(float), nan=0.0).clip(0.0)


def _smooth_noise(n: int, rng: np.random.Generator) -> np.ndarray:
    """Unit variance, correlated over SMOOTH_NM: (n, 343)."""
    centres = np.arange(WAVELENGTH_NM[0] - 2 * SMOOTH_NM, WAVELENGTH_NM[-1] + 2 * SMOOTH_NM, SMOOTH_NM)
    basis = np.exp(-(((WAVELENGTH_NM - centres[:, None]) / SMOOTH_NM) ** 2))
    return rng.standard_normal((n, len(centres))) @ (basis / np.sqrt((basis**2).sum(axis=0)))


def write_copies(out: Path, seed: int, plan: CopyPlan = FIRST_STAGE, laws: Laws = None) -> Path:
    """Write the copies as a .npz with flux, star, label, source_id and fold."""
    stars = read_real_stars()
    made = copies_of(stars, plan, seed, laws)
    with atomic_path(out) as beside, beside.open("wb") as file:
        np.savez(
            file,
            allow_pickle=False,
            flux=made.flux,
            label=made.label,
            source_id=stars.table["source_id"].to_numpy()[made.star],
            fold=stars.table["fold"].to_numpy()[made.star],
        )
    return out


def main() -> None:
    """Make the copies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="File to write (.npz).")
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--second-stage", action="store_true", help="More copies of each star.")
    arguments = parser.parse_args()
    plan = SECOND_STAGE if arguments.second_stage else FIRST_STAGE
    print(write_copies(arguments.out, arguments.seed, plan))


if __name__ == "__main__":
    main()
