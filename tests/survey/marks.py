"""Parts that a test has written itself, made those of the survey."""

from dataclasses import asdict
from pathlib import Path

import pyarrow.parquet as pq

from core.records import write_record
from core.survey.partitions import part_name
from core.survey.store import MANIFEST, read_manifest
from core.whole import mark_of


def take_as_written(folder: Path) -> None:
    """Bring the manifest's marks and rows up to the parts as they are."""
    manifest = read_manifest(folder)
    entries = {}
    for number, entry in manifest.partitions.items():
        part = folder / part_name(number)
        if part.is_file():
            entry = entry.changed(rows=pq.read_metadata(part).num_rows, **asdict(mark_of(part)))
        entries[number] = entry
    write_record(folder / MANIFEST, manifest.changed(partitions=entries))
