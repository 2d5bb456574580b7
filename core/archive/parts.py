"""A download in parts: a folder that holds every finished chunk, so that nothing finished is ever fetched twice."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.atomic import atomic_path
from core.claims import claim
from core.spectra.spectrum_set import SpectrumSet
from core.whole import readable_rows, sha256_of


@dataclass(frozen=True)
class Parts:
    """The working folder of one download; a part counts when its .json stands beside its .parquet."""

    folder: Path

    def open(self, request: dict[str, object]) -> None:
        """Begin, or go on with what the same request has finished before.

        Raises
        ------
        UsageError
            The folder belongs to another request.
        StorageError
            The folder cannot be written to.
        """
        claim(self.folder, request, "an unfinished download")

    def finished(self, number: int) -> dict | None:
        """What was noted of part `number`; None where it is unfinished or damaged, so that it is fetched again."""
        try:
            note = json.loads(self._note(number).read_text())
            n_rows, digest = note["n_rows"], note.get("sha256", "")
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        if n_rows == 0:
            return note
        if digest:
            return note if self.path(number).is_file() and sha256_of(self.path(number)) == digest else None
        return note if readable_rows(self.path(number)) == n_rows else None

    def save(self, number: int, spectra: SpectrumSet | None, note: dict[str, object]) -> None:
        """Write a part whole: its spectra first, then the note that makes it count."""
        from core.spectra.writers import write_spectra

        n_rows = 0 if spectra is None else len(spectra)
        if spectra is not None and n_rows:
            write_spectra(spectra, self.path(number), dtype="float32")
        about = {"n_rows": n_rows} | ({"sha256": sha256_of(self.path(number))} if n_rows else {})
        with atomic_path(self._note(number)) as beside:
            beside.write_text(json.dumps(note | about))

    def path(self, number: int) -> Path:
        """File of part `number`."""
        return self.folder / f"part-{number:05d}.parquet"

    def merge(self, numbers: Sequence[int], out: Path) -> int:
        """Write the parts one after the other to one Parquet file; returns its number of rows."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        paths = [self.path(number) for number in numbers if self.path(number).exists()]
        if not paths:
            return 0
        schemas = [pq.read_schema(path) for path in paths]
        schema = pa.unify_schemas(schemas, promote_options="permissive").with_metadata(schemas[0].metadata)
        n_rows = 0
        with atomic_path(out) as beside, pq.ParquetWriter(beside, schema, compression="zstd") as writer:
            for path in paths:
                for batch in pq.ParquetFile(path).iter_batches(2048):
                    table = pa.Table.from_batches([batch])
                    columns = [
                        table[item.name].cast(item.type) if item.name in table.column_names
                        else pa.nulls(table.num_rows, item.type)
                        for item in schema
                    ]  # fmt: skip
                    writer.write_table(pa.table(columns, schema=schema))
                    n_rows += table.num_rows
        return n_rows

    def remove(self) -> None:
        """Delete the working folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _note(self, number: int) -> Path:
        return self.folder / f"part-{number:05d}.json"


def fingerprint(ids: np.ndarray) -> str:
    """Short digest of a list of ids, to tell requests apart."""
    return hashlib.sha256(np.ascontiguousarray(ids, dtype="<i8").tobytes()).hexdigest()[:16]
