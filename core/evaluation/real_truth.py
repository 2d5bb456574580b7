"""What is known of real stars, sorted for a validation: which count, by type, luminosity class and dust."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from core.datasets.dataset import open_parquet
from core.datasets.halves import check_halves
from core.datasets.real_stars import real_stars_path
from core.datasets.spectral_types import SED_OB, parse_type
from core.errors import LabelError, NotFoundError
from core.gaia.labels import LOW_MASS, MASSIVE
from core.spectra.non_stars import has_damage
from core.spectra.spectrum_set import SpectrumSet

OB, WOLF_RAYET, OB_SED, HOT, BOUNDARY = (
    "O-B1.5, B2-B2.5 I-III, B supergiants", "Wolf-Rayet", "OB by energy distribution", "hotter than 18,000 K (APOGEE)",
    "boundary (B2-B4 dwarfs, 14,000-18,000 K)",
)  # fmt: skip
A_LATE_B, COOL = "A and late B", "F to M"
HOT_TEFF_K, A_TEFF_K = 18_000.0, 7_300.0
DUST_EDGES_MAG = (1.0, 2.0, 3.0, 4.0, 6.0)
DUST_NAMES = ("A_V < 1", "1-2", "2-3", "3-4", "4-6", "A_V > 6", "A_V unknown")
TYPE_NAMES = ("O", "B0-B1.5", "B2-B2.5", "later B", "Wolf-Rayet", "OB by energy distribution")
CLASS_NAMES = ("I", "II", "III", "IV", "V", "class unknown")


@dataclass(frozen=True)
class RealSample:
    """Real stars with spectra and what is known of them.

    Attributes
    ----------
    title : str
    spectra : SpectrumSet of n_stars
    truth : DataFrame of n_stars rows
        source_id, label ('massive', 'low-mass' or None), kind (of the names above, or ''), type_group, luminosity,
        dust, spectral_type, a_v_mag, phot_g_mean_mag, bp_rp, damaged, reference.
    """

    title: str
    spectra: SpectrumSet
    truth: pd.DataFrame

    def __len__(self) -> int:
        return len(self.truth)


def embedded_sample() -> RealSample:
    """The shipped real stars.

    Raises
    ------
    NotFoundError
        They are not installed.
    LeakError
        A star of the half that is never learnt from is among them.
    """
    path = real_stars_path()
    if path is None:
        raise NotFoundError("the sample of real stars is not installed (data/real): restore it")
    return _embedded(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _embedded(path: Path, changed_ns: int) -> RealSample:
    dataset = open_parquet(path, "the shipped real stars", "")
    check_halves(dataset.table["source_id"].to_numpy(), dataset.table["part"], str(path))
    return real_sample(dataset.read(np.arange(len(dataset))), dataset.title)


def file_sample(path: Path) -> RealSample:
    """The stars of a file, with columns `label` or `spectral_type` (see `real_sample`)."""
    from core.spectra.readers import read_spectra

    return real_sample(read_spectra(path), Path(path).name)


def real_sample(spectra: SpectrumSet, title: str) -> RealSample:
    """Sort the stars of a set by what its columns say of them.

    Columns, each optional but one of the first two: `label` ('massive' or 'low-mass', empty where unknown),
    `spectral_type` (with `spectral_type_method` 'MK' or 'SED'), `teff_apogee` (K), `a_v_mag` or `a_v_rough_mag`,
    `category`, `reference`.

    Raises
    ------
    LabelError
        Neither labels nor types, or a label or type that is not known.
    """
    found = spectra.metadata
    if "label" not in found and "spectral_type" not in found:
        raise LabelError(
            f"{title} says of no star what it is: add a column 'label' ('massive' or 'low-mass', empty where unknown) "
            "or 'spectral_type' ('O8.5IV')"
        )
    types = _texts(found, "spectral_type")
    method = _texts(found, "spectral_type_method")
    teff, a_v = _numbers(found, "teff_apogee"), _numbers(found, "a_v_mag")
    a_v = np.where(np.isfinite(a_v), a_v, _numbers(found, "a_v_rough_mag"))
    label = _labels(found, types, method, title)
    rows = [_sorted(*star) for star in zip(types, method, label, teff, _texts(found, "category"), strict=True)]
    truth = pd.DataFrame(rows, columns=["kind", "type_group", "luminosity"])
    truth.insert(0, "source_id", spectra.source_id)
    truth["label"], truth["spectral_type"] = pd.Series(label, dtype=object), pd.Series(types, dtype=object)
    truth["dust"] = np.array(DUST_NAMES, dtype=object)[_dust_bin(a_v)]
    truth["a_v_mag"], truth["teff_apogee"] = a_v, teff
    for name in ("phot_g_mean_mag", "bp_rp"):
        truth[name] = _numbers(found, name)
    truth["reference"] = pd.Series(_texts(found, "reference"), dtype=object)
    truth["damaged"] = has_damage(spectra.flux, spectra.flux_error)
    return RealSample(title, spectra, truth)


def _labels(found: pd.DataFrame, types: list, method: list, title: str) -> list[str | None]:
    """Labels of the column, or from the types where there is none."""
    if "label" not in found:
        return [
            None if text is None else MASSIVE if how == "SED" else parse_type(text).label
            for text, how in zip(types, method, strict=True)
        ]
    spelled = {MASSIVE: MASSIVE, LOW_MASS: LOW_MASS, "1": MASSIVE, "0": LOW_MASS}
    given = [None if text is None else text.lower() for text in _texts(found, "label")]
    unknown = sorted({text for text in given if text is not None and text not in spelled})
    if unknown:
        raise LabelError(f"the label {unknown[0]!r} of {title} is unknown; expected 'massive', 'low-mass' or nothing")
    return [None if text is None else spelled[text] for text in given]


def _sorted(text, method, label, teff: float, category) -> tuple[str, str, str]:
    """(kind, group of types, luminosity class) of a star."""
    if method == "SED" or text == SED_OB:
        return OB_SED, "OB by energy distribution", "class unknown"
    if text:
        known = parse_type(text)
        luminosity = known.luminosity or "class unknown"
        if known.letter == "W":
            return WOLF_RAYET, "Wolf-Rayet", "class unknown"
        if label == MASSIVE:
            group = "O" if known.letter == "O" else _b_group(known.place)
            return OB, group, luminosity
        if label is None:
            return (BOUNDARY if known.letter == "B" else ""), "", luminosity
        return (A_LATE_B if known.letter in "BA" else COOL), "", luminosity
    if label == MASSIVE:
        return OB, "", "class unknown"
    if label == LOW_MASS:
        hot = teff >= A_TEFF_K or (not teff > 0 and category in ("A", "B6-B9", "B3-B5"))
        return (A_LATE_B if hot else COOL), "", ""
    return (HOT if teff > HOT_TEFF_K else BOUNDARY if teff > 14_000.0 else ""), "", ""


def _b_group(place: float) -> str:
    return "B0-B1.5" if place < 12 else "B2-B2.5" if place < 13 else "later B"


def _dust_bin(a_v: np.ndarray) -> np.ndarray:
    number = np.searchsorted(DUST_EDGES_MAG, np.nan_to_num(a_v), side="right")
    return np.where(np.isfinite(a_v), number, len(DUST_NAMES) - 1)


def _texts(found: pd.DataFrame, name: str) -> list[str | None]:
    """A column as text; None for what is missing or empty."""
    if name not in found:
        return [None] * len(found)
    return [None if pd.isna(value) or not str(value).strip() else str(value).strip() for value in found[name]]


def _numbers(found: pd.DataFrame, name: str) -> np.ndarray:
    if name not in found:
        return np.full(len(found), np.nan)
    return pd.to_numeric(found[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
