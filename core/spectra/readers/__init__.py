"""Readers of XP spectra: any file of sampled or continuous spectra to SpectrumSet, as a whole or in bounded memory."""

from core.spectra.readers.faults import LeftOut, OnLeftOut
from core.spectra.readers.folders import files_in
from core.spectra.readers.formats import FORMATS, MAX_WHOLE_BYTES, Format
from core.spectra.readers.reading import (
    DEFAULT_CHUNK_ROWS,
    MAX_UPLOAD_BYTES,
    count_rows,
    iter_partition,
    iter_spectra,
    read_bytes,
    read_spectra,
    spectra_of_table,
)
from core.spectra.readers.source_ids import MAX_SOURCE_ID, NO_ID

__all__ = [
    "DEFAULT_CHUNK_ROWS",
    "FORMATS",
    "MAX_SOURCE_ID",
    "MAX_UPLOAD_BYTES",
    "MAX_WHOLE_BYTES",
    "NO_ID",
    "Format",
    "LeftOut",
    "OnLeftOut",
    "count_rows",
    "files_in",
    "iter_partition",
    "iter_spectra",
    "read_bytes",
    "read_spectra",
    "spectra_of_table",
]
