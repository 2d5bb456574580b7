"""What the pages Sky map and Associations keep from one run of their script to the next, for each session by itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from core.gaia import frames
from core.settings import current_settings
from core.sky.als_sky import TITLE, about_als, als_sky_table
from core.sky.associations import Associations, GroupingSettings, with_eps
from core.sky.eps_sweep import EpsSweep
from core.sky.exploration import (
    Neighbourhoods,
    associations_at,
    find_neighbourhoods,
    single_stop,
    slider_range,
    stops,
    sweep_slider,
)
from core.sky.group_table import group_table
from core.sky.matching import known_groups, match_groups
from core.sky.neighbours import DenseNeighbourhoodError
from core.sky.sky_cells import MOST_MARKS, Field, SkyMap, map_stars
from core.sky.star_places import StarPlaces, star_places
from core.sky.star_source import Cuts, StarSource, source_of_table

LEAST_OVERLAP = 0.1
"""Share of a group's members that a known group must hold to give it a name in the table."""


@st.cache_resource(max_entries=2, show_spinner="Classifying the real stars …")
def real_sky(path: Path, run_dir: Path, key: str) -> StarSource:
    """The shipped real stars with the default ensemble's verdicts; `key` changes with their file."""
    from core.datasets.real_stars import PROVENANCE, TITLE
    from core.sky.real_sky import about_verdicts, real_sky_table

    table = real_sky_table(path, run_dir)
    return source_of_table(table, TITLE, f"{PROVENANCE} {about_verdicts(run_dir)}", f"real sky {key}")


@st.cache_resource(max_entries=1, show_spinner="Reading the catalogue …")
def als_sky(path: Path, changed_ns: int) -> StarSource:
    """The real stars of the ALS II supplement; `changed_ns` makes another file a new entry."""
    table = als_sky_table(path)
    return source_of_table(table, TITLE, about_als(table.num_rows), f"als {path} {changed_ns}")


@st.cache_data(scope="session", max_entries=8, show_spinner=False)
def count_all(_source: StarSource, key: str) -> int:
    """Stars of the table that have a position, whatever the cuts."""
    return _source.count()


@st.cache_resource(scope="session", max_entries=3, show_spinner="Reading the stars and their distances …")
def read_stars(_source: StarSource, key: str, cuts: Cuts, method: str | None) -> tuple[pd.DataFrame, StarPlaces]:
    """The stars that pass the cuts, and their places."""
    table = _source.select(cuts)
    return table, star_places(table, method)


@st.cache_resource(scope="session", max_entries=3, show_spinner="Looking for neighbours …")
def neighbourhoods(_places: StarPlaces, key: str, settings: GroupingSettings) -> Neighbourhoods:
    """`core.sky.exploration.find_neighbourhoods`; `settings` with an eps that stands for the slider's range."""
    return find_neighbourhoods(_places, settings)


@st.cache_resource(scope="session", max_entries=6, show_spinner=False)
def sweep(_found: Neighbourhoods, key: str, settings: GroupingSettings):
    """`core.sky.exploration.sweep_slider`."""
    return sweep_slider(_found, settings)


@st.cache_resource(scope="session", max_entries=6, show_spinner="Growing the hierarchy of HDBSCAN …")
def hdbscan(_places: StarPlaces, key: str, settings: GroupingSettings, _groups: pd.DataFrame | None = None):
    """`core.sky.exploration.single_stop`, of groups that a job has found where they are given."""
    return single_stop(_places, settings, _groups)


@st.cache_data(show_spinner=False)
def known_places() -> pd.DataFrame:
    """`core.sky.matching.known_groups` with Cartesian places x, y, z in pc."""
    table = known_groups(current_settings().real_data_dir)
    place = frames.unit_vectors(table["l"].to_numpy(), table["b"].to_numpy()) * table[["distance_pc"]].to_numpy()
    return table.assign(**dict(zip("xyz", place.T, strict=True)))


@st.cache_data(scope="session", max_entries=8, show_spinner=False)
def describe_groups(_found: Associations, key: str, settings: GroupingSettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table of groups with the best known match of each, and all matches."""
    table = group_table(_found)
    matches = match_groups(_found, known_places())
    best = matches[matches["overlap"] >= LEAST_OVERLAP].drop_duplicates("group").set_index("group")
    table.insert(3, "known", table["group"].map(best["name"]))
    table.insert(4, "overlap", table["group"].map(best["overlap"]))
    return table, matches


@st.cache_resource(scope="session", max_entries=4, show_spinner="Counting stars …")
def map_of(_source: StarSource, key: str, cuts: Cuts, field: Field, cells: bool) -> SkyMap:
    """`core.sky.sky_cells.map_stars`."""
    return map_stars(_source, cuts, field, cells=cells)


def positions(places: StarPlaces, rows: np.ndarray) -> tuple[np.ndarray, bool]:
    """Places (n, 3) in pc of the rows and whether they have distances; directions where none has."""
    place = places.position_pc[rows]
    known = np.isfinite(place).all(axis=1)
    if not known.any():
        return places.direction[rows], False
    far = float(np.quantile(np.linalg.norm(place[known], axis=1), 0.9))
    return np.where(known[:, None], place, places.direction[rows] * far), True


def group_stars(
    places: StarPlaces, key: str, settings: GroupingSettings, groups: pd.DataFrame | None = None
) -> tuple[Associations, EpsSweep, np.ndarray]:
    """Groups at the settings, the groups at every stop of the slider, and the rows of the stars that take part."""
    settings.check()
    if settings.algorithm == "hdbscan":
        found, swept = hdbscan(places, key, settings, groups)
        return found, swept, np.flatnonzero(found.took_part)
    radius = settings.eps_in_unit
    end, _ = slider_range(settings.space, radius)
    wide = with_eps(settings, max(end, radius))
    try:
        near = neighbourhoods(places, key, replace(wide, min_samples=1))
    except DenseNeighbourhoodError:
        near = neighbourhoods(places, key, replace(settings, min_samples=1))
    # One sweep serves the whole slider, so that its key has no eps unless eps is none of the stops.
    usual = stops(settings.space, near.end, near.end, len(near.rows))
    swept = sweep(near, f"{key} {wide}", settings if radius not in usual else with_eps(settings, near.end))
    return associations_at(near, swept, settings), swept, near.rows


def well_known(reach_pc: float) -> pd.DataFrame:
    """Places of the literal table within reach, for the map: the cluster catalogue would cover it with names."""
    table = known_places()
    return table[(table["distance_pc"] <= reach_pc) & table["log_age"].isna()]


@st.cache_resource(scope="session", max_entries=2, show_spinner="Drawing a sample of the stars …")
def sample_of(_source: StarSource, key: str, cuts: Cuts) -> pd.DataFrame:
    """At most `MOST_MARKS` of the stars that pass, the same ones each time."""
    return _source.sample(MOST_MARKS, cuts)
