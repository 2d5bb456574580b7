"""Parts of the page Evaluate: curves, wrong verdicts, groups of stars, calibration, contaminants."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from core.errors import ExplorerError
from core.evaluation.breakdown import (
    BREAKDOWNS,
    GroupResult,
    available_breakdowns,
    break_down,
    simulated_contaminants,
    wrong_verdicts,
)
from core.evaluation.curves import precision_recall_points, roc_points
from core.evaluation.real_contaminants import count_real, has_real_spectra
from core.figures.evaluation import (
    precision_recall_figure,
    probability_figure,
    rates_figure,
    reliability_figure,
    roc_figure,
)
from core.figures.palette import BLUE, OCHRE, VERMILION
from core.figures.spectrum import overlay_figure
from core.gaia.labels import LOW_MASS, MASSIVE
from core.runs.result import RunResult
from core.settings import current_settings
from core.spectra.representations import find_representation, represent
from core.statistics.prevalence import OperatingCurve
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

MOST_LISTED, MOST_SPECTRA = 500, 6
_ERROR_COLUMNS = ("source_id", "kind", "category", "probability", "phot_g_mean_mag", "bp_rp", "true_a_v", "true_mass")
NO_METADATA = (
    "What kind of star each one is stands in the run's data set, which is not on this machine, and the run brings no "
    "copy of it (`python -m recipes.whole_run` adds one). Reference runs stand on the embedded stars, which are here."
)


def show_curves(result: RunResult, part: str, curve: OperatingCurve) -> None:
    """ROC, precision-recall and the probabilities by class."""
    table = result.part(part)
    areas = evaluation_cache.intervals(result, evaluation_cache.version_of(result), part)
    if curve.n_massive == 0 or curve.n_low_mass == 0:
        st.info("These stars are all of one class, so there is no curve to draw.", icon=":material/info:")
    else:
        left, right = st.columns(2, gap="medium")
        with left:
            caption = (
                "Band: exact 95 % interval of the completeness. The left edge decides where massive stars are rare."
            )
            show(roc_figure(roc_points(curve), areas["roc_auc"]), caption, key="roc")
        with right:
            caption = (
                "Band: exact 95 % interval. Precision holds for this set's share of massive stars "
                f"({percent(curve.n_massive / (curve.n_massive + curve.n_low_mass), 0)}), not for the sky."
            )
            figure = precision_recall_figure(precision_recall_points(curve), areas["average_precision"])
            show(figure, caption, key="precision")
    caption = (
        "Calibrated (Platt, out of fold), at equal priors. Low-mass stars on the right are the impurity of a sample."
    )
    show(probability_figure(table["label"].to_numpy(), table["probability"].to_numpy()), caption, key="probabilities")


def show_mistakes(result: RunResult, part: str) -> None:
    """Wrong verdicts, the most confident first, with spectra."""
    threshold = choose_threshold()
    wrong = wrong_verdicts(result.part(part), threshold)
    n_false = int((wrong["kind"] == "false positive").sum())
    st.markdown(f"**{len(wrong):,} wrong verdicts**: {n_false:,} false positives, {len(wrong) - n_false:,} missed.")
    if wrong.empty:
        st.info("Every verdict is right at this threshold.", icon=":material/check_circle:")
        return
    columns = [name for name in _ERROR_COLUMNS if name in wrong]
    listed = wrong[columns].head(MOST_LISTED).assign(source_id=wrong["source_id"].head(MOST_LISTED).astype(str))
    choice = st.dataframe(
        listed,
        hide_index=True,
        height=280,
        key=state.key(state.ERRORS_OF, result.name, part),
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": list(range(min(3, len(listed))))}},
        column_config=star_columns(columns),
    )
    note = f" The first {MOST_LISTED} are listed; the download holds all." if len(wrong) > MOST_LISTED else ""
    st.caption(f"The most confident come first: the probability given to the wrong class is largest.{note}")
    chosen = [row for row in choice["selection"]["rows"] if row < len(listed)][:MOST_SPECTRA]
    if chosen and result.spectra_file is not None:
        _show_spectra(result.spectra_file, wrong.iloc[chosen])
    elif result.spectra_file is None:
        st.caption("Their spectra are not on this machine.")
    download_table(wrong, "Wrong verdicts (CSV)", "wrong_verdicts")


def _show_spectra(file: Path, stars: pd.DataFrame) -> None:
    flux = evaluation_cache.spectra_of(file, stars["source_id"])
    there = np.isfinite(flux).all(axis=1)
    if not there.all():
        st.caption(f"{int((~there).sum())} of the ticked spectra are not on this machine: the most confident ones are.")
        flux, stars = flux[there], stars[there]
    if stars.empty:
        return
    names = [
        f"{row.kind}, {getattr(row, 'category', 'star')}, {row.probability:.3f}"
        for row in stars.itertuples(index=False)
    ]
    names = [f"{number}: {name}" for number, name in enumerate(names, 1)]
    figure = overlay_figure(represent(flux, "l2"), names, find_representation("l2"))
    show(
        figure,
        "Normalised spectra of the ticked stars: truth, category and probability of massive.",
        key="wrong spectra",
    )
    with st.container(horizontal=True):
        for number, source_id in enumerate(stars["source_id"].head(3), 1):
            link("Star", f"Star {number}", source_id=str(source_id))


def show_breakdown(result: RunResult, part: str) -> None:
    """Rates of every group of stars."""
    table = result.part(part)
    known = available_breakdowns(table)
    if not known:
        st.info(NO_METADATA, icon=":material/category:")
        return
    left, right = st.columns([1, 2], gap="large")
    with left:
        by = choose_one("By", {name: BREAKDOWNS[name][0] for name in known}, state.BY)
    with right:
        threshold = choose_threshold()
    groups = break_down(table, by, threshold)
    names = [group.group for group in groups]
    series = {
        "massive stars that are found": (
            BLUE,
            [group.completeness for group in groups],
            [group.n_massive for group in groups],
        ),
        "low-mass stars called massive": (
            VERMILION,
            [group.false_positive_rate for group in groups],
            [group.n_low_mass for group in groups],
        ),
    }
    title = f"{BREAKDOWNS[by][0]}: found and falsely alarmed"
    figure = rates_figure(title, names, series, "Share called massive")
    show(figure, "Bars: exact 95 % intervals. Blue belongs to the right, vermilion to the left.", key="groups")
    if by == "mass":
        st.caption("Stars of 6–8 and 8–10 solar masses differ least: the limit between the classes runs between them.")
    shown = group_table(groups)
    wide = {"group": st.column_config.TextColumn(width="medium")}
    st.dataframe(shown, hide_index=True, placeholder="–", key="group table", column_config=wide)
    download_table(shown, "Groups (CSV)", f"groups_by_{by}")


def group_table(groups: Sequence[GroupResult]) -> pd.DataFrame:
    """Counts and rates of groups in per cent; unknown where a group has no star of the class."""

    def per_cent(values: list[float | None]) -> pd.Series:
        return pd.to_numeric(pd.Series(values, dtype=object)).mul(100).round(2).astype("Float64")

    return pd.DataFrame(
        {
            "group": [group.group for group in groups],
            MASSIVE: [group.n_massive for group in groups],
            "found": [group.n_found for group in groups],
            "completeness (%)": per_cent([group.completeness.value for group in groups]),
            LOW_MASS: [group.n_low_mass for group in groups],
            "called massive": [group.n_false for group in groups],
            "false positive rate (%)": per_cent([group.false_positive_rate.value for group in groups]),
            "accuracy (%)": per_cent([group.accuracy.value for group in groups]),
        }
    )


def show_calibration(result: RunResult) -> None:
    """Reliability of every calibration on the held-out stars."""
    results = evaluation_cache.calibrations(result, evaluation_cache.version_of(result))
    if not results:
        st.info("Calibration needs both classes and a held-out set; this run lacks one.", icon=":material/info:")
        return
    caption = (
        "Fitted on out-of-fold logits, judged on the held-out stars; bars of the one in use: exact 95 % intervals. On "
        "the diagonal, a probability means what it says. Every probability in this program is Platt's, at equal priors."
    )
    show(reliability_figure(results), caption, key="reliability")
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "calibration": entry.title,
                    "fitted": entry.parameters,
                    "ECE": entry.metrics.ece,
                    "Brier": entry.metrics.brier,
                    "log loss": entry.metrics.log_loss,
                }
                for entry in results
            ]
        ),
        hide_index=True,
        placeholder="–",
        key="calibrations",
        column_config={name: st.column_config.NumberColumn(format="%.4f") for name in ("ECE", "Brier", "log loss")},
    )


def show_contaminants(result: RunResult, part: str) -> None:
    """Low-mass stars that pass for massive ones, from simulation and, where they are installed, from real spectra."""
    threshold = choose_threshold()
    left, right = st.columns(2, gap="medium")
    with left:
        groups = simulated_contaminants(result.part(part), threshold)
        if groups:
            rates = [group.false_positive_rate for group in groups]
            series = {"called massive": (VERMILION, rates, [group.n_low_mass for group in groups])}
            names = [group.group for group in groups]
            figure = rates_figure("Simulated hard negatives", names, series, "Share called massive")
            caption = (
                "Contaminants are low-mass stars of the kinds that resemble massive ones; 95 % intervals. Further left "
                "is better."
            )
            show(figure, caption, key="simulated contaminants")
        else:
            st.info(NO_METADATA, icon=":material/category:")
    with right:
        _show_real(result, threshold)


def _show_real(result: RunResult, threshold: float) -> None:
    folder = current_settings().real_data_dir
    if not has_real_spectra(folder):
        st.info("No real spectra are installed (set XP_REAL_DATA).", icon=":material/public_off:")
        return
    try:
        verdicts = evaluation_cache.real_verdicts(result.folder, evaluation_cache.version_of(result), folder)
    except ExplorerError as error:
        st.info(f"The real spectra cannot be judged: {escape_markdown(error)}.", icon=":material/info:")
        return
    groups = count_real(verdicts, threshold)
    series = {
        "called massive": (OCHRE, [group.rate for group in groups], [group.n for group in groups]),
    }
    figure = rates_figure("Real Gaia spectra", [group.group for group in groups], series, "Share called massive")
    here = len(result.run.members)
    caption = (
        f"Never trained on; judged by the {here} of {result.n_members} members whose weights are here. O–B1 standards "
        "belong to the right, all others to the left; a published network calls 60 % of the hot subdwarfs and 2 % of "
        "the field stars massive."
    )
    show(figure, caption, key="real contaminants")
