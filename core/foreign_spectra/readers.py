"""One-star spectrum files: FITS images and tables of libraries and surveys, and text in columns."""

import io
import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.errors import ReadError, UnsupportedFormatError
from core.foreign_spectra.one_spectrum import OneSpectrum, kind_of, removed_extinction, vacuum_of
from core.gaia.vocabulary import canonical_names
from core.spectra.grid import N_SAMPLES, WAVELENGTH_NM

MOST_BYTES = 200 * 1024**2
_LONGEST_NM = 1e6
SUFFIXES = (".fits", ".fit", ".fits.gz", ".fit.gz", ".txt", ".dat", ".ascii", ".csv", ".spec", ".asc")
_WAVES = ("wavelength", "wave", "lambda", "lam", "loglam", "wl")
_FLUXES = ("flux", "flux_dr", "flam", "f_lambda", "flux_dereddened", "spec", "coadd")
_VARIANCES = ("ivar",)
_VACUUM_SURVEYS = ("SDSS", "BOSS", "LAMOST", "GAIA", "RVS")
_RELATIVE_SURVEYS = ("LAMOST",)
_REMOVED_EXTINCTION = "ISEXTINC"
"""STELIB's A_V; its HISTORY says 'interstellar extinction applied', and its fluxes are bluer than its B - V."""
_PER_NM = {"angstrom": 0.1, "angstroms": 0.1, "a": 0.1, "aa": 0.1, "0.1nm": 0.1, "nm": 1.0, "nanometer": 1.0,
           "um": 1e3, "micron": 1e3, "microns": 1e3, "m": 1e9}  # fmt: skip


def read_spectrum(file: Path | bytes, name: str) -> OneSpectrum:
    """Read one star's spectrum: STELIB, MILES, XSL, SDSS and BOSS 'spec', LAMOST, Gaia RVS, IRAF, generic FITS or text.

    Parameters
    ----------
    file : path or bytes
    name : str
        The file's, for messages and where it names no star.

    Raises
    ------
    UnsupportedFormatError
        It holds no spectrum of one star that is understood.
    ReadError
        It is damaged, or too large for one spectrum.
    """
    data = file if isinstance(file, bytes) else _bytes_of(file)
    if data.startswith(b"SIMPLE  =") or data.startswith(b"\x1f\x8b"):
        return _from_fits(data, name)
    return _from_text(data, name)


def _bytes_of(path: Path) -> bytes:
    if path.stat().st_size > MOST_BYTES:
        raise ReadError(f"{path} has more than 200 MiB, which no spectrum of one star has")
    return path.read_bytes()


def _from_fits(data: bytes, name: str) -> OneSpectrum:
    from astropy.io import fits

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with fits.open(io.BytesIO(data), memmap=False) as hdus:
                header = _cards(hdus[0].header)
                for hdu in hdus:
                    if isinstance(hdu, fits.BinTableHDU):
                        found = _columns(hdu, header)
                        if found is not None:
                            return _made(*found, header=header | _cards(hdu.header), name=name)
                for hdu in hdus:
                    if getattr(hdu, "data", None) is not None and not isinstance(hdu, fits.BinTableHDU):
                        both = header | _cards(hdu.header)
                        wavelength, flux, vacuum = _image(np.asarray(hdu.data, dtype=float), both, name)
                        return _made(wavelength, flux, vacuum, header=both, name=name)
        except ReadError:
            raise
        except Exception as error:  # astropy's own have no common base
            raise ReadError(f"{name}: the FITS file cannot be read ({str(error)[:200]}); fetch it again") from error
    raise UnsupportedFormatError(f"{name}: no part of this FITS file is a spectrum (an image row or columns of flux)")


def _cards(header) -> dict:
    """The header's values by keyword, without cards that break the standard (old IRAF files have some)."""
    found = {}
    for card in header.cards:
        try:
            found[card.keyword] = card.value
        except Exception:  # noqa: S112 - astropy.io.fits.VerifyError and others: the rest of the header is good
            continue
    return found


def _columns(hdu, primary: Mapping) -> tuple[np.ndarray, np.ndarray, bool | None] | None:
    """Wavelength (nm), flux and whether in vacuum from a table: one row with arrays, or one value a row."""
    names = {column.lower(): column for column in hdu.columns.names}
    if "source_id" in names:
        raise UnsupportedFormatError("a table with a column of Gaia source ids is no single spectrum")
    wave = next((names[item] for item in _WAVES if item in names), None)
    flux = next((names[item] for item in _FLUXES if item in names), None)
    if wave is None or flux is None:
        return None
    x, y = (np.asarray(hdu.data[item], dtype=float) for item in (wave, flux))
    if x.ndim == 2 and x.shape[0] > 1:
        raise UnsupportedFormatError(f"a table of {x.shape[0]} spectra: give files of one star each")
    x, y = x.ravel(), y.ravel()
    if len(x) != len(y) or len(x) < 50:
        return None
    variance = next((names[item] for item in _VARIANCES if item in names), None)
    if variance is not None:
        weight = np.asarray(hdu.data[variance], dtype=float).ravel()
        y = np.where(weight > 0, y, np.nan) if len(weight) == len(y) else y
    unit = hdu.columns[wave].unit
    if "loglam" in wave.lower():
        return 10**x / 10.0, y, True
    return x * _scale(unit, x), y, None


def _scale(unit: str | None, values: np.ndarray) -> float:
    """Nanometres per unit; from the size of the values where none is stated."""
    known = _PER_NM.get(str(unit or "").strip().lower())
    if known is not None:
        return known
    middle = float(np.nanmedian(values))
    return 0.1 if middle > 2_000 else 1.0 if middle > 100 else 1e3


def _image(data: np.ndarray, header: Mapping, name: str) -> tuple[np.ndarray, np.ndarray, bool | None]:
    """A spectrum along the first axis: linear or logarithmic steps, LAMOST's five rows, IRAF's bands."""
    if data.ndim == 2 and data.shape[0] >= 3 and "COEFF0" in header:
        flux = np.where(data[1] > 0, data[0], np.nan)
        return data[2] / 10.0, flux, True
    while data.ndim > 1:
        if data.ndim == 2 and data.shape[0] > 5:
            raise UnsupportedFormatError(f"{name}: an image of {data.shape[0]} rows is no spectrum of one star")
        data = data[0]
    if data.ndim != 1 or len(data) < 50:
        raise UnsupportedFormatError(f"{name}: {data.size} values are no spectrum")
    step = header.get("CDELT1", header.get("CD1_1"))
    if "COEFF0" in header and "COEFF1" in header:
        return 10 ** (header["COEFF0"] + header["COEFF1"] * np.arange(len(data))) / 10.0, data, True
    if step is None or "CRVAL1" not in header or not float(step):
        raise UnsupportedFormatError(f"{name}: the header gives no wavelengths (CRVAL1 with CDELT1 or CD1_1)")
    x = float(header["CRVAL1"]) + float(step) * (np.arange(len(data)) + 1.0 - float(header.get("CRPIX1", 1.0)))
    kind = str(header.get("CTYPE1", "")).upper()
    logarithmic = int(header.get("DC-FLAG", 0) or 0) == 1 or "LOG" in kind or x.max() < 10.0
    if logarithmic:
        x = 10**x if x.max() < 6.0 else np.exp(x)
    vacuum = False if "AWAV" in kind else True if kind.startswith("WAVE") and "WAVEL" not in kind else None
    return x * _scale(header.get("CUNIT1"), x), data, vacuum


def _from_text(data: bytes, name: str) -> OneSpectrum:
    """Two or three columns: wavelength, flux and perhaps its error; lines of words are passed over."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnsupportedFormatError(f"{name}: neither FITS nor text: no spectrum that is understood") from error
    rows: list[list[float]] = []
    for line in text.splitlines():
        if not rows and _names_stars(line):
            raise UnsupportedFormatError(f"{name}: a table with a column of Gaia source ids is no single spectrum")
        parts = re.split(r"[\s,;|]+", line.strip())
        try:
            rows.append([float(part) for part in parts[:3]])
        except ValueError:
            continue
    rows = [row for row in rows if len(row) >= 2]
    if len(rows) < 50:
        raise UnsupportedFormatError(f"{name}: {len(rows)} lines of numbers: a spectrum has two columns and 50 or more")
    x, y = np.array([row[:2] for row in rows]).T
    head = text[:2000].lower()
    unit = "nm" if re.search(r"\bnm\b|nanomet", head) else None
    vacuum = True if "vacuum" in head or "(vac" in head else False if re.search(r"\bair\b", head) else None
    return _made(x * _scale(unit, x), y, vacuum, header={"HEAD": text[:200]}, name=name)


def _names_stars(line: str) -> bool:
    """Is this a line of column names, one of them that of Gaia source ids?"""
    names = [word.strip("#\"' ") for word in re.split(r"[\s,;|]+", line.strip("# \t"))]
    return len(names) > 1 and "source_id" in canonical_names(list(dict.fromkeys(names))).values()


def _made(
    wavelength_nm: np.ndarray, flux: np.ndarray, vacuum: bool | None, *, header: Mapping, name: str
) -> OneSpectrum:
    """The spectrum with its wavelengths in vacuum and rising, gaps as NaN, and what took it."""
    instrument = _instrument(header)
    order = np.argsort(wavelength_nm, kind="stable")
    x, y = np.asarray(wavelength_nm, dtype=float)[order], np.asarray(flux, dtype=float)[order]
    good = np.isfinite(x) & (x > 50.0)
    x, y = x[good], y[good]
    if len(x) and x.max() > _LONGEST_NM:
        raise UnsupportedFormatError(f"{name}: numbers up to {x.max():.6g} are no wavelengths in nm")
    if len(x) == N_SAMPLES and np.allclose(x, WAVELENGTH_NM, rtol=0.0, atol=0.01):
        raise UnsupportedFormatError(
            f"{name}: this stands on the grid of XP spectra, so it is none of another instrument. Name its columns "
            "'wavelength' and 'flux', and put the star's Gaia source id into the name of the file"
        )
    if len(x) < 50 or not (np.diff(x) >= 0).all() or not np.isfinite(y).any():
        raise UnsupportedFormatError(f"{name}: wavelengths from {x.min() if len(x) else np.nan:g} nm make no spectrum")
    in_vacuum = vacuum if vacuum is not None else any(word in instrument.upper() for word in _VACUUM_SURVEYS)
    x = x if in_vacuum else vacuum_of(x)
    y = np.where(np.isfinite(y) & (y > 0), y, np.nan)  # libraries write zeros into gaps
    relative = any(word in instrument.upper() for word in _RELATIVE_SURVEYS)
    keys = ("STARIDEN", "OBJECT", "OBJNAME", "DESIG", "HD_NUM")
    star = next((str(header[key]).strip() for key in keys if str(header.get(key, "")).strip()), Path(name).stem)
    kind = str(header.get("SPECTYPE", header.get("SPTYPE", header.get("SUBCLASS", "")))).strip()
    removed = removed_extinction(header.get(_REMOVED_EXTINCTION))
    return OneSpectrum(star, instrument, x, y, kind_of(x, y, relative), kind, removed)


def _instrument(header: Mapping) -> str:
    words = " ".join(str(header.get(key, "")) for key in ("TPLLIB", "SURVEY", "TELESCOP", "INSTRUME", "OBSERVAT"))
    for survey in ("LAMOST", "MILES", "XSHOOTER", "SDSS", "Gaia"):
        if survey.lower() in words.lower().replace("-", ""):
            return survey
    if "STARIDEN" in header and "ISEXTINC" in header:
        return "STELIB"
    if "COEFF0" in header or "PLATEID" in header:
        return "SDSS"
    return " ".join(words.split())[:60] or "an unnamed instrument"


def read_folder(path: Path) -> tuple[list[OneSpectrum], dict[str, str]]:
    """The spectra of a file or of a folder's files, in order of name, and why others were left out."""
    files = [path] if path.is_file() else sorted(item for item in path.iterdir() if item.is_file())
    found, left_out = [], {}
    for item in files:
        if path.is_dir() and not item.name.lower().endswith(SUFFIXES):
            continue
        try:
            found.append(read_spectrum(item, item.name))
        except ReadError as error:
            if path.is_file():
                raise
            left_out[item.name] = str(error)
    if not found:
        raise UnsupportedFormatError(f"{path}: no file here is a spectrum that is understood")
    return found, left_out
