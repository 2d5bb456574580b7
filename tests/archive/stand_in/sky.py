"""The stars that the stand-in archive serves: real ones where the real-data folder is, synthetic ones otherwise."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.gaia.columns import STAR_COLUMNS
from core.gaia.releases import DR3, Release
from core.spectra.calibration import design_matrix
from core.spectra.grid import N_COEFFICIENTS, N_CORRELATIONS, WAVELENGTH_NM
from tests.archive.stand_in.made_up import rotation

RECORDED_ID = 5937083312263887616
THETA1_ORI_C = 3017364132050194688
DOUBLE_STAR_NAME = "Stand-in double"
NO_DR3_NAME = "Stand-in fast star"
_CLASSES = (
    # name, share, teff_min, teff_max, M_G_min, M_G_max
    ("cool", 0.55, 3300, 6800, 1.0, 8.0),
    ("ob", 0.30, 20000, 42000, -6.0, -2.0),
    ("late_b", 0.08, 10500, 17000, -0.5, 1.5),
    ("subdwarf", 0.04, 24000, 40000, 3.0, 5.5),
    ("giant", 0.03, 3600, 4900, -3.0, 1.0),
)


@dataclass(frozen=True)
class Sky:
    """gaia (one row per star, all columns that the archive is asked for, and pm), coefficients in the same order."""

    gaia: pd.DataFrame
    bp: np.ndarray
    rp: np.ndarray
    errors: np.ndarray
    correlations: np.ndarray
    kind: np.ndarray
    release: Release = DR3

    @property
    def solution_id(self) -> int:
        """That of DR3's coefficients; of the other releases nobody knows it yet."""
        return self.release.solution_ids[1] if self.release.solution_ids else 6_000_000_000_000_000_000

    def rows(self, ids) -> np.ndarray:
        """Row numbers of the ids that are there, in the order asked."""
        index = pd.Index(self.gaia["source_id"])
        found = index.get_indexer(pd.Index(np.asarray(ids, dtype=np.int64)))
        return found[found >= 0]

    def flux(self, rows: np.ndarray) -> np.ndarray:
        """Sampled flux, ndarray of shape (n_rows, 343)."""
        if self.release != DR3:
            bp = self.bp[rows] @ rotation(self.bp.shape[1])
            return np.hstack([bp, self.rp[rows]]) @ design_matrix()
        return np.hstack([self.bp[rows], self.rp[rows]]) @ design_matrix()


def build_sky(n_stars: int = 400, seed: int = 1, real_dir: Path | None = None) -> Sky:
    """`n_stars` synthetic stars, some named ones, and the real continuous spectra of `real_dir`."""
    rng = np.random.default_rng(seed)
    teff, m_g, kind = _draw_classes(n_stars, rng)
    lon, z = rng.uniform(0, 360, n_stars), rng.uniform(-1, 1, n_stars)
    ra, dec = lon, np.degrees(np.arcsin(z))
    g = np.clip(rng.normal(12.5, 2.0, n_stars), 7, 16.9)
    stars = pd.DataFrame({"source_id": _ids(ra, dec, rng), "ra": ra, "dec": dec, "teff": teff, "m_g": m_g, "g": g})
    stars["pmra"], stars["pmdec"] = rng.normal(0, 5, n_stars), rng.normal(0, 5, n_stars)
    stars = pd.concat([stars, _named_stars()], ignore_index=True)
    kind = np.concatenate([kind, np.array(["ob", "cool", "cool", "cool", "ob"])])
    bp, rp = _coefficients(stars["teff"].to_numpy(), stars["g"].to_numpy())
    if real_dir is not None and (real_dir / "xp_continuous.parquet").exists():
        real, real_bp, real_rp, real_kind = _real_stars(real_dir, rng)
        keep = ~real["source_id"].isin(stars["source_id"]).to_numpy()
        stars = pd.concat([stars, real[keep]], ignore_index=True)
        bp, rp = np.vstack([bp, real_bp[keep]]), np.vstack([rp, real_rp[keep]])
        kind = np.concatenate([kind, real_kind[keep]])
    scale = np.abs(np.hstack([bp, rp])).max(axis=1, keepdims=True)
    errors = (0.001 * scale * np.exp(-np.arange(2 * N_COEFFICIENTS) % N_COEFFICIENTS / 30)).astype(np.float32)
    correlations = rng.normal(0, 0.1, N_CORRELATIONS).astype(np.float32)
    return Sky(_gaia_columns(stars, kind, rng), bp, rp, errors, correlations, kind)


def _draw_classes(n_stars: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    choice = rng.choice(len(_CLASSES), n_stars, p=[item[1] for item in _CLASSES])
    table = np.array([item[2:] for item in _CLASSES], dtype=float)[choice]
    teff = rng.uniform(table[:, 0], table[:, 1])
    m_g = rng.uniform(table[:, 2], table[:, 3])
    return teff, m_g, np.array([_CLASSES[i][0] for i in choice])


def _named_stars() -> pd.DataFrame:
    """Theta1 Ori C, a close pair, a star as fast as Barnard's without a DR3 id in Simbad, and the recorded star."""
    rows = [
        (THETA1_ORI_C, 83.81862, -5.38968, 39000.0, -4.0, 5.0, 2.0, 1.0),
        (0, 150.0, 20.0, 5500.0, 4.5, 12.0, 0.0, 0.0),
        (0, 150.0 + 2.0 / 3600 / np.cos(np.radians(20.0)), 20.0, 5000.0, 5.0, 13.5, 0.0, 0.0),
        (0, 269.44850, 4.73942, 3400.0, 12.0, 9.0, -801.6, 10362.4),
        (RECORDED_ID, 251.51920772923995, -51.50535255488219, 20000.0, -2.0, 14.0, -1.0, -2.0),
    ]
    frame = pd.DataFrame(rows, columns=["source_id", "ra", "dec", "teff", "m_g", "g", "pmra", "pmdec"])
    missing = (frame["source_id"] == 0).to_numpy()
    ids = _ids(frame["ra"].to_numpy()[missing], frame["dec"].to_numpy()[missing], np.random.default_rng(7))
    frame.loc[missing, "source_id"] = ids
    return frame


def _ids(ra: np.ndarray, dec: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    from astropy import units as u
    from astropy_healpix import lonlat_to_healpix

    pixel = lonlat_to_healpix(ra * u.deg, dec * u.deg, 4096, order="nested")
    running = rng.choice(2**27, len(ra), replace=False).astype(np.int64)
    return (pixel.astype(np.int64) << 35) | (running << 7)


def _coefficients(teff: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients whose calibrated flux is a black body of magnitude g."""
    metres = WAVELENGTH_NM * 1e-9
    shape = metres**-5 / np.expm1(0.0143877 / (metres * teff[:, None]))
    middle = np.interp(620.0, WAVELENGTH_NM, np.arange(len(WAVELENGTH_NM))).astype(int)
    flux = shape / shape[:, [middle]] * 2.5e-11 * 10 ** (-0.4 * g[:, None])
    both = flux @ np.linalg.pinv(design_matrix(), rcond=1e-2)
    return both[:, :N_COEFFICIENTS], both[:, N_COEFFICIENTS:]


def _real_stars(folder: Path, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]:
    from core.gaia.source_id import approximate_position

    table = pd.read_parquet(folder / "xp_continuous.parquet").drop_duplicates("source_id")
    whole = [b is not None and r is not None for b, r in zip(table.bp_coefficients, table.rp_coefficients, strict=True)]
    table = table[whole]
    bp, rp = np.stack(table["bp_coefficients"].to_list()), np.stack(table["rp_coefficients"].to_list())
    good = np.isfinite(bp).all(axis=1) & np.isfinite(rp).all(axis=1)
    table, bp, rp = table[good], bp[good], rp[good]
    ra, dec = approximate_position(table["source_id"].to_numpy())
    flux = np.hstack([bp, rp]) @ design_matrix()
    g = -2.5 * np.log10(np.maximum(flux[:, 142], 1e-21) / 2.5e-11)
    subdwarf = table["label"].fillna("").str.contains("subdwarf").to_numpy()
    frame = pd.DataFrame({"source_id": table["source_id"].to_numpy(), "ra": ra, "dec": dec, "g": g})
    frame["teff"], frame["m_g"] = np.where(subdwarf, 30000.0, 5600.0), np.where(subdwarf, 4.2, 4.5)
    frame["pmra"], frame["pmdec"] = rng.normal(0, 5, len(frame)), rng.normal(0, 5, len(frame))
    return frame, bp, rp, np.where(subdwarf, "subdwarf", "cool")


def _gaia_columns(stars: pd.DataFrame, kind: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    n = len(stars)
    position = SkyCoord(stars["ra"].to_numpy() * u.deg, stars["dec"].to_numpy() * u.deg)
    hot = np.isin(kind, ["ob", "late_b", "subdwarf"])
    parallax = 10 ** (0.2 * (stars["m_g"] - stars["g"] + 10)).to_numpy()
    error = np.clip(parallax / 40, 0.012, 0.05)
    g, teff = stars["g"].to_numpy(), stars["teff"].to_numpy()
    bp_rp = np.clip(1.2 * (5900 / teff) ** 1.1 - 0.38, -0.5, 4)
    known = {
        "source_id": stars["source_id"].astype(np.int64),
        "random_index": (rng.permutation(n) * (1_811_709_771 // n)).astype(np.int64),
        "ref_epoch": 2016.0, "ra": stars["ra"], "dec": stars["dec"], "ra_error": 0.02, "dec_error": 0.02,
        "l": position.galactic.l.deg, "b": position.galactic.b.deg, "ecl_lat": position.barycentricmeanecliptic.lat.deg,
        "parallax": parallax, "parallax_error": error, "parallax_over_error": parallax / error,
        "pmra": stars["pmra"], "pmdec": stars["pmdec"], "pmra_error": 0.02, "pmdec_error": 0.02,
        "pm": np.hypot(stars["pmra"], stars["pmdec"]),
        "ruwe": np.where(rng.random(n) < 0.08, rng.uniform(1.5, 6, n), rng.uniform(0.9, 1.1, n)),
        "astrometric_params_solved": np.int64(31), "nu_eff_used_in_astrometry": np.clip(1.9 - 0.25 * bp_rp, 1.2, 1.85),
        "pseudocolour": np.nan, "phot_g_mean_mag": g, "phot_bp_mean_mag": g + 0.45 * bp_rp,
        "phot_rp_mean_mag": g - 0.55 * bp_rp, "bp_rp": bp_rp, "phot_bp_rp_excess_factor": 1.155 + 0.035 * bp_rp,
        "phot_bp_n_obs": np.int64(40), "phot_rp_n_obs": np.int64(40),
        "phot_bp_n_blended_transits": rng.integers(0, 4, n), "phot_rp_n_blended_transits": rng.integers(0, 4, n),
        "phot_bp_n_contaminated_transits": np.int64(0), "phot_rp_n_contaminated_transits": np.int64(0),
        "phot_variable_flag": np.where(rng.random(n) < 0.05, "VARIABLE", "NOT_AVAILABLE"),
        "radial_velocity": np.where(hot, np.nan, 10.0), "radial_velocity_error": np.where(hot, np.nan, 1.0),
        "non_single_star": np.int64(0), "in_qso_candidates": False, "in_galaxy_candidates": False,
        "has_xp_continuous": True, "has_xp_sampled": g < 15, "has_rvs": g < 9,
        "teff_gspphot": teff, "logg_gspphot": np.where(kind == "subdwarf", 5.5, 4.0), "mh_gspphot": -0.1,
        "azero_gspphot": 0.2, "ag_gspphot": 0.17, "ebpminrp_gspphot": 0.1, "distance_gspphot": 1000 / parallax,
        "mg_gspphot": stars["m_g"], "libname_gspphot": np.where(hot, "OB", "MARCS"),
        "spectraltype_esphs": np.where(kind == "ob", np.where(teff > 31000, "O", "B"), np.where(hot, "B", "K")),
        "teff_esphs": np.where(hot, teff, np.nan), "logg_esphs": np.where(hot, 4.0, np.nan),
        "azero_esphs": np.where(hot, 0.3, np.nan), "ag_esphs": np.where(hot, 0.25, np.nan),
        "ebpminrp_esphs": np.where(hot, 0.15, np.nan), "vsini_esphs": np.nan, "flags_esphs": "0",
        "classprob_dsc_combmod_quasar": 1e-6, "classprob_dsc_combmod_galaxy": 1e-6,
        "classprob_dsc_combmod_star": 0.99, "classprob_dsc_combmod_whitedwarf": 0.005,
        "classprob_dsc_combmod_binarystar": 0.004, "lum_flame": 10 ** (-0.4 * (stars["m_g"] - 4.7)),
        "radius_flame": 1.0, "mass_flame": np.where(kind == "ob", 9.0, np.where(kind == "late_b", 4.0, 1.0)),
        "age_flame": 1.0, "evolstage_flame": np.int64(300), "flags_flame": "0",
    }  # fmt: skip
    frame = pd.DataFrame(known, index=range(n))
    assert set(STAR_COLUMNS) <= set(frame.columns)
    return frame


def double_star(sky: Sky) -> np.ndarray:
    """Ids of the close pair, brighter first."""
    near = sky.gaia[(np.abs(sky.gaia["ra"] - 150) < 0.01) & (np.abs(sky.gaia["dec"] - 20) < 0.01)]
    return near.sort_values("phot_g_mean_mag")["source_id"].to_numpy()
