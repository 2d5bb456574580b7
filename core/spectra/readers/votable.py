"""VOTables, read whole with astropy after a first pass that refuses dangerous and failed replies."""

import io
import math
import re
import warnings
import xml.parsers.expat as expat
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from core.errors import ArchiveReplyError, MissingColumnError, ReadError, TruncatedFileError, UnsupportedFormatError
from core.spectra.readers.astropy_columns import to_arrow
from core.spectra.readers.batch import Batch, make_batch, tables_of_stars, wanted_names
from core.spectra.readers.limits import check_columns
from core.spectra.readers.statements import Stated, statements

_FREE_VALUES = 1 << 22
_VALUES_PER_BYTE = 4
"""A table with more values than this (most of them are null) is made to fill the memory."""


class VotableSource:
    """Every table of a VOTable document that holds stars or spectra, one after the other."""

    def __init__(self, data: bytes, origin: str) -> None:
        self.origin = origin
        check_votable(data, origin)
        from astropy.io import votable

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                document = votable.parse(io.BytesIO(data), verify="ignore")
            except Exception as error:  # astropy raises many kinds on a damaged document
                raise TruncatedFileError(f"{origin}: the VOTable is damaged ({error}). Fetch it again") from error
            self._tables = tables_of_stars(
                list(document.iter_tables()), lambda table: [field.name for field in table.fields if field.name]
            )
        self._systems = dict(_systems(document))
        if not self._tables:
            raise MissingColumnError(f"{origin}: the VOTable holds no table")
        self.names = list(dict.fromkeys(field.name for table in self._tables for field in table.fields if field.name))
        self.fraction = 0.0
        self.n_rows: int | None = sum(len(table.array) for table in self._tables)

    def batches(self, columns: Sequence[str] | None, chunk_rows: int) -> Iterator[Batch]:
        """Batches of at most `chunk_rows` rows with the chosen columns (canonical names; None for all)."""
        done = 0
        for table in self._tables:
            arrays = {}
            for name in wanted_names([field.name for field in table.fields if field.name], columns):
                field = next(field for field in table.fields if field.name == name)
                array = to_arrow(table.array[field.ID])
                if array is not None:
                    arrays[name] = array
            units = {field.name: _unit_text(field.unit) for field in table.fields}
            frames = {field.name: frame for field in table.fields if (frame := self._systems.get(field.ref or ""))}
            facts: dict[str, Any] = {
                "parameters": _parameters(table, self.origin), "origin": self.origin,
                "sampling": _sampling(table, self.origin),
                "frames": frames, "descriptions": _descriptions(table),
            }  # fmt: skip
            whole = pa.table(arrays)
            for start in range(0, whole.num_rows, chunk_rows):
                done += min(chunk_rows, whole.num_rows - start)
                self.fraction = done / max(self.n_rows or 0, 1)
                yield make_batch(whole.slice(start, chunk_rows), units, columns, **facts)


def open_votable(data: bytes, origin: str) -> VotableSource:
    """Open a VOTable from its bytes."""
    return VotableSource(data, origin)


def facts_of_document(data: bytes, origin: str) -> tuple[dict[str, str], dict]:
    """Units by column and the facts of a Batch, from a VOTable that describes another file's columns (VOParquet)."""
    source = VotableSource(data, origin)
    table = source._tables[0]
    units = {field.name: _unit_text(field.unit) for field in table.fields}
    frames = {field.name: frame for field in table.fields if (frame := source._systems.get(field.ref or ""))}
    return units, {
        "parameters": _parameters(table, origin), "sampling": _sampling(table, origin), "frames": frames,
        "descriptions": _descriptions(table),
    }  # fmt: skip


def check_votable(data: bytes, origin: str) -> None:
    """Refuse XML that is no VOTable, that failed, that breaks off, or that reaches outside itself.

    Raises
    ------
    ArchiveReplyError
        QUERY_STATUS is ERROR; the message holds what the archive said.
    TruncatedFileError
        The XML is not well-formed.
    UnsupportedFormatError
        Another root element; a DOCTYPE or entity; data in another file (STREAM href); claims of more values than the
        document can hold, for which astropy would reserve memory.
    """
    watch = _Watch(origin, max(_FREE_VALUES, _VALUES_PER_BYTE * len(data)))
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = watch.start
    parser.EndElementHandler = watch.end
    parser.CharacterDataHandler = watch.text
    parser.StartDoctypeDeclHandler = watch.doctype
    parser.EntityDeclHandler = watch.doctype
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two: an encoding that nobody knows
        if watch.root not in (None, "VOTABLE"):
            raise watch.wrong_root() from error
        raise TruncatedFileError(f"{origin}: the VOTable breaks off or is damaged ({error}). Fetch it again") from error
    if watch.root != "VOTABLE":
        raise watch.wrong_root()
    if watch.failure is not None:
        said = " ".join(watch.failure.split()) or "no reason given"
        raise ArchiveReplyError(
            f"{origin}: this is an error reply of an archive (QUERY_STATUS=ERROR): {said[:500]}. Ask again later, or "
            "correct the request"
        )


class _Watch:
    """What `check_votable` has seen of a document."""

    def __init__(self, origin: str, most_values: int) -> None:
        self.origin = origin
        self.root: str | None = None
        self.failure: str | None = None
        self._in_failure = False
        self._most_values = most_values
        self._rows = self._width = self._n_fields = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        word = name.rsplit(" ", 1)[-1]
        self.root = self.root or word
        if word == "STREAM" and attributes.get("href"):
            raise self._refused(f"its data are in another file ({attributes['href']!r})")
        if word == "TR":
            self._rows += 1
        elif word == "TABLE":
            self._rows, self._width = _product(attributes.get("nrows", "0")), 0
        elif word in ("FIELD", "PARAM"):
            self._n_fields += 1
            check_columns(self._n_fields, self.origin)
            n_values = _reserved(attributes.get("arraysize", ""), attributes.get("datatype", ""))
            self._width += n_values if word == "FIELD" else 0
            self._check_values(n_values)
        status = attributes.get("value", "") if attributes.get("name", "").upper() == "QUERY_STATUS" else ""
        if word == "INFO" and status.upper() == "ERROR":
            self.failure, self._in_failure = "", True

    def end(self, name: str) -> None:
        self._in_failure = False
        if name.rsplit(" ", 1)[-1] == "TABLE":
            self._check_values(self._rows * self._width)

    def text(self, data: str) -> None:
        if self._in_failure and self.failure is not None:
            self.failure += data

    def doctype(self, *_: object) -> None:
        raise self._refused("it declares a DOCTYPE or entities, which can reach outside the file")

    def wrong_root(self) -> ReadError:
        return UnsupportedFormatError(
            f"{self.origin}: this is XML but no VOTable: its first element is <{self.root}>, expected <VOTABLE>"
        )

    def _check_values(self, n_values: int) -> None:
        if n_values > self._most_values:
            raise self._refused(f"it claims {n_values:,} values, far more than a file of its size can hold")

    def _refused(self, reason: str) -> ReadError:
        return UnsupportedFormatError(f"{self.origin}: this XML file is refused: {reason}")


def _parameters(table, origin: str) -> dict[str, str]:
    """Source id and position as the archive's one-star tables state them (PARAM source_id, spatialLocation)."""
    values = {item.name: item.value for item in table.params}
    parameters = {}
    if "source_id" in values:
        parameters["source_id"] = str(values["source_id"])
    if release := _stated(table, origin).release:
        parameters["release"] = release
    place = np.ravel(values.get("spatialLocation", ()))
    if len(place) == 2:
        parameters.update(ra=str(place[0]), dec=str(place[1]))
    return parameters


def _descriptions(table) -> dict[str, str]:
    return {field.name: " ".join(str(field.description).split()) for field in table.fields if field.description}


def _sampling(table, origin: str) -> tuple[float, ...] | None:
    """Wavelengths of all spectra of a table, as GaiaXPy states them (PARAM sampling)."""
    return _stated(table, origin).sampling


def _stated(table, origin: str) -> Stated:
    """What parameters, notes and the names of a table state."""
    entries: list[tuple[str, object]] = []
    for item in table.params:
        value = item.value.tolist() if isinstance(item.value, np.ndarray) else item.value
        entries += [(str(item.name), value), (f"{item.name}_unit", _unit_text(item.unit))]
    entries += [(str(info.name), str(info.value)) for info in table.infos]
    entries += [("", str(word)) for word in (table.name, table.description, table.ID) if word]
    return statements(entries, [field.name for field in table.fields if field.name], origin)


def _systems(document) -> Iterator[tuple[str, str]]:
    """Coordinate systems (COOSYS) by their ID, as 'fk5 J1975'; frames that are ICRS within the errors are left out."""
    resources = list(document.resources)
    found = list(document.coordinate_systems)
    while resources:
        resource = resources.pop()
        found += resource.coordinate_systems
        resources += resource.resources
    for item in found:
        equinox = str(item.equinox or "").strip()
        frame = " ".join(
            filter(None, (str(item.system or "").strip(), equinox if equinox not in ("J2000", "J2000.0") else ""))
        )
        if item.ID and frame:
            yield item.ID, frame


def _reserved(arraysize: str, datatype: str) -> int:
    """Values that astropy reserves in every row: those of a fixed array, and the longest text."""
    return 1 if arraysize.endswith("*") and "char" not in datatype.lower() else _product(arraysize)


def _product(sizes: str) -> int:
    """64 of '64', 128 of '64x2', 1 of '*' and ''."""
    return math.prod(int(size[:18]) for size in re.findall(r"[0-9]+", sizes))


def _unit_text(unit: object) -> str:
    return "" if unit is None else str(unit)
