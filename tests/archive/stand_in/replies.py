"""Replies in the archive's shapes: gzipped BINARY2 VOTables, error documents, DataLink zips with one or many ids."""

import base64
import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from core.spectra.grid import WAVELENGTH_NM
from tests.archive.stand_in.sky import RECORDED_ID, Sky

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n<RESOURCE type="results">\n'
)
_TYPES = {"i8": ("long", ">i8"), "f8": ("double", ">f8"), "f4": ("float", ">f4"), "i2": ("short", ">i2")}
_XP_SCALARS = (
    "basis_function_id", "degrees_of_freedom", "n_parameters", "n_measurements", "n_rejected_measurements",
    "standard_deviation", "chi_squared",
)  # fmt: skip
_EXTENSION = {"votable": "xml", "votable_plain": "xml", "csv": "csv"}


def votable(
    frame: pd.DataFrame, *, overflow: bool = False, params: str = "", name: str = "", compress: bool = False
) -> bytes:
    """A VOTable as the Gaia archive writes it: BINARY2 with null masks, in base64; arrays as variable-length fields."""
    fields, columns, masks = [], [], []
    for column in frame.columns:
        declared, cells, mask = _cells(frame[column])
        fields.append(f'<FIELD {declared} name="{column}">\n<DESCRIPTION>{column}</DESCRIPTION>\n</FIELD>\n')
        columns.append(cells)
        masks.append(mask)
    null = np.packbits(np.array(masks, dtype=bool).T, axis=1) if len(frame) else np.zeros((0, 1), dtype=np.uint8)
    stream = b"".join(
        b"".join((flags.tobytes(), *cells)) for flags, cells in zip(null, zip(*columns, strict=True), strict=True)
    )
    status = '<INFO name="QUERY_STATUS" value="OK"/>\n'
    tail = '<INFO name="QUERY_STATUS" value="OVERFLOW"/>\n' if overflow else ""
    text = (
        _HEAD + status + f'<TABLE name="{name}">\n' + params + "".join(fields)
        + "<DATA>\n<BINARY2>\n<STREAM encoding='base64'>\n" + base64.encodebytes(stream).decode()
        + f"</STREAM>\n</BINARY2>\n</DATA>\n</TABLE>\n{tail}</RESOURCE>\n</VOTABLE>\n"
    )  # fmt: skip
    return gzip.compress(text.encode(), 1) if compress else text.encode()


def _cells(column: pd.Series) -> tuple[str, list[bytes], np.ndarray]:
    mask = column.isna().to_numpy() if not isinstance(column.iloc[0] if len(column) else 0, np.ndarray) else None
    if mask is None:
        cells = [len(item).to_bytes(4, "big") + item.astype(item.dtype.newbyteorder(">")).tobytes() for item in column]
        kind = _TYPES[column.iloc[0].dtype.str[1:]][0]
        return f'datatype="{kind}" arraysize="*"', cells, np.zeros(len(column), dtype=bool)
    if column.dtype == bool or str(column.dtype) == "boolean":
        cells = [b"?" if bad else b"T" if item else b"F" for item, bad in zip(column, mask, strict=True)]
        return 'datatype="boolean"', cells, mask
    if column.dtype.kind in "if" or str(column.dtype) == "Int64":
        key = column.dtype.str[1:] if hasattr(column.dtype, "str") else "i8"
        name, big = _TYPES.get(key, ("long", ">i8"))
        values = np.where(mask, 0, column.to_numpy(dtype=float, na_value=0)) if key == "i8" and mask.any() else column
        data = np.asarray(values).astype(big).tobytes()
        width = int(big[-1])
        return f'datatype="{name}"', [data[i : i + width] for i in range(0, len(data), width)], mask
    texts = ["" if bad else str(item) for item, bad in zip(column, mask, strict=True)]
    return 'datatype="char" arraysize="*"', [len(t.encode()).to_bytes(4, "big") + t.encode() for t in texts], mask


def error_votable(message: str) -> bytes:
    """The document with which a TAP server refuses a query."""
    return (
        _HEAD + f'<INFO name="QUERY_STATUS" value="ERROR"><![CDATA[{message}]]></INFO>\n</RESOURCE>\n</VOTABLE>\n'
    ).encode()


def no_table(message: str) -> bytes:
    """VizieR's answer where it has no such catalogue: a whole VOTable without a table."""
    return (_HEAD + f'<INFO ID="Errors" name="Error" value="{message}"/>\n</RESOURCE>\n</VOTABLE>\n').encode()


def error_page(message: str, status: int) -> bytes:
    """The HTML page with which the archive answers some errors."""
    return (
        f"<html><head><title>Error {status}</title></head><body><h1>HTTP Status {status}</h1><ul>"
        f"<li><b>Message: </b>{message}</li></ul></body></html>"
    ).encode()


def products_zip(sky: Sky, ids: list[int], product: str, structure: str, file_format: str) -> bytes:
    """The zip of a DataLink call; ids without a product are simply not there, as at the archive."""
    rows = sky.rows(ids)
    kinds = ("XP_SAMPLED", "XP_CONTINUOUS", "RVS") if product == "ALL" else (product,)
    members: dict[str, bytes] = {}
    for kind in kinds:
        has = sky.gaia[f"has_{kind.lower()}"].to_numpy()[rows]
        chosen = rows[has]
        if not len(chosen):
            continue
        if structure == "RAW":
            members[f"{kind}_RAW.{_EXTENSION[file_format]}"] = _raw(sky, chosen, kind, file_format)
        else:
            for row in chosen:
                source_id = int(sky.gaia["source_id"].iloc[row])
                name = f"{kind}-{sky.release.name} {source_id}.{_EXTENSION[file_format]}"
                members[name] = _individual(sky, row, kind, file_format)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def recorded_zip(folder: Path | None, ids: list[int], product: str, structure: str, file_format: str) -> bytes | None:
    """The archive's own bytes, where a reply to this very call was recorded."""
    short = {"votable": "vot"}.get(file_format, file_format)
    path = folder / "archive_replies" / f"gaia_dr3_source_id_{RECORDED_ID}_dl_products_{short}.zip" if folder else None
    if path is None or ids != [RECORDED_ID] or (product, structure) != ("ALL", "INDIVIDUAL") or not path.exists():
        return None
    return path.read_bytes()


def continuous_table(sky: Sky, rows: np.ndarray) -> pd.DataFrame:
    """xp_continuous_mean_spectrum rows in the archive's column order and types."""
    columns: dict[str, object] = {"source_id": sky.gaia["source_id"].to_numpy()[rows], "solution_id": sky.solution_id}
    for start, (band, values) in enumerate((("bp", sky.bp), ("rp", sky.rp))):
        n = values.shape[1]
        scalars = (56 + start, 1687, n, 1742, 5, 1.05, 1855.04)
        for name, value in zip(_XP_SCALARS, scalars, strict=True):
            kind = np.int16 if isinstance(value, int) else np.float32
            columns[f"{band}_{name}"] = np.full(len(rows), value, dtype=kind)
        errors = sky.errors[rows][:, :n] if band == "bp" else sky.errors[rows][:, -n:]
        columns[f"{band}_coefficients"] = list(values[rows])
        columns[f"{band}_coefficient_errors"] = list(errors)
        columns[f"{band}_coefficient_correlations"] = [sky.correlations[: n * (n - 1) // 2]] * len(rows)
        columns[f"{band}_n_relevant_bases"] = np.full(len(rows), 30, dtype=np.int16)
        columns[f"{band}_relative_shrinking"] = np.full(len(rows), 1.0, dtype=np.float32)
    return pd.DataFrame(columns)


def _raw(sky: Sky, rows: np.ndarray, kind: str, file_format: str) -> bytes:
    if kind == "XP_CONTINUOUS":
        table = continuous_table(sky, rows)
    elif kind == "XP_SAMPLED":
        flux = sky.flux(rows).astype(np.float32)
        table = pd.DataFrame({
            "source_id": sky.gaia["source_id"].to_numpy()[rows], "solution_id": sky.solution_id,
            "ra": sky.gaia["ra"].to_numpy()[rows], "dec": sky.gaia["dec"].to_numpy()[rows],
            "flux": list(flux), "flux_error": list(np.abs(flux) * np.float32(0.02)),
        })  # fmt: skip
    else:
        raise ValueError(f"no RAW {kind} here")
    return csv_bytes(table) if file_format == "csv" else votable(table)


def _individual(sky: Sky, row: int, kind: str, file_format: str) -> bytes:
    if kind == "XP_CONTINUOUS":
        table = continuous_table(sky, np.array([row]))
        return csv_bytes(table) if file_format == "csv" else votable(table)
    source = sky.gaia.iloc[row]
    if kind == "RVS":
        wavelength = np.arange(846.0, 870.01, 0.01)
        flux = (1 - 0.3 * np.exp(-(((wavelength - 854.2) / 0.3) ** 2))).astype(np.float32)
    else:
        wavelength, flux = WAVELENGTH_NM, sky.flux(np.array([row]))[0].astype(np.float32)
    table = pd.DataFrame({"wavelength": wavelength, "flux": flux, "flux_error": np.abs(flux) * np.float32(0.02)})
    if file_format == "csv":
        head = {
            "source_id": source["source_id"],
            "solution_id": sky.solution_id,
            "ra": source["ra"],
            "dec": source["dec"],
        }
        return csv_bytes(pd.concat([pd.DataFrame(head, index=table.index), table], axis=1))
    params = (
        f'<PARAM datatype="long" name="source_id" ucd="meta.id;meta.main" value="{source["source_id"]}">\n'
        "<DESCRIPTION>Unique source identifier (unique within a particular Data Release)</DESCRIPTION>\n</PARAM>\n"
    )
    units = {"wavelength": ' unit="nm"', "flux": ' unit="W.m**-2.nm**-1"', "flux_error": ' unit="W.m**-2.nm**-1"'}
    text = votable(table, params=params).decode()
    for name, unit in units.items():
        text = text.replace(f'name="{name}"', f'name="{name}"{"" if kind == "RVS" else unit}')
    return text.encode()


_TEXT_OF_ARRAY: dict[int, tuple[np.ndarray, str]] = {}


def csv_bytes(table: pd.DataFrame) -> bytes:
    """CSV with arrays as quoted '(1.0, 2.0)' texts, as the archive writes them."""
    columns = []
    for name in table.columns:
        first = table[name].iloc[0]
        if isinstance(first, np.ndarray):
            columns.append([_array_text(item, keep=name.endswith("correlations")) for item in table[name]])
        else:
            columns.append([repr(item.item() if hasattr(item, "item") else item) for item in table[name]])
    lines = [",".join(table.columns)] + [",".join(row) for row in zip(*columns, strict=True)]
    return ("\n".join(lines) + "\n").encode()


def _array_text(values: np.ndarray, keep: bool) -> str:
    if keep and id(values) in _TEXT_OF_ARRAY:
        return _TEXT_OF_ARRAY[id(values)][1]
    text = '"(' + ", ".join(map(str, values.tolist() if values.dtype == np.float64 else values)) + ')"'
    if keep:
        _TEXT_OF_ARRAY[id(values)] = (values, text)
    return text
