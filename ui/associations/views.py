"""Parts of the page Associations: the outcome in numbers, the table of groups, members, and what to say about them."""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from core.errors import ExplorerError
from core.figures.association import k_distance_figure, scan_figure
from core.sky.associations import STUDY, SUGGESTED, Associations, GroupingSettings, coordinates, with_eps
from core.sky.eps_suggestion import k_distances
from core.sky.exploration import slider_range
from core.sky.export import FORMATS, table_bytes
from core.sky.group_table import UNITS
from core.sky.job import CHECKS, N_DRAWS, SCAN
from core.sky.scoring import LEAST_MEMBERS, TESTED_PC, score_groups
from core.sky.settings_scan import scan_settings
from core.sky.star_places import StarPlaces
from ui import state
from ui.associations.choices import set_eps
from ui.associations.diagrams import show_diagrams
from ui.associations.jobs import AT_ONCE, result_or_job
from ui.parts.cards import show_cards
from ui.parts.columns import star_columns
from ui.parts.downloads import download_each
from ui.parts.figure import show
from ui.parts.markdown import escape_markdown
from ui.shell import link
from ui.sky_map.sources import travelling

MOST_LISTED = 400
_SCANNED_SAMPLES = (3, 4, 5, 6, 8, 10, 15, 20, 30)
state.CHECKED_GROUPS = "checked associations"


def show_numbers(found: Associations, table: pd.DataFrame, n_all: int) -> None:
    """Cards: stars, groups, noise, the largest group, and where the truth is known completeness and purity.

    `n_all` stars are in the table before any cut.
    """
    n = int(found.took_part.sum())
    sizes = np.bincount(found.group[found.group >= 0])
    scores = score_groups(found.group, table) if {"true_group", "true_distance_pc"} <= set(table.columns) else None
    cards = [("Stars searched", f"{n:,}"), ("Groups", f"{found.n_groups:,}")]
    cards += [("Noise", f"{100 * found.n_noise / max(n, 1):.1f} %"), ("Largest", f"{sizes.max(initial=0):,}")]
    if scores is not None and len(scores):
        cards += [(name.capitalize(), f"{scores[name].mean():.2f}") for name in ("completeness", "purity")]
    show_cards(cards)
    if len(table) < n_all:
        st.caption(f"{len(table):,} of {n_all:,} stars pass the cuts under *Which stars*.")
    if scores is not None and len(scores):
        worst = scores.loc[scores[["completeness", "purity"]].min(axis=1).idxmin()]
        st.caption(
            f"The truth of these simulated stars is known: mean over the {len(scores)} associations of at least "
            f"{LEAST_MEMBERS} of them within {TESTED_PC:,.0f} pc, each against the group with most of its members. "
            f"Worst: {worst['members']:.0f} stars at {worst['distance_pc']:.0f} pc, {worst['completeness']:.2f} / "
            f"{worst['purity']:.2f}."
        )


def comment(found: Associations) -> None:
    """One line of interpretation; says why the study's setting gives one giant group."""
    if found.settings.eps_pc >= STUDY.eps_pc and found.settings.space == "position":
        st.info(
            "Why one giant group: at 500 pc, ten times the size of an association, every star of the disc has far more "
            "than ten neighbours, so that DBSCAN walks from one to the next through the whole sample. The published "
            "setting says that massive stars lie in the disc, not which of them were born together.",
            icon=":material/hub:",
        )
    else:
        st.markdown(f"{found.summary()}.")
    if (without := int((~found.took_part).sum())) > 0:
        reasons = pd.Series(found.note[~found.took_part]).value_counts()
        st.caption(
            f"{without:,} stars could not take part: "
            + ", ".join(f"{escape_markdown(k)} ({n:,})" for k, n in reasons.items())
            + "."
        )


def show_groups(found: Associations, table: pd.DataFrame, groups: pd.DataFrame, matches: pd.DataFrame) -> None:
    """The groups as a table in which one can be chosen; its members, links and downloads."""
    if groups.empty:
        st.info("There is no group to list: move eps up, or min_samples down.", icon=":material/scatter_plot:")
        return
    checked = state.recall(state.CHECKED_GROUPS, {}).get(_key_of(found))
    listed = groups if checked is None else groups.merge(checked, on="group", how="left")
    chosen_now = state.query(state.GROUP, "")
    rows = groups.index[groups["group"].astype(str) == chosen_now].tolist()
    choice = st.dataframe(
        listed.head(MOST_LISTED),
        hide_index=True,
        height=300,
        column_config=_column_config(listed),
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": rows[:1]}} if rows and rows[0] < MOST_LISTED else None,
        key=state.key(state.GROUPS, _key_of(found)),
        placeholder="–",
    )
    st.caption(
        "Largest first. Centre and distance are medians; size: radius that holds half of the members; depth and "
        "velocity dispersion without the part that errors explain. Overlap: share of the members in the known group. "
        "Tick a row for its members."
    )
    picked = choice["selection"]["rows"]
    members = np.flatnonzero(found.group >= 0)
    if picked:
        row = groups.iloc[picked[0]]
        state.set_query(state.GROUP, str(int(row["group"])))
        members = np.flatnonzero(found.group == row["group"])
        _show_group(row, matches)
        show_diagrams(found, table, members)
    else:
        state.set_query(state.GROUP, None)
    _show_members(found, table, members, f"group_{int(row['group'])}" if picked else "all_groups")


def _show_group(row: pd.Series, matches: pd.DataFrame) -> None:
    st.markdown(
        f"**Group {int(row['group'])}**: {int(row['n_members'])} stars at l = {row['l']:.1f}°, b = {row['b']:.1f}°"
    )
    same = matches[matches["group"] == row["group"]]
    if len(same):
        same = same.head(5).assign(age=lambda t: (10 ** (t["log_age"] - 6)).round(1))
        said = "; ".join(
            f"{item.name} ({item.n_shared} stars, {item.overlap:.0%}"
            + (f", {item.age:g} Myr" if np.isfinite(item.age) else "")
            + f"; {item.reference})"
            for item in same.drop(columns=["group"]).set_index("name", drop=False).itertuples(index=False)
        )
        st.caption(f"Coincides with {said}. A place in common is no proof of a common origin.")
    radius = 2.0 if not np.isfinite(row["size_pc"]) else np.rad2deg(3.0 * row["size_pc"] / row["distance_pc"])
    place = {state.L_DEG: f"{row['l']:.2f}", state.B_DEG: f"{row['b']:.2f}"}
    place |= {state.RADIUS_DEG: f"{min(max(radius, 0.5), 60.0):.1f}"}
    link("Sky map", "Its field on the Sky map", **travelling(**place))


def _show_members(found: Associations, table: pd.DataFrame, members: np.ndarray, stem: str) -> None:
    place = found.places.position_pc[members]
    frame = table.iloc[members].reset_index(drop=True).drop(columns=["group"], errors="ignore")
    added = {"group": found.group[members], "core": found.core[members]}
    added |= {f"{axis}_pc": place[:, i] for i, axis in enumerate("xyz")}
    for number, (name, values) in enumerate(added.items()):
        frame.insert(1 + number, name, values)
    if stem != "all_groups":
        shown = frame.head(MOST_LISTED).assign(star="star?source_id=" + frame["source_id"].astype(str))
        shown = shown.assign(source_id=shown["source_id"].astype(str))
        columns = star_columns(shown.columns) | {"star": st.column_config.LinkColumn("Verdict", display_text="open")}
        st.dataframe(shown[["star", *shown.columns.drop("star")]], hide_index=True, height=240, column_config=columns)
    download_each(FORMATS, partial(table_bytes, frame), stem, label=f"{len(frame):,} members, {{}}")


def show_eps_help(
    places: StarPlaces, table: pd.DataFrame, settings: GroupingSettings, method: str | None, key: str
) -> None:
    """The k-distance plot with the suggested eps, and the map of settings."""
    if settings.algorithm == "hdbscan":
        st.info("HDBSCAN finds its radii itself: there is no eps to choose.", icon=":material/info:")
        return
    part = places.take(np.flatnonzero(np.isfinite(coordinates(places, settings)).all(axis=1)))
    curve = k_distances(coordinates(part, settings), max(settings.min_samples, 2))
    sky = settings.space == "sky"
    name, radius = state.EPS_DEG if sky else state.EPS_PC, settings.eps_in_unit
    to_unit = np.rad2deg if sky else np.asarray
    left, right = st.columns(2, gap="medium")
    with left:
        known_best = settings.errors == "aware" and settings.space == SUGGESTED.space
        if known_best:
            suggested: float | None = SUGGESTED.eps_pc
            why = (
                "which recovers the known associations of a simulated Galaxy best; the error-aware metric brings stars "
                "closer than the plain distances of this curve"
            )
        else:
            suggested = None if curve.suggested is None else float(to_unit(curve.suggested))
            why = "the knee of this curve, from these stars alone"
        caption = (
            "Distance of each star to the neighbour that would make it a core point, in plain distances. Stars in "
            f"groups lie on the flat part. Suggested eps: {why}."
        )
        figure = k_distance_figure(to_unit(curve.distance), curve.k, suggested, radius, settings.unit)
        show(figure, caption, key="k distances")
        if suggested is not None:
            label = f"Take eps = {suggested:.3g} {settings.unit}"
            st.button(label, on_click=set_eps, args=(float(f"{suggested:.3g}"), name))
    with right:
        end, step = slider_range(settings.space, radius)
        values = [value for value in np.round(np.linspace(end / 12, end, 12) / step) * step if value > 0]
        scan = _scan_or_job(table, places, key, with_eps(settings, end), method, tuple(map(float, values)))
        if scan is None:
            return
        here = (radius, settings.min_samples)
        caption = (
            "Every pair of settings, the same stars. Good ones lie where many groups are found and noise is neither "
            "all nor nothing, away from the edge to the right where groups merge. Cross: the present settings."
        )
        show(scan_figure(scan, here, settings.unit), caption, key="scan")


def _scan_or_job(
    table: pd.DataFrame,
    places: StarPlaces,
    key: str,
    settings: GroupingSettings,
    method: str | None,
    eps_values: tuple[float, ...],
) -> pd.DataFrame | None:
    """The table behind the map of settings: at once for few stars, by a job for many."""
    if len(table) > AT_ONCE:
        values: dict[str, list] = {"eps": list(eps_values), "min_samples": list(_SCANNED_SAMPLES)}
        label = f"Group with {len(eps_values) * len(_SCANNED_SAMPLES)} pairs of settings"
        return result_or_job(SCAN, table, settings, method, label, values=values)
    try:
        return _scan(places, key, settings, eps_values)
    except ExplorerError as error:
        st.warning(f"The map of settings cannot be drawn. {escape_markdown(error)}", icon=":material/blur_on:")
        return None


@st.cache_data(scope="session", max_entries=6, show_spinner="Grouping with every pair of settings …")
def _scan(_places: StarPlaces, key: str, settings: GroupingSettings, eps_values: tuple[float, ...]) -> pd.DataFrame:
    return scan_settings(_places, settings, eps_values, _SCANNED_SAMPLES)


def show_checks(found: Associations, table: pd.DataFrame, method: str | None) -> None:
    """Stability under the errors, and significance against smooth discs: a job, on request."""
    st.markdown(
        "**Stability**: all stars are drawn anew from their errors and grouped again; above 0.75 a group is stable, "
        "below 0.5 it dissolves. **Significance**: smooth discs of the same stars are grouped; p is the share of discs "
        "with a group as rich at a comparable distance."
    )
    if not found.n_groups:
        st.info("There is no group to check: move eps up, or min_samples down.", icon=":material/scatter_plot:")
        return
    label = f"Check these groups ({N_DRAWS} draws each)"
    checked = result_or_job(CHECKS, table, found.settings, method, label)
    if checked is None:
        return
    state.keep(state.CHECKED_GROUPS, {})[_key_of(found)] = checked
    sizes = np.bincount(found.group[found.group >= 0], minlength=found.n_groups)
    strong = (checked["stability"] > 0.75) & (checked["p_value"] <= 0.05)
    st.markdown(
        f"{int(strong.sum())} of {len(checked)} groups are stable and significant (stability > 0.75, p ≤ 0.05)."
    )
    st.dataframe(
        checked.assign(n_members=sizes[checked["group"]])[
            ["group", "n_members", "stability", "recovered", "chance_groups", "p_value"]
        ].sort_values("n_members", ascending=False),
        hide_index=True,
        height=300,
        column_config={
            name: st.column_config.NumberColumn(format="%.2f") for name in ("stability", "recovered", "p_value")
        },
    )
    st.caption(
        f"p cannot be below 1 / {N_DRAWS + 1}. The table of groups has these columns too. The draw adds the errors "
        "to data that hold them already, so that it errs towards instability."
    )


def _key_of(found: Associations) -> str:
    return f"{found.settings} {len(found.group)} {found.n_groups} {found.n_noise}"


def _column_config(table: pd.DataFrame) -> dict:
    titles = {
        "group": "Group", "n_members": "Stars", "n_core": "Core", "known": "Known as", "overlap": "Overlap",
        "distance_pc": "Distance", "distance_error_pc": "± ", "size_pc": "Size", "depth_pc": "Depth",
        "dispersion_kms": "σ velocity", "x_pc": "x", "y_pc": "y", "z_pc": "z", "pml": "μ l cos b", "pmb": "μ b",
    }  # fmt: skip
    config = {}
    for name in table.columns:
        unit = f" ({UNITS[name]})" if name in UNITS else ""
        title = titles.get(name, name) + unit
        if name == "known":
            config[name] = st.column_config.TextColumn(title)
        elif name == "overlap":
            config[name] = st.column_config.NumberColumn(title, format="percent")
        elif name in ("group", "n_members", "n_core"):
            config[name] = st.column_config.NumberColumn(title, format="%d")
        else:
            config[name] = st.column_config.NumberColumn(title, format="%.2f" if name in _FINE else "%.1f")
    return config


_FINE = ("stability", "recovered", "p_value", "chance_groups", "pml", "pmb")
