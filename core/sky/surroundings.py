"""What a star may belong to, and real OB stars whose place in the colour-magnitude diagram is known."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from core.datasets.real_stars import real_stars_path
from core.gaia.frames import galactic, unit_vectors
from core.gaia.labels import MASSIVE
from core.sky.matching import KNOWN_ASSOCIATIONS
from core.star.alike import known_spectra
from core.star.dust_free import Extinction, without_dust

OB_GROUP = "Cygnus OB2"
_SIGMAS, _FLOOR = 3.0, 0.1
_REFERENCES = ("Wright et al. 2015", "Comerón & Pasquali 2012", "Berlanas et al. 2018")
"""Papers on Cygnus OB2 with a type and an extinction of each star."""


@dataclass(frozen=True)
class Surrounding:
    """A known group towards which a star lies.

    Attributes
    ----------
    name, kind, reference : str
    distance_pc, separation_deg : float
    agrees : bool or None
        Whether the star's distance agrees with the group's; None without a parallax that says something.
    """

    name: str
    kind: str
    reference: str
    distance_pc: float
    separation_deg: float
    agrees: bool | None


def groups_around(
    ra: float, dec: float, parallax: float, parallax_error: float, known: pd.DataFrame
) -> list[Surrounding]:
    """Known groups (`core.sky.matching.known_groups`) within whose radius on the sky a star lies, the nearest first.

    Distances agree where the parallax of the group lies within three errors of the star's, with a floor of a tenth of
    the group's own.
    """
    if not (np.isfinite(ra) and np.isfinite(dec)):
        return []
    l_deg, b_deg = galactic(np.array([ra]), np.array([dec]))
    cosine = unit_vectors(known["l"].to_numpy(), known["b"].to_numpy()) @ unit_vectors(l_deg, b_deg)[0]
    apart = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    found = []
    for row in np.flatnonzero(apart <= known["radius_deg"].to_numpy()):
        item = known.iloc[row]
        agrees = None
        if np.isfinite(parallax) and parallax_error > 0:
            expected = 1000.0 / float(item["distance_pc"])
            agrees = bool(abs(parallax - expected) <= np.hypot(_SIGMAS * parallax_error, _FLOOR * expected))
        found.append(Surrounding(str(item["name"]), str(item["kind"]), str(item["reference"]),
                                 float(item["distance_pc"]), float(apart[row]), agrees))  # fmt: skip
    return sorted(found, key=lambda item: (item.agrees is not True, item.separation_deg))


def known_ob_stars() -> pd.DataFrame:
    """Real OB stars of Cygnus OB2: source_id, spectral_type, m_g, bp_rp (without dust), a_v, reference.

    Types and extinctions are published, colours and A_G follow from the stars' own spectra, and all stand at the
    association's distance. Empty where the sample of real stars is not installed.
    """
    path = real_stars_path()
    return _known_ob(path, path.stat().st_mtime_ns) if path is not None else pd.DataFrame(columns=["m_g", "bp_rp"])


@lru_cache(maxsize=1)
def _known_ob(path: Path, changed_ns: int) -> pd.DataFrame:
    columns = ["source_id", "label", "spectral_type", "reference", "a_v_mag", "phot_g_mean_mag"]
    table = pd.read_parquet(path, columns=columns)
    named = table["reference"].fillna("").str.startswith(_REFERENCES)
    chosen = table[(table["label"] == MASSIVE) & table["a_v_mag"].notna() & named]
    distance = next(item.distance_pc for item in KNOWN_ASSOCIATIONS if item.name == OB_GROUP)
    flux = known_spectra().flux
    rows = []
    for row, star in chosen.iterrows():
        found = without_dust(
            flux[row].astype(float), Extinction(star["reference"], star["a_v_mag"]), star["phot_g_mean_mag"]
        )
        if found is not None:
            m_g = found.g - 5 * np.log10(distance / 10)
            rows.append(
                (star["source_id"], star["spectral_type"], m_g, found.bp_rp, star["a_v_mag"], star["reference"])
            )
    return pd.DataFrame(rows, columns=["source_id", "spectral_type", "m_g", "bp_rp", "a_v", "reference"])


def track_colours(tracks: dict[float, pd.DataFrame]) -> dict[float, pd.DataFrame]:
    """Evolutionary tracks (`core.parameters.population.drawn_tracks`) with M_G and BP-RP of our model atmospheres."""
    from core.simulation.population.photometry import absolute_magnitudes

    result = {}
    for mass, track in tracks.items():
        radius = 10 ** (0.5 * track["log_luminosity"]) * (5772.0 / track["teff"]) ** 2
        g, bp, rp = absolute_magnitudes(np.zeros(len(track), int), track["teff"].to_numpy(), radius.to_numpy())
        result[mass] = track.assign(m_g=g, bp_rp=bp - rp)
    return result
