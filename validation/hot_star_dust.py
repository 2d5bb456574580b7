"""Which extinction law real hot stars are seen through: `python -m validation.hot_star_dust`.

Every reddened hot star of the labelled half is fitted at 400-1000 nm by model atmospheres near the temperature of its
kind behind each law, A(V) and R(V) free, XP's leak into the blue added as the simulator does (or left out). What the
best fit leaves at 336-400 nm was not fitted. Needs the labelled stars (XP_REAL_DATA); three minutes of one core. Writes
`validation/results/hot_star_dust.md`.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.errors import ExplorerError
from core.simulation.dust_curves import LAWS, Dust, transmission
from core.simulation.grid import load_grid
from core.simulation.instrument import forward_matrix
from core.simulation.model_errors import leak_alone
from core.spectra.calibration import design_matrix
from core.spectra.grid import WAVELENGTH_NM
from recipes.ob_stars import extinction, is_ob
from recipes.real_stars import read_real_stars
from validation.report import Section, write_report

TRIED = ("G23", "F19", "M14", "XP hot", "XP hot red", "XP all red")
R_V, A_V_MAG = np.arange(2.3, 4.61, 0.1), np.arange(0.2, 8.6, 0.1)
LOGG = (3.3, 4.1)
FITTED_NM = [(low, low + 20.0) for low in np.arange(400.0, 1000.0, 20.0)]
BLUE_NM = [(336.0, 360.0), (360.0, 380.0), (380.0, 400.0)]
MOST_STARS = 120


@dataclass(frozen=True)
class Kind:
    """Stars that are fitted alike: rows of the labelled stars, and the temperatures (K) tried."""

    title: str
    rows: np.ndarray
    teff: tuple[float, ...]


def main() -> None:
    """Fit and write."""
    stars = read_real_stars()
    sections: list[Section] = []
    for kind in kinds(stars.table):
        seen, blue = logarithms(stars.flux[kind.rows])
        rows: list[dict[str, object]] = [found(law, leak, kind, seen, blue) for law in TRIED for leak in (True, False)]
        sections.append((f"{kind.title}: {len(kind.rows)} stars", [], rows))
    write_report("hot_star_dust", "Extinction laws before real hot stars", sections)


def kinds(table) -> list[Kind]:
    """OB stars by type, others by APOGEE's temperature, behind enough dust; at most MOST_STARS each."""
    a_v, teff = extinction(table), table["teff_apogee"].to_numpy(float)
    ob, rng = is_ob(table), np.random.default_rng(0)
    chosen = (
        ("O-B2.5, A_V above 2.5", ob & (a_v > 2.5), (20_000, 22_000, 24_000, 26_000, 28_000, 31_000)),
        ("15,000-19,500 K, A_V above 2.5", ~ob & (teff > 15_000) & (teff < 19_500) & (a_v > 2.5),
         (16_000, 18_000, 20_000, 22_000)),
        ("9,000-11,500 K, A_V above 1.7", ~ob & (teff > 9_000) & (teff < 11_500) & (a_v > 1.7),
         (9_000, 9_700, 10_400, 11_100)),
        ("7,500-9,000 K, A_V above 1.7", (teff > 7_500) & (teff < 9_000) & (a_v > 1.7), (7_500, 8_000, 8_500, 9_000)),
    )  # fmt: skip
    result = []
    for title, mask, temperatures in chosen:
        rows = np.flatnonzero(mask)
        if len(rows) > MOST_STARS:
            rows = np.sort(rng.choice(rows, MOST_STARS, replace=False))
        result.append(Kind(title, rows, temperatures))
    return result


def found(law: str, leak: bool, kind: Kind, seen: np.ndarray, blue: np.ndarray) -> dict[str, object]:
    """One row of a kind's table: the law's best fits."""
    best = np.full(len(seen), np.inf)
    at, left = np.zeros((len(seen), 3)), np.zeros((len(seen), len(BLUE_NM)))
    for teff, r_v, flux in models(law, leak, kind.teff):
        model, model_blue = logarithms(flux)
        square = ((seen[:, None] - model[None]) ** 2).mean(axis=2)
        nearest = square.argmin(axis=1)
        value = square[np.arange(len(seen)), nearest]
        better = value < best
        best[better] = value[better]
        at[better] = np.column_stack([np.full(len(seen), teff), np.full(len(seen), r_v), A_V_MAG[nearest]])[better]
        left[better] = (blue - model_blue[nearest])[better]
    low, middle, high = np.quantile(at[:, 1], [0.16, 0.5, 0.84])
    row: dict[str, object] = {"law": law, "leak": "yes" if leak else "no"}
    row |= {"R(V)": f"{middle:.1f} ({low:.1f}-{high:.1f})", "A(V)": f"{np.median(at[:, 2]):.1f}"}
    row |= {"Teff": f"{np.median(at[:, 0]):,.0f}", "rms, 400-1000 nm, %": f"{100 * np.median(np.sqrt(best)):.1f}"}
    for (start, end), values in zip(BLUE_NM, left.T, strict=True):
        error = 125 * values.std() / np.sqrt(len(values))
        row[f"{start:.0f}-{end:.0f} nm, %"] = f"{100 * np.median(values):+.0f} ± {error:.0f}"
    return row


def models(law: str, leak: bool, temperatures: tuple[float, ...]) -> Iterator[tuple[float, float, np.ndarray]]:
    """(Teff, R(V), spectra at A_V_MAG, (n_a_v, 343)) of every combination of temperature, gravity and R(V)."""
    grid = load_grid()
    instrument = (forward_matrix(grid.wavelength_nm).T @ design_matrix()).astype(np.float32)
    n = len(A_V_MAG)
    none = np.zeros(n)
    for teff in temperatures:
        for logg in LOGG:
            place = np.array([teff], dtype=float)
            inside = grid.nearest_logg(place, np.array([logg]), "normal")
            bare = grid.flux(place, inside, np.zeros(1), "normal")
            for r_v in R_V:
                law_of = np.full(n, LAWS.index(law))
                dust = Dust(A_V_MAG, np.full(n, r_v), law_of, none + 1.0, none, np.zeros((n, 2), dtype=int))
                flux = (bare * transmission(grid.wavelength_nm, dust, np.float32)) @ instrument
                yield teff, float(r_v), flux + leak_alone(flux) if leak else flux


def logarithms(flux: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ln of the mean flux in FITTED_NM and BLUE_NM less the mean over the former: (n, 30) and (n, 3)."""
    fitted, blue = (np.log(np.maximum(_bands(flux, bands), 1e-30)) for bands in (FITTED_NM, BLUE_NM))
    level = fitted.mean(axis=1, keepdims=True)
    return fitted - level, blue - level


def _bands(flux: np.ndarray, bands: list[tuple[float, float]]) -> np.ndarray:
    inside = [(low <= WAVELENGTH_NM) & (high > WAVELENGTH_NM) for low, high in bands]
    return np.stack([flux[:, rows].mean(axis=1) for rows in inside], axis=1)


if __name__ == "__main__":
    try:
        main()
    except ExplorerError as error:
        sys.exit(f"error: {error}")
