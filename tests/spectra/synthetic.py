"""Synthetic spectra, and files of them in the archive's own layouts, made by other code than our writers."""

import csv
import io
import zipfile

import numpy as np

from core.spectra.grid import N_COEFFICIENTS, N_CORRELATIONS, N_SAMPLES, WAVELENGTH_NM
from core.spectra.spectrum_set import Coefficients, SpectrumSet

FLUX_UNIT = "W.m**-2.nm**-1"


def source_ids(n: int, seed: int = 0) -> np.ndarray:
    """Distinct valid Gaia ids of up to 19 digits whose last digits matter."""
    rng = np.random.default_rng(seed)
    return rng.choice(12 * 4**12, n, replace=False).astype(np.int64) * 2**35 + rng.integers(1, 2**31, n) * 2 + 1


def sampled(n: int, seed: int = 0) -> SpectrumSet:
    """Spectra with errors in float32's digits, as the archive has them; some samples are negative."""
    rng = np.random.default_rng(seed)
    flux = (1e-16 * rng.uniform(0.5, 2, (n, 1)) * (1 + 0.6 * rng.standard_normal((n, N_SAMPLES)))).astype(np.float32)
    error = np.abs(1e-17 * rng.standard_normal((n, N_SAMPLES))).astype(np.float32)
    return SpectrumSet(source_ids(n, seed), flux.astype(np.float64), error.astype(np.float64))


def coefficients(n: int, seed: int = 0) -> Coefficients:
    """Coefficients with errors and (weak) correlations, in the shapes of the archive."""
    rng = np.random.default_rng(seed)
    falling = 1000 / (1 + np.arange(N_COEFFICIENTS)) ** 2
    arrays = {}
    for band in ("bp", "rp"):
        arrays[band] = falling * (1 + 0.1 * rng.standard_normal((n, N_COEFFICIENTS)))
        arrays[f"{band}_error"] = rng.uniform(0.5, 2, (n, N_COEFFICIENTS)).astype(np.float32).astype(np.float64)
        arrays[f"{band}_correlation"] = rng.uniform(-0.01, 0.01, (n, N_CORRELATIONS)).astype(np.float32)
        arrays[f"{band}_standard_deviation"] = np.full(n, 1.0)
        arrays[f"{band}_n_relevant_bases"] = np.full(n, 30.0)
    return Coefficients(**arrays)


def continuous_columns(ids: np.ndarray, values: Coefficients) -> dict[str, list]:
    """Columns of xp_continuous_mean_spectrum under the archive's names."""
    columns: dict[str, list] = {"source_id": [int(item) for item in ids]}
    for band in ("bp", "rp"):
        columns[f"{band}_n_parameters"] = [55] * len(ids)
        columns[f"{band}_standard_deviation"] = list(getattr(values, f"{band}_standard_deviation"))
        columns[f"{band}_coefficients"] = list(getattr(values, band))
        columns[f"{band}_coefficient_errors"] = list(getattr(values, f"{band}_error"))
        columns[f"{band}_coefficient_correlations"] = list(getattr(values, f"{band}_correlation"))
        columns[f"{band}_n_relevant_bases"] = [30] * len(ids)
    return columns


def sampled_columns(spectra: SpectrumSet) -> dict[str, list]:
    """Columns of xp_sampled_mean_spectrum in the RAW layout: one row per star."""
    assert spectra.flux_error is not None
    return {
        "source_id": [int(item) for item in spectra.source_id],
        "flux": list(spectra.flux),
        "flux_error": list(spectra.flux_error),
    }


def csv_bytes(columns: dict[str, list], brackets: str = "()", separator: str = ", ", delimiter: str = ",") -> bytes:
    """A CSV whose arrays are quoted text; None is an empty field."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow([_spelled(value, brackets, separator) for value in row])
    return stream.getvalue().encode()


def sample_rows_csv(spectra: SpectrumSet, with_id: bool = True) -> bytes:
    """The INDIVIDUAL and COMBINED layouts: one row per sample."""
    assert spectra.flux_error is not None
    lines = ["source_id,wavelength,flux,flux_error" if with_id else "wavelength,flux,flux_error"]
    for source_id, flux, error in zip(spectra.source_id, spectra.flux, spectra.flux_error, strict=True):
        for sample in zip(WAVELENGTH_NM, flux, error, strict=True):
            fields = [*([str(source_id)] if with_id else []), *(repr(float(value)) for value in sample)]
            lines.append(",".join(fields))
    return ("\n".join(lines) + "\n").encode()


def ecsv_bytes(columns: dict[str, list], meta: str = "") -> bytes:
    """ECSV as the archive writes it: arrays are JSON in text columns, unknown values `null` or empty."""
    lines = ["# %ECSV 1.0", "# ---", "# delimiter: ','", "# datatype:"]
    for name, values in columns.items():
        lines += ["# -", f"#   name: {name}"]
        if isinstance(values[0], np.ndarray):
            lines += ["#   datatype: string", "#   subtype: 'float64[null]'"]
        else:
            lines += [f"#   datatype: {'int64' if isinstance(values[0], int) else 'float64'}"]
        if name.startswith("flux"):
            lines += [f"#   unit: {FLUX_UNIT}"]
    lines += [f"# {line}" for line in meta.splitlines()]
    return "\n".join(lines).encode() + b"\n" + csv_bytes(columns, "[]", ",")


def astropy_bytes(columns: dict[str, list], form: str) -> bytes:
    """FITS or VOTable by astropy, with variable-length arrays as the archive has them."""
    from astropy.table import Table

    table = Table()
    for name, values in columns.items():
        ragged = isinstance(values[0], np.ndarray)
        column = np.empty(len(values), dtype=object) if ragged else np.array(values)
        if ragged:
            column[:] = [np.ma.masked_array(item, np.zeros(len(item), dtype=bool)) for item in values]
        table[name] = column
        if name.startswith("flux"):
            table[name].unit = "W m-2 nm-1"
    stream = io.BytesIO()
    if form == "fits":
        from astropy.io import fits

        items = []
        for name, values in columns.items():
            if isinstance(values[0], np.ndarray):
                items.append(fits.Column(name, f"PD({len(values[0])})", unit=FLUX_UNIT, array=table[name].data))
            else:
                items.append(fits.Column(name, "K" if isinstance(values[0], int) else "D", array=table[name].data))
        fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(items)]).writeto(stream)
    else:
        table.write(stream, format="votable", tabledata_format="binary2")
    return stream.getvalue()


def one_star_fits(spectra: SpectrumSet) -> bytes:
    """An INDIVIDUAL sampled FITS file: rows of samples, the id in the header."""
    from astropy.io import fits

    assert spectra.flux_error is not None
    columns = [
        fits.Column("wavelength", "D", unit="nm", array=WAVELENGTH_NM),
        fits.Column("flux", "E", unit=FLUX_UNIT, array=spectra.flux[0]),
        fits.Column("flux_error", "E", unit=FLUX_UNIT, array=spectra.flux_error[0]),
    ]
    table = fits.BinTableHDU.from_columns(columns)
    table.header["SOURCEID"] = str(spectra.source_id[0])
    table.header["POS"] = "(251.5, -51.5)"
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(stream)
    return stream.getvalue()


def one_star_votable(spectra: SpectrumSet) -> bytes:
    """An INDIVIDUAL sampled VOTable: rows of samples, the id in a PARAM."""
    assert spectra.flux_error is not None
    rows = "".join(
        f"<TR><TD>{wavelength}</TD><TD>{flux!r}</TD><TD>{error!r}</TD></TR>"
        for wavelength, flux, error in zip(
            WAVELENGTH_NM.tolist(), spectra.flux[0].tolist(), spectra.flux_error[0].tolist(), strict=True
        )
    )
    return f"""<?xml version="1.0"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results"><TABLE>
<PARAM datatype="long" name="source_id" value="{spectra.source_id[0]}"/>
<FIELD datatype="double" name="wavelength" unit="nm"/><FIELD datatype="double" name="flux" unit="{FLUX_UNIT}"/>
<FIELD datatype="double" name="flux_error" unit="{FLUX_UNIT}"/>
<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>""".encode()


def zip_bytes(members: dict[str, bytes]) -> bytes:
    """A packed zip of named contents."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _spelled(value: object, brackets: str, separator: str) -> str:
    if value is None:
        return ""
    if isinstance(value, np.ndarray):
        return brackets[0] + separator.join(repr(float(item)) for item in value) + brackets[1]
    return str(value)
