"""The catalogue: known lines, one list for each species, partition functions, files that users add."""

import contextlib
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NotFoundError, ReadError
from core.molecules.cat_files import read_cat_file
from core.molecules.catalogue import CATALOGUE_DIR, Catalogue, load_catalogue, species_of_cat_file
from core.molecules.formula import atoms, cdms_name, is_complex_organic, isotopes, printed
from core.molecules.radiation import BANDS_GHZ

ROW = "  241791.3520  0.0040 -3.7556 3   16.1327 44  32504 303 5 0 0 0       4 0 0 0     "


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_a_known_line_of_methanol_has_its_published_strength(catalogue):
    """5(0)-4(0) A: 241791.352 MHz, A = 6.05e-5 1/s, E_up = 34.8 K (Xu et al. 2008; CDMS 032504)."""
    methanol = catalogue.find("CH3OH;vt=0")[0]
    line = int(np.argmin(np.abs(methanol.frequency_mhz - 241791.352)))
    assert methanol.frequency_mhz[line] == pytest.approx(241791.352, abs=0.01)
    assert methanol.a_gu[line] / methanol.g_up[line] == pytest.approx(6.05e-5, rel=0.01)
    assert methanol.e_low_k[line] + 241791.352 * 4.799e-5 == pytest.approx(34.82, abs=0.1)


def test_partition_functions_rise_and_follow_the_power_of_a_top(catalogue):
    for item in catalogue.species:
        q = [item.partition_function(t) for t in (10.0, 20.0, 75.0, 150.0, 300.0, 400.0)]
        assert all(a <= b * 1.0001 for a, b in pairwise(q)), item.key
    cyanide = catalogue.find("CH3CH2CN;v=0")[0]
    assert cyanide.partition_function(300.0) / cyanide.partition_function(75.0) == pytest.approx(8.0, rel=0.03)


def test_lists_are_cdms_and_jpl_alone_never_mixed_and_small():
    table = pd.read_parquet(CATALOGUE_DIR / "species.parquet")
    assert set(table["source"]) == {"CDMS", "JPL"}
    assert not table.duplicated(["species", "state"]).any()
    assert table["complex_organic"].sum() >= 60
    assert (~table["complex_organic"]).sum() >= 40
    assert sum(path.stat().st_size for path in CATALOGUE_DIR.glob("*.parquet")) < 5e6


def test_every_line_lies_in_a_band(catalogue):
    for item in catalogue.species:
        inside = np.zeros(len(item), dtype=bool)
        for low, high in BANDS_GHZ:
            inside |= (item.frequency_mhz >= low * 1e3) & (item.frequency_mhz <= high * 1e3)
        assert inside.all(), item.key


@pytest.mark.parametrize(
    ("name", "species", "state", "formula", "n_atoms"),
    [
        ("CH3(13)CN", "CH3C-13-N", "v=0", "CH₃¹³CN", 6),
        ("CH3CN v8 = 1", "CH3CN", "v8=1", "CH₃CN", 6),
        ("(CH3)2CO v=0", "(CH3)2CO", "v=0", "(CH₃)₂CO", 10),
        ("HC3N v6=1,v7=1", "HC3N", "v6=1,v7=1", "HC₃N", 5),
        ("H(13)CO+", "HC-13-O+", "v=0", "H¹³CO⁺", 3),
        ("HNCS a-type", "HNCS a-type", "v=0", "HNCS a-type", 4),
    ],
)
def test_names(name, species, state, formula, n_atoms):
    assert cdms_name(name) == (species, state)
    assert printed(species) == formula
    assert sum(atoms(species).values()) == n_atoms
    assert is_complex_organic(species) == (n_atoms >= 6)


def test_isotopologues_are_told_apart_from_other_ones():
    assert isotopes("C-13-H3CN") == isotopes("CH3C-13-N") != isotopes("CH3CN-15")


def test_broken_rows_are_named_and_the_rest_goes_on(tmp_path):
    path = tmp_path / "broken.cat"
    path.write_text("\n".join([ROW, "no line at all", ROW.replace("241791.3520", "241700.1590"), ROW[:30]]))
    read = read_cat_file(path)
    assert len(read.lines) == 2
    assert "2 of 4 rows" in read.notes[0]
    assert "(2, 4)" in read.notes[0]
    species, notes = species_of_cat_file(path)
    assert species.species == "CH3OH"
    assert notes == read.notes


def test_a_file_without_a_line_is_refused(tmp_path):
    path = tmp_path / "page.cat"
    path.write_text("<html>not found</html>\n")
    with pytest.raises(ReadError, match="none of 1 rows"):
        read_cat_file(path)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("cat") / "any.cat"
    path.write_bytes(data)
    with contextlib.suppress(ReadError):
        assert len(read_cat_file(path).lines) > 0


def test_an_unknown_species_is_named_with_what_is_alike(catalogue):
    with pytest.raises(NotFoundError, match=r"CH3XX.*alike: CH3"):
        catalogue.find("CH3XX")
