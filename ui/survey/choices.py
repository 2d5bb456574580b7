"""Choices of the page Survey: what is classified by which run, which survey is looked at, which stars of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from core.datasets.catalogue import EMBEDDED
from core.errors import ExplorerError
from core.gaia.labels import THRESHOLD
from core.jobs.job import Job
from core.runs.catalogue import RunSummary
from core.settings import current_settings
from core.survey.catalogue import SurveySummary
from core.survey.columns import GOOD_PARALLAX, GOOD_RUWE
from core.survey.job import submit_survey
from core.survey.result import Selection
from core.verdict.sky_estimate import CANDIDATE_FROM
from core.verdict.verdict import SCORES
from ui import cache, state
from ui.parts.choice import choose_one, number_of_query
from ui.parts.markdown import escape_markdown
from ui.parts.numbers import duration
from ui.parts.run_choice import choose_run
from ui.sky_map.sources import CONTAMINANTS_HELP, G_LIMITS, THRESHOLDS, choose_g_range, choose_toggle
from ui.survey import cache as survey_cache

SIMULATED = "simulated"
KNOWN_TITLES = {"any": "Known and new", "known": "Known only", "new": "New only"}


@dataclass(frozen=True)
class NewSurvey:
    """What is to be classified: a path, or the description of a simulated sky."""

    source: str
    title: str
    run: RunSummary

    def submit(self) -> Job:
        """Queue it."""
        name = f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}"
        return submit_survey(self.source, self.run.path, name, f"{self.title} by {self.run.title}")


def choose_new_survey() -> NewSurvey | None:
    """Input and run; None (with a message) where there is no run."""
    entries = {entry.name: entry for entry in cache.with_wanted(cache.find_datasets, state.STARS)}
    folders = {path.name: path for path in _fetched()}
    titles = {SIMULATED: "A simulated sky at natural prevalence"}
    titles |= {name: entry.title for name, entry in entries.items()} | {name: f"Folder {name}" for name in folders}
    left, right = st.columns(2, gap="medium")
    with left:
        help_text = f"Files and folders of spectra in {_input_dir()} are listed too."
        name = choose_one("Stars", titles, state.STARS, help=help_text)
        source, title = "", titles[name]
        if name == SIMULATED:
            first, second = st.columns(2)
            most = max(1_000, current_settings().most_job_stars)
            usual = min(100_000, most)
            n_stars = first.number_input("Stars to draw", 1_000, most, usual, 10_000, key=state.SURVEY_STARS)
            seed = second.number_input("Seed", 0, 2**31 - 1, 1, key=state.SURVEY_SEED)
            source, title = f"simulated:survey:{n_stars}:{seed}", f"{n_stars:,} simulated stars, seed {seed}"
        elif name in folders:
            source = str(folders[name])
        elif name == EMBEDDED:
            source = str(cache.embedded_dataset().path)
        else:
            source = str(entries[name].path)
    with right:
        run = choose_run()
    return None if run is None else NewSurvey(source, title, run)


def say_expected(choice: NewSurvey) -> str:
    """How many stars, and about how long it will take here."""
    try:
        expected = survey_cache.expected_time(choice.source, choice.run.path, choice.run.started)
    except ExplorerError as error:
        return f"The input cannot be surveyed: {escape_markdown(error)}."
    if expected.n_stars is None or expected.seconds is None:
        return "How long it will take is known when the first partitions are done: these files do not tell their rows."
    return f"**{expected.n_stars:,} stars**, about {duration(expected.seconds)} on this machine."


def _input_dir() -> Path:
    return current_settings().local_dir / "spectra"


def _fetched() -> list[Path]:
    """Files and folders that the user has put, or `fetch` has written, into the folder for input."""
    folder = _input_dir()
    return sorted(folder.glob("[!.]*")) if folder.is_dir() else []


def choose_survey() -> SurveySummary | None:
    """One of the surveys on this machine; None when there is none."""
    surveys = {item.name: item for item in cache.with_wanted(survey_cache.find_surveys, state.SURVEY)}
    if not surveys:
        return None
    name = choose_one("Survey", {key: item.title for key, item in surveys.items()}, state.SURVEY)
    return surveys[name]


def choose_score() -> str:
    """What candidates are chosen by; stands in the URL."""
    with_sky = choose_toggle(
        "Brightness and parallax count", state.SKY, True, key=state.key(state.SURVEY_CUT, state.SKY),
        help="Massive stars are luminous, and rare among faint sources: both change the odds beside the spectrum. For "
        "samples of the whole sky; off, the spectrum alone decides.",
    )  # fmt: skip
    return SCORES[0] if with_sky else SCORES[1]


def choose_selection(threshold: float, score: str) -> Selection:
    """Which stars are candidates; by default those whose posterior at the prevalence is a half or more."""
    first, second, third = st.columns(3, gap="medium", vertical_alignment="bottom")
    with first:
        by_prior = st.toggle("Threshold from the prevalence", True, key=state.BY_PRIOR, bind="query-params")
        least = threshold
        if not by_prior:
            least = choose_threshold()
        known = choose_one("Known stars", KNOWN_TITLES, state.KNOWN)
    with second:
        contaminants = choose_toggle(
            "Keep contaminants",
            state.CONTAMINANTS,
            False,
            CONTAMINANTS_HELP,
            key=state.key(state.SURVEY_CUT, state.CONTAMINANTS),
        )
        good = st.toggle(
            "Good astrometry only", False, key=state.GOOD, bind="query-params",
            help="RUWE below 1.4 and a parallax above five times its error.",
        )  # fmt: skip
        ordinary = st.toggle(
            "Ordinary spectra only", False, key=state.ORDINARY, bind="query-params",
            help="Leaves out spectra that are less like the training's than 99 % of those are.",
        )  # fmt: skip
    with third:
        g_range = choose_g_range(state.key(state.SURVEY_CUT, state.G_RANGE))
    return Selection(least, contaminants, good, None if g_range == G_LIMITS else g_range, score, ordinary, known)


def choose_threshold() -> float:
    """The least probability; what the URL says may lie between the slider's stops."""
    stops = [stop for stop in THRESHOLDS if stop >= CANDIDATE_FROM]
    wanted = number_of_query(state.THRESHOLD, THRESHOLD, (stops[0], 1.0))
    value = st.select_slider(
        "Probability, at least", sorted({*stops, wanted}), wanted, key=state.SURVEY_THRESHOLD,
        help="Calibrated at equal priors. Below 0.01 no star is a candidate at any prevalence that occurs.",
    )  # fmt: skip
    state.set_query(state.THRESHOLD, f"{value:.8g}")
    return float(value)


def query_of(name: str, selection: Selection) -> dict[str, str | list[str]]:
    """The selection as query parameters of the pages of the sky, which read them under the same names."""
    query: dict[str, str | list[str]] = {state.STARS: name, state.THRESHOLD: f"{selection.threshold:.8g}"}
    if selection.score != SCORES[0]:
        query[state.SKY] = "false"
    if selection.contaminants:
        query[state.CONTAMINANTS] = "true"
    if selection.good_astrometry:
        query |= {state.PARALLAX_SNR: f"{GOOD_PARALLAX:g}", state.RUWE: f"{GOOD_RUWE:g}"}
    if selection.g_range is not None:
        query |= {state.G_RANGE: [f"{limit:g}" for limit in selection.g_range]}
    return query
