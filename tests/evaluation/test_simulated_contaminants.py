"""The shipped ensemble on the simulated sky: hot stars too faint to be massive, with and without the parallax."""

import pytest

from benchmarks.impostors import category_rows, enriched, judged
from core.settings import current_settings
from core.simulation.population import survey
from core.verdict.ensemble import load_ensemble


@pytest.fixture(scope="module")
def table():
    with enriched(300.0):
        return judged(load_ensemble(current_settings().default_run_dir, threads=1), 12_288, 5)


def test_the_enriched_sky_is_forgotten_afterwards(table):
    assert survey.MASSIVE_SHARE < 1e-3
    assert sum(survey.SHARES.values()) < 1e-3
    assert (table.category == "hot subdwarf").sum() > 60


def test_the_parallax_strikes_out_subdwarfs_and_keeps_massive_stars(table):
    subdwarf = table[table.category == "hot subdwarf"]
    assert subdwarf.looks.mean() < 0.75
    assert subdwarf.uncertain.mean() < 0.5 * subdwarf.looks.mean()
    assert subdwarf.likely.mean() < 0.06
    massive = table[table.label == "massive"]
    assert massive.looks.mean() > 0.75
    assert massive.likely.sum() > 0.93 * massive.looks.sum()


def test_every_kind_is_listed_once_with_both_labels_apart(table):
    rows = category_rows(table)
    kinds = [(row["kind"], row["label"]) for row in rows]
    assert len(set(kinds)) == len(kinds)
    assert sum(row["stars"] for row in rows) == int(table.known.sum())
    assert kinds[0][1] == "massive"
