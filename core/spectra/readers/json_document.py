"""JSON that holds a table in one object: a reply of an archive, and what pandas and astropy write."""

import json

import pyarrow as pa

from core.errors import UnsupportedFormatError
from core.gaia.vocabulary import is_known


def json_document(text: str, origin: str) -> tuple[pa.Table, dict[str, str]] | None:
    """The table in a document of one object, with its units; None for records, which are read one by one.

    Read are {"metadata": [{"name", "unit"}], "data": rows} of the Gaia archive, {"columns": names, "data": rows} and
    {"schema": {"fields": ...}, "data": records} of pandas, columns as lists or as mappings from row numbers, and a list
    of records under a single key.

    Raises
    ------
    UnsupportedFormatError
        The rows do not fit the names.
    ValueError
        The text is no JSON.
    """
    if not text.lstrip().startswith("{"):
        return None
    document, end = json.JSONDecoder().raw_decode(text, len(text) - len(text.lstrip()))
    if text[end:].strip(" \t\r\n,"):
        return None
    rows, units = document.get("data"), {}
    described = document.get("metadata", document.get("columns"))
    if isinstance(rows, list) and isinstance(described, list) and described:
        names = [str(item.get("name")) if isinstance(item, dict) else str(item) for item in described]
        units = {str(item["name"]): str(item.get("unit") or "") for item in described if _has_name(item)}
        if not all(isinstance(row, list) and len(row) == len(names) for row in rows):
            raise UnsupportedFormatError(f"{origin}: rows under 'data' have other lengths than the {len(names)} names")
        if len(set(names)) < len(names):
            raise UnsupportedFormatError(f"{origin}: two columns have one name. Give each column a name of its own")
        return pa.table({name: json_array([row[i] for row in rows]) for i, name in enumerate(names)}), units
    lists = [value for value in document.values() if isinstance(value, list)]
    records = rows if isinstance(rows, list) else lists[0] if len(document) == len(lists) == 1 else None
    if records and all(isinstance(record, dict) for record in records):
        names = list(dict.fromkeys(str(name) for record in records for name in record))
        return pa.table({name: json_array([record.get(name) for record in records]) for name in names}), units
    found = _of_columns(document)
    return None if found is None else (found, units)


def json_array(values: list) -> pa.Array:
    """A column of JSON values; of values that do not go together, as text."""
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError, ValueError, TypeError):
        return pa.array(
            [None if value is None else json.dumps(value) if not isinstance(value, str) else value for value in values]
        )


def _has_name(item: object) -> bool:
    return isinstance(item, dict) and "name" in item


def _of_columns(document: dict) -> pa.Table | None:
    """Columns of one length, of which at least one has a known name."""
    columns = {}
    for name, value in document.items():
        values = list(value.values()) if isinstance(value, dict) else value
        if not isinstance(values, list):
            return None
        columns[str(name)] = values
    keys = {tuple(value) if isinstance(value, dict) else None for value in document.values()}
    same = len(keys) == 1 and len({len(values) for values in columns.values()}) == 1
    is_flat = not any(isinstance(item, dict) for values in columns.values() for item in values[:1])
    if not same or not is_flat or not any(is_known(name) for name in columns):
        return None
    return pa.table({name: json_array(values) for name, values in columns.items()})
