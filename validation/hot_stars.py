"""Real hot stars beside simulated ones, by wavelength and dust: `python -m validation.hot_stars`.

Labelled stars of type B0-B1.5 (OB stars by `recipes.ob_stars`, no damaged ones) against simulated massive stars of
23,000-32,000 K and G < 15 with the same BP - RP, of the sky's draw and of the training draw. What a network learns from
the simulator, real stars have to look like. Needs the labelled stars (XP_REAL_DATA); a minute of one core. Writes
`validation/results/hot_stars.md`.
"""

import sys
from itertools import pairwise

import numpy as np

from core.errors import ExplorerError
from core.gaia.labels import MASSIVE
from core.spectra.grid import WAVELENGTH_NM
from core.survey.simulated import chunk_rows, iter_simulated, parse_simulated
from recipes.ob_stars import extinction, is_ob
from recipes.real_stars import read_real_stars
from validation.report import Section, write_report

DRAWS = {"sky": "simulated:massive:24576:7300", "training": "simulated:training:98304:7300"}
TEFF_K, FAINTEST_G, SAME_COLOUR_MAG, LEAST_STARS = (23_000.0, 32_000.0), 15.0, 0.05, 8
A_V_EDGES_MAG = (0.0, 2.5, 4.5, 6.0, 9.0)
BANDS_NM = ((336, 360), (360, 380), (380, 400), (400, 420), (480, 520), (560, 600), (760, 800), (960, 1021))
_REFERENCE = (WAVELENGTH_NM > 550) & (WAVELENGTH_NM < 900)


def main() -> None:
    """Measure and write."""
    stars = read_real_stars()
    table, a_v = stars.table, extinction(stars.table)
    chosen = np.flatnonzero(is_ob(table) & table["sp_type"].astype(str).str.match(r"B[01]").to_numpy())
    sections: list[Section] = []
    for name, source in DRAWS.items():
        flux, bp_rp = simulated(source)
        rows = []
        for low, high in pairwise(A_V_EDGES_MAG):
            some = [row for row in chosen if low <= a_v[row] < high]
            found = [compared(stars.flux[row], flux[np.abs(bp_rp - table["bp_rp"].iloc[row]) < SAME_COLOUR_MAG])
                     for row in some]  # fmt: skip
            rows.append({"A_V": f"{low:g}-{high:g}"} | summary([item for item in found if item is not None]))
        sections.append((
            f"Draw: {name}",
            ["Median of real / simulated - 1 in per cent with its standard error, in brackets the median percentile of "
             f"a real star among its simulated ones ({source})."],
            rows,
        ))  # fmt: skip
    write_report("hot_stars", "Spectra of hot stars, real and simulated", sections)


def simulated(source: str) -> tuple[np.ndarray, np.ndarray]:
    """(flux, BP - RP) of the massive stars of a draw that stand beside B0-B1.5: (n, 343) and (n,)."""
    flux: list[np.ndarray] = []
    colour: list[np.ndarray] = []
    for spectra in iter_simulated(source, tuple(range(len(chunk_rows(parse_simulated(source)))))):
        stars = spectra.metadata
        rows = (
            (stars["label"] == MASSIVE)
            & stars["true_teff"].between(*TEFF_K)
            & (stars["phot_g_mean_mag"] < FAINTEST_G)
            & (stars["category"] != "Wolf-Rayet")
        ).to_numpy()
        flux.append(spectra.flux[rows])
        colour.append(stars["bp_rp"].to_numpy(dtype=float)[rows])
    return np.concatenate(flux), np.concatenate(colour)


def bands(flux: np.ndarray) -> np.ndarray:
    """Mean flux in `BANDS_NM` over the median at 550-900 nm, shape (n_stars, n_bands)."""
    scaled = flux / np.median(flux[:, _REFERENCE], axis=1, keepdims=True)
    of_band = [(low <= WAVELENGTH_NM) & (high > WAVELENGTH_NM) for low, high in BANDS_NM]
    return np.column_stack([scaled[:, rows].mean(axis=1) for rows in of_band])


def compared(real: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """(real / median of the others - 1, share of the others that are fainter), each (n_bands,); None for too few."""
    if len(others) < LEAST_STARS:
        return None
    one, many = bands(real[None])[0], bands(others)
    return one / np.median(many, axis=0) - 1.0, (many < one).mean(axis=0)


def summary(found: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, object]:
    """One row: how many stars, and each band's median, standard error and percentile."""
    row: dict[str, object] = {"stars": len(found)}
    if not found:
        return row | {f"{low}-{high} nm": "" for low, high in BANDS_NM}
    ratio, share = (np.array(part) for part in zip(*found, strict=True))
    error = np.std(ratio, axis=0) / np.sqrt(len(found))
    middle, percentile = np.median(ratio, axis=0), np.median(share, axis=0)
    numbers = zip(BANDS_NM, 100 * middle, 100 * error, 100 * percentile, strict=True)
    return row | {f"{low}-{high} nm": f"{m:+.0f} ± {e:.0f} ({p:.0f})" for (low, high), m, e, p in numbers}


if __name__ == "__main__":
    try:
        main()
    except ExplorerError as error:
        sys.exit(f"error: {error}")
