"""SpectrumSet: many stars' XP spectra with ids, errors, coefficients, metadata and one note per star."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
import pandas as pd

from core.errors import MixedReleasesError
from core.gaia.releases import DEFAULT, designations, find_release
from core.spectra.grid import N_SAMPLES


@dataclass(frozen=True)
class Coefficients:
    """XP continuous mean spectra: basis coefficients per star; unknown values are NaN.

    Attributes
    ----------
    bp, rp : float64 ndarray of shape (n_stars, n_bp) and (n_stars, n_rp)
        Coefficients in photo-electrons per second (xp_continuous_mean_spectrum); 55 + 55 in DR3, and as
        `core.gaia.releases` says in others.
    bp_error, rp_error : float64 ndarray of the shapes of bp and rp, or None
        Standard errors of the coefficients.
    bp_correlation, rp_correlation : float32 ndarray of shape (n_stars, n (n - 1) / 2) or None; 1485 in DR3
        Upper triangle of the correlation matrix without the diagonal, column by column, as the archive delivers it.
    bp_standard_deviation, rp_standard_deviation : float64 ndarray of shape (n_stars,) or None
        Standard deviation of the least-squares solution, by which GaiaXPy scales sampled errors.
    bp_n_relevant_bases, rp_n_relevant_bases : float64 ndarray of shape (n_stars,) or None
    """

    bp: np.ndarray
    rp: np.ndarray
    bp_error: np.ndarray | None = None
    rp_error: np.ndarray | None = None
    bp_correlation: np.ndarray | None = None
    rp_correlation: np.ndarray | None = None
    bp_standard_deviation: np.ndarray | None = None
    rp_standard_deviation: np.ndarray | None = None
    bp_n_relevant_bases: np.ndarray | None = None
    rp_n_relevant_bases: np.ndarray | None = None

    def __post_init__(self) -> None:
        n = len(self.bp)
        if self.bp.ndim != 2 or self.rp.ndim != 2:
            raise ValueError(f"coefficients have shapes {self.bp.shape} and {self.rp.shape}, expected two dimensions")
        for item in fields(self):
            value = getattr(self, item.name)
            own = getattr(self, item.name.split("_")[0]).shape[1]
            widths = {"bp": own, "rp": own, "error": own, "correlation": own * (own - 1) // 2}
            width = widths.get(item.name.split("_")[-1])
            expected = (n,) if width is None else (n, width)
            if value is not None and value.shape != expected:
                raise ValueError(f"Coefficients.{item.name} has shape {value.shape}, expected {expected}")

    def __len__(self) -> int:
        return len(self.bp)

    def take(self, rows: np.ndarray | slice) -> "Coefficients":
        """The chosen rows (index array, boolean mask or slice)."""
        chosen = {f.name: getattr(self, f.name) for f in fields(self)}
        return Coefficients(**{name: None if value is None else value[rows] for name, value in chosen.items()})  # type: ignore[arg-type]


@dataclass(frozen=True)
class SpectrumSet:
    """XP spectra of n stars on the 343-sample grid, rows in input order.

    Attributes
    ----------
    source_id : int64 ndarray of shape (n_stars,)
    flux : float64 ndarray of shape (n_stars, 343)
        W m^-2 nm^-1 at `core.spectra.grid.WAVELENGTH_NM`; NaN where a sample is missing.
    flux_error : float64 ndarray of shape (n_stars, 343) or None
        Same unit; NaN where unknown.
    coefficients : Coefficients of n_stars rows or None
    metadata : DataFrame of n_stars rows
        Further columns under Gaia's names (ra, dec, parallax, phot_g_mean_mag, bp_rp, ruwe, label, category ...).
    note : object ndarray of shape (n_stars,)
        '' for a good row, otherwise what is wrong with it.
    release : str
        Key of the data release (`core.gaia.releases`) whose ids, columns and coefficients these are.
    release_stated : bool
        False where nothing says the release and DR3 was assumed.
    """

    source_id: np.ndarray
    flux: np.ndarray
    flux_error: np.ndarray | None = None
    coefficients: Coefficients | None = None
    metadata: pd.DataFrame = field(default=None)  # type: ignore[assignment]
    note: np.ndarray = field(default=None)  # type: ignore[assignment, arg-type]
    release: str = DEFAULT.key
    release_stated: bool = False

    def __post_init__(self) -> None:
        n = len(self.source_id)
        if self.source_id.dtype != np.int64:
            raise ValueError(f"source_id has dtype {self.source_id.dtype}, expected int64: floats lose the last digits")
        for name in ("flux", "flux_error"):
            value = getattr(self, name)
            if value is not None and value.shape != (n, N_SAMPLES):
                raise ValueError(f"{name} has shape {value.shape}, expected ({n}, {N_SAMPLES})")
        if self.metadata is None:
            object.__setattr__(self, "metadata", pd.DataFrame(index=pd.RangeIndex(n)))
        if self.note is None:
            object.__setattr__(self, "note", np.full(n, "", dtype=object))
        if self.coefficients is not None:
            widths = (self.coefficients.bp.shape[1], self.coefficients.rp.shape[1])
            if widths != (expected := find_release(self.release).n_coefficients):
                raise ValueError(f"{widths} coefficients in BP and RP, but {self.release} has {expected}")
        for name in ("coefficients", "metadata", "note"):
            value = getattr(self, name)
            if value is not None and len(value) != n:
                raise ValueError(f"{name} has {len(value)} rows, expected {n}")

    def __len__(self) -> int:
        return len(self.source_id)

    @property
    def n_bytes(self) -> int:
        """Bytes that the arrays and the metadata hold in memory."""
        held = (vars(self.coefficients) if self.coefficients else {}) | {"flux": self.flux, "error": self.flux_error}
        arrays = sum(value.nbytes for value in held.values() if value is not None)
        return arrays + int(self.metadata.memory_usage(deep=True).sum())

    def take(self, rows: np.ndarray | slice) -> "SpectrumSet":
        """The chosen rows (index array, boolean mask or slice)."""
        return SpectrumSet(
            source_id=self.source_id[rows],
            flux=self.flux[rows],
            flux_error=None if self.flux_error is None else self.flux_error[rows],
            coefficients=None if self.coefficients is None else self.coefficients.take(rows),
            metadata=self.metadata.iloc[rows].reset_index(drop=True),
            note=self.note[rows],
            release=self.release,
            release_stated=self.release_stated,
        )

    def with_notes(self, rows: np.ndarray, text: str) -> "SpectrumSet":
        """A copy in which `text` is appended to the notes of the chosen rows (boolean mask)."""
        note = self.note.copy()
        note[rows] = [f"{old}; {text}" if old else text for old in note[rows]]
        return replace(self, note=note)


def concatenate(parts: Sequence[SpectrumSet]) -> SpectrumSet:
    """One set from several, in order; a part without errors or coefficients contributes NaN rows to the others'.

    Raises
    ------
    MixedReleasesError
        The parts are of different data releases.
    """
    if not parts:
        raise ValueError("concatenate needs at least one SpectrumSet, got none")
    require_one_release([part.release for part in parts])
    return SpectrumSet(
        source_id=np.concatenate([part.source_id for part in parts]),
        flux=np.concatenate([part.flux for part in parts]),
        flux_error=_stack([part.flux_error for part in parts], [len(part) for part in parts]),
        coefficients=_concatenate_coefficients(parts),
        metadata=pd.concat([part.metadata for part in parts], ignore_index=True),
        note=np.concatenate([part.note for part in parts]),
        release=parts[0].release,
        release_stated=all(part.release_stated for part in parts),
    )


def require_one_release(keys: Sequence[str], what: str = "the spectra") -> None:
    """Raise MixedReleasesError unless all are of one data release."""
    found = sorted(set(keys))
    if len(found) > 1:
        raise MixedReleasesError(
            f"{what} are of {designations(found)}: ids and coefficients of different releases do not go into one "
            "table. Give files of one release, or say --release where a file does not state its own"
        )


def _stack(arrays: list, lengths: list[int]) -> np.ndarray | None:
    known = next((array for array in arrays if array is not None), None)
    if known is None:
        return None
    shape = known.shape[1:]
    filled = [np.full((n, *shape), np.nan) if a is None else a for a, n in zip(arrays, lengths, strict=True)]
    return np.concatenate(filled)


def _concatenate_coefficients(parts: Sequence[SpectrumSet]) -> Coefficients | None:
    lengths = [len(part) for part in parts]
    stacked = {
        item.name: _stack([getattr(part.coefficients, item.name, None) for part in parts], lengths)
        for item in fields(Coefficients)
    }
    return None if stacked["bp"] is None else Coefficients(**stacked)  # type: ignore[arg-type]
