"""The kinds by name, and ordinary stars beside them, all seen through XP's instrument."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from core.simulation.model_errors import add_model_errors
from core.simulation.noise import add_noise, sampled_errors
from core.simulation.population.table import draw_population
from core.simulation.synthesis import noise_free_coefficients
from core.simulation.unusual.discs import draw_cataclysmic
from core.simulation.unusual.galaxies import draw_galaxies
from core.simulation.unusual.light import Light
from core.simulation.unusual.nebulae import draw_planetary_nebulae
from core.simulation.unusual.observed import G_RANGE, Observed, join, observe
from core.simulation.unusual.peculiar_stars import (
    draw_active_cool_stars,
    draw_carbon_stars,
    draw_lineless_stars,
    draw_t_tauri,
)
from core.simulation.unusual.quasars import draw_quasars
from core.spectra.calibration import design_matrix

Draw = Callable[[int, np.random.Generator], Light]
NON_STARS: dict[str, Draw] = {
    "quasar": draw_quasars,
    "galaxy": draw_galaxies,
    "cataclysmic variable": draw_cataclysmic,
    "planetary nebula": draw_planetary_nebulae,
}
PECULIAR_STARS: dict[str, Draw] = {
    "T Tauri": draw_t_tauri,
    "carbon star": draw_carbon_stars,
    "flare star or Mira": draw_active_cool_stars,
    "no lines": draw_lineless_stars,
}
_BLOCK = 4096


def draw_kind(kind: str, n: int, rng: np.random.Generator, g_range: tuple[float, float] = G_RANGE) -> Observed:
    """n spectra of one kind of `NON_STARS` or `PECULIAR_STARS` at random G between two limits."""
    draw = (NON_STARS | PECULIAR_STARS)[kind]
    sizes = [min(_BLOCK, n - start) for start in range(0, n, _BLOCK)]
    return join([observe(draw(size, rng), kind, rng, g_range) for size in sizes])


def draw_stars(
    n: int, rng: np.random.Generator, population: str = "training", negative_mix: dict[str, float] | None = None
) -> Observed:
    """n undamaged stars of a population of the simulator; `kind` is their category, `halpha_nm` what they emit."""
    parts = []
    for start in range(0, n, _BLOCK):
        table = draw_population(population, min(_BLOCK, n - start), rng, negative_mix=negative_mix)
        bp, rp, _ = noise_free_coefficients(table)
        stellar = tuple(table[name].to_numpy() for name in ("true_teff", "true_logg", "true_mh"))
        bp, rp = add_model_errors(bp, rp, stellar, (table["family"] == "normal").to_numpy(), rng, damaged_share=0.0)
        g = table["phot_g_mean_mag"].to_numpy()
        measured = add_noise(bp, rp, g, rng)
        about = pd.DataFrame(
            {
                "kind": table["category"].to_numpy(dtype=object),
                "phot_g_mean_mag": g,
                "teff": table["true_teff"],
                "a_v": table["true_a_v"],
                "halpha_nm": table["halpha_nm"],
                "light": table["light"],
            }
        )
        flux = np.concatenate([measured.bp, measured.rp], axis=1) @ design_matrix()
        parts.append(Observed(flux, np.asarray(sampled_errors(measured), dtype=np.float64), about))
    return join(parts)
