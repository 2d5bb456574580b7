"""Columns that pass through a command with their types and units: whole tables that were read as text."""

import pyarrow as pa

from core.spectra.readers.arrays import is_list, is_text, single_array, spells_arrays
from core.spectra.readers.metadata import KEPT_AS_TEXT
from core.spectra.readers.values import as_numbers


def typed_table(table: pa.Table, units: dict[str, str], descriptions: dict[str, str] | None = None) -> pa.Table:
    """The table with numbers in place of text wherever all of a column's values are numbers.

    Units and descriptions become metadata of its fields.

    Whole numbers stay whole; names, labels and notes stay text whatever they look like.
    """
    columns, fields = [], []
    for item in table.schema:
        column = table[item.name]
        if is_text(item.type) and item.name not in KEPT_AS_TEXT and table.num_rows:
            array = single_array(table, item.name)
            column = column if spells_arrays(array) else as_numbers(array)
        metadata = dict(item.metadata or {})
        if units.get(item.name) and not is_list(column.type):
            metadata[b"unit"] = units[item.name].encode()
        if text := (descriptions or {}).get(item.name):
            metadata[b"description"] = text.encode()
        columns.append(column)
        fields.append(pa.field(item.name, column.type, metadata=metadata or None))
    return pa.table(columns, schema=pa.schema(fields))
