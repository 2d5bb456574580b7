"""Part of the page Evaluate: how a run does on real stars, the shipped ones or those of an opened file."""

import pandas as pd
import streamlit as st

from core.datasets.real_stars import REAL, TITLE, real_stars_path
from core.errors import ExplorerError
from core.evaluation.real_truth import RealSample, embedded_sample, real_sample
from core.evaluation.real_validation import RealValidation, validate_real
from core.evaluation.real_validation_text import interval, rate_rows
from core.figures.real_validation import (
    MOST_SPECTRA,
    gallery_figure,
    kinds_figure,
    real_reliability_figure,
    real_roc_figure,
    recall_figure,
)
from core.runs.result import RunResult
from core.spectra.spectrum_set import SpectrumSet
from core.verdict.unseen import UNSEEN_NOTE
from ui import state
from ui.evaluate import cache as evaluation_cache
from ui.evaluate.choices import choose_threshold
from ui.parts.choice import choose_one
from ui.parts.columns import star_columns
from ui.parts.downloads import download_table
from ui.parts.figure import show
from ui.parts.markdown import escape_markdown
from ui.parts.numbers import percent
from ui.shell import link

_BY = {"dust": "Extinction", "type": "Spectral type", "luminosity": "Luminosity class"}


def show_real_stars(result: RunResult) -> None:
    """Choose the stars, judge them, show recall, false alarms, curves and the wrong verdicts."""
    left, middle, right = st.columns([2, 1, 2], gap="large")
    with left:
        name = _choose_sample()
    with middle:
        by = choose_one("Recall by", _BY, state.REAL_BY)
    with right:
        threshold = choose_threshold()
    if name is None:
        return
    try:
        sample = _sample(name)
        verdicts = _verdicts(sample, result, evaluation_cache.version_of(result), name)
        found = validate_real(result.folder, sample, title=result.title, threshold=threshold, verdicts=verdicts)
    except ExplorerError as error:
        st.info(f"These stars cannot be judged: {escape_markdown(error)}", icon=":material/info:")
        return
    _say(found)
    _show_rates(found, by)
    _show_curves(found)
    _show_errors(found, sample, result.name)


def _choose_sample() -> str | None:
    names = ([REAL] if real_stars_path() is not None else []) + list(state.opened_files().spectra)
    if not names:
        st.info("No real stars are installed (data/real), and no file is open.", icon=":material/public_off:")
        link("Star", "Open a file of labelled spectra")
        return None
    titles = {name: TITLE if name == REAL else name for name in names}
    help_text = (
        "A file needs a column 'label' (massive, low-mass or empty) or 'spectral_type'; open it on the page Star."
    )
    return choose_one("Real stars", titles, state.REAL_STARS, help=help_text)


def _sample(name: str) -> RealSample:
    if name == REAL:
        path = real_stars_path()
        return _shipped(0 if path is None else path.stat().st_mtime_ns)
    opened = state.opened_files()
    return _opened(opened.spectra[name], name, f"{name} {opened.uploads}")


@st.cache_resource(max_entries=1, show_spinner="Reading the real stars …")
def _shipped(changed_ns: int) -> RealSample:
    return embedded_sample()


@st.cache_resource(scope="session", max_entries=2, show_spinner=False)
def _opened(_spectra: SpectrumSet, name: str, key: str) -> RealSample:
    return real_sample(_spectra, name)


@st.cache_data(scope="session", max_entries=16, show_spinner="Classifying the real stars …")
def _verdicts(_sample: RealSample, _result: RunResult, version: str, name: str) -> pd.DataFrame:
    from core.evaluation.real_validation import judge_real_stars

    return judge_real_stars(_result.folder, _sample)


def _say(found: RealValidation) -> None:
    purity = found.expected.purity
    cards = st.columns(3, border=True)
    cards[0].metric("ROC-AUC, real stars", interval(found.auc))
    cards[1].metric("Calibration error, equal priors", interval(found.ece, 3))
    cards[2].metric(
        f"Purity at {percent(found.expected.prevalence, 2)}, spectrum alone",
        interval(purity, 2),
        help="Were all low-mass stars of the sky like these real ones, among which A and late B stars are far "
        "commoner; the sky's own mix, with brightness and parallax, is under *Threshold and prevalence*.",
    )
    seen = (
        f" Of {found.n_unseen:,} that the run has learnt from: **{UNSEEN_NOTE}**."
        if found.n_unseen
        else " The run has learnt from none of them."
    )
    st.caption(f"{found.n_classified:,} of {found.n_stars:,} real stars classified.{seen} Intervals: 95 %.")


def _show_rates(found: RealValidation, by: str) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        rows = found.recall[by]
        if rows:
            caption = (
                "O to B1.5 stars, B2–B2.5 giants and B supergiants by their published types, undamaged spectra; Wilson "
                "intervals. Numbers in brackets count stars."
            )
            show(recall_figure(f"Found, by {_BY[by].lower()}", rows), caption, key="real recall")
            download_table(pd.DataFrame(rate_rows(rows)), "Recall (CSV)", f"real_recall_by_{by}")
        else:
            st.info("No massive star with a published type is among them.", icon=":material/info:")
    with right:
        caption = (
            "The upper kinds belong to the right and the last two to the left. Stars that are hot by APOGEE alone are "
            "mostly B2.5–B3 dwarfs of 6–7 solar masses: reported, not scored."
        )
        show(kinds_figure(found.kinds), caption, key="real kinds")
        download_table(pd.DataFrame(rate_rows(found.kinds, "kind")), "Kinds (CSV)", "real_kinds")


def _show_curves(found: RealValidation) -> None:
    figure = real_reliability_figure(found)
    if figure is None:
        return
    left, right = st.columns(2, gap="medium")
    with left:
        show(real_roc_figure(found), "Real massive against real low-mass stars.", key="real roc")
    with right:
        show(figure, "Both classes weighted alike; bars: exact 95 % intervals.", key="real reliability")


def _show_errors(found: RealValidation, sample: RealSample, run: str) -> None:
    errors = found.errors
    st.markdown(f"**{len(errors):,} wrong verdicts**, the most confident first")
    if errors.empty:
        return
    listed = errors.assign(source_id=errors["source_id"].astype(str))
    st.dataframe(listed, hide_index=True, height=240, column_config=star_columns(list(listed)), key="real errors")
    rows = pd.Index(sample.spectra.source_id).get_indexer(errors["source_id"].head(MOST_SPECTRA))
    caption = "Normalised spectra of the first ones: error, type and probability of massive."
    show(gallery_figure(errors, sample.spectra.flux[rows]), caption, key="real gallery")
    with st.container(horizontal=True):
        for number, source_id in enumerate(errors["source_id"].head(3), 1):
            link("Star", f"Star {number}", source_id=str(source_id), run=run)
    download_table(errors, "Wrong verdicts (CSV)", "real_errors")
