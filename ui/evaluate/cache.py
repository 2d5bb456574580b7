"""Cached results of stored runs; a run that was trained again (`started`, folds) is a new entry."""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from core.datasets.dataset import Dataset
from core.errors import ExplorerError
from core.evaluation.calibration_methods import CalibrationResult
from core.evaluation.comparison import ComparisonRow
from core.evaluation.pairwise_comparison import PairwiseComparison
from core.evaluation.real_contaminants import RealVerdicts
from core.runs.catalogue import RunSummary
from core.runs.result import RunResult
from core.spectra.grid import N_SAMPLES
from core.statistics.intervals import Interval
from core.statistics.prevalence import OperatingCurve
from core.verdict.companions import Companions


def load_result(run: RunSummary, *, with_metadata: bool = True) -> RunResult:
    """A run's stored predictions, with what is known of its stars; RunError where they cannot be read."""
    return _load_result(run.path, run.name, f"{run.started} {run.n_members}", with_metadata)


@st.cache_resource(max_entries=48, show_spinner="Reading the run …")
def _load_result(path: Path, name: str, version: str, with_metadata: bool) -> RunResult:
    from core.runs.result import load_run_result

    return load_run_result(path, name=name, with_metadata=with_metadata)


def load_judges(result: RunResult) -> Companions:
    """The models and validations that lie beside a run; none where one of their files is damaged."""
    from core.verdict.companions import NO_COMPANIONS, load_companions

    try:
        return load_companions(result.folder, result.run.started)
    except ExplorerError:
        return NO_COMPANIONS


def version_of(result: RunResult) -> str:
    """Changes when the run does: the key under which its figures are kept."""
    return f"{result.folder} {result.run.started} {result.n_members}"


@st.cache_resource(max_entries=64, show_spinner=False)
def operating_curve(_result: RunResult, version: str, part: str) -> OperatingCurve:
    """`core.statistics.prevalence.operating_curve` of one part of a run; sorted once, then a look-up."""
    from core.statistics.prevalence import operating_curve as make

    table = _result.part(part)
    return make(table["label"].to_numpy() == 1, table["probability"].to_numpy())


@st.cache_data(max_entries=64, show_spinner="Drawing bootstrap samples …")
def intervals(_result: RunResult, version: str, part: str) -> dict[str, Interval]:
    """Bootstrap intervals of every figure of one part of a run."""
    from core.statistics.intervals import bootstrap_metrics

    table = _result.part(part)
    return bootstrap_metrics(table["label"].to_numpy(), table["probability"].to_numpy(), n_draws=500)


@st.cache_resource(max_entries=24, show_spinner="Fitting the calibrations …")
def calibrations(_result: RunResult, version: str) -> list[CalibrationResult]:
    """Every calibration of a run on its held-out stars."""
    from core.evaluation.calibration_methods import compare_calibrations

    return compare_calibrations(_result.oof, _result.test)


@st.cache_data(max_entries=16, show_spinner="Drawing bootstrap samples …")
def baseline_rows(_result: RunResult, version: str) -> list[ComparisonRow]:
    """The rows of the baselines on a run's folds."""
    from core.evaluation.comparison import baseline_rows as make

    return make(_result)


@st.cache_data(max_entries=64, show_spinner="Drawing bootstrap samples …")
def comparison_row(_result: RunResult, version: str) -> ComparisonRow:
    """A network's row of the table, without its speed."""
    from core.evaluation.comparison import comparison_row as make

    return make(_result)


@st.cache_data(max_entries=16, show_spinner="Testing every pair …")
def compare_pairwise(_results: list[RunResult], versions: str, metric: str, test: str) -> PairwiseComparison:
    """`core.evaluation.pairwise_comparison.compare_pairwise`."""
    from core.evaluation.pairwise_comparison import compare_pairwise as make

    return make(_results, metric, test)


@st.cache_resource(max_entries=64, show_spinner="Measuring the speed of each network …")
def stars_per_second(path: Path, version: str) -> float | None:
    """Spectra per second of one member; None where the run's members are not there."""
    from core.evaluation.speed import stars_per_second as measure

    try:
        return measure(path)
    except ExplorerError:
        return None


@st.cache_resource(max_entries=24, show_spinner="Classifying the real spectra …")
def real_verdicts(path: Path, version: str, real_data_dir: Path) -> RealVerdicts:
    """A run's probabilities of the real spectra."""
    from core.evaluation.real_contaminants import judge_real_spectra

    return judge_real_spectra(path, real_data_dir)


@st.cache_resource(max_entries=4, show_spinner="Opening the spectra …")
def open_stars(path: Path, changed_ns: int) -> Dataset:
    """The data set of a run's stars."""
    from core.datasets.dataset import open_parquet

    return open_parquet(path, path.name, "Stars that the run was trained or tested on.")


def spectra_of(file: Path, source_ids: pd.Series) -> np.ndarray:
    """Flux of some stars of a run, in their order: (n_stars, 343), NaN for those that the file lacks."""
    dataset = open_stars(file, file.stat().st_mtime_ns)
    rows = pd.Index(dataset.table["source_id"]).get_indexer(source_ids)
    flux = np.full((len(rows), N_SAMPLES), np.nan)
    flux[rows >= 0] = dataset.flux(rows[rows >= 0])
    return flux
