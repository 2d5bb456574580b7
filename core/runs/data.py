"""Where the data of a run are on this machine: one list of places, and two ways to know the set again."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from core.datasets.catalogue import EMBEDDED, find_datasets
from core.datasets.embedded import embedded_dataset, embedded_path
from core.datasets.training_data import data_hash
from core.gaia.labels import LOW_MASS, MASSIVE
from core.runs.run import Run
from core.settings import current_settings


def find_data(run: Run, is_it: Callable[[Path], bool], *, make_embedded: bool = False) -> Path | None:
    """The first file of this machine that `is_it` knows as the run's data set.

    Parameters
    ----------
    is_it : callable
        `has_content(run)` where every digit counts, `holds_stars(oof, test)` where columns are to be joined.
    make_embedded : bool
        Make the embedded set if the run names one and it is not here (seconds, once).
    """
    return next((path for path in _places(run.data.path, make_embedded) if path.is_file() and is_it(path)), None)


def has_content(run: Run) -> Callable[[Path], bool]:
    """Whether a file has the run's hash."""
    return lambda path: data_hash(path) == run.data.sha256


def holds_stars(*tables: pd.DataFrame) -> Callable[[Path], bool]:
    """Whether a file holds every star of some tables (columns source_id, label) with its label.

    The file's hash does not matter: another version of PyArrow writes the same stars as other bytes.
    """
    wanted = pd.concat([table[["source_id", "label"]] for table in tables]).set_index("source_id")["label"]

    def holds(path: Path) -> bool:
        try:
            stored = pd.read_parquet(path, columns=["source_id", "label"]).drop_duplicates("source_id")
        except (OSError, ValueError, KeyError):
            return False
        label = stored.set_index("source_id")["label"].map({MASSIVE: 1, LOW_MASS: 0, 1: 1, 0: 0})
        return bool(label.reindex(wanted.index).eq(wanted).all())

    return holds


def _places(name: str, make_embedded: bool) -> Iterator[Path]:
    """Files that may be the set of that name: the embedded one, those of that name, every labelled one."""
    settings = current_settings()
    yield embedded_dataset() if make_embedded and name.startswith("embedded-") else embedded_path()
    if name:
        yield from (place / Path(name).name for place in (settings.local_dir, settings.samples_dir, Path.cwd()))
    yield from (entry.path for entry in find_datasets() if entry.labelled and entry.kind != EMBEDDED)
