"""What is known of some stars, from any survey: columns, XP spectra, and the verdict on those, asked for once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from core.photometric_systems import measured
from core.spectra.spectrum_set import SpectrumSet
from core.verdict.verdict import Verdict

Judge = Callable[[SpectrumSet], Verdict]


@dataclass(frozen=True, eq=False)
class Evidence:
    """n stars and what is known of them.

    Attributes
    ----------
    columns : DataFrame of n rows
        source_id, Gaia's columns under Gaia's names, bands under the keys of `core.photometric_systems` (mag),
        spectral_type, ew_<line> (equivalent widths, angstrom, absorption positive). What is not known is NaN or None.
    spectra : SpectrumSet of n rows or None
        XP spectra in the same order; a star without one has NaN.
    judge : callable or None
        What is asked for the ensemble's verdict; None: nobody can be asked.
    no_judge : str
        Why not.
    memory : dict
        What several techniques share and is computed once.
    """

    columns: pd.DataFrame
    spectra: SpectrumSet | None = field(default=None, repr=False)
    judge: Judge | None = field(default=None, repr=False)
    no_judge: str = "no trained network is installed"
    memory: dict[str, object] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def source_id(self) -> np.ndarray:
        """int64 ndarray of shape (n,)."""
        return self.columns["source_id"].to_numpy(np.int64)

    def numbers(self, name: str) -> np.ndarray:
        """A column as float64 ndarray of shape (n,); NaN for what is no number or not there."""
        if name not in self.columns:
            return np.full(len(self), np.nan)
        return pd.to_numeric(self.columns[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)

    def magnitude(self, name: str) -> np.ndarray:
        """A column of magnitudes; NaN also for sentinels and what no magnitude can be."""
        value = self.numbers(name)
        return np.where(measured(value), value, np.nan)

    def texts(self, name: str) -> np.ndarray:
        """A column as object ndarray of str of shape (n,); '' for what is not there."""
        if name not in self.columns:
            return np.full(len(self), "", dtype=object)
        values = self.columns[name].astype(object)
        return np.array(["" if pd.isna(value) else str(value).strip() for value in values], dtype=object)

    def without(self, names: list[str]) -> "Evidence":
        """The same stars with some columns taken away (for a test of what depends on what)."""
        return Evidence(self.columns.drop(columns=names, errors="ignore"), self.spectra, self.judge, self.no_judge)

    @cached_property
    def verdict(self) -> Verdict | None:
        """The ensemble's verdict on every star; None where there are no spectra or nobody to ask."""
        if self.spectra is None or self.judge is None:
            return None
        return self.judge(self.spectra)

    @property
    def why_no_spectrum(self) -> str:
        """Why the spectra say nothing: there are none, or nobody to ask."""
        return "no XP spectrum" if self.spectra is None else self.no_judge


def facts(evidence: Evidence) -> Mapping[str, np.ndarray]:
    """Gaia's brightness, colour and parallax as the verdict wants them."""
    from core.verdict.facts import facts_of

    return facts_of(evidence.columns)
