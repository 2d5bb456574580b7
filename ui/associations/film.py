"""The page's stars in 3-D, and their turn-table as GIF or MP4."""

import tempfile
from pathlib import Path

import numpy as np
import streamlit as st

from core.figures.association import space_figure
from core.figures.star_film import group_colours, plain_colours
from core.sky.associations import Associations
from core.sky.turntable import FRAMES_PER_S, FilmStars, write_turntable
from ui import state
from ui.parts.figure import show

PAINTS = {"group": "By association", "plain": "Plain"}


def show_space(found: Associations, source_id: np.ndarray) -> None:
    """The 3-D figure, and a film on request."""
    paint = st.segmented_control(
        "Colour", list(PAINTS), default="group", format_func=PAINTS.__getitem__, key=state.PAINT
    )
    group = found.group if paint != "plain" else None
    position = found.places.position_pc
    if not np.isfinite(position).all(axis=1).any():
        st.info(
            "None of these stars has a distance, so there is nothing to see in space.", icon=":material/3d_rotation:"
        )
        return
    caption = (
        "Heliocentric Galactic places. Drag to turn, wheel to zoom, or press Turn. Groups drawn out along the line of "
        "sight point to the Sun: that is their distances' errors, not their shape."
    )
    show(space_figure(position, group, source_id), caption, key=f"space {paint}")
    _film(found, group is None)


def _film(found: Associations, plain: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        n_frames = st.number_input("Frames of one turn", 12, 360, 120, 12, key=state.FILM_FRAMES, width=180)
        wanted = [
            suffix for suffix in (".gif", ".mp4") if st.button(f"Render {suffix[1:].upper()}", icon=":material/movie:")
        ]
    st.caption(f"{n_frames / FRAMES_PER_S:.0f} s at {FRAMES_PER_S} frames a second, 640 × 640 pixels.")
    if wanted:
        bar = st.progress(0.0, "Rendering …")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"turn{wanted[0]}"
            write_turntable(
                _stars(found, plain), path, int(n_frames), lambda i, n: bar.progress(i / n, f"Frame {i} of {n}")
            )
            state.remember(state.FILM, (path.suffix, path.read_bytes()))
        bar.empty()
    if state.knows(state.FILM):
        suffix, data = state.recall(state.FILM)
        left, _ = st.columns(2)
        with left:
            if suffix == ".gif":
                st.image(data)
            else:
                st.video(data, format="video/mp4", loop=True, autoplay=True, muted=True)
            st.download_button(
                f"{suffix[1:].upper()}, {len(data) / 1e6:.1f} MB",
                data,
                file_name=f"associations{suffix}",
                icon=":material/download:",
                on_click="ignore",
                key=state.key(state.DOWNLOAD, "film"),
            )


def _stars(found: Associations, plain: bool) -> FilmStars:
    n, grouped = len(found.group), int((found.group >= 0).sum())
    if plain:
        return FilmStars(found.places.position_pc, plain_colours(n), f"{n:,} stars")
    title = f"{grouped:,} of {n:,} stars in {found.n_groups:,} groups"
    return FilmStars(found.places.position_pc, group_colours(found.group.astype(float)), title)
