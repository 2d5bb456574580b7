"""Folders of files that hold the stars of one table: HATS collections, a file a star, zips."""

import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from core.spectra.grid import WAVELENGTH_NM

_TEXT = "#HATS catalog\nobs_collection={name}\ndataproduct_type={kind}\nhats_nrows={rows}\nhats_npix_suffix=.parquet\n"


def hats_catalogue(folder: Path, kind: str, table: pa.Table, rows: dict[int, list[int]], order: int = 0) -> None:
    """The files that LSDB 0.11 writes of a catalogue or margin, by pixel the rows in it."""
    for pixel, places in rows.items():
        path = folder / "dataset" / f"Norder={order}" / "Dir=0" / f"Npix={pixel}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table.take(places), path)
    pq.write_metadata(table.schema, folder / "dataset" / "_common_metadata")
    pq.write_metadata(table.schema, folder / "dataset" / "_metadata")
    text = _TEXT.format(name=folder.name, kind=kind, rows=sum(map(len, rows.values())))
    for name in ("hats.properties", "properties"):
        (folder / name).write_text(text)
    (folder / "partition_info.csv").write_text("Norder,Npix\n" + "".join(f"{order},{pixel}\n" for pixel in rows))
    statistics = {
        "Norder": [order] * len(rows),
        "Npix": list(rows),
        "source_id: row_count": list(map(len, rows.values())),
    }
    pq.write_table(pa.table(statistics), folder / "per_partition_statistics.parquet")
    for name in ("skymap.fits", "point_map.fits") if kind == "object" else ():
        (folder / name).write_bytes(b"SIMPLE  =")


def hats_collection(folder: Path, table: pa.Table) -> Path:
    """A collection of the table in two partitions; each star is in the margin of the other partition, too."""
    n = table.num_rows
    parts = {1: list(range(n // 2)), 4: list(range(n // 2, n))}
    name = "stars"
    hats_catalogue(folder / name, "object", table, parts)
    hats_catalogue(folder / f"{name}_10arcs", "margin", table, {1: parts[4], 4: parts[1]})
    (folder / "collection.properties").write_text(
        f"#HATS Collection\nobs_collection={name}\nhats_primary_table_url={name}\nall_margins={name}_10arcs\n"
        f"default_margin={name}_10arcs\n"
    )
    return folder


def file_a_star(folder: Path, table: pa.Table) -> Path:
    """A file for each star, named by its id, which does not stand in it: samples of its spectrum, or its one row."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, source_id in enumerate(table["source_id"].to_pylist()):
        row = table.slice(number, 1).drop_columns("source_id")
        if "flux" in row.column_names:
            others = {name: row[name].to_pylist() * len(WAVELENGTH_NM) for name in row.column_names if name != "flux"}
            samples = {"wavelength": WAVELENGTH_NM, "flux": row["flux"][0].as_py()}
            arrow_csv.write_csv(pa.table(samples | others), folder / f"{source_id}.csv")
        else:
            pq.write_table(row, folder / f"{source_id}.parquet")
    return folder


def zipped(folder: Path) -> Path:
    """The folder as a zip beside it."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as packed:
        for item in sorted(folder.rglob("*")):
            if item.is_file():
                packed.write(item, Path(folder.name) / item.relative_to(folder))
    return path
