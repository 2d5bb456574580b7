"""Views of a survey: what it is worth, distributions, candidates with their downloads."""

from pathlib import Path

import pandas as pd
import streamlit as st

from core.figures.survey import colour_magnitude_figure, distribution_figure, sky_figure
from core.gaia.simulated import designation
from core.simulation.redraw import is_simulated
from core.sky.export import ALL_FORMATS, table_bytes
from core.survey.catalogue import SurveySummary
from core.survey.index import B_EDGES, COLOUR_EDGES, G_EDGES, L_EDGES, PROBABILITY_EDGES
from core.survey.report import WANTED_COMPLETENESS, Share, SurveyReport
from core.survey.result import Selection
from ui import shell, state
from ui.parts.cards import show_cards
from ui.parts.choice import choose_one
from ui.parts.columns import star_columns
from ui.parts.downloads import download_each
from ui.parts.figure import show
from ui.parts.markdown import escape_markdown
from ui.parts.numbers import percent, share_text
from ui.survey import cache as survey_cache
from ui.survey.choices import query_of

PAGE_ROWS = 25
MOST_EXPORTED = 200_000
_SORTS = {
    "sky_probability": "Probability, parallax considered",
    "probability": "Probability by the spectrum",
    "phot_g_mean_mag": "G",
    "bp_rp": "BP − RP",
    "distance_pc": "Distance",
    "absolute_g_mag": "Absolute magnitude",
}
_SHOWN = (
    "source_id", "known_as", "probability", "probability_std", "sky_probability", "posterior", "phot_g_mean_mag",
    "bp_rp", "absolute_g_mag_hot", "absolute_g_mag", "distance_pc", "l_deg", "b_deg", "ruwe", "category",
    "out_of_distribution", "impostor", "note",
)  # fmt: skip


def show_report(report: SurveyReport, selection: Selection, found: dict[str, int]) -> None:
    """Counts and purity, with what they rest on."""
    purity, purity_help = "–", None
    if report.expected_purity is not None:
        low, high = report.expected_purity_low or 0.0, report.expected_purity_high or 1.0
        purity = share_text(report.expected_purity)
        purity_help = f"95 %: {share_text(low)} to {share_text(high)}; at the threshold of the prevalence."
    estimated = report.estimated_prevalence
    above = f"Probability ≥ {selection.threshold:.6g} at equal priors"
    show_cards(
        [
            ("Stars classified", f"{report.n_classified:,}"),
            ("Candidates", f"{found['n_selected']:,}", above),
            ("Expected purity", purity, purity_help),
            ("Prevalence by the sample", "–" if estimated is None else share_text(estimated)),
        ]
    )
    known = "Known stars are marked once `python -m core known-stars` has fetched their lists."
    if found["n_known"]:
        known = f"{found['n_known']:,} are known stars (ALS, Gaia's golden OBA sample)."
    st.caption(
        f"At a prevalence of {share_text(report.prevalence)} a star needs a probability of {report.threshold:.6g} at "
        f"equal priors to be rather massive than not. {report.n_impostors:,} more stars above it are too faint to be "
        "massive. The expectation holds for stars like those of the training: the spectra of "
        f"{found['n_out_of_distribution']:,} candidates are unlike them. {known}"
    )
    if report.n_at_least:
        st.caption(
            f"The posterior of {report.n_at_least:,} candidates is a lower limit: the low-mass stars on which the run "
            "was validated can vouch for no higher one."
        )
    if report.prevalence_is_far:
        st.warning(
            f"The sample itself suggests {share_text(estimated or 0.0)} massive stars, far from the chosen "
            f"{share_text(report.prevalence)}: purity and posteriors are those of another sample. Choose a prevalence "
            "near the sample's own, or say why it misleads (look-alikes that the training did not know).",
            icon=":material/balance:",
        )
    for truth in report.truth:
        text = (
            f"**Known truth, {truth.kind}**: completeness {_share(truth.completeness)}, purity (massive of any type) "
            f"{_share(truth.purity)}"
        )
        if truth.at_wanted is not None:
            text += f"; at {percent(WANTED_COMPLETENESS, 0)} completeness the purity is {_share(truth.at_wanted)}"
        st.markdown(text + ".")


def _share(share: Share | None) -> str:
    if share is None:
        return "undefined"
    return (
        f"{share_text(share.value)} ({share_text(share.low)} to {share_text(share.high)}, {share.found} of {share.of})"
    )


def show_distributions(survey: SurveySummary, selection: Selection) -> None:
    """Magnitudes, colour-magnitude diagram and sky of the candidates."""
    every = survey_cache.counts_of_all(survey.path, survey.n_done)
    chosen = survey_cache.distributions(survey.path, survey.n_done, selection)
    drawn = survey_cache.points(survey.path, survey.n_done, selection)
    left, right = st.columns(2, gap="medium")
    with left:
        figure = distribution_figure(G_EDGES, every["g"], chosen["g"], "Magnitudes", "G (mag)")
        show(figure, "Logarithmic: candidates are few among many. Faint stars have noisy spectra.", key="survey g")
    with right:
        figure = distribution_figure(
            PROBABILITY_EDGES, every[selection.score], chosen["probability"], "Probabilities",
            "Probability of massive, equal priors",
        )  # fmt: skip
        show(figure, "A clean survey is empty between the two ends.", key="survey probability")
    left, right = st.columns(2, gap="medium")
    with left:
        figure = colour_magnitude_figure(
            COLOUR_EDGES, G_EDGES, every["colour_magnitude"],
            drawn["bp_rp"].to_numpy(), drawn["phot_g_mean_mag"].to_numpy(),
        )  # fmt: skip
        caption = (
            f"Grey: all stars. Blue: candidates (at most {survey_cache.MOST_DRAWN:,} are drawn), reddened ones right."
        )
        show(figure, caption, key="survey diagram")
    with right:
        figure = sky_figure(L_EDGES, B_EDGES, chosen["sky"])
        show(
            figure,
            "Larger marks hold more. Massive stars keep to the plane; those far from it deserve doubt.",
            key="survey sky",
        )


def show_candidates(survey: SurveySummary, selection: Selection, n_selected: int, prevalence: float) -> None:
    """A page of the candidates with their ladder at a prevalence, a link to each, downloads of all."""
    if not n_selected:
        st.info("No star is selected: lower the threshold or loosen the cuts.", icon=":material/filter_alt_off:")
        return
    left, middle, right = st.columns([2, 1, 1], vertical_alignment="bottom")
    with left:
        sort = choose_one("Sort by", _SORTS, state.SORT)
    descending = middle.toggle("Largest first", True, key=state.LARGEST_FIRST)
    pages = -(-n_selected // PAGE_ROWS)
    page = (
        int(right.number_input(f"Page of {pages:,}", 1, pages, 1, key=state.key(state.PAGE_OF, survey.name, selection)))
        - 1
    )
    table = survey_cache.candidates(
        survey.path, survey.n_done, selection, sort, descending, page, PAGE_ROWS, prevalence
    )
    event = st.dataframe(
        _with_names(table), hide_index=True, on_select="rerun",
        selection_mode="single-row", key=state.key(state.CANDIDATES, survey.name, page), placeholder="–",
        column_config=star_columns(_SHOWN),
    )  # fmt: skip
    rows = event.selection.rows if event else []
    if rows:
        source_id = str(table["source_id"].iloc[rows[0]])
        name = designation(source_id, bool(table["simulated"].iloc[rows[0]]))
        origin = survey.source if is_simulated(survey.source) else survey.name
        shell.link("Star", f"Open {name} on the page Star", source_id=source_id, drawn=origin,
                   prevalence=f"{prevalence:g}")  # fmt: skip
    else:
        st.caption("Click a row to open the star.")
    _downloads(survey, selection, n_selected, prevalence)
    query = query_of(survey.name, selection)
    shell.link("Sky map", "These candidates on the Sky map", **query)
    shell.link("Associations", "Find groups among these candidates", **query)


def _with_names(table: pd.DataFrame) -> pd.DataFrame:
    """What is shown, ids as text: a browser rounds integers of 19 digits."""
    pairs = zip(table["source_id"], table["simulated"], strict=True)
    names = [designation(item, True) if simulated else str(item) for item, simulated in pairs]
    return table[list(_SHOWN)].assign(source_id=names)


def _downloads(survey: SurveySummary, selection: Selection, n_selected: int, prevalence: float) -> None:
    about = {
        "survey": survey.name, "input": survey.source if is_simulated(survey.source) else Path(survey.source).name,
        "network": survey.network, "prevalence": f"{prevalence:g}", "score": selection.score,
        "threshold": f"{selection.threshold:.8g}",
    }  # fmt: skip
    if n_selected > MOST_EXPORTED:
        files = f"the Parquet files in {escape_markdown(survey.path)}"
        st.caption(f"More than {MOST_EXPORTED:,} stars: take {files}, or tighten the cuts.")
        return

    def make(suffix: str) -> bytes:
        path, n_parts = survey.path, survey.n_done
        table = survey_cache.candidates(path, n_parts, selection, selection.score, True, 0, n_selected, prevalence)
        return table_bytes(table, suffix, about)

    download_each(ALL_FORMATS, make, f"candidates-{survey.name}")
