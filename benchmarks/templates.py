"""Model spectra beside real ones: mean XP spectra per MK type, and CALSPEC standards seen at XP's resolution.

    python -m benchmarks.templates

Residual: norm(model - real) / norm(real) after the best scale and A_V (Gordon 2023, R_V 3.1), Teff within 5 % of the
type's. `with law` multiplies the model by XP's mean calibration error (core.simulation.systematics), brightness free;
`held` does so with Teff within 1 % of the type's and A_V up to 0.04, for F-M dwarfs, which are near.
"""

import sys
from functools import cache, lru_cache

import numpy as np
import pandas as pd

from benchmarks.report import write_table
from benchmarks.template_types import dwarf_parameters, template_spectra
from core.settings import current_settings
from core.simulation.extinction import transmission
from core.simulation.grid import load_grid
from core.simulation.instrument import forward_matrix
from core.simulation.systematics import law_features, mean_law
from core.spectra.calibration import design_matrix
from core.spectra.grid import WAVELENGTH_NM

A_V = np.arange(0.0, 3.01, 0.02)
BRIGHTNESS = np.linspace(0, 1.2, 7)
TEFF_FACTORS = np.arange(0.95, 1.051, 0.01)
HELD_FACTORS, HELD_A_V = (0.99, 1.0, 1.01), 0.04
LABELS = {"plain": "without the law", "law": "with the law", "held": "with the law, Teff and A_V held"}
STANDARDS = {
    "10 LAC": "normal", "MU COL": "normal", "HD93521": "normal", "LAMBDA LEP": "normal", "HD60753": "normal",
    "KSI2 CETI": "normal", "HD116405": "normal", "ETA1 DOR": "normal", "HD128998": "normal", "BD+60 1753": "normal",
    "AGK+81 266": "subdwarf", "FEIGE110": "subdwarf", "FEIGE34": "subdwarf", "HZ44": "subdwarf",
    "G191B2B": "white_dwarf", "GD153": "white_dwarf", "GD71": "white_dwarf", "GRW+70 5824": "white_dwarf",
    "HZ4": "white_dwarf", "HZ43": "white_dwarf", "WD0148+467": "white_dwarf", "WD1057+719": "white_dwarf",
    "WD1105-048": "white_dwarf", "WD1327-083": "white_dwarf", "WD1657+343": "white_dwarf", "WD1919+145": "white_dwarf",
    "WD2039-682": "white_dwarf", "WD2126+734": "white_dwarf", "WD2341+322": "white_dwarf",
}  # fmt: skip


@cache
def _dust_through_instrument() -> tuple[np.ndarray, np.ndarray]:
    grid = load_grid()
    dust = transmission(grid.wavelength_nm, A_V, np.full(len(A_V), 3.1))
    return dust, forward_matrix(grid.wavelength_nm)


def seen(flux: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Surface flux (n_wave,) at every A_V as XP gives it, (n_a_v, 343), and the colour that the law depends on."""
    dust, forward = _dust_through_instrument()
    coefficients = (flux * dust) @ forward.T
    hotness = law_features(coefficients[:, :55], coefficients[:, 55:], np.full(len(dust), 15.0))[:, 1]
    return coefficients @ design_matrix(), hotness


@lru_cache(maxsize=400)
def _seen_again(flux: bytes) -> tuple[np.ndarray, np.ndarray]:
    """As `seen`, kept: the standards of one family are matched with the same models (0.4 MB each)."""
    return seen(np.frombuffer(flux))


def residuals(modelled: np.ndarray, real: np.ndarray, use: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Relative residual of each row after its best scale, and the scaled rows."""
    used = modelled[:, use]
    scale = (used @ real[use]) / np.einsum("ij,ij->i", used, used)
    scaled = modelled * scale[:, None]
    used *= scale[:, None]
    used -= real[use]
    return np.linalg.norm(used, axis=1) / np.linalg.norm(real[use]), scaled


def best_match(
    parameters: np.ndarray, family: str, real: np.ndarray, use: np.ndarray, with_law: bool, largest_a_v: float = np.inf
) -> dict:
    """The best of several (teff, logg) rows and every A_V up to a largest one (and brightness)."""
    best: dict = {"residual": np.inf}
    grid = load_grid()
    fluxes = grid.flux(parameters[:, 0], parameters[:, 1], np.zeros(len(parameters)), family)
    for (teff, logg), flux in zip(parameters, fluxes, strict=True):
        modelled, hotness = _seen_again(flux.astype(float).tobytes())
        for brightness in BRIGHTNESS if with_law else (0.0,):
            features = np.stack(
                [np.ones_like(hotness), hotness, 0 * hotness + brightness, hotness * brightness], axis=1
            )
            law = 1 + features @ mean_law() if with_law else 1.0
            residual, scaled = residuals(modelled * law, real, use)
            j = int(np.where(largest_a_v + 1e-9 >= A_V, residual, np.inf).argmin())
            if residual[j] < best["residual"]:
                best = {"residual": float(residual[j]), "teff": teff, "logg": logg, "a_v": A_V[j]}
                best |= {"brightness": brightness, "model": scaled[j]}
    return best


def template_rows() -> list[dict]:
    """One row per MK type that the grid covers."""
    rows, everywhere = [], np.ones(len(WAVELENGTH_NM), dtype=bool)
    grid = load_grid()
    real = template_spectra()
    low, high = grid.range()["teff"]
    for name, (teff, logg) in dwarf_parameters().items():
        near = np.clip(teff * TEFF_FACTORS, low, high)
        parameters = np.column_stack([near, grid.nearest_logg(near, np.full(len(near), logg))])
        plain = best_match(parameters, "normal", real[name], everywhere, with_law=False)
        law = best_match(parameters, "normal", real[name], everywhere, with_law=True)
        rows.append({"type": name, "scale": (teff, logg), "real": real[name], "plain": plain, "law": law})
        if name[0] in "FGKM":
            near = np.clip(teff * np.array(HELD_FACTORS), low, high)
            parameters = np.column_stack([near, grid.nearest_logg(near, np.full(len(near), logg))])
            rows[-1]["held"] = best_match(parameters, "normal", real[name], everywhere, True, HELD_A_V)
    return rows


def summary_rows(rows: list[dict]) -> list[dict]:
    """Median and worst residual per letter, and for B-G together."""
    result = []
    for letters in ("B", "A", "F", "G", "K", "M", "BAFG"):
        mine = [row for row in rows if row["type"][0] in letters and row["type"] not in ("M6V",)]
        for name, label in LABELS.items():
            if not all(name in row for row in mine):
                continue
            values = np.array([row[name]["residual"] for row in mine])
            entry = {"types": letters if len(letters) == 1 else "B-G", "model": label, "n": len(mine)}
            result.append(entry | {"median %": 100 * float(np.median(values)), "worst %": 100 * float(values.max())})
    return result


def calspec_rows() -> list[dict]:
    """Standards: the model's residual against CALSPEC at 400-1000 nm beside the floor, Gaia's own residual."""
    table = pd.read_parquet(current_settings().real_data_dir / "calspec_vs_gaia_91.parquet").set_index("star_name")
    use = (WAVELENGTH_NM >= 400) & (WAVELENGTH_NM <= 1000)
    grid = load_grid()
    rows = []
    for name, kind in STANDARDS.items():
        truth = seen_calspec(np.asarray(table["calspec_flux"][name], dtype=float))
        gaia = np.asarray(table["gaia_flux"][name], dtype=float)
        floor = float(residuals(gaia[None], truth, use & np.isfinite(gaia))[0][0])
        families = ("helium_poor", "helium_rich") if kind == "subdwarf" else (kind,)
        found = []
        for family in families:
            nodes = grid.nodes(family)
            hot = nodes.teff[nodes.teff >= 9000] if family == "normal" else nodes.teff
            teff = np.unique(np.concatenate([hot, 0.5 * (hot[1:] + hot[:-1])]))
            pairs = [
                (t, g)
                for t in teff
                for g in nodes.logg
                if _inside(grid, t, g, family) and not (kind == "normal" and g < 3)
            ]
            found.append(best_match(np.array(pairs), family, truth, use, False) | {"family": family})
        best = min(found, key=lambda item: item["residual"])
        rows.append(
            {"star": name, "type": table["spectral_type"][name], "family": best["family"], "teff": round(best["teff"])}
            | {
                "logg": best["logg"],
                "A_V": float(best["a_v"]),
                "model %": 100 * best["residual"],
                "floor %": 100 * floor,
            }
        )
    return rows


def seen_calspec(flux: np.ndarray) -> np.ndarray:
    """A CALSPEC spectrum on the XP grid at XP's resolution; beyond the grid it goes on with its last colour.

    Missing samples (a few standards end before 1020 nm) are bridged.
    """
    wide = np.arange(320.0, 1101.0, 2.0)
    known = np.isfinite(flux) & (flux > 0)
    log_flux = np.log(flux[known])
    inner = np.interp(wide, WAVELENGTH_NM[known], log_flux)
    red = np.polyfit(np.log(WAVELENGTH_NM[known][-60:]), log_flux[-60:], 1)
    inner[wide > 1020] = np.polyval(red, np.log(wide[wide > 1020]))
    return (forward_matrix(wide) @ np.exp(inner)) @ design_matrix()


def _inside(grid, teff: float, logg: float, family: str) -> bool:
    low, high = grid.log_g_range(teff, family)
    return bool(low <= logg <= high)


def main() -> None:
    """Measure and write benchmarks/results/templates.md."""
    if not (current_settings().real_data_dir / "xp_templates_fkiwy.parquet").exists():
        sys.exit(
            f"no real data at {current_settings().real_data_dir}: set XP_REAL_DATA to the folder with the templates"
        )
    rows = template_rows()
    write_table(
        "templates", "Shape of the models beside mean XP spectra per MK type", [__doc__ or ""], summary_rows(rows)
    )
    detail = []
    for row in rows:
        for name in [known for known in LABELS if known in row]:
            item = row[name]
            detail.append(
                {"type": row["type"], "model": name, "residual %": 100 * item["residual"], "A_V": float(item["a_v"])}
            )
            detail[-1] |= {
                "Teff of type": row["scale"][0],
                "Teff": round(item["teff"]),
                "brightness": item["brightness"],
            }
    write_table("templates", "Each type", [], detail, append=True)
    write_table("templates", "CALSPEC standards, 400-1000 nm", [], calspec_rows(), append=True)


if __name__ == "__main__":
    main()
