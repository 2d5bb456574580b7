"""A survey of an LSDB catalogue: the verdicts as columns of the same catalogue, computed where its partitions are."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from core.survey.columns import SCHEMA, survey_table
from core.survey.fused import DISMISS_BELOW, fused_ensemble

if TYPE_CHECKING:
    import lsdb


def survey_catalogue(
    catalogue: "lsdb.Catalog", run_dir: str | Path, model: str | None = None, *, dismiss_below: float = DISMISS_BELOW
) -> "lsdb.Catalog":
    """Classify the stars of a HATS catalogue of XP coefficients with `map_partitions`.

    Nothing is computed until the result is asked for (`compute`, `to_hats`), on whatever Dask client there is, so that
    a crossmatch or a region can come before and a selection after it.

    Parameters
    ----------
    catalogue : lsdb.Catalog
        With source_id, ra, dec, bp_coefficients and rp_coefficients; Gaia's other columns are used where it has them.
    run_dir, model, dismiss_below
        As `core.survey.survey.survey`.

    Returns
    -------
    lsdb.Catalog with the columns of a survey (`core.survey.columns.SCHEMA`) without those of the simulated truth

    Raises
    ------
    MissingColumnError
        The catalogue has no XP coefficients.
    RunError, UsageError
        The run cannot be loaded.

    Examples
    --------
    >>> import lsdb  # doctest: +SKIP
    >>> stars = lsdb.open_catalog("gaia_xp", search_filter=lsdb.ConeSearch(80.0, 0.8, 3600))  # doctest: +SKIP
    >>> verdicts = survey_catalogue(stars, "data/default_run").query("probability > 0.99").compute()  # doctest: +SKIP
    """
    from core.archive.hats import require_coefficients
    from core.verdict.ensemble import load_ensemble

    require_coefficients(catalogue.columns, str(getattr(catalogue, "name", "the catalogue")))
    ensemble = load_ensemble(run_dir, model, threads=1)
    run = (str(ensemble.path), ensemble.model, ensemble.run.started, dismiss_below)
    return catalogue.map_partitions(_classify, *run, meta=_frame(SCHEMA.empty_table()))


def _classify(frame: pd.DataFrame, path: str, model: str, started: str, dismiss_below: float) -> pd.DataFrame:
    """On a worker: the verdicts of a partition, rows and index as they were."""
    from threadpoolctl import threadpool_limits

    from core.archive.hats import spectra_of_frame
    from core.verdict.companions import load_companions
    from core.verdict.verdict import judge

    if not len(frame):
        return _frame(SCHEMA.empty_table())
    with threadpool_limits(1):
        spectra = spectra_of_frame(pd.DataFrame(frame))
        ensemble = fused_ensemble(path, model, started, dismiss_below)
        table = survey_table(spectra, judge(spectra, ensemble, load_companions(path, started)))
    return _frame(table).set_index(frame.index)


def _frame(table: pa.Table) -> pd.DataFrame:
    """As pandas with Arrow types, which keep integers and truth values that are unknown."""
    truth = [name for name in table.column_names if name.startswith("true_") or name == "category"]
    return table.drop_columns(truth).to_pandas(types_mapper=pd.ArrowDtype)
