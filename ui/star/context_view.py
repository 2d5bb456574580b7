"""A star in its context: alike stars, diagrams, energy, fit, sky. Only the open tab is computed."""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from core.datasets.real_stars import real_star_table
from core.errors import ExplorerError
from core.figures import context as figures
from core.gaia.absolute_magnitude import absolute_magnitude
from core.simulation.extinction import curve
from core.sky.matching import known_groups
from core.sky.surroundings import groups_around, known_ob_stars, track_colours
from core.star.alike import alike_stars, behind_dust
from core.star.card import VerdictCard
from core.star.dust_free import extinctions_of, without_dust
from core.star.energy import BANDS, energy, magnitudes
from core.verdict.facts import to_number
from ui import state
from ui.parts.columns import star_columns
from ui.parts.figure import show
from ui.parts.markdown import escape_markdown
from ui.parts.tabs import show_tabs
from ui.shell import link
from ui.star.parameters_view import kept_fit, show_parameters
from ui.star.sky_view import show_sky


def show_context(card: VerdictCard) -> None:
    """The tabs below a star's verdict; nothing for a star without a spectrum but what needs none."""
    views = {"On the sky": partial(show_sky, card)}
    if card.record.spectra is not None:
        views = {
            "Alike stars": partial(show_alike, card),
            "Diagrams": partial(show_diagrams, card),
            "Energy": partial(show_energy, card),
            "Physics": partial(show_parameters, card),
            **views,
        }
    show_tabs(views, key=state.CONTEXT_OF_STAR)


def show_alike(card: VerdictCard) -> None:
    """The nearest real massive stars and the nearest others, whatever the dust; ticked ones are drawn."""
    spectra = card.record.spectra
    assert spectra is not None
    error = None if spectra.flux_error is None else spectra.flux_error[0]
    try:
        found = _alike(spectra.flux[0], error, card.record.source_id)
    except ExplorerError as problem:
        st.info(escape_markdown(problem), icon=":material/public_off:")
        return
    if found.empty:
        st.info("Too few samples of this spectrum stand out from its noise to be compared.", icon=":material/blur_on:")
        return
    massive = found.index[found["massive"]].tolist()
    first = sorted({*massive[:1], *found.index[~found["massive"]].tolist()[:1]})
    table, picture = st.columns([4, 5], gap="medium")
    with table:
        shown = found[["spectral_type", "category", "label", "rms", "added_a_v"]]
        event = st.dataframe(
            shown.assign(rms=100 * shown["rms"]), hide_index=True, on_select="rerun", selection_mode="multi-row",
            selection_default={"selection": {"rows": first}}, placeholder="–",
            key=state.key(state.ALIKE, card.record.source_id),
            column_config=star_columns(shown.columns) | {
                "rms": st.column_config.NumberColumn("Off (%)", format="%.1f", help="Root mean square difference."),
                "added_a_v": st.column_config.NumberColumn("Added A_V", format="%+.1f", help="Dust put before it."),
            },
        )  # fmt: skip
        st.caption(
            "The four massive and the four other stars of the shipped 2,000 real ones whose spectra are most like this "
            "one, once dust and brightness are fitted. Where both kinds come equally near, the shape alone does not "
            "decide. Tick rows to compare."
        )
        chosen = [row for row in event["selection"]["rows"] if row < len(found)][:4]
        if chosen:
            link("Star", f"Open {found['spectral_type'].fillna(found['category'])[chosen[0]]}",
                 source_id=str(found["source_id"][chosen[0]]))  # fmt: skip
    with picture:
        curves = [
            (
                _name(found.loc[row]),
                behind_dust(int(found["row"][row]), float(found["added_a_v"][row]), spectra.flux[0]),
            )
            for row in chosen
        ]
        caption = "This star in grey; known stars behind the dust that fits best. Below: this star less the known one."
        show(figures.alike_figure(spectra.flux[0], curves), caption, key="alike")


@st.cache_data(scope="session", max_entries=16, show_spinner="Comparing with the real stars …")
def _alike(flux: np.ndarray, error: np.ndarray | None, source_id: int) -> pd.DataFrame:
    return alike_stars(flux, error, leave_out=source_id)


def _name(star: pd.Series) -> str:
    kind = star["spectral_type"] if isinstance(star["spectral_type"], str) else star["category"]
    label = star["label"] if isinstance(star["label"], str) else "neither by its type"
    return f"{kind} ({label}), A_V {star['added_a_v']:+.1f}"


@st.cache_data(show_spinner="Drawing the evolutionary tracks …")
def _tracks() -> dict[float, pd.DataFrame]:
    from core.parameters.population import drawn_tracks

    return track_colours(drawn_tracks())


def show_diagrams(card: VerdictCard) -> None:
    """Colour-magnitude diagram and, after a fit, the Hertzsprung-Russell diagram; two colours where 2MASS saw it."""
    fit = kept_fit(card)
    row = None if fit is None else fit.row
    left, right = st.columns(2, gap="medium")
    with left:
        _colour_magnitude(card, row)
    with right:
        if fit is not None and row is not None and np.isfinite(float(row["log_luminosity"])):
            caption = (
                "Temperature by the fit, luminosity by fit and parallax where one is known, else by the tracks that "
                "pass there. Numbers: initial masses in suns; blue from 8 on."
            )
            show(figures.hr_figure(_tracks(), fit.draws, row.to_dict()), caption, key="hr")
        else:
            st.info("The Hertzsprung–Russell diagram needs a temperature: fit the star under *Physics*.",
                    icon=":material/thermostat:")  # fmt: skip
        _two_colours(card)


def _colour_magnitude(card: VerdictCard, row: pd.Series | None) -> None:
    record, gaia = card.record, card.record.gaia
    assert record.spectra is not None
    g = to_number(gaia.get("phot_g_mean_mag"))
    found = [without_dust(record.spectra.flux[0], item, g) for item in extinctions_of(gaia, card.known, row)]
    clear = [item for item in found if item is not None]
    if not clear:
        st.info(
            "No extinction of this star is known, so that its place without dust is not: fit it under *Physics*.",
            icon=":material/blur_on:",
        )
        return
    rows, supposed = [], False
    for item in clear:
        name = f"A_V {item.of.a_v:.2f}, {item.of.source}"
        if card.absolute_magnitude is not None:
            m = absolute_magnitude(g, card.parallax, to_number(gaia.get("parallax_error")), item.a_g)
            if m is not None:
                rows.append((name, item.bp_rp, m.value, m.brighter, m.fainter))
    near = groups_around(*_place(card), float("nan"), float("nan"), known_groups())
    if not rows and near:
        supposed = True
        shift = 5 * np.log10(near[0].distance_pc / 10)
        rows = [(f"{item.of.source}, if in {near[0].name}", item.bp_rp, item.g - shift, item.g - shift, item.g - shift)
                for item in clear]  # fmt: skip
    if not rows:
        st.info(
            "Without a parallax there is no absolute magnitude: ask the archive again.", icon=":material/straighten:"
        )
        return
    stars = pd.DataFrame(rows, columns=["name", "bp_rp", "m_g", "brighter", "fainter"])
    what = "at the distance of the group towards which it lies (it has no parallax here)" if supposed else "by parallax"
    show(
        figures.colour_magnitude_figure(_tracks(), known_ob_stars(), stars, supposed=supposed),
        f"The star {what}, once for each known extinction. Light blue: real OB stars with published types and A_V at "
        "1,760 pc. Lines: tracks of the simulator, initial masses in suns, blue from 8 on.",
        key="colour magnitude",
    )


def _place(card: VerdictCard) -> tuple[float, float]:
    return to_number(card.record.gaia.get("ra")), to_number(card.record.gaia.get("dec"))


def _two_colours(card: VerdictCard) -> None:
    bands = magnitudes(card.record.gaia, card.known)
    if len(bands) < len(BANDS):
        return
    known = real_star_table()
    if known is None:
        return
    known = known.assign(h_ks=known["h_mag"] - known["ks_mag"], j_h=known["j_mag"] - known["h_mag"])
    mean, _ = curve(np.array([BANDS[band][1] for band in ("J", "H", "Ks")]))
    reddening = (float(mean[1] - mean[2]), float(mean[0] - mean[1]))
    star = (bands["H"] - bands["Ks"], bands["J"] - bands["H"])
    caption = "Hot stars begin at the lower left and move along the arrow behind dust; giants lie above them."
    show(figures.colour_colour_figure(known, star, reddening), caption, key="two colours")


def show_energy(card: VerdictCard) -> None:
    """Spectrum, 2MASS and a black body in one figure."""
    spectra, fit = card.record.spectra, kept_fit(card)
    assert spectra is not None
    row = None if fit is None else fit.row
    known = extinctions_of(card.record.gaia, card.known, row)
    teff = to_number(row["teff"]) if row is not None else to_number(card.record.gaia.get("teff_gspphot"))
    found = energy(spectra.flux[0], magnitudes(card.record.gaia, card.known), known[0] if known else None, teff)
    names = (f"without A_V {known[0].a_v:.2f} ({known[0].source})" if known else "", found.model_name)
    caption = "Photometry above the dotted line is an infrared excess: a disc, hot dust, or a cool companion."
    if not len(found.points):
        caption += " No 2MASS magnitudes of this star are at hand."
    if found.model is None:
        caption += " The black body needs a temperature and an extinction: fit the star under *Physics*."
    show(figures.energy_figure(spectra.flux[0], found.points, found.clear, found.model, names), caption, key="energy")
