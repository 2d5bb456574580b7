"""Stars that are known to be massive, or to be of type O, B or A: lists that were fetched once and are kept on disk.

The lists are the ALS catalogue (`core.archive.als`) and Gaia's golden sample of OBA stars (Gaia Collaboration, Creevey
et al. 2023, A&A 674, A39), three million stars chosen by their spectra and motions. They lie in the folder for cached
files; `python -m core known-stars` fetches them.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import SurveyError
from core.gaia.releases import DEFAULT
from core.settings import current_settings

ALS_FILE, GOLD_FILE = "als.parquet", "gold_oba.parquet"
SCHEMA = pa.schema([pa.field("source_id", pa.int64()), pa.field("known_as", pa.string())])


def known_stars_dir(release: str = DEFAULT.key) -> Path:
    """Where the lists of a release's ids lie."""
    folder = current_settings().cache_dir / "known_stars"
    return folder if release == DEFAULT.key else folder / release


def known_stars(release: str = DEFAULT.key) -> pa.Table:
    """The stars of all lists that are there, each once (ALS before the golden sample): source_id and known_as.

    Raises
    ------
    SurveyError
        A list is damaged.
    """
    import pandas as pd

    lists = [known_stars_dir(release) / name for name in (ALS_FILE, GOLD_FILE)]
    tables = [_read(path) for path in lists if path.is_file()]
    if len(tables) < 2:
        return tables[0] if tables else SCHEMA.empty_table()
    first, second = tables
    new = ~pd.Index(second["source_id"].to_numpy()).isin(first["source_id"].to_numpy())
    return pa.concat_tables([first, second.filter(pa.array(new))])


def _read(path: Path) -> pa.Table:
    try:
        return pq.read_table(path, schema=SCHEMA)
    except (pa.ArrowException, OSError) as error:
        raise SurveyError(
            f"{path} is damaged ({error}); delete it, and fetch it again: python -m core known-stars"
        ) from error
