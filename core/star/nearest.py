"""Which stars lie nearest to a position: Gaia's sources, moved to its epoch by their proper motions."""

import numpy as np
import pandas as pd

from core.gaia.releases import DEFAULT

POSITION_COLUMNS = ("source_id", "ra", "dec", "pmra", "pmdec")


def nearest(
    tables: list[pd.DataFrame],
    ra: float,
    dec: float,
    epoch: float,
    radius_arcsec: float,
    reference_epoch: float = DEFAULT.reference_epoch,
) -> pd.DataFrame:
    """Stars of several tables within a radius of a position at `epoch`: `rank_candidates` of them all."""
    wanted = [table[[name for name in POSITION_COLUMNS if name in table]] for table in tables]
    wanted = [table for table in wanted if len(table)]
    if not wanted:
        return pd.DataFrame()
    stars = pd.concat(wanted, ignore_index=True)
    margin = radius_arcsec + 600.0  # a star that moves 10 arcsec a year, over 60 years
    near = stars[separation_arcsec(stars["ra"], stars["dec"], ra, dec) < margin]
    return rank_candidates(near, ra, dec, epoch, radius_arcsec, reference_epoch)


def rank_candidates(
    candidates: pd.DataFrame,
    ra: float,
    dec: float,
    epoch: float,
    radius_arcsec: float,
    reference_epoch: float = DEFAULT.reference_epoch,
) -> pd.DataFrame:
    """The Gaia sources within `radius_arcsec` of a position at `epoch`, nearest first.

    Each source is moved from the release's reference epoch to the epoch by its proper motion (where it has one) along a
    great circle; the columns `ra_at_epoch`, `dec_at_epoch` (degrees) and `separation_arcsec` are added.
    """
    if candidates.empty:
        return candidates.assign(separation_arcsec=pd.Series(dtype=float))
    moved_ra, moved_dec = at_epoch(candidates, epoch, reference_epoch)
    separation = separation_arcsec(moved_ra, moved_dec, ra, dec)
    ranked = candidates.assign(ra_at_epoch=moved_ra, dec_at_epoch=moved_dec, separation_arcsec=separation)
    ranked = ranked[separation <= radius_arcsec]
    return ranked.sort_values("separation_arcsec", kind="stable").reset_index(drop=True)


def at_epoch(
    stars: pd.DataFrame, epoch: float, reference_epoch: float = DEFAULT.reference_epoch
) -> tuple[np.ndarray, np.ndarray]:
    """(ra, dec) in degrees of Gaia sources at another epoch (columns ra, dec, pmra, pmdec; pmra includes cos dec)."""
    ra, dec = (np.radians(stars[name].to_numpy(dtype=np.float64)) for name in ("ra", "dec"))
    mas = np.radians(1 / 3_600_000)
    motion = [
        np.nan_to_num(pd.to_numeric(stars[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)) * mas
        if name in stars
        else np.zeros(len(stars))
        for name in ("pmra", "pmdec")
    ]
    years = epoch - reference_epoch
    cos_ra, sin_ra, cos_dec, sin_dec = np.cos(ra), np.sin(ra), np.cos(dec), np.sin(dec)
    direction = np.stack([cos_dec * cos_ra, cos_dec * sin_ra, sin_dec])
    east = np.stack([-sin_ra, cos_ra, np.zeros_like(ra)])
    north = np.stack([-sin_dec * cos_ra, -sin_dec * sin_ra, cos_dec])
    moved = direction + years * (motion[0] * east + motion[1] * north)
    moved /= np.linalg.norm(moved, axis=0)
    return np.degrees(np.arctan2(moved[1], moved[0])) % 360, np.degrees(np.arcsin(np.clip(moved[2], -1, 1)))


def separation_arcsec(ra, dec, ra0: float, dec0: float) -> np.ndarray:
    """Great-circle distance to one position, arcsec (haversine: exact for small angles)."""
    lon, lat, lon0, lat0 = (np.radians(np.asarray(item, dtype=np.float64)) for item in (ra, dec, ra0, dec0))
    h = np.sin((lat - lat0) / 2) ** 2 + np.cos(lat) * np.cos(lat0) * np.sin((lon - lon0) / 2) ** 2
    return np.degrees(2 * np.arcsin(np.sqrt(np.minimum(h, 1)))) * 3600
