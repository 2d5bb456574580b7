"""DataLink zips of one star become a SpectrumSet row and what spectra it has beside XP (`EXTRAS`)."""

import io
import logging
import zipfile
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.archive.parse import check_harmless, decompressed
from core.archive.retry import IncompleteReplyError
from core.errors import ArchiveReplyError, ReadError
from core.gaia.releases import CONTINUOUS, DEFAULT, SAMPLED
from core.spectra.spectrum_set import SpectrumSet


@dataclass(frozen=True)
class SpectrumProduct:
    """A spectrum beside XP in a star's zip: what its files are called, and its grid where no file states one.

    Attributes
    ----------
    types : tuple of str
        Retrieval types, in which the names of its files begin; the first is what it is called.
    first_nm, step_nm : float
    """

    types: tuple[str, ...]
    first_nm: float
    step_nm: float


EXTRAS = {
    # vacuum, normalised flux: Katz et al. 2023, A&A 674, A5
    "rvs": SpectrumProduct(("RVS", "MEAN_SPECTRUM_RVS"), first_nm=846.0, step_nm=0.01),
}
"""Spectra that a star may have beside XP: a new one is an entry here and what shows it."""
LARGEST_STAR_BYTES = 64 * 1024**2
"""A star's products unpack to a few hundred kB; more than this is a damaged or hostile zip."""


def read_star_products(
    data: bytes, source_id: int, release: str = DEFAULT.key
) -> tuple[SpectrumSet | None, str, dict[str, pd.DataFrame | None]]:
    """(spectra of one row or None, 'XP_SAMPLED' | 'XP_CONTINUOUS' | '', `EXTRAS` or None each) of one star's zip.

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
    return spectra, product, {name: _read_extra(extra, products, data, source_id) for name, extra in EXTRAS.items()}


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


def _read_extra(product: SpectrumProduct, members: dict[str, str], data: bytes, source_id: int) -> pd.DataFrame | None:
    """Wavelength (nm), flux and its error; None where the zip has none, or one that cannot be read, which is logged."""
    from astropy.io import votable

    name = next((members[kind] for kind in product.types if kind in members), "")
    if not name:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            member = next(item for item in archive.infolist() if item.filename.rsplit("/", 1)[-1] == name)
            content = decompressed(archive.read(member), LARGEST_STAR_BYTES)
        check_harmless(content, name)
        table = votable.parse_single_table(io.BytesIO(content), verify="ignore").to_table(use_names_over_ids=True)
        columns = {column.lower(): np.asarray(table[column], dtype=np.float64).ravel() for column in table.colnames}
        wavelength = columns.get("wavelength", product.first_nm + product.step_nm * np.arange(len(columns["flux"])))
        return pd.DataFrame({"wavelength_nm": wavelength, "flux": columns["flux"], "flux_error": columns["flux_error"]})
    except Exception as error:  # an extra: whatever is wrong with it must not cost the star, but is told
        logging.getLogger(__name__).warning(
            "the %s spectrum of %d (%s) cannot be read (%s: %s); the star goes without it",
            product.types[0], source_id, name, type(error).__name__, error,
        )  # fmt: skip
        return None
