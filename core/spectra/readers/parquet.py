"""Parquet files, streamed by pyarrow; nested columns (HATS, nested-pandas) are taken apart."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import ReadError, TruncatedFileError, UnsupportedFormatError
from core.spectra.readers.arrays import is_text
from core.spectra.readers.batch import Batch, make_batch, wanted_names
from core.spectra.readers.data_release import RELEASE_FIELD
from core.spectra.readers.ecsv_header import header_of, parse_yaml
from core.spectra.readers.limits import check_columns, check_growth, held_bytes
from core.spectra.readers.nested import flattened, flattened_names
from core.spectra.readers.parquet_size import rows_at_a_time
from core.spectra.readers.statements import statements

_BUFFER_BYTES = 1 << 20
_MOST_METADATA = 1 << 20


class ParquetSource:
    """A Parquet file, or some of its row groups.

    Units and facts are read from the fields' `unit` metadata, from astropy's description of a table
    (`table_meta_yaml`), a VOTable in the metadata (VOParquet), and from pandas' attributes (`DataFrame.attrs`).
    """

    def __init__(self, file: Path | BinaryIO, origin: str, row_groups: Sequence[int] | None = None) -> None:
        self.origin = origin
        self._where = file
        self._row_groups = None if row_groups is None else list(row_groups)
        try:
            # small read buffers instead of whole column chunks keep memory bounded for row groups of any size
            self._file = pq.ParquetFile(file, buffer_size=_BUFFER_BYTES, pre_buffer=False)
            self._stored = file.stat().st_size if isinstance(file, Path) else file.seek(0, 2)
            schema = self._file.schema_arrow
            names = schema.names
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise TruncatedFileError(
                f"{origin}: the Parquet file cannot be opened ({error}): it is incomplete or damaged, or no Parquet "
                "file. Fetch it "
                "again"
            ) from error
        check_columns(len(names), origin)
        if len(set(names)) < len(names):
            raise ReadError(f"{origin}: two columns have one name. Give each column a name of its own")
        self._tops = flattened_names(schema)
        check_columns(len(self._tops), origin)
        self.names = list(self._tops)
        self.n_rows: int | None = self._file.metadata.num_rows
        self.fraction = 0.0
        self._units, self._facts = _facts_of(schema, origin)

    def batches(self, columns: Sequence[str] | None, chunk_rows: int) -> Iterator[Batch]:
        """Batches of at most `chunk_rows` rows with the chosen columns (canonical names; None for all)."""
        wanted = wanted_names(self.names, columns)
        tops = list(dict.fromkeys(self._tops[name] for name in wanted))
        is_nested = any(self._tops[name] != name for name in wanted)
        done = n_bytes = 0
        try:
            chosen = range(self._file.num_row_groups) if self._row_groups is None else self._row_groups
            n_rows = rows_at_a_time(self._file, self._where, tops, chosen, chunk_rows, self.origin)
            for rows in self._file.iter_batches(n_rows, self._row_groups, columns=tops, use_threads=False):
                done += rows.num_rows
                self.fraction = done / max(self.n_rows or 0, 1)
                _check_text(rows)
                table = pa.Table.from_batches([rows])
                n_bytes += held_bytes(table)
                check_growth(n_bytes, self._stored, f"{self.origin}: the table")
                table = flattened(table).select(wanted) if is_nested else table
                yield make_batch(table, self._units, columns, origin=self.origin, **self._facts)
        except (pa.ArrowInvalid, OSError) as error:
            raise TruncatedFileError(f"{self.origin}: the Parquet file is damaged ({error}). Fetch it again") from error
        except (pa.ArrowNotImplementedError, pa.ArrowCapacityError) as error:
            raise UnsupportedFormatError(f"{self.origin}: a column cannot be read ({error})") from error


def open_parquet(file: Path | BinaryIO, origin: str) -> ParquetSource:
    """Open a Parquet file (path or binary stream)."""
    return ParquetSource(file, origin)


def _check_text(rows: pa.RecordBatch) -> None:
    """ArrowInvalid where a column of text is none: pyarrow reads damaged bytes as text, and fails when it is used."""
    for place, item in enumerate(rows.schema):
        if _holds_text(item.type) and not _is_ascii(rows.column(place)):
            rows.column(place).validate(full=True)


def _is_ascii(column: pa.Array) -> bool:
    """Is a column of text ASCII from end to end, as most are? One look at its bytes, none at each text."""
    if pa.types.is_dictionary(column.type):
        return _is_ascii(column.dictionary)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return False
    _, offsets, texts = column.buffers()
    if offsets is None or texts is None or not len(column):
        return False
    width = np.int64 if pa.types.is_large_string(column.type) else np.int32
    ends = np.frombuffer(offsets, width)[column.offset : column.offset + len(column) + 1]
    held = np.frombuffer(texts, np.int8)[ends[0] : ends[-1]]
    # the offsets are of pyarrow's own making: Parquet stores lengths
    return not len(held) or int(held.min()) >= 0


def _holds_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _holds_text(kind.value_type)
    return is_text(kind) or any(_holds_text(kind.field(number).type) for number in range(kind.num_fields))


def _facts_of(schema: pa.Schema, origin: str) -> tuple[dict[str, str], dict[str, Any]]:
    units = {item.name: _field_unit(item) for item in schema}
    facts: dict[str, Any] = {"sampling": None, "frames": {}, "parameters": {}, "descriptions": {}}
    stored = {
        key.decode("utf-8", "replace"): value
        for key, value in (schema.metadata or {}).items()
        if len(value) < _MOST_METADATA
    }
    if (packed := stored.get("table_meta_yaml")) is not None:
        found = header_of(parse_yaml(packed.decode("utf-8", "replace"), origin), origin)
        units |= {name: unit for name, unit in found.units.items() if unit and not units.get(name)}
        facts = {
            "sampling": found.sampling, "frames": found.frames, "parameters": dict(found.parameters),
            "descriptions": dict(found.descriptions),
        }  # fmt: skip
    if (document := stored.get("IVOA.VOTable-Parquet.content")) is not None:
        from core.spectra.readers.votable import facts_of_document

        more_units, more_facts = facts_of_document(document, origin)
        units |= {name: unit for name, unit in more_units.items() if unit and not units.get(name)}
        facts = {key: facts.get(key) or more_facts.get(key) or value for key, value in facts.items()}
    own = {item.name: _stored_text(item, b"description") for item in schema}
    facts["descriptions"] = facts["descriptions"] | {name: text for name, text in own.items() if text}
    of_columns = {
        f"{item.name}.{key.decode('utf-8', 'replace')}": value.decode("utf-8", "replace")
        for item in schema
        for key, value in (item.metadata or {}).items()
        if len(value) < _MOST_METADATA and not key.startswith(b"PARQUET:")
    }
    _add_attributes(stored, of_columns, units, facts, origin)
    return units, facts


def _field_unit(item: pa.Field) -> str:
    return _stored_text(item, b"unit", b"units")


def _stored_text(item: pa.Field, *keys: bytes) -> str:
    stored = {key.lower(): value for key, value in (item.metadata or {}).items()}
    return next((stored[key] for key in keys if key in stored), b"").decode("utf-8", "replace")


def _add_attributes(
    stored: dict[str, bytes],
    of_columns: dict[str, str],
    units: dict[str, str],
    facts: dict[str, Any],
    origin: str,
) -> None:
    """What keys of the schema and its fields, and pandas' attributes, state: sampling, units, the release."""
    plain: dict[str, object] = dict(of_columns)
    for key, written in stored.items():
        text = written.decode("utf-8", "replace")
        if key == "PANDAS_ATTRS" or (key == "pandas" and '"attributes"' in text):
            attributes = _json(text)
            attributes = attributes.get("attributes", attributes) if isinstance(attributes, dict) else {}
            plain |= attributes if isinstance(attributes, dict) else {}
        elif key == RELEASE_FIELD:
            facts["parameters"]["release"] = text
        elif key not in ("pandas", "ARROW:schema", "table_meta_yaml", "IVOA.VOTable-Parquet.content"):
            plain[key] = text
    for key, value in plain.items():
        if str(key).lower() in ("unit", "units") and isinstance(value := _json(value), dict):
            units |= {str(name): str(unit) for name, unit in value.items() if not units.get(str(name))}
    stated = statements(plain.items(), list(units), origin)
    units |= {name: unit for name, unit in stated.units.items() if not units.get(name)}
    facts["sampling"] = facts["sampling"] or stated.sampling
    if stated.release:
        facts["parameters"].setdefault("release", stated.release)


def _json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
