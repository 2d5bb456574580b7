"""Nested columns of Parquet: structs of values or of lists, and lists of structs, as columns of their own."""

import pyarrow as pa
import pyarrow.compute as pc


def flattened_names(schema: pa.Schema) -> dict[str, str]:
    """For each flattened column ('xp.flux') the column of the file that holds it ('xp')."""
    names: dict[str, str] = {}
    for item in schema:
        children = _children(item.type)
        if not children:
            names[item.name] = item.name
        for child in children:
            names.setdefault(f"{item.name}.{child}", item.name)
    return names


def flattened(table: pa.Table) -> pa.Table:
    """The table with a column for each field of its nested columns; a list of structs becomes a list of each field."""
    columns: dict[str, pa.Array | pa.ChunkedArray] = {}
    for name in table.column_names:
        column = table[name]
        children = _children(column.type)
        if not children:
            columns[name] = column
            continue
        array = column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
        for child in children:
            columns.setdefault(f"{name}.{child}", _child(array, child))
    return pa.table(columns)


def _children(kind: pa.DataType) -> list[str]:
    if _is_list(kind):
        kind = kind.value_type
    return [kind.field(i).name for i in range(kind.num_fields)] if pa.types.is_struct(kind) else []


def _child(array: pa.Array, name: str) -> pa.Array:
    if not _is_list(array.type):
        return pc.struct_field(array, name)
    lengths = pc.fill_null(pc.list_value_length(array), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(pc.cast(lengths, pa.int64()))])
    values = pc.struct_field(array.flatten(), name)
    return pa.LargeListArray.from_arrays(offsets, values, mask=pc.is_null(array))


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
