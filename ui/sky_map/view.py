"""The map of the page Sky map: marks with colours and hover cards, what a click does, and what is said below."""

import numpy as np
import pandas as pd
import streamlit as st

from core.figures.sky_colour import Painted, paint_classes, paint_groups, paint_scale
from core.figures.sky_marks import Marks, name_of
from core.gaia import frames
from core.sky.sky_cells import SkyMap, cell_centres
from core.sky.star_places import StarPlaces, star_places
from core.sky.star_source import Cuts, StarSource
from ui import state
from ui.parts.markdown import escape_markdown
from ui.shell import link
from ui.sky_map import cache as sky_cache
from ui.sky_map.choices import cell_radius, go_to, settings_of_query
from ui.sky_map.sources import link_to_survey, star_link, travelling

CROWDED = 2_000
"""More marks than this lie on each other before the map is zoomed."""


def paint(drawn: SkyMap, colour: str, source: StarSource, cuts: Cuts) -> Painted:
    """Colours of the marks; where a mark has not what is asked for, density takes its place."""
    marks = drawn.marks
    if colour == "group" and drawn.order is None:
        return paint_groups(_groups(marks, source, cuts))
    if colour == "probability" and "probability" in marks:
        return paint_scale(
            marks["probability"], "Probability of massive (mean of a cell)", "Cividis", limits=(0.0, 1.0)
        )
    if colour == "class" and drawn.order is None:
        return paint_classes(_labels(marks))
    if colour == "class" and "massive" in marks:
        return paint_scale(marks["massive"], "Share of massive stars in a cell", "Cividis", limits=(0.0, 1.0))
    if colour == "magnitude" and (name := "g" if "g" in marks else "phot_g_mean_mag") in marks:
        title = "G of the brightest star of a cell (mag)" if name == "g" else "G (mag)"
        return paint_scale(marks[name], title, "Plasma_r")
    if drawn.order is None:
        return paint_scale(_neighbours(marks), "Stars within one degree", "Viridis", logarithmic=True)
    return paint_scale(marks["n"], "Stars per cell", "Viridis", logarithmic=True)


def marks_of(drawn: SkyMap, painted: Painted, places: StarPlaces | None) -> Marks:
    """Cells or stars with their colours and hover cards."""
    table = drawn.marks
    if drawn.order is not None:
        cell = table["cell"].to_numpy()
        l_deg, b_deg = cell_centres(cell, drawn.order)
        return Marks(
            l_deg, b_deg, painted.colour, _cell_cards(table, l_deg, b_deg), [str(c) for c in cell], cell, drawn.order
        )
    l_deg, b_deg = frames.galactic(table["ra"].to_numpy(), table["dec"].to_numpy())
    names = table["source_id"].astype(str).tolist()
    position = places.position_pc if places is not None else None
    return Marks(l_deg, b_deg, painted.colour, _star_cards(table), names, position_pc=position, faded=painted.faded)


def places_of(source: StarSource, drawn: SkyMap, cuts: Cuts) -> tuple[SkyMap, StarPlaces]:
    """For the view in space: stars with their places; a table too long for it is thinned out evenly."""
    if drawn.order is not None:
        sample = sky_cache.sample_of(source, source.key, cuts)
        drawn = SkyMap(drawn.n_stars, None, sample)
    return drawn, star_places(drawn.marks)


def answer_click(event, drawn: SkyMap) -> None:
    """A clicked star offers its verdict, a clicked cell its field."""
    objects = (event.selection or {}).get("objects", {}) if event else {}
    for star in [*objects.get("stars", []), *objects.get("faded", [])][:1]:
        source_id, card = name_of(star), " · ".join(str(star[2]).split("\n")[1:])
        name, query = star_link(drawn.marks, source_id)
        st.markdown(f"**{escape_markdown(name)}** · {escape_markdown(card)}")
        link("Star", f"Verdict on {name}", **query)
    for cell in objects.get("cells", [])[:1]:
        order = drawn.order or 0
        l_deg, b_deg = cell_centres(np.array([int(name_of(cell))]), order)
        target = (float(l_deg[0]), float(b_deg[0]), cell_radius(order))
        st.button(
            f"Zoom to l = {target[0]:.1f}°, b = {target[1]:.1f}° (radius {target[2]:.1f}°)",
            on_click=go_to,
            args=target,
            icon=":material/zoom_in:",
            key=state.key(state.ZOOM, name_of(cell), order),
        )


def caption_of(drawn: SkyMap, projection: str, painted: Painted) -> str:
    """The caption: what a mark is, and what to look at."""
    if drawn.order is None:
        some = f"{len(drawn.marks):,} of " if len(drawn.marks) < drawn.n_stars else ""
        shown = f"{some}{drawn.n_stars:,} star" + "s" * (drawn.n_stars != 1)
        text = f"Each mark is a star ({shown}); click one for its verdict."
        if len(drawn.marks) > CROWDED:
            text += " Marks overlap: zoom in before you choose one, a click may take the neighbour."
    else:
        side = np.degrees(np.sqrt(np.pi / 3.0)) / 2**drawn.order
        text = f"{drawn.n_stars:,} stars in {len(drawn.marks):,} HEALPix cells of {side:.2g}°. Click one for its stars."
    where = {
        "space": " Heliocentric Galactic places; pink: spiral arms (Reid et al. 2019, ApJ 885, 131).",
        "sphere": " The celestial sphere from outside, Galactic coordinates.",
    }.get(projection, " Galactic coordinates, l = 0° in the middle and growing to the left.")
    return (
        text + where + " Massive stars lie within some 100 pc of the plane: at high latitude expect near ones (Orion, "
        "Scorpius-Centaurus), the Magellanic Clouds, runaways, and contaminants (hot subdwarfs and "
        "white dwarfs, too faint to be massive)."
    )


def link_onward() -> None:
    """To the page Associations with the same stars, and back to the survey that they come from."""
    link("Associations", "Find groups among these stars", **travelling())
    link_to_survey()


def _groups(marks: pd.DataFrame, source: StarSource, cuts: Cuts) -> np.ndarray:
    """Group of each star as the page Associations finds it with the URL's settings."""
    settings = settings_of_query()
    table, places = sky_cache.read_stars(source, source.key, cuts, state.query(state.DISTANCE))
    found, _, _ = sky_cache.group_stars(places, f"{source.key} {cuts} {state.query(state.DISTANCE)}", settings)
    by_id = pd.Series(found.group, index=table["source_id"])
    by_id = by_id[~by_id.index.duplicated()]
    return by_id.reindex(marks["source_id"]).fillna(-1).to_numpy(dtype=np.int64)


def _labels(marks: pd.DataFrame) -> np.ndarray:
    name = "label" if "label" in marks else "true_label"
    return marks[name].astype(object).to_numpy()


def _neighbours(marks: pd.DataFrame) -> np.ndarray:
    from scipy.spatial import cKDTree

    tree = cKDTree(frames.unit_vectors(marks["ra"].to_numpy(), marks["dec"].to_numpy()))
    return tree.query_ball_point(tree.data, np.deg2rad(1.0), return_length=True)


def _cell_cards(table: pd.DataFrame, l_deg: np.ndarray, b_deg: np.ndarray) -> list[str]:
    lines = [f"{n:,} stars\nl {x:.1f}° b {y:.1f}°" for n, x, y in zip(table["n"], l_deg, b_deg, strict=True)]
    for name, form in (
        ("probability", "mean probability {:.2f}"),
        ("massive", "massive {:.0%}"),
        ("g", "brightest G {:.1f} mag"),
    ):
        if name in table:
            lines = [f"{text}\n{form.format(value)}" for text, value in zip(lines, table[name], strict=True)]
    return lines


def _star_cards(table: pd.DataFrame) -> list[str]:
    parts = []
    for name, form in (("phot_g_mean_mag", "G {:.2f} mag"), ("probability", "P {:.3f}"), ("parallax", "ϖ {:.2f} mas")):
        if name in table:
            parts.append([form.format(value) for value in table[name].to_numpy(dtype=float, na_value=np.nan).tolist()])
    if "label" in table and "probability" not in table:
        parts.append(table["label"].astype(str).tolist())
    return ["\n".join(lines) for lines in zip(*parts, strict=True)] if parts else [""] * len(table)
