"""The frame of every page: configuration, menu by sections, heading, purpose and credit."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from ui import state
from ui.parts import access, jobs
from ui.parts.garbage import spare_modules
from ui.parts.markdown import escape_markdown
from ui.parts.server_uploads import bound_uploads

PROGRAM = "Massive Star Explorer"
ICON_FILE = Path(__file__).with_name("icon.svg")


@dataclass(frozen=True)
class MenuEntry:
    """A page: script path, title (the page calls `page(title, icon)` with both), icon and purpose in one sentence."""

    script: str
    title: str
    icon: str
    purpose: str


MENU: tuple[tuple[str, tuple[MenuEntry, ...]], ...] = (
    (
        "Start",
        (
            MenuEntry(
                "app.py",
                "Overview",
                ":material/home:",
                "Find massive stars (O and early B, above 8 solar masses) in Gaia DR3 from their BP/RP spectra.",
            ),
        ),
    ),
    (
        "Your stars",
        (
            MenuEntry(
                "pages/star.py",
                "Star",
                ":material/star:",
                "Look up a star or open a file, see its spectrum and read how probable it is that the star is massive.",
            ),
            MenuEntry(
                "pages/my_stars.py",
                "My stars",
                ":material/checklist:",
                "Verdicts on your own list: open a file of spectra or paste ids, filter the table, take it elsewhere.",
            ),
            MenuEntry(
                "pages/epochs.py",
                "Epochs",
                ":material/timeline:",
                "See a star transit by transit: what of its spectrum varies, and whether the verdict holds.",
            ),
        ),
    ),
    (
        "Data",
        (
            MenuEntry(
                "pages/spectra.py",
                "Spectra",
                ":material/stacked_line_chart:",
                "Browse the loaded spectra: filter, overlay, compare the classes, and see what the set is made of.",
            ),
            MenuEntry(
                "pages/simulate.py",
                "Simulate",
                ":material/tune:",
                "Make a star from physics, see it as Gaia would, and watch the verdict change with its parameters.",
            ),
        ),
    ),
    (
        "Networks",
        (
            MenuEntry(
                "pages/train.py",
                "Train",
                ":material/model_training:",
                "Train the ten networks on stars of your choice and watch them learn; the work goes on without you.",
            ),
            MenuEntry(
                "pages/compare.py",
                "Compare",
                ":material/leaderboard:",
                "Compare networks on the same stars and folds, with published values and baselines beside them.",
            ),
            MenuEntry(
                "pages/evaluate.py",
                "Evaluate",
                ":material/target:",
                "See where a network errs, and what its verdicts are worth where massive stars are rare.",
            ),
            MenuEntry(
                "pages/explain.py",
                "Explain",
                ":material/lightbulb:",
                "See which wavelengths a network's verdict rests on, for one star or many, and how far to trust that.",
            ),
            MenuEntry(
                "pages/audit.py",
                "Audit",
                ":material/policy:",
                "Check whether a network's figures can be trusted: leaks, copied members, carried-over weights.",
            ),
        ),
    ),
    (
        "Sky",
        (
            MenuEntry(
                "pages/sky_map.py",
                "Sky map",
                ":material/public:",
                "See where the stars are: on the Galactic sky, on the sphere, and around the Sun.",
            ),
            MenuEntry(
                "pages/survey.py",
                "Survey",
                ":material/travel_explore:",
                "Classify any number of stars in the background, and find the candidates among them.",
            ),
            MenuEntry(
                "pages/techniques.py",
                "Techniques",
                ":material/diversity_3:",
                "See the same stars judged by every technique, whom to believe where, and what all say together.",
            ),
            MenuEntry(
                "pages/associations.py",
                "Associations",
                ":material/workspaces:",
                "Find groups of massive stars that lie and move together, and see how that depends on the settings.",
            ),
        ),
    ),
    (
        "Birthplaces",
        (
            MenuEntry(
                "pages/molecules.py",
                "Molecules",
                ":material/science:",
                "Massive stars are born in hot cores: name the complex organic molecules in their millimetre spectra.",
            ),
        ),
    ),
)
"""The pages that exist, by section, in the order of the menu."""


def entry(title: str) -> MenuEntry:
    """The menu entry of a title; KeyError when there is none."""
    return {item.title: item for _, items in MENU for item in items}[title]


def page(title: str, icon: str) -> None:
    """Begin a page: first line of every page script.

    Parameters
    ----------
    title : str
        Title of an entry of `MENU`.
    icon : str
        Material symbol of the heading, ':material/name:'.
    """
    spare_modules()
    bound_uploads()
    # A picture from this folder: a material symbol as favicon would be fetched from a font server.
    st.set_page_config(page_title=f"{title} · {PROGRAM}", page_icon=str(ICON_FILE), layout="wide")
    access.require_log_in()
    state.remember_query(title)
    trouble = jobs.relaunch_unfinished()
    with st.sidebar:
        _menu()
        _credit()
        access.show_user()
    st.title(f"{icon} {title}", anchor=False)
    st.markdown(entry(title).purpose)
    access.show_refusal()
    if trouble:
        st.warning(f"Unfinished jobs cannot go on. {escape_markdown(trouble)}.", icon=":material/hard_drive:")


def link(title: str, label: str | None = None, **query: str | list[str]) -> None:
    """A link to a page, with query parameters; without any, the page opens with its latest choices."""
    item = entry(title)
    st.page_link(item.script, label=label or title, icon=item.icon, query_params=query or state.remembered_query(title))


def _menu() -> None:
    st.markdown(f"**{PROGRAM}**")
    for section, items in MENU:
        st.caption(section)
        for item in items:
            link(item.title)


def _credit() -> None:
    st.divider()
    st.caption(
        "Data: ESA/[Gaia](https://www.cosmos.esa.int/gaia)/"
        "[DPAC](https://www.cosmos.esa.int/web/gaia/dpac/consortium), Gaia DR3. "
        "Simulated stars are marked as such."
    )
