"""What a session remembers: choices in the URL, opened files. Each item has one accessor, no page uses a raw key."""

from collections.abc import Hashable
from dataclasses import dataclass, field

import streamlit as st

from core.archive.lookup import StarRecord
from core.spectra.dataset import Dataset, from_spectra
from core.spectra.spectrum_set import SpectrumSet

# Names of query parameters: they are public, links depend on them.
SOURCE_ID = "source_id"
RADIUS = "radius_arcsec"
EPOCH = "epoch"
RUN = "run"
JOB = "job"
MODELS = "model"
TRAINING_SET = "data"
PRESET = "preset"
REPRESENTATION_OF_TRAINING = "represented"
CURVES = "curves"
RANKED_MODEL = "ranked"
MEMBER = "member"
EXPLAINED_STARS = "explained"
STARS = "stars"
THRESHOLD = "threshold"
SURVEY = "survey"
PREVALENCE = "prevalence"
SKY, BY_PRIOR, IMPOSTORS, GOOD = "sky", "by_prior", "impostors", "good"
ORDINARY, KNOWN, G_RANGE = "ordinary", "known", "g"
ERROR_RATE = "error_rate"
PARALLAX_SNR = "parallax_snr"
RUWE = "ruwe"
EPS_PC = "eps_pc"
EPS_DEG = "eps_deg"
MIN_SAMPLES = "min_samples"
SPACE = "space"
ALGORITHM = "algorithm"
DISTANCE_ERRORS = "errors"
DISTANCE = "distance"
WEIGHT = "weight_pc_per_kms"
GROUP = "group"
PROJECTION = "projection"
COLOUR = "colour"
L_DEG, B_DEG, RADIUS_DEG = "l", "b", "radius"

_QUERIES = "remembered queries"
_OPENED = "opened files"
_ASK_AGAIN = "ask the archive again"
_LATEST_STAR = "star looked at last"
_RECORD = "record of the star looked at last"
_PAGE, _PAGE_CHANGED = "page", "page changed"


@dataclass
class OpenedFiles:
    """Files that this session has opened.

    Attributes
    ----------
    spectra : dict of file name to SpectrumSet
    rows : dict of file name to int
        The row that is chosen in each.
    datasets : dict of file name to Dataset
        The files as data sets to browse, made when first asked for.
    failures : dict of file name to message
        What the last upload could not read.
    uploads : int
        Counts finished uploads; part of the uploader's key, so that it is empty after each.
    """

    spectra: dict[str, SpectrumSet] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    uploads: int = 0

    def add(self, name: str, spectra: SpectrumSet) -> None:
        """Keep a file (one of the same name is replaced) and choose its first star."""
        self.close(name)
        self.spectra[name] = spectra
        self.choose(name, 0)

    def choose(self, name: str, row: int) -> None:
        """Choose a star of a file; it goes into the URL."""
        self.rows[name] = row
        choose_source_id(int(self.spectra[name].source_id[row]))

    def close(self, name: str) -> None:
        """Forget a file."""
        self.spectra.pop(name, None)
        self.rows.pop(name, None)
        self.datasets.pop(name, None)

    def dataset(self, name: str) -> Dataset:
        """A file as a data set to browse."""
        if name not in self.datasets:
            provenance = f"File {name}, opened in this session."
            self.datasets[name] = from_spectra(self.spectra[name], name, provenance, f"{name} {self.uploads}")
        return self.datasets[name]


def opened_files() -> OpenedFiles:
    """The session's opened files (never shared between sessions)."""
    return st.session_state.setdefault(_OPENED, OpenedFiles())


def remember_query(page_title: str) -> None:
    """Keep the page's query parameters, so that the menu leads back to the same choices."""
    queries = st.session_state.setdefault(_QUERIES, {})
    queries[page_title] = {name: st.query_params.get_all(name) for name in st.query_params}
    st.session_state[_PAGE_CHANGED] = st.session_state.get(_PAGE) != page_title
    st.session_state[_PAGE] = page_title


def remembered_query(page_title: str) -> dict[str, list[str]] | None:
    """The query parameters with which a page was last seen, or None."""
    return st.session_state.get(_QUERIES, {}).get(page_title) or None


def choose_source_id(value: int) -> None:
    """Put a star into the URL; to be called before the look-up field is drawn, or from a callback."""
    st.session_state[SOURCE_ID] = str(value)


def remember_record(asked: Hashable, record: StarRecord) -> None:
    """Keep the star that a page has just found, and what was asked; what came from elsewhere is looked up each time."""
    st.session_state[_LATEST_STAR] = record.source_id
    st.session_state[_RECORD] = (asked, record) if record.origin in ("file", "real", "embedded") else None


def local_record(asked: Hashable) -> StarRecord | None:
    """The star found last, if the same was asked and it lies on this machine."""
    kept = st.session_state.get(_RECORD)
    return kept[1] if kept and kept[0] == asked else None


def take_latest_star() -> None:
    """Choose the star looked at last where the URL names none; to be called before the look-up field is drawn.

    Streamlit strips `?source_id=` from a link between two pages that both bind it: the session hands the star over.
    """
    if st.session_state.get(_PAGE_CHANGED) and SOURCE_ID not in st.query_params and _LATEST_STAR in st.session_state:
        st.query_params[SOURCE_ID] = str(st.session_state[_LATEST_STAR])
        choose_source_id(st.session_state[_LATEST_STAR])


def ask_again() -> None:
    """Let the next look-up ask the archive whatever is remembered of it; to be called from a callback."""
    st.session_state[_ASK_AGAIN] = True


def take_ask_again() -> bool:
    """Whether `ask_again` was called since the last look-up."""
    return bool(st.session_state.pop(_ASK_AGAIN, False))
