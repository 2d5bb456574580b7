"""FITS binary tables, streamed: the file is mapped anew for every chunk, so that memory stays bounded."""

import io
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.errors import MissingColumnError, TruncatedFileError
from core.spectra.readers.astropy_columns import to_arrow
from core.spectra.readers.batch import Batch, make_batch, wanted_names


class FitsSource:
    """Every binary table of a FITS file, one after the other."""

    def __init__(self, file: Path | bytes, origin: str) -> None:
        self._target = file
        self.origin = origin
        self._tables: list[int] = []
        self.names: list[str] = []
        size = file.stat().st_size if isinstance(file, Path) else len(file)
        n_rows = 0
        with self._open() as hdus:
            for number, hdu in enumerate(hdus):
                facts = hdu.fileinfo()
                end = facts["datLoc"] + hdu.size
                if end > size:
                    raise TruncatedFileError(
                        f"{origin}: the FITS file breaks off: part {number} ends at byte {end:,}, the file has "
                        f"{size:,}. Fetch it again"
                    )
                if hdu.is_image:
                    continue
                self._tables.append(number)
                self.names += [name for name in hdu.columns.names if name not in self.names]
                n_rows += hdu.header["NAXIS2"]
        if not self._tables:
            raise MissingColumnError(f"{origin}: the FITS file holds no table (an image is no list of spectra)")
        self.n_rows: int | None = n_rows

    def batches(self, columns: Sequence[str] | None, chunk_rows: int) -> Iterator[Batch]:
        """Batches of at most `chunk_rows` rows with the chosen columns (canonical names; None for all)."""
        for number in self._tables:
            start, total = 0, 1
            while start < max(total, 1):
                with self._open() as hdus:
                    hdu = hdus[number]
                    total = hdu.header["NAXIS2"]
                    batch = self._batch(hdu, slice(start, min(start + chunk_rows, total)), columns)
                if batch.table.num_rows:
                    yield batch
                start += chunk_rows

    def _open(self):
        from astropy.io import fits

        target = io.BytesIO(self._target) if isinstance(self._target, bytes) else self._target
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return fits.open(target, memmap=isinstance(target, Path))
            except (OSError, ValueError, EOFError) as error:
                raise TruncatedFileError(
                    f"{self.origin}: the FITS file cannot be opened ({error}): it is incomplete or "
                    "damaged. Fetch it again"
                ) from error

    def _batch(self, hdu, rows: slice, columns: Sequence[str] | None) -> Batch:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            records = hdu.data[rows]
            arrays = {}
            for name in wanted_names(hdu.columns.names, columns):
                values = records.field(name)
                if isinstance(values, np.ndarray) and hdu.columns[name].null is not None and values.dtype.kind in "iu":
                    values = np.ma.masked_equal(values, hdu.columns[name].null)
                array = to_arrow(np.array(values) if not isinstance(values, np.ma.MaskedArray) else values)
                if array is not None:
                    arrays[name] = array
        units = {column.name: column.unit or "" for column in hdu.columns}
        return make_batch(pa.table(arrays), units, columns, parameters=_parameters(hdu.header), origin=self.origin)


def open_fits(file: Path | bytes, origin: str) -> FitsSource:
    """Open a FITS file (path or content)."""
    return FitsSource(file, origin)


def _parameters(header) -> dict[str, str]:
    """Source id and position as the archive's one-star files state them (SOURCEID, POS)."""
    parameters = {}
    for key in ("SOURCEID", "SOURCE_ID"):
        if key in header:
            parameters["source_id"] = str(header[key]).strip()
    place = str(header.get("POS", "")).strip("() ").split(",")
    if len(place) == 2:
        parameters.update(ra=place[0].strip(), dec=place[1].strip())
    return parameters
