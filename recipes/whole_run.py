"""Give a shipped run what the pages show of a run whose data set is at hand.

    python -m recipes.whole_run TRAINED TRAIN_FILE [SHIPPED]

TRAINED is the run as it was trained (all predictions), TRAIN_FILE the data set that it was trained on, SHIPPED its
packed form of `benchmarks.default_run` (default: the default ensemble). Into SHIPPED go: what is known of each star
whose prediction is shipped (columns of oof.parquet and test.parquet), the spectra of the wrong verdicts
(wrong_spectra.parquet) and the audit that was made beside the training data (audit.json). Minutes, no training.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.atomic import atomic_path
from core.audit import audit_run
from core.audit.store import SHIPPED_FILE, document_of
from core.errors import RunError
from core.evaluation.breakdown import wrong_verdicts
from core.runs.data import has_content
from core.runs.result import METADATA, WRONG_SPECTRA_FILE
from core.runs.run import read_run
from core.settings import current_settings

N_SPECTRA = 300
"""Wrong verdicts whose spectra are shipped, the most confident of each kind: what a page lists first."""


def add_metadata(shipped: Path, train_file: Path) -> None:
    """Join what the data set knows of each star to the shipped predictions."""
    known = set(pq.read_schema(train_file).names)
    columns = [name for name in METADATA if name in known]
    stars = pd.read_parquet(train_file, columns=["source_id", *columns]).drop_duplicates("source_id")
    stars = stars.set_index("source_id").astype({name: np.float32 for name in columns if name != "category"})
    for name in ("oof.parquet", "test.parquet"):
        table = pd.read_parquet(shipped / name)
        table = table.drop(columns=[item for item in columns if item in table]).join(stars, on="source_id")
        if "category" in table and table["category"].isna().any():
            raise RunError(f"{train_file} lacks stars of {shipped / name}: it is not what the run was trained on")
        with atomic_path(shipped / name) as beside:
            table.to_parquet(beside, index=False, compression="zstd")


def add_wrong_spectra(shipped: Path, train_file: Path, n_spectra: int = N_SPECTRA) -> int:
    """Spectra of the wrong verdicts of the test stars and of the out-of-fold ones; returns how many."""
    wanted: set[int] = set()
    for name in ("test.parquet", "oof.parquet"):
        wrong = wrong_verdicts(pd.read_parquet(shipped / name))
        for _, of_kind in wrong.groupby("kind"):
            wanted |= set(of_kind["source_id"].head(n_spectra // 4).astype(int))
    parts = []
    for batch in pq.ParquetFile(train_file).iter_batches(8192, columns=["source_id", "flux"]):
        chosen = np.isin(batch.column("source_id").to_numpy(), list(wanted))
        if chosen.any():
            parts.append(pa.Table.from_batches([batch]).filter(pa.array(chosen)))
    with atomic_path(shipped / WRONG_SPECTRA_FILE) as beside:
        pq.write_table(pa.concat_tables(parts), beside, compression="zstd")
    return sum(len(part) for part in parts)


def add_audit(shipped: Path, trained: Path, train_file: Path) -> str:
    """Audit the run where all its predictions and its data are; returns the summary."""
    document = document_of(audit_run(trained, train_file))
    document |= {"started": read_run(trained).started, "run_dir": shipped.name, "data": train_file.name}
    with atomic_path(shipped / SHIPPED_FILE) as beside:
        beside.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return str(document["summary"])


def main() -> None:
    """All three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trained", type=Path)
    parser.add_argument("train_file", type=Path)
    parser.add_argument("shipped", type=Path, nargs="?", default=current_settings().default_run_dir)
    arguments = parser.parse_args()
    trained, shipped = read_run(arguments.trained), read_run(arguments.shipped)
    if trained.started != shipped.started:
        raise SystemExit(
            f"{arguments.trained} began {trained.started}, {arguments.shipped} {shipped.started}: two runs"
        )
    if not has_content(trained)(arguments.train_file):
        raise SystemExit(f"{arguments.train_file} is not what {arguments.trained} was trained on (SHA-256 differs)")
    add_metadata(arguments.shipped, arguments.train_file)
    print(f"{add_wrong_spectra(arguments.shipped, arguments.train_file)} spectra of wrong verdicts")
    print(add_audit(arguments.shipped, arguments.trained, arguments.train_file))


if __name__ == "__main__":
    main()
