"""What is known of one star, wherever it was found."""

from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from core.gaia.releases import DEFAULT
from core.gaia.simulated import SIMULATED, TRUE_PREFIX, designation, file_stem
from core.spectra.spectrum_set import SpectrumSet

Origin = Literal["file", "real", "embedded", "simulated", "cache", "archive"]


@dataclass(frozen=True)
class StarRecord:
    """Everything that is known of one star.

    Attributes
    ----------
    query : str
        What was asked for.
    source_id : int
    spectra : SpectrumSet of one row, or None
        None where the archive has no XP spectrum of the star; `messages` says so.
    gaia : dict
        Gaia columns by Gaia's names (`core.gaia.columns.STAR_COLUMNS`); unknown values are None. For opened and
        embedded stars: the columns of their file.
    origin : one of `Origin`
        'simulated' is a star of a simulated sky, drawn again; the message says of which.
    product : 'XP_SAMPLED', 'XP_CONTINUOUS' or ''
        Which product the flux is from (XP_CONTINUOUS is calibrated here).
    rvs : DataFrame (wavelength_nm, flux, flux_error) or None
    separation_arcsec, n_others : float and int, or None for a look-up by id
        Distance from the position that was asked for, and how many more sources lie within the radius.
    simbad : dict
        main_id, sp_type, otype for a look-up by name.
    retrieved, release : str
        When and from which data release ('' for opened and embedded stars).
    messages : tuple of str
        What a person should know about this look-up.
    of : str
        Key of the release whose id and columns these are.
    """

    query: str
    source_id: int
    spectra: SpectrumSet | None
    gaia: dict[str, object]
    origin: Origin
    product: str = ""
    rvs: pd.DataFrame | None = None
    separation_arcsec: float | None = None
    n_others: int | None = None
    simbad: dict[str, object] | None = None
    retrieved: str = ""
    release: str = ""
    messages: tuple[str, ...] = ()
    of: str = DEFAULT.key

    @property
    def simulated(self) -> bool:
        """Whether no such star exists: its true parameters are known, or its origin or file says so."""
        told = self.gaia.get(SIMULATED)
        if told is not None:
            return str(told).lower() in ("true", "1", "t")
        true = any(str(name).startswith(TRUE_PREFIX) and value is not None for name, value in self.gaia.items())
        return self.origin in ("embedded", "simulated") or true

    @property
    def designation(self) -> str:
        """'Gaia DR3 123': the id as an id of its release; 'SIM 123' of a simulated star."""
        return designation(self.source_id, self.simulated, self.of)

    def labelled_spectra(self) -> SpectrumSet | None:
        """The spectrum with the column `simulated` where the star is simulated: what is written to files."""
        if self.spectra is None or not self.simulated:
            return self.spectra
        return replace(self.spectra, metadata=self.spectra.metadata.assign(**{SIMULATED: True}))

    @property
    def file_stem(self) -> str:
        """Beginning of the names of files about the star."""
        return file_stem(self.source_id, self.simulated, self.of)
