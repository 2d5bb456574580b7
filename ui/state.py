"""What a session remembers: choices in the URL, widgets, opened files. All their keys stand here and nowhere else."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from core.datasets.dataset import Dataset, from_spectra
from core.spectra.spectrum_set import SpectrumSet
from core.star.record import StarRecord

# Names of query parameters, each also the key of its widget: they are public, links depend on them.
VIEW, TAB = "view", "tab"
TITLE_OF_ADDRESS = {"Impostors": "Contaminants", "Who beats whom": "Pairwise comparison"}
"""Tabs whose address is another word than their title."""
SOURCE_ID, RADIUS, EPOCH = "source_id", "radius_arcsec", "epoch"
RUN, JOB, MODELS, RELEASE = "run", "job", "model", "release"
ERROR_RATE = "error_rate"
LIST, DRAWN, CLASSES = "list", "drawn", "classes"
SET, REPRESENTATION, LABEL, CATEGORY, BP_RP = "set", "representation", "label", "category", "bp_rp"
FAMILY, TEFF, LOGG, MH, A_V, R_V, G_MAG, SEED = "family", "teff", "logg", "mh", "a_v", "r_v", "g_mag", "seed"
FLUX_SOURCE = "flux_source"
TRAINING_SET, PRESET, REPRESENTATION_OF_TRAINING = "data", "preset", "represented"
VALIDATION, LOSS, AUGMENT, CONTEXT, TRAINING_SEED = "validation", "loss", "augment", "context", "training_seed"
FOLDS, ONLY_FOLDS, EPOCHS, PATIENCE = "folds", "only_folds", "epochs", "patience"
BASELINES, CURVES, RANKED_MODEL = "baselines", "curves", "ranked"
GROUND, TEST, METRIC, QUANTITY = "ground", "test", "metric", "quantity"
PART, PURITY, SAMPLE, BY, TRANSITS, MIX = "part", "purity", "sample", "by", "transits", "mix"
REAL_STARS, REAL_BY = "real", "real_by"
MEMBER, EXPLAINED_STARS = "member", "explained"
STARS, THRESHOLD, SURVEY, PREVALENCE = "stars", "threshold", "survey", "prevalence"
SKY, BY_PRIOR, CONTAMINANTS, GOOD = "sky", "by_prior", "impostors", "good"
MISSING = "missing"
ORDINARY, KNOWN, G_RANGE, SORT = "ordinary", "known", "g", "sort"
PARALLAX_SNR, RUWE = "parallax_snr", "ruwe"
EPS_PC, EPS_DEG, MIN_SAMPLES, SPACE, ALGORITHM = "eps_pc", "eps_deg", "min_samples", "space", "algorithm"
DISTANCE_ERRORS, DISTANCE, WEIGHT, GROUP = "errors", "distance", "weight_pc_per_kms", "group"
PROJECTION, COLOUR, NAMES = "projection", "colour", "names"
L_DEG, B_DEG, RADIUS_DEG = "l", "b", "radius"
CONTEXT_OF_STAR, SKY_SURVEY, LINES, COLUMNS = "about", "sky_survey", "lines", "columns"

# Keys of widgets that stand in no URL.
TYPICAL, STAR_PLOTS, FITS, FIT_LAW, FIT_FAILED = "typical", "star plots", "fits", "fit_law", "fit failed"
REPRESENT, MARK, PURITY_CURVE = "represent", "mark", "purity curve"
SURVEY_STARS, SURVEY_SEED, SURVEY_THRESHOLD = "survey stars", "survey seed", "survey threshold"
LARGEST_FIRST = "largest first"
FIELD_L, FIELD_B, FIELD_RADIUS, GO_TO = "field l", "field b", "field radius", "go to"
ASSOCIATION_MAP, PAINT, FILM_FRAMES = "association map", "paint", "film frames"
PASTED, IDS_FILE, WITH_ARCHIVE, TRUTH = "pasted list", "file of ids", "with archive", "truth column"
LIST_FILTER, LIST_LABELS, LIST_TRUST, LIST_P, LIST_G = "list filter", "list labels", "list trust", "list p", "list g"
LIST_ROW, LIST_JOB, MERGED, ASKED = "list row", "list job", "merged lists", "asked of the archive"
MOLECULES_SOURCE, MIXTURE, MOLECULE, ONLY_DETECTIONS = "molecules source", "mixture", "molecule", "only detections"

# First words of keys of which a page has several; `key` makes them.
UPLOADER, ROW, SHOW, CLOSE = "uploader", "row of", "show", "close"
RELEASE_OF = "release of"
RELAUNCH, CANCEL, RESUME, DELETE, START = "relaunch", "cancel", "resume", "delete", "start"
DOWNLOAD, EXPLAIN, ERRORS_OF, STARS_OF = "download", "explain", "errors of", "stars of"
RANGE_GHZ, ALIKE = "range", "alike"
SEND, LIST_TABLE = "send", "list table"
CUT, SURVEY_CUT, PAGE_OF, CANDIDATES, STAR_TABLE = "cut", "survey cut", "page of", "candidates", "star table"
PRESET_OF, GROUPS, ZOOM, BY_HAND, NEXT = "take preset", "groups", "zoom", "by hand", "next"

# What the session remembers beside widgets.
REFUSED, SIMULATED_STAR, STAR_TABLES = "refused", "simulated star", "uploaded star tables"
STARS_CHOSEN = "star table chosen last"
MOLECULES_REPORT = "molecules report"
LIST_MESSAGES, LIST_WAITING, NO_ARCHIVE, SENT = "list messages", "list waiting", "no archive", "sent"
EPS_PUSHES, CHECKED_GROUPS, CLICKED_STAR, FILM = "eps pushed", "checked groups", "clicked star", "association film"
_QUERIES = "remembered queries"
_OPENED = "opened files"
_ASK_AGAIN = "ask the archive again"
_LATEST_STAR = "star looked at last"
_RECORD = "record of the star looked at last"
_PAGE, _PAGE_CHANGED = "page", "page changed"


def key(first: str, *more: object) -> str:
    """Key of one of several widgets of a kind.

    >>> key(ROW, "stars.csv")
    'row of stars.csv'
    """
    return " ".join(str(part) for part in (first, *more))


def of_preset(name: str, preset: str) -> str:
    """Query parameter of a number whose default a preset of the training gives."""
    return f"{name}_{preset}"


def query(name: str, default: Any = None) -> Any:
    """What stands in the URL as `?name=...`, text; `default` where nothing does."""
    return st.query_params.get(name, default)


def queries(name: str) -> list[str]:
    """Every `?name=...` of the URL."""
    return st.query_params.get_all(name)


def set_query(name: str, value: str | list[str] | None) -> None:
    """Put a value into the URL, or take it out (None)."""
    if value is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value


def recall(name: str, default: Any = None) -> Any:
    """The value of a widget, or what was remembered under the name, in this session."""
    return st.session_state.get(name, default)


def knows(name: str) -> bool:
    """Whether the session has a value of that name."""
    return name in st.session_state


def remember(name: str, value: Any) -> None:
    """Set a value; that of a widget before it is drawn, or from a callback."""
    st.session_state[name] = value


def remember_all(values: Mapping[str, Any]) -> None:
    """Set several values."""
    st.session_state.update(values)


def keep(name: str, first: Any) -> Any:
    """The session's value, which is `first` until another is set."""
    return st.session_state.setdefault(name, first)


def forget(name: str) -> None:
    """Drop a value: the widget begins anew with its default."""
    st.session_state.pop(name, None)


def take(name: str) -> Any:
    """The value, once: it is dropped; None where there is none."""
    return st.session_state.pop(name, None)


def choose_next(name: str, value: str) -> None:
    """Let the menu of that name show a value the next time it is drawn (see `ui.parts.choice.choose_one`)."""
    st.session_state[key(NEXT, name)] = value


def show_job(job_id: str, tab: str) -> None:
    """Lead to a job that has just been queued, on the tab of the page that shows jobs; from a callback."""
    set_query(JOB, job_id)
    forget(JOB)
    remember(VIEW, tab)


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
    silent : set of file names
        Those that do not say their data release.
    failures : dict of file name to message
        What the last upload could not read.
    uploads : int
        Counts finished uploads; part of the uploader's key, so that it is empty after each.
    """

    spectra: dict[str, SpectrumSet] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    failures: dict[str, str] = field(default_factory=dict)
    uploads: int = 0

    def add(self, name: str, spectra: SpectrumSet) -> None:
        """Keep a file (one of the same name is replaced) and choose its first star."""
        self.close(name)
        self.spectra[name] = spectra
        if not spectra.release_stated:
            self.silent.add(name)
        self.choose(name, 0)

    def take_as(self, name: str, release: str) -> None:
        """Take a file that does not say its release as one of this release."""
        self.spectra[name] = replace(self.spectra[name], release=release, release_stated=True)
        self.datasets.pop(name, None)
        self.uploads += 1  # what was found in it before is found anew

    def choose(self, name: str, row: int) -> None:
        """Choose a star of a file; it goes into the URL."""
        self.rows[name] = row
        choose_source_id(int(self.spectra[name].source_id[row]))

    def update(self, name: str, spectra: SpectrumSet) -> None:
        """The same stars with more known of them; the chosen row stays."""
        self.spectra[name] = spectra
        self.datasets.pop(name, None)
        self.uploads += 1

    def close(self, name: str) -> None:
        """Forget a file."""
        self.spectra.pop(name, None)
        self.silent.discard(name)
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
    st.session_state[_RECORD] = (asked, record) if record.origin in ("file", "real", "embedded", "simulated") else None


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
