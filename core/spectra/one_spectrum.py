"""One spectrum as a table of wavelengths, as Specviz, specutils, TOPCAT and SPLAT read it."""

import io
import warnings
from collections.abc import Mapping

import numpy as np

from core.errors import UsageError
from core.gaia.simulated import designation, simulated_rows
from core.spectra.grid import FLUX_UNIT, WAVELENGTH_NM
from core.spectra.spectrum_set import SpectrumSet

FORMATS = {"FITS": ".fits", "ECSV": ".ecsv", "VOTable": ".vot"}
_UCDS = {
    "wavelength": "em.wl", "flux": "phot.flux.density;em.wl", "uncertainty": "stat.error;phot.flux.density;em.wl",
}  # fmt: skip
_UTYPES = {
    "wavelength": "spec:Spectrum.Data.SpectralAxis.Value", "flux": "spec:Spectrum.Data.FluxAxis.Value",
    "uncertainty": "spec:Spectrum.Data.FluxAxis.Accuracy.StatError",
}  # fmt: skip
_TEXTS = {
    "wavelength": "Wavelength in vacuum", "flux": "Flux density, externally calibrated",
    "uncertainty": "Standard error of the flux density",
}  # fmt: skip


def spectrum_bytes(spectra: SpectrumSet, suffix: str, about: Mapping[str, str] | None = None) -> bytes:
    """The first star's spectrum as a file: a row for each of the 343 wavelengths, with units.

    Parameters
    ----------
    spectra : SpectrumSet of one row or more
    suffix : one of `FORMATS`
        '.fits' is a binary table that specutils reads as 'tabular-fits'; '.vot' a VOTable of the IVOA's spectral data
        model 1.2 (utypes 'spec:Spectrum...'); '.ecsv' a text table with units.
    about : mapping of str to str or None
        What the file says of itself beside the star's name.

    Raises
    ------
    UsageError
        Another suffix.
    """
    if suffix not in FORMATS.values():
        raise UsageError(f"a spectrum is not written as {suffix!r}; choose one of {', '.join(FORMATS.values())}")
    table = _table(spectra, about or {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the spelling of units
        if suffix == ".ecsv":
            text = io.StringIO()
            table.write(text, format="ascii.ecsv", delimiter=",")
            return text.getvalue().encode()
        if suffix == ".vot":
            return _votable(table)
        stream = io.BytesIO()
        table.meta = {_keyword(name): value for name, value in table.meta.items()}
        table.write(stream, format="fits")
    return stream.getvalue()


def _table(spectra: SpectrumSet, about: Mapping[str, str]):
    from astropy.table import Column, Table

    simulated = bool(simulated_rows(spectra.metadata)[0])
    name = designation(int(spectra.source_id[0]), simulated, spectra.release)
    values = {"wavelength": WAVELENGTH_NM, "flux": spectra.flux[0]}
    if spectra.flux_error is not None and np.isfinite(spectra.flux_error[0]).any():
        values["uncertainty"] = spectra.flux_error[0]
    table = Table(meta={"OBJECT": name, "SIMULATED": str(simulated), "RELEASE": spectra.release, **about})
    for key, column in values.items():
        unit = "nm" if key == "wavelength" else FLUX_UNIT
        table[key] = Column(np.asarray(column, dtype=np.float64), unit=unit, description=_TEXTS[key])
    return table


def _votable(table) -> bytes:
    from astropy.io.votable import from_table
    from astropy.io.votable.tree import Param

    about, table.meta = dict(table.meta), {}
    file = from_table(table)
    first = file.get_first_table()
    first.utype = "spec:Spectrum"
    for field in first.fields:
        field.ucd, field.utype = _UCDS[field.name], _UTYPES[field.name]
    target = {"OBJECT": "spec:Spectrum.Target.Name"}
    for name, value in about.items():
        text = str(value)
        told = Param(file, name=name, ID=name, datatype="char", arraysize=str(max(len(text), 1)), value=text)
        told.utype = target.get(name)
        first.params.append(told)
    model = Param(file, name="DataModel", ID="DataModel", datatype="char", arraysize="12", value="Spectrum-1.2")
    model.utype = "spec:Spectrum.DataModel"
    first.params.append(model)
    stream = io.BytesIO()
    file.to_xml(stream, tabledata_format="tabledata")
    return stream.getvalue()


def _keyword(name: str) -> str:
    return name.upper() if len(name) <= 8 else f"HIERARCH {name}"
