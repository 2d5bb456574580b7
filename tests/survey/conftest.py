"""A small simulated sky and the shipped ensemble, shared by the tests of surveys."""

from pathlib import Path

import pytest

from core.settings import current_settings
from core.simulation.draw import simulate


@pytest.fixture(scope="session")
def stars(tmp_path_factory) -> Path:
    """600 simulated stars with coefficients in a Parquet file of six row groups."""
    import pyarrow.parquet as pq

    folder = tmp_path_factory.mktemp("sky")
    whole = simulate("training", 600, 3, folder / "whole.parquet", with_coefficients=True, workers=1)
    path = folder / "stars.parquet"
    pq.write_table(pq.read_table(whole), path, row_group_size=100)
    return path


@pytest.fixture(scope="session")
def run_dir() -> Path:
    """The shipped default ensemble."""
    return current_settings().default_run_dir
