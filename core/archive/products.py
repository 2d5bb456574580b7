"""DataLink zips of one star become a SpectrumSet row and, where there is one, an RVS spectrum."""

import io
import zipfile

import numpy as np
import pandas as pd

from core.archive.parse import check_harmless, decompressed
from core.archive.retry import IncompleteReplyError
from core.errors import ArchiveReplyError, ReadError
from core.gaia.releases import CONTINUOUS, DEFAULT, SAMPLED
from core.spectra.spectrum_set import SpectrumSet

_RVS = ("RVS", "MEAN_SPECTRUM_RVS")
LARGEST_STAR_BYTES = 64 * 1024**2
"""A star's products unpack to a few hundred kB; more than this is a damaged or hostile zip."""


def read_star_products(
    data: bytes, source_id: int, release: str = DEFAULT.key
) -> tuple[SpectrumSet | None, str, pd.DataFrame | None]:
    """(spectra of one row or None, 'XP_SAMPLED' | 'XP_CONTINUOUS' | '', RVS spectrum or None) of one star's zip.

    Raises
    ------
    IncompleteReplyError
        The spectra in the zip cannot be read or belong to another star.
    ArchiveReplyError
        The zip unpacks to more than a star can have.
    """
    names = _member_names(data)
    products = {name.split("-")[0].strip().upper(): name for name in names}
    product = next((kind for kind in (SAMPLED, CONTINUOUS) if kind in products), "")
    spectra = None
    if product:
        from core.spectra.readers import read_bytes

        try:
            spectra = read_bytes("datalink.zip", data, release=release)
        except ReadError as error:
            raise IncompleteReplyError(f"the spectra cannot be read: {error}") from error
        rows = np.flatnonzero(spectra.source_id == source_id)
        if len(rows) == 0:
            raise IncompleteReplyError(f"the spectra belong to {spectra.source_id.tolist()}, not to {source_id}")
        spectra = spectra.take(rows[:1])
    rvs = _read_rvs(data, products[named]) if (named := next((n for n in _RVS if n in products), "")) else None
    return spectra, product, rvs


def _member_names(data: bytes) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise IncompleteReplyError(f"the zip file is damaged: {error}") from error
    size = sum(member.file_size for member in members)
    if size > LARGEST_STAR_BYTES:
        raise ArchiveReplyError(f"The zip file of one star unpacks to {size / 1024**2:.0f} MB: refused")
    return [member.filename.rsplit("/", 1)[-1] for member in members]


def _read_rvs(data: bytes, name: str) -> pd.DataFrame | None:
    """Wavelength (nm, vacuum), normalised flux and its error of the RVS spectrum (Katz et al. 2023, A&A 674, A5)."""
    from astropy.io import votable

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            member = next(item for item in archive.infolist() if item.filename.rsplit("/", 1)[-1] == name)
            content = decompressed(archive.read(member), LARGEST_STAR_BYTES)
        check_harmless(content, name)
        table = votable.parse_single_table(io.BytesIO(content), verify="ignore").to_table(use_names_over_ids=True)
        columns = {column.lower(): column for column in table.colnames}
        flux = np.asarray(table[columns["flux"]], dtype=np.float64).ravel()
        error = np.asarray(table[columns["flux_error"]], dtype=np.float64).ravel()
        wavelength = (
            np.asarray(table[columns["wavelength"]], dtype=np.float64).ravel()
            if "wavelength" in columns
            else 846.0 + 0.01 * np.arange(len(flux))
        )
    except Exception:  # RVS is an extra: a spectrum that cannot be read must not cost the star
        return None
    return pd.DataFrame({"wavelength_nm": wavelength, "flux": flux, "flux_error": error})
