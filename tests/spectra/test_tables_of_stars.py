"""Tables of stars and lists of ids as people have them: names, units, frames, releases, types."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core import errors
from core.archive.id_files import read_id_list
from core.sky.cluster_file import OLD_RELEASE, cluster_table, read_star_table
from core.sky.settings import GroupingSettings
from core.spectra.readers import read_bytes
from tests.spectra import synthetic
from tests.spectra.two_stars import COEFFICIENTS, IDS, RAW, SPECTRA, STARS, same_stars, stars


def test_a_guessed_column_of_ids_is_believed_only_if_it_looks_like_one(tmp_path):
    with pytest.raises(errors.MissingColumnError, match="no column 'source_id'"):
        read_bytes("spectra.csv", synthetic.csv_bytes({"id": [1, 2], "flux": RAW["flux"]}))
    assert read_bytes("spectra.csv", synthetic.csv_bytes({"id": IDS, "flux": RAW["flux"]})).source_id.tolist() == IDS


def test_sexagesimal_positions_decimal_commas_and_galactic_pairs(tmp_path):
    from astropy.coordinates import SkyCoord

    place = SkyCoord(STARS.ra, STARS.dec, unit="deg")
    rest = list(zip(IDS, STARS.parallax, STARS.parallax_error, strict=True))
    for spell in ({"sep": ":"}, {"sep": "hms"}, {"sep": " "}):
        ra = place.ra.to_string("hour", precision=9, pad=True, **spell)
        dec = place.dec.to_string(
            "deg", precision=9, pad=True, alwayssign=True, sep="dms" if spell["sep"] == "hms" else spell["sep"]
        )
        rows = [f"{a},{r},{d},{b},{c}" for (a, b, c), r, d in zip(rest, ra, dec, strict=True)]
        same_stars(stars(tmp_path, "\n".join(["source_id,ra,dec,parallax,parallax_error", *rows])), rtol=1e-10)
    text = STARS.to_csv(index=False, sep=";").replace(".", ",")
    same_stars(stars(tmp_path, text))
    galactic = STARS.drop(columns=["ra", "dec"]).assign(GLON=place.galactic.l.deg, GLAT=place.galactic.b.deg)
    same_stars(stars(tmp_path, galactic.to_csv(index=False)), rtol=1e-10)
    with pytest.raises(errors.MissingColumnError, match="the first value is 'north'"):
        stars(tmp_path, "source_id,ra,dec,parallax\n1,north,2,3\n")
    with pytest.raises(errors.UnitError, match="end at 24"):
        stars(tmp_path, f"source_id,ra,dec,parallax\n{IDS[0]},200:30:00,2,3\n")
    degrees = stars(tmp_path, f"source_id,ra [deg],dec,parallax\n{IDS[0]},200:30:00,-0:15:00,3\n")
    assert [degrees["ra"][0].as_py(), degrees["dec"][0].as_py()] == [200.5, -0.25]


def test_positions_in_another_frame_are_brought_to_icrs_or_refused(tmp_path):
    from astropy.coordinates import SkyCoord
    from astropy.table import QTable

    place = SkyCoord(STARS.ra, STARS.dec, unit="deg")
    for frame in ("icrs", "fk5", "fk4", "galactic"):
        for suffix in (".ecsv", ".fits"):
            table = QTable({"source_id": IDS, "sky": place.transform_to(frame), "parallax": STARS.parallax.to_numpy()})
            table.write(tmp_path / f"stars{suffix}", overwrite=True)
            same_stars(read_star_table(tmp_path / f"stars{suffix}"), rtol=1e-6)
    document = (
        '<VOTABLE version="1.4"><RESOURCE><COOSYS ID="c" system="{}" equinox="{}"/><TABLE>'
        '<FIELD name="source_id" datatype="long"/><FIELD name="ra" datatype="double" unit="deg" ref="c"/>'
        '<FIELD name="dec" datatype="double" unit="deg" ref="c"/><DATA><TABLEDATA>'
        f"<TR><TD>{IDS[0]}</TD><TD>10.0</TD><TD>20.0</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    )
    moved = SkyCoord(10, 20, unit="deg", frame="fk4").icrs
    table = stars(tmp_path, document.format("eq_FK4", "B1950"), "stars.vot")
    np.testing.assert_allclose(table["ra"].to_numpy(), moved.ra.deg, rtol=1e-7)
    with pytest.raises(errors.UnitError, match="ecl_FK5"):
        stars(tmp_path, document.format("ecl_FK5", "J2000"), "stars.vot")


def test_masked_values_of_a_qtable_are_unknown(tmp_path):
    from astropy.table import MaskedColumn, Table

    table = Table(
        {
            "source_id": IDS,
            "ra": [1.0, 2.0],
            "dec": [1.0, 2.0],
            "parallax": MaskedColumn([9.0, 2.0], mask=[True, False]),
        }
    )
    table.write(tmp_path / "stars.ecsv", serialize_method="data_mask")
    assert read_star_table(tmp_path / "stars.ecsv")["parallax"].to_pylist() == [None, 2.0]


def test_the_parts_of_a_cds_position_are_put_together(tmp_path):
    from astropy.coordinates import SkyCoord
    from astropy.table import Table

    south = SkyCoord(STARS.ra, [-60.898924, 5.25], unit="deg")
    table = Table({"Source": IDS, "coord": south, "Plx": STARS.parallax.to_numpy()})
    table["Plx"].unit = "mas"
    table.write(tmp_path / "stars.mrt", format="ascii.mrt")
    found = read_star_table(tmp_path / "stars.mrt")
    np.testing.assert_allclose(found["ra"].to_numpy(), STARS.ra, rtol=1e-6)
    np.testing.assert_allclose(found["dec"].to_numpy(), south.dec.deg, rtol=1e-6)
    text = (tmp_path / "stars.mrt").read_text().replace("-60 53", "-00 53")
    assert -0.9 < stars(tmp_path, text, "north.mrt")["dec"][0].as_py() < -0.89


def test_older_releases_are_recognised(tmp_path):
    with pytest.raises(errors.MixedReleasesError, match="dr2_neighbourhood"):
        read_bytes(
            "s.csv", synthetic.csv_bytes({"source_id": [f"Gaia DR2 {item}" for item in IDS], "flux": RAW["flux"]})
        )
    old = {
        "designation": STARS.assign(designation=[f"Gaia DR2 {item}" for item in IDS]),
        "epoch": STARS.assign(ref_epoch=2015.5),
        "columns": STARS.assign(teff_val=5000.0),
    }
    new, _ = cluster_table(stars(tmp_path, STARS.to_csv(index=False)), GroupingSettings())
    for name, frame in old.items():
        path = tmp_path / "old.csv"
        frame.to_csv(path, index=False)
        places, result = cluster_table(read_star_table(path), GroupingSettings(), "inverse")
        np.testing.assert_allclose(places.places.distance.distance_pc, 1000.0 / STARS.parallax, err_msg=name)
        assert set(result["note"].to_pylist()) == {OLD_RELEASE}
        with pytest.raises(errors.SourceIdError, match="dr2_neighbourhood"):
            read_id_list(path)
    assert (new.places.distance.distance_pc < places.places.distance.distance_pc).all()
    with pytest.raises(errors.SourceIdError, match="dr2_neighbourhood"):
        stars(tmp_path, STARS.rename(columns={"source_id": "GaiaDR2"}).to_csv(index=False))


def test_numbers_stay_numbers_and_units_go_out(tmp_path):
    text = (
        "source_id,ra,dec,parallax [arcsec],n_obs,teff [kK],name\n"
        + f"{IDS[0]},1,2,0.0095,17,9.5,12\n{IDS[1]},3,4,0.0102,18,10.2,13\n"
    )
    table = stars(tmp_path, text)
    assert table.schema.field("n_obs").type == pa.int64()
    assert table["parallax"].to_pylist() == pytest.approx([9.5, 10.2])
    _, result = cluster_table(table, GroupingSettings())
    assert result.schema.field("parallax").metadata == {b"unit": b"mas"}
    assert result.schema.field("x_pc").metadata == {b"unit": b"pc"}
    assert pa.types.is_floating(result.schema.field("teff [kK]").type)


def test_every_list_of_ids_is_read_and_only_its_bad_rows_are_named(tmp_path):
    files = {
        "ids.txt": f"# mine\nGaia DR3 {IDS[0]}\n\n{IDS[1]},\n",
        "semicolons.csv": f"source_id;ra\n{IDS[0]};1.0\n{IDS[1]};1.0\n",
        "names.csv": f"designation,ra\nGaia DR3 {IDS[0]},1.0\nGaia EDR3 {IDS[1]},1.0\n",
        "plain.ecsv": "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: source_id, datatype: int64}\n"
        f"source_id\n{IDS[0]}\n{IDS[1]}\n",
        "lacking.csv": f"name,source_id\na,{IDS[0]}\nlost,\nb,{IDS[1]}\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        found = read_id_list(tmp_path / name)
        assert found.ids.tolist() == IDS, name
        assert list(found.problems) == (["row 2"] if name == "lacking.csv" else [])


def test_types_and_units_of_other_columns_pass_through_calibration(tmp_path):
    from core.commands.calibrate import calibrate_file

    columns = synthetic.continuous_columns(SPECTRA.source_id, COEFFICIENTS)
    columns |= {"n_obs": [17, 18], "teff [kK]": [9.5, 10.2], "ra [rad]": [1.0, 2.0]}
    (tmp_path / "in.csv").write_bytes(synthetic.csv_bytes(columns))
    calibrate_file(tmp_path / "in.csv", tmp_path / "out.parquet")
    schema = pq.read_schema(tmp_path / "out.parquet")
    assert schema.field("n_obs").type == pa.int64()
    assert schema.field("ra").metadata[b"unit"] == b"deg"
    np.testing.assert_allclose(pq.read_table(tmp_path / "out.parquet")["ra"].to_numpy(), np.rad2deg([1.0, 2.0]))


def test_simulated_coefficients_with_correlations_calibrate_to_errors(tmp_path):
    from core.commands.calibrate import calibrate_file
    from core.simulation.draw import simulate

    simulate("training", 4, 1, tmp_path / "in.parquet", with_coefficients=True, with_correlations=True, workers=1)
    _, notes = calibrate_file(tmp_path / "in.parquet", tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    assert not notes
    error = np.array(table["flux_error"].to_pylist())
    own = np.array(pq.read_table(tmp_path / "in.parquet")["flux_error"].to_pylist())
    assert np.median(np.abs(error / own - 1)) < 0.05


README = """J/A+A/1/1           Two stars           (Nobody, 2026)
================================================================================
Byte-by-byte Description of file: stars.dat
--------------------------------------------------------------------------------
   Bytes Format Units   Label     Explanations
--------------------------------------------------------------------------------
   1- 19 I19    ---     GaiaDR3   Gaia DR3 source id
  21- 31 F11.6  deg     RAdeg     Right ascension (ICRS)
  33- 42 F10.6  deg     DEdeg     Declination (ICRS)
  44- 50 F7.5   mas     Plx       Parallax
--------------------------------------------------------------------------------
"""


def test_a_table_of_the_cds_is_read_with_the_readme_beside_it(tmp_path):
    lines = [
        f"{row.source_id:19d} {row.ra:11.6f} {row.dec:10.6f} {row.parallax:7.5f}"
        for row in STARS.itertuples(index=False)
    ]
    (tmp_path / "stars.dat").write_text("\n".join(lines) + "\n")
    with pytest.raises(errors.UnsupportedFormatError, match="names of the columns are expected"):
        read_star_table(tmp_path / "stars.dat")
    (tmp_path / "ReadMe").write_text(README)
    table = read_star_table(tmp_path / "stars.dat")
    same_stars(table, rtol=1e-5)
    assert table.schema.field("parallax").metadata == {b"unit": b"mas", b"description": b"Parallax"}
    same_stars(read_star_table(tmp_path), rtol=1e-5)
