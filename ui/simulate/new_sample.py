"""Drawing a new simulated sample, which the page Spectra can then browse."""

from pathlib import Path

import streamlit as st

from core import quota
from core.errors import ExplorerError
from core.settings import current_settings
from ui import cache
from ui.parts import access
from ui.parts.markdown import escape_markdown
from ui.shell import link

POPULATIONS = {"training": "Training: balanced, with hard negatives", "survey": "Survey: natural prevalence"}


def draw_sample() -> None:
    """A form for population, size and seed; draws with progress, saves and says where."""
    with st.form("new sample"):
        population = st.selectbox("Population", list(POPULATIONS), format_func=POPULATIONS.__getitem__)
        n_stars = st.number_input("Stars", 10, current_settings().most_sample_stars, 2000, 100)
        seed = st.number_input("Seed", 0, 2**31 - 1, 1, help="The same seed draws the same stars.")
        wanted = st.form_submit_button(
            "Draw and save", icon=":material/casino:", type="primary", disabled=access.is_read_only()
        )
    if wanted:
        path = current_settings().samples_dir / f"{population}-{n_stars}-seed-{seed}.parquet"
        try:
            _draw(population, int(n_stars), int(seed), path)
        except ExplorerError as error:
            st.error(escape_markdown(error), icon=":material/error:")
    st.caption(
        f"Larger samples: `python -m core simulate --population survey --stars 1000000 --seed 1 --out FOLDER`. "
        f"Saved samples lie in {escape_markdown(current_settings().samples_dir)}."
    )


def _draw(population: str, n_stars: int, seed: int, path: Path) -> None:
    from core.simulation.draw import simulate

    if not path.exists():
        bar = st.progress(0.0, "Drawing stars …")
        with quota.place_for_sample(path, n_stars):
            simulate(
                population, n_stars, seed, path,
                progress=lambda done, total: bar.progress(done / total, f"{done:,} stars"),
            )  # fmt: skip
        bar.empty()
        cache.find_datasets.clear()
    st.success(f"{n_stars:,} stars are saved as {escape_markdown(path.name)}.", icon=":material/check:")
    link("Spectra", "Browse this sample", set=path.name)
