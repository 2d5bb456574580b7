"""What is known of one star, wherever it was found."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from core.gaia.releases import DEFAULT, find_release
from core.spectra.spectrum_set import SpectrumSet

Origin = Literal["file", "real", "embedded", "cache", "archive"]


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
    origin : 'file', 'real', 'embedded', 'cache' or 'archive'
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
    def designation(self) -> str:
        """'Gaia DR3 123': the id as an id of its release."""
        return find_release(self.of).designation(self.source_id)

    @property
    def file_stem(self) -> str:
        """'gaia_dr3_123': how files about the star are called."""
        return self.designation.lower().replace(" ", "_")
