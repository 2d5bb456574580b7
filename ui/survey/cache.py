"""Cached questions to surveys; a survey that grows gives a new key with every part."""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from core.gaia.hot_stars import typical_a_g
from core.survey import catalogue, expected, report
from core.survey.catalogue import SurveySummary
from core.survey.expected import Expected
from core.survey.index import B_EDGES, G_EDGES, L_EDGES, PROBABILITY_EDGES
from core.survey.posterior import validation_of, with_posterior
from core.survey.result import Selection, SurveyResult
from core.survey.store import read_manifest
from core.survey.wholeness import faults_of_parts

MOST_DRAWN = 5_000
"""Candidates drawn as points in a diagram."""


@st.cache_data(ttl=5, show_spinner=False)
def find_surveys() -> list[SurveySummary]:
    """The surveys on this machine, at most five seconds old."""
    return catalogue.find_surveys()


@st.cache_resource(max_entries=4, show_spinner="Opening the survey …")
def open_survey(path: Path, n_parts: int) -> SurveyResult:
    """The survey in a folder; `n_parts` makes one that has grown a new entry."""
    return SurveyResult.open(path)


def damaged_parts(path: Path, n_parts: int) -> dict[str, str]:
    """Parts that are left out, and why; where they were done again everything is opened anew."""
    damaged = open_survey(path, n_parts).damaged
    if damaged and not faults_of_parts([path / name for name in damaged], read_manifest(path)):
        for cached in (open_survey, survey_report, counts, distributions, points, candidates):
            cached.clear()  # type: ignore[attr-defined]
    return open_survey(path, n_parts).damaged


@st.cache_data(max_entries=64, show_spinner="Counting …")
def survey_report(path: Path, n_parts: int, prevalence: float, score: str) -> report.SurveyReport:
    """`core.survey.report.survey_report`."""
    return report.survey_report(open_survey(path, n_parts), prevalence, score)


@st.cache_data(max_entries=64, show_spinner="Counting …")
def counts(path: Path, n_parts: int, selection: Selection) -> dict[str, int]:
    """`SurveyResult.counts`."""
    return open_survey(path, n_parts).counts(selection)


def counts_of_all(path: Path, n_parts: int) -> dict[str, np.ndarray]:
    """Counts of all classified stars by name (`core.survey.index.HISTOGRAMS`)."""
    return open_survey(path, n_parts).counts_of_all.histograms


@st.cache_data(max_entries=64, show_spinner="Counting …")
def distributions(path: Path, n_parts: int, selection: Selection) -> dict[str, np.ndarray]:
    """Counts in G, in probability and on the sky of the selection; by name."""
    result = open_survey(path, n_parts)
    return {
        "g": result.histogram("phot_g_mean_mag", G_EDGES, selection),
        "probability": result.histogram(selection.score, PROBABILITY_EDGES, selection),
        "sky": result.sky(L_EDGES, B_EDGES, selection),
    }


@st.cache_data(max_entries=64, show_spinner=False)
def points(path: Path, n_parts: int, selection: Selection) -> pd.DataFrame:
    """Colours and magnitudes of the most probable of the selection."""
    return open_survey(path, n_parts).points(("bp_rp", "phot_g_mean_mag"), selection, MOST_DRAWN)


@st.cache_data(max_entries=32, show_spinner="Reading …")
def candidates(
    path: Path, n_parts: int, selection: Selection, sort: str, descending: bool, page: int, rows: int, prevalence: float
) -> pd.DataFrame:
    """`SurveyResult.candidates` with their posterior at a prevalence, and M_G as if they were hot stars behind dust."""
    result = open_survey(path, n_parts)
    found = result.candidates(selection, sort=sort, descending=descending, page=page, rows=rows)
    found.insert(
        found.columns.get_loc("absolute_g_mag"),
        "absolute_g_mag_hot",
        found["absolute_g_mag"] - typical_a_g(found["bp_rp"].to_numpy(float)),
    )
    return with_posterior(found, prevalence, selection.score, validation_of(result.manifest))


@st.cache_data(max_entries=32, show_spinner="Looking at the input …")
def expected_time(source: str, run_dir: Path, run_started: str) -> Expected:
    """`core.survey.expected.expected_time`; a run that was trained again is measured again."""
    return expected.expected_time(source, run_dir)
