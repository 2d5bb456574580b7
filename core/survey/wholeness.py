"""Which parts of a survey are what it wrote: by the marks in its manifest, by their contents where it has none."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from core.survey.columns import SCHEMA
from core.survey.index import index_files
from core.survey.partitions import Plan, part_name
from core.whole import Mark, difference

if TYPE_CHECKING:
    from core.survey.store import Manifest

_ALWAYS = ("source_id", "probability", "label", "note")


def fault_of_part(part: Path, mark: Mark | None, rows: int | None, *, thoroughly: bool) -> str:
    """Why a part is not the one that the survey wrote, as words; '' for a whole one.

    Parameters
    ----------
    part : Path
    mark : Mark or None
        None for parts of earlier versions, and for one whose entry a kill prevented.
    rows : int or None
        How many it should have, where that is known.
    thoroughly : bool
        Read it to the end (resuming), or believe length, time and footer (opening).
    """
    if mark is not None:
        return difference(part, mark, thoroughly=thoroughly)
    try:
        with pq.ParquetFile(part) as file:
            names, found = set(file.schema_arrow.names), file.metadata.num_rows
            if not set(_ALWAYS) <= names:
                return f"it has no column {next(name for name in _ALWAYS if name not in names)}"
            if rows is not None and found != rows:
                return f"it has {found:,} rows and was written with {rows:,}"
            if thoroughly:
                for _ in file.iter_batches(columns=[name for name in SCHEMA.names if name in names]):
                    pass
    except (pa.ArrowException, OSError, ValueError) as error:
        return f"it cannot be read ({error})"
    return ""


def faults_of_parts(parts: Sequence[Path], manifest: "Manifest", *, thoroughly: bool = False) -> dict[str, str]:
    """The parts that are not what the survey wrote, by name, and why; see `wholeness.fault_of_part`."""
    entries = {part_name(number): entry for number, entry in manifest.partitions.items() if not entry.fault}
    found = {}
    for part in parts:
        entry = entries.get(part.name)
        mark, rows = (None, None) if entry is None else (entry.mark, entry.rows)
        if fault := fault_of_part(part, mark, rows, thoroughly=thoroughly):
            found[part.name] = fault
    return found


def without_damaged_parts(folder: Path, plan: Plan, stored: "Manifest") -> dict[str, str]:
    """Delete the parts that are not whole, so that they count as missing; their names, and what was wrong."""
    parts = [folder / item.name for item in plan.partitions if (folder / item.name).is_file()]
    damaged = faults_of_parts(parts, stored, thoroughly=True)
    for name in damaged:
        for file in (folder / name, *index_files(folder / name)):
            file.unlink(missing_ok=True)
    return damaged
