"""The second, independent judge on the page Star: a fit by physics, with errors, beside Gaia's own parameters."""

import pandas as pd
import streamlit as st

from core.errors import ExplorerError
from core.figures.parameters import corner_figure, fit_figure, kiel_figure
from core.parameters.choices import FitSettings
from core.parameters.population import drawn_tracks
from core.parameters.star_fit import StarFit, compared_with_gaia, fit_star
from core.star.card import VerdictCard
from ui import state
from ui.parts.downloads import download_table
from ui.parts.figure import show
from ui.parts.markdown import escape_markdown
from ui.parts.numbers import percent

LAWS = ("G23", "F19", "F04", "F99", "CCM89", "O94", "M14", "VCG04")
FAMILY_TITLES = {
    "normal": "normal star", "white_dwarf": "DA white dwarf", "helium_white_dwarf": "DB white dwarf",
    "helium_poor": "sdB (helium-poor)", "helium_rich": "He-sdO (helium-rich)",
}  # fmt: skip
_APART = 0.5
"""Difference of the two judges' probabilities from which the page says that they disagree."""


MOST_FITS = 8


def kept_fit(card: VerdictCard) -> StarFit | None:
    """The fit of this spectrum that the session has made, for other diagrams; None where it has not been fitted."""
    return None if card.record.spectra is None else state.keep(state.FITS, {}).get(_key(card))


def _key(card: VerdictCard) -> tuple[int, float]:
    assert card.record.spectra is not None
    return card.record.source_id, float(card.record.spectra.flux[0].sum())


def _fit(card: VerdictCard) -> None:
    """Fit and keep; a callback."""
    assert card.record.spectra is not None
    fits = state.keep(state.FITS, {})
    try:
        fits[_key(card)] = fit_star(card.record.spectra, FitSettings(law=state.recall(state.FIT_LAW, LAWS[0])))
    except ExplorerError as error:
        state.remember(state.FIT_FAILED, f"{error}")
    while len(fits) > MOST_FITS:
        fits.pop(next(iter(fits)))


def show_parameters(card: VerdictCard) -> None:
    """Everything the fit says of a star: nothing without a spectrum."""
    record = card.record
    if record.spectra is None:
        return
    fit = kept_fit(card)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("Extinction law", LAWS, key=state.FIT_LAW, help="Laws of the package dust_extinction.", width=160)
        st.button(
            "Fit model atmospheres to this spectrum" if fit is None else "Fit again", icon=":material/thermostat:",
            on_click=_fit, args=(card,), help=_HELP, type="primary" if fit is None else "secondary",
        )  # fmt: skip
    if problem := state.take(state.FIT_FAILED):
        st.error(escape_markdown(problem), icon=":material/error:")
    if fit is None:
        st.caption("Parameters by physics take some seconds; diagrams and energy use them from then on.")
        return
    _show_summary(fit, card)
    flux_error = record.spectra.flux_error
    picture, side = st.columns([5, 3], gap="medium")
    best = {name: float(fit.row[name]) for name in fit.draws.columns}
    with picture:
        show(
            fit_figure(record.spectra.flux[0], None if flux_error is None else flux_error[0], fit.flux, fit.residual),
            "Observed flux with the best-fitting model atmosphere behind dust, as Gaia would deliver it. Below, "
            "observed less fitted in units of the flux error, which holds noise alone: slow waves of a few σ are what "
            "models and calibration leave, and the intervals allow for them.",
            key="fit_spectrum",
        )
    with side:
        st.dataframe(compared_with_gaia(fit, record.gaia), hide_index=True)
        _show_families(fit)
    left, right = st.columns(2, gap="medium")
    with left:
        show(
            corner_figure(fit.draws, best),
            "Draws of the posterior, one parameter along the diagonal and pairs below; the red cross is the best fit. "
            "Temperature and dust trade against each other: a long, thin cloud there is no fault.",
            key="fit_corner",
        )
    with right:
        show(
            kiel_figure(drawn_tracks(), fit.draws, best),
            "The same draws among the evolutionary tracks of the simulator (initial masses in suns; blue from 8 suns "
            "on, the border of 'massive').",
            key="fit_kiel",
        )
        download_table(pd.DataFrame([fit.row]), "Parameters (CSV)", f"parameters_{record.source_id}")


def _show_summary(fit: StarFit, card: VerdictCard) -> None:
    probability, network = float(fit.row["probability_physics"]), card.verdict.probability
    columns = st.columns(3)
    columns[0].metric("Massive, by physics alone", percent(probability))
    columns[1].metric("Massive, by the networks", "–" if network is None else percent(network))
    columns[2].metric("Chi-square per value", f"{fit.row['chi2']:.1f}")
    if network is not None and abs(probability - network) > _APART:
        st.warning(
            "The two judges disagree: look at residuals, families and the contaminant check before you believe either.",
            icon=":material/balance:",
        )
    if fit.row["note"]:
        st.info(escape_markdown(fit.row["note"]), icon=":material/info:")


def _show_families(fit: StarFit) -> None:
    if len(fit.families) < 2:
        return
    table = fit.families.assign(
        family=[FAMILY_TITLES.get(name, name) for name in fit.families["family"]],
        teff=fit.families["teff"].round(0), logg=fit.families["logg"].round(2), a_v=fit.families["a_v"].round(2),
        chi2=fit.families["chi2"].round(2), probability=[percent(p) for p in fit.families["probability"]],
    )  # fmt: skip
    st.caption("Other compositions, by their evidence before it is said how common they are")
    st.dataframe(table, hide_index=True)


_HELP = (
    "Least squares in the 110 coefficients with plane-parallel LTE atmospheres, dust and Gaia's instrument. It knows "
    "nothing of the networks: an independent second opinion."
)
