"""HATS catalogues through LSDB: cone, box and whole sky of a small local catalogue."""

import numpy as np
import pandas as pd
import pytest

from core.archive.hats import Region, iter_catalogue, iter_hats_spectra
from core.errors import ArchiveError, MissingColumnError, MixedReleasesError, UsageError
from core.gaia.releases import DR4
from core.spectra.design_recipe import make_calibration
from core.spectra.readers import read_spectra
from core.star.nearest import separation_arcsec
from tests.archive.stand_in.made_up import MadeUpPackage, turned


@pytest.fixture(scope="module")
def catalogue(_archive, tmp_path_factory):
    """The stand-in's stars as a HATS catalogue on disk, with coefficients."""
    import lsdb

    sky = _archive.sky
    table = sky.gaia.iloc[:300][["source_id", "ra", "dec", "phot_g_mean_mag"]].copy()
    table["bp_coefficients"] = list(sky.bp[:300])
    table["rp_coefficients"] = list(sky.rp[:300])
    folder = tmp_path_factory.mktemp("hats") / "stars"
    lsdb.from_dataframe(table, ra_column="ra", dec_column="dec", catalog_name="stars").to_hats(folder)
    return folder, table, sky


def ids_of(frames):
    return sorted(int(item) for frame in frames for item in frame["source_id"])


def test_the_whole_sky_is_read_partition_by_partition(catalogue):
    folder, table, _ = catalogue
    assert ids_of(iter_catalogue(folder, columns=["source_id"])) == sorted(table["source_id"])


def test_a_cone_and_a_box_select_what_lies_inside(catalogue):
    folder, table, _ = catalogue
    inside = separation_arcsec(table["ra"], table["dec"], 150.0, 20.0) <= 40 * 3600
    assert ids_of(iter_catalogue(folder, Region(cone=(150.0, 20.0, 40.0)))) == sorted(table["source_id"][inside])
    box = table["ra"].between(100, 200) & table["dec"].between(-30, 30)
    assert ids_of(iter_catalogue(folder, Region(box=(100.0, 200.0, -30.0, 30.0)))) == sorted(table["source_id"][box])


def test_spectra_are_calibrated_here(catalogue):
    folder, _, sky = catalogue
    for spectra in iter_hats_spectra(folder, Region(cone=(150.0, 20.0, 40.0)), metadata=["phot_g_mean_mag"]):
        np.testing.assert_allclose(spectra.flux, sky.flux(sky.rows(spectra.source_id)), rtol=1e-9)
        assert "phot_g_mean_mag" in spectra.metadata


def test_a_catalogue_of_another_release_is_read_as_that(catalogue, tmp_path, monkeypatch, capsys):
    import lsdb

    from core.__main__ import main

    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path / "local"))
    make_calibration(DR4, MadeUpPackage(51))
    _, table, sky = catalogue
    table = table.assign(bp_coefficients=list(turned(sky.bp[:300], 51)))
    for name, frame in (("of_dr4", table), ("gaia_dr3", table), ("gaia_dr2", table)):
        place = tmp_path / name
        lsdb.from_dataframe(frame, ra_column="ra", dec_column="dec", catalog_name=name).to_hats(place)
    spectra = next(iter_hats_spectra(tmp_path / "of_dr4", Region(cone=(150.0, 20.0, 40.0))))
    assert (spectra.release, spectra.release_stated) == ("dr4", True)
    assert spectra.coefficients.bp.shape[1] == 51
    assert main(["fetch", "--hats", str(tmp_path / "of_dr4"), "--out", str(tmp_path / "out")]) == 0
    assert read_spectra(tmp_path / "out").release == "dr4"
    with pytest.raises(MixedReleasesError, match=r"51 \+ 55 coefficients.*Gaia DR4 has as many"):
        list(iter_hats_spectra(tmp_path / "gaia_dr3"))
    with pytest.raises(MixedReleasesError, match="says that it is of Gaia DR3"):
        list(iter_hats_spectra(tmp_path / "gaia_dr3", release="dr4"))
    with pytest.raises(MixedReleasesError, match="dr2_neighbourhood"):
        list(iter_hats_spectra(tmp_path / "gaia_dr2"))


def test_no_catalogue_and_no_coefficients_are_named(catalogue, tmp_path):
    import lsdb

    with pytest.raises(ArchiveError, match="properties"):
        list(iter_catalogue(tmp_path / "nowhere"))
    bare = pd.DataFrame({"source_id": [1, 2], "ra": [1.0, 2.0], "dec": [0.0, 1.0]})
    lsdb.from_dataframe(bare, ra_column="ra", dec_column="dec", catalog_name="bare").to_hats(tmp_path / "bare")
    with pytest.raises(MissingColumnError, match="bp_coefficients"):
        list(iter_hats_spectra(tmp_path / "bare"))


@pytest.mark.parametrize(
    "wrong", [{"cone": (0, 0, 1), "box": (0, 1, 0, 1)}, {"cone": (0, 95, 1)}, {"box": (0, 1, 5, 4)}]
)
def test_impossible_regions_are_refused(wrong):
    with pytest.raises(UsageError):
        Region(**wrong)


def test_the_command_fetches_a_region_and_goes_on_after_a_stop(catalogue, tmp_path, capsys):
    from core.__main__ import main

    folder, table, _ = catalogue
    box = table["ra"].between(100, 200) & table["dec"].between(-30, 30)
    out = tmp_path / "out"
    arguments = ["fetch", "--hats", str(folder), "--out", str(out), "--box", "100 200 -30 30"]
    assert main(arguments) == 0
    assert sorted(read_spectra(out).source_id) == sorted(table["source_id"][box])
    parts = sorted(out.glob("part-*.json"))
    before = {path: path.stat().st_mtime_ns for path in parts}
    parts[0].unlink()
    assert main(arguments) == 0
    assert {path: path.stat().st_mtime_ns for path in parts[1:]}.items() <= before.items()
    assert sorted(read_spectra(out).source_id) == sorted(table["source_id"][box])
    assert main([*arguments[:-1], "0 360 -30 30"]) == 2
    assert "something else" in capsys.readouterr().err


def test_the_command_takes_no_more_than_asked_and_says_where_there_are_none(catalogue, tmp_path, capsys):
    from core.__main__ import main

    folder, table, _ = catalogue
    hats = ["fetch", "--hats", str(folder), "--out"]
    assert main([*hats, str(tmp_path / "a"), "--random", "17"]) == 0
    assert len(read_spectra(tmp_path / "a")) == 17
    assert main([*hats, str(tmp_path / "b"), "--random", "1000"]) == 3
    assert len(read_spectra(tmp_path / "b")) == len(table)
    assert main([*hats, str(tmp_path / "c"), "--cone", "10 -89.9 0.01"]) == 1
    assert "larger region" in capsys.readouterr().err
    for wrong in (["--cone", "1 2"], ["--box", "1 2 3 x"], ["--box", "0 1 5 4"], ["--cone", "nan 0 1"]):
        assert main([*hats, str(tmp_path / "d"), *wrong]) == 2
    assert main(["fetch", "--hats", str(tmp_path / "nowhere"), "--out", str(tmp_path / "e")]) == 1
