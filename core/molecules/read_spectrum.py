"""Reading spectra: two-column text, FITS spectra, single spectra of cubes, VOTable; units, order, gaps and noise."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.errors import EmptyFileError, ReadError, UnitError, UnsupportedFormatError
from core.molecules.observed import ObservedSpectrum, half_sample_mode, robust_noise
from core.molecules.radiation import LIGHT_KMS
from core.spectra.readers.formats import check_size
from core.spectra.readers.limits import check_packed, memory_named
from core.spectra.readers.memory_table import MAX_TEXT_BYTES
from core.spectra.readers.votable import check_votable

TO_MHZ = {"hz": 1e-6, "khz": 1e-3, "mhz": 1.0, "ghz": 1e3, "thz": 1e6}
TO_KMS = {"km/s": 1.0, "m/s": 1e-3}
FEWEST_CHANNELS = 32
GAP_CHANNELS = 2.5
"""Neighbours further apart than this many channels belong to different windows."""
PLAUSIBLE_MHZ = (1e3, 3e6)


def read_spectrum(
    paths: Sequence[str | Path],
    *,
    unit_x: str | None = None,
    unit_y: str | None = None,
    beam_arcsec: float | None = None,
    noise_k: float | None = None,
    rest_mhz: float | None = None,
    background_k: float = 2.725,
) -> ObservedSpectrum:
    """One spectrum from one or more files, each of them one window or several.

    Parameters
    ----------
    unit_x : 'Hz', 'kHz', 'MHz', 'GHz', 'm/s', 'km/s' or None
        None: what the file says, or what its numbers allow. A velocity axis wants `rest_mhz`.
    unit_y : 'K', 'mK', 'Jy/beam', 'mJy/beam' or None
        None: what the file says, else K. Jy/beam wants `beam_arcsec`.
    noise_k : float or None
        Noise of a channel (K); None: measured window by window.

    Raises
    ------
    ReadError (UnitError, EmptyFileError, UnsupportedFormatError)
        A file that cannot be used, with what is wrong and what to do. Of several files the readable ones go on: an
        unreadable one becomes a note as long as one can be read.
    """
    pieces, notes, first_error = [], [], None
    for path in paths:
        try:
            name = Path(path).name
            with memory_named(name):
                x, y, said_x, said_y = read_columns(Path(path))
            frequency = to_mhz(x, unit_x or said_x, rest_mhz, name)
            value, more = to_kelvin(y, frequency, unit_y or said_y, beam_arcsec, name)
            notes += more
            pieces += _pieces(frequency, value, name, notes)
        except ReadError as error:
            first_error = first_error or error
            notes.append(f"{Path(path).name} is left out: {error}")
    if not pieces:
        raise first_error or EmptyFileError("no spectrum was given: name one or more files")
    return assemble(pieces, notes, noise_k=noise_k, background_k=background_k, beam_arcsec=beam_arcsec)


def assemble(
    pieces: list[tuple[np.ndarray, np.ndarray]],
    notes: Sequence[str] = (),
    *,
    noise_k: float | None = None,
    background_k: float = 2.725,
    beam_arcsec: float | None = None,
) -> ObservedSpectrum:
    """Order windows, trim overlaps (the quieter window keeps them), measure noise and floor."""
    notes = list(notes)
    pieces = sorted(pieces, key=lambda piece: piece[0][0])
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    overlapping = 0
    for frequency, value in pieces:
        if kept and frequency[0] <= kept[-1][0][-1]:
            overlapping += 1
            if robust_noise(value) < robust_noise(kept[-1][1]):
                keep = kept[-1][0] < frequency[0]
                kept[-1] = (kept[-1][0][keep], kept[-1][1][keep])
            else:
                keep = frequency > kept[-1][0][-1]
                frequency, value = frequency[keep], value[keep]
        if kept and len(kept[-1][0]) < FEWEST_CHANNELS:
            kept.pop()
        if len(frequency) >= FEWEST_CHANNELS:
            kept.append((frequency, value))
    if overlapping:
        notes.append(f"{overlapping} windows overlap the one before: the overlap is taken from the quieter of the two")
    if not kept:
        raise EmptyFileError(f"no window has {FEWEST_CHANNELS} channels with a value: nothing can be judged")
    noise, values = [], []
    for frequency, value in kept:
        own = noise_k if noise_k is not None else robust_noise(value)
        if not own > 0:
            raise ReadError(
                f"the window at {frequency[0] / 1e3:.3f} GHz has a noise of {own:g} K: its values do not scatter; give "
                "the noise with --noise-k, or a spectrum that has not been clipped"
            )
        floor = half_sample_mode(value[np.isfinite(value)])
        values.append(value - (floor if abs(floor) > 0.5 * own else 0.0))
        noise.append(np.full(len(value), own))
    return ObservedSpectrum(
        np.concatenate([frequency for frequency, _ in kept]),
        np.concatenate(values),
        np.repeat(np.arange(len(kept)), [len(frequency) for frequency, _ in kept]),
        np.concatenate(noise),
        background_k,
        beam_arcsec,
        tuple(notes),
    )


def read_columns(path: Path) -> tuple[np.ndarray, np.ndarray, str | None, str | None]:
    """The spectral axis, the values and the units that the file states (None where it states none)."""
    suffix = "".join(path.suffixes[-2:]).lower() if path.suffix == ".gz" else path.suffix.lower()
    if not path.is_file():
        raise ReadError(f"{path} is no file: check the name")
    if suffix in (".fits", ".fit", ".fits.gz"):
        return _fits(path)
    if suffix in (".vot", ".xml", ".votable", ".ecsv"):
        return _table(path)
    if suffix in (".dat", ".txt", ".asc", ".ascii", ".csv", ".tsv", ".spec", ""):
        return _text(path)
    raise UnsupportedFormatError(f"{path.name}: the format {suffix!r} is not known; text, FITS and VOTable are")


def _text(path: Path) -> tuple[np.ndarray, np.ndarray, str | None, str | None]:
    check_size(path, path.name, "Give the windows of the spectrum in files of their own", MAX_TEXT_BYTES)
    rows, skipped = [], 0
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        cells = line.replace(",", " ").replace(";", " ").split()
        if len(cells) < 2 or cells[0].startswith(("#", "!", "//")):
            continue
        try:
            rows.append((float(cells[0]), float(cells[1])))
        except ValueError:
            skipped += 1
    if len(rows) < FEWEST_CHANNELS:
        raise EmptyFileError(
            f"{path.name}: {len(rows)} rows of two numbers ({skipped} cannot be read); a spectrum has a frequency and "
            f"a brightness in at least {FEWEST_CHANNELS} rows"
        )
    table = np.array(rows)
    return table[:, 0], table[:, 1], None, None


def _table(path: Path) -> tuple[np.ndarray, np.ndarray, str | None, str | None]:
    from astropy.table import Table

    check_size(path, path.name, "Give the windows of the spectrum in files of their own", MAX_TEXT_BYTES)
    if path.suffix != ".ecsv":
        check_votable(path.read_bytes(), path.name)
    try:
        table = Table.read(str(path), format="ascii.ecsv" if path.suffix == ".ecsv" else "votable")
    except Exception as error:  # astropy raises what its parsers raise
        raise ReadError(f"{path.name} cannot be read as a table ({error})") from error
    numeric = [name for name in table.colnames if table[name].dtype.kind in "fiu"]
    if len(numeric) < 2:
        raise ReadError(f"{path.name}: columns {table.colnames}; a spectrum has a spectral axis and a brightness")
    x, y = table[numeric[0]], table[numeric[1]]
    return _filled(x), _filled(y), str(x.unit) if x.unit else None, str(y.unit) if y.unit else None


def _filled(column) -> np.ndarray:
    return np.ma.filled(np.ma.asarray(column).astype(float), np.nan)


def _fits(path: Path) -> tuple[np.ndarray, np.ndarray, str | None, str | None]:
    """A spectrum in the first extension that holds one: an image, a cube (its brightest spectrum) or a table."""
    from astropy.io import fits

    check_packed(path)
    try:
        with fits.open(path) as parts:
            for part in parts:
                if isinstance(part, fits.BinTableHDU):
                    names = part.columns.names[:2]
                    if len(names) == 2:
                        units = [part.columns[name].unit for name in names]
                        return *(np.asarray(part.data[name], float).ravel() for name in names), *units
                elif part.data is not None:
                    return _fits_image(path, part)
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:  # of damaged headers
        raise ReadError(f"{path.name} is no readable FITS file ({error})") from error
    raise ReadError(f"{path.name}: no extension holds a spectrum")


def _fits_image(path: Path, part) -> tuple[np.ndarray, np.ndarray, str | None, str | None]:
    header, data = part.header, np.asarray(part.data, dtype=float)
    kinds = {i: str(header.get(f"CTYPE{i}", "")).upper() for i in range(1, data.ndim + 1)}
    axis = next((i for i, kind in kinds.items() if kind.startswith(("FREQ", "VRAD", "VELO"))), None)
    if axis is None:
        raise UnitError(
            f"{path.name}: no axis is a frequency or a velocity (CTYPE FREQ or VRAD): add one to the header"
        )
    values = np.moveaxis(data, data.ndim - axis, -1).reshape(-1, data.shape[data.ndim - axis])
    finite = np.where(np.isfinite(values), values, 0.0)
    value = values[int(np.argmax(finite.sum(axis=1)))]
    number = np.arange(len(value)) + 1.0
    x = header[f"CRVAL{axis}"] + (number - header.get(f"CRPIX{axis}", 1.0)) * header[f"CDELT{axis}"]
    unit = header.get(f"CUNIT{axis}") or ("Hz" if str(header[f"CTYPE{axis}"]).upper().startswith("FREQ") else "m/s")
    if unit.lower() in TO_KMS and header.get("RESTFRQ"):
        x, unit = header["RESTFRQ"] * (1.0 - x * TO_KMS[unit.lower()] / LIGHT_KMS), "Hz"
    return x, value, unit, header.get("BUNIT")


def to_mhz(x: np.ndarray, unit: str | None, rest_mhz: float | None, name: str) -> np.ndarray:
    """A spectral axis in MHz; UnitError for a unit that is unknown or numbers that cannot be of that unit."""
    key = (unit or "").strip().lower().replace("km s-1", "km/s").replace("m s-1", "m/s")
    if key in TO_KMS:
        if rest_mhz is None:
            raise UnitError(f"{name}: the axis is a velocity in {unit}; give the rest frequency or an axis in MHz")
        return rest_mhz * (1.0 - np.asarray(x) * TO_KMS[key] / LIGHT_KMS)
    if key and key not in TO_MHZ:
        raise UnitError(
            f"{name}: the unit {unit!r} of the spectral axis is not known: {', '.join(TO_MHZ)} or m/s, km/s are"
        )
    middle = float(np.nanmedian(x))
    if not key:
        fits_of = [u for u in ("mhz", "ghz", "hz") if PLAUSIBLE_MHZ[0] <= middle * TO_MHZ[u] <= PLAUSIBLE_MHZ[1]]
        if not fits_of:
            raise UnitError(
                f"{name}: the spectral axis is around {middle:g}, which is no frequency of 1 GHz to 3 THz in MHz, GHz "
                "or Hz; give its unit with --unit-x"
            )
        key = fits_of[0]
    if not PLAUSIBLE_MHZ[0] <= middle * TO_MHZ[key] <= PLAUSIBLE_MHZ[1]:
        raise UnitError(
            f"{name}: {middle:g} {unit} is {middle * TO_MHZ[key]:g} MHz, outside 1 GHz to 3 THz; is the unit wrong? "
            "Give it with --unit-x"
        )
    return np.asarray(x, float) * TO_MHZ[key]


def to_kelvin(
    y: np.ndarray, frequency_mhz: np.ndarray, unit: str | None, beam_arcsec: float | None, name: str
) -> tuple[np.ndarray, list[str]]:
    """Brightness in K (Rayleigh-Jeans) and notes; UnitError for flux per beam without a beam, or an unknown unit."""
    key = (unit or "").strip().lower().replace(" ", "").replace("beam-1", "/beam").replace("//", "/")
    if key in ("k", "kelvin", ""):
        return np.asarray(y, float), [] if key else [f"{name}: no unit is given for the values; they are taken as K"]
    if key == "mk":
        return np.asarray(y, float) * 1e-3, []
    factor = {"jy/beam": 1.0, "mjy/beam": 1e-3}.get(key)
    if factor is None:
        raise UnitError(f"{name}: the unit {unit!r} of the values is not known: K, mK, Jy/beam or mJy/beam are")
    if not beam_arcsec:
        raise UnitError(f"{name}: values in {unit} want the beam's size to become K: give --beam-arcsec")
    ghz = frequency_mhz / 1e3
    return np.asarray(y, float) * factor * 1.2222e6 / (ghz**2 * beam_arcsec**2), []


def _pieces(
    frequency: np.ndarray, value: np.ndarray, name: str, notes: list[str]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Ascending windows without gaps of one file; what is mended is noted."""
    good = np.isfinite(frequency)
    frequency, value = frequency[good], value[good]
    step = np.diff(frequency)
    if len(step) and not ((step > 0).all() or (step < 0).all()):
        notes.append(f"{name}: channels are not in order and were sorted")
    order = np.argsort(frequency, kind="stable")
    frequency, value = frequency[order], value[order]
    single = np.concatenate([[True], np.diff(frequency) > 0])
    if not single.all():
        notes.append(f"{name}: {int((~single).sum())} channels at a frequency that was there before are left out")
        frequency, value = frequency[single], value[single]
    empty = int((~np.isfinite(value)).sum())
    if empty:
        notes.append(f"{name}: {empty} channels without a value are left out")
    if len(frequency) - empty < FEWEST_CHANNELS:
        raise EmptyFileError(
            f"{name}: {len(frequency) - empty} channels with a value; at least {FEWEST_CHANNELS} are needed"
        )
    step = np.diff(frequency)
    cuts = np.flatnonzero(step > GAP_CHANNELS * np.median(step)) + 1
    pieces = []
    for f, v in zip(np.split(frequency, cuts), np.split(value, cuts), strict=True):
        if np.isfinite(v).sum() >= FEWEST_CHANNELS:
            pieces.append((f, v))
    return pieces
