"""Files as people have them: what a file says about itself is obeyed or refused, whatever program wrote it."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core import errors
from core.archive.id_files import read_id_list
from core.sky.cluster_file import OLD_RELEASE, cluster_table, read_star_table
from core.sky.settings import GroupingSettings
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.readers import LeftOut, read_bytes, read_spectra
from core.survey.partitions import plan_partitions
from tests.spectra import synthetic

SPECTRA = synthetic.sampled(2, seed=31)
IDS = SPECTRA.source_id.tolist()
RAW = synthetic.sampled_columns(SPECTRA)
COEFFICIENTS = synthetic.coefficients(2, seed=32)
STARS = pd.DataFrame(
    {
        "source_id": IDS,
        "ra": [10.037811, 200.5],
        "dec": [60.898924, -0.25],
        "parallax": [0.99064, 2.5],
        "parallax_error": [0.02, 0.03],
    }
)  # fmt: skip


def _same_as_base(found) -> None:
    assert found.source_id.tolist() == IDS
    assert found.note.tolist() == ["", ""]
    np.testing.assert_allclose(found.flux, SPECTRA.flux, rtol=1e-12)


def _stars(tmp_path, text: str, name: str = "stars.csv") -> pa.Table:
    path = tmp_path / name
    path.write_text(text)
    return read_star_table(path)


def _same_stars(table: pa.Table, rtol: float = 1e-12) -> None:
    assert table["source_id"].to_pylist() == IDS
    for name in STARS.columns[1:]:
        if name in table.column_names:
            np.testing.assert_allclose(table[name].to_numpy(), STARS[name], rtol=rtol, err_msg=name)


def _spelled(spell) -> bytes:
    rows = [f'{source_id},"{spell(flux)}"' for source_id, flux in zip(IDS, SPECTRA.flux, strict=True)]
    return "\n".join(["source_id,flux", *rows, ""]).encode()


def _whole(flux: np.ndarray) -> str:
    with np.printoptions(threshold=10_000, precision=17):
        return repr(flux)


NOTATIONS = {
    "NumPy 2's numbers": lambda flux: f"[{', '.join(f'np.float64({item!r})' for item in flux.tolist())}]",
    "an array's repr": _whole,
    "an array's repr with its type": lambda flux: _whole(flux)[:-1] + ", dtype=float64)",
    "a masked array's repr": lambda flux: (
        f"masked_array(data={flux.tolist()},\n             mask=False,\n       fill_value=1e+20)"
    ),
    "braces": lambda flux: "{" + ",".join(map(repr, flux.tolist())) + "}",
    "blanks": lambda flux: " ".join(map(repr, flux.tolist())),
    "semicolons": lambda flux: "; ".join(map(repr, flux.tolist())),
    "an array's str over several lines": lambda flux: "[" + "\n ".join(map(repr, flux.tolist())) + "]",
}


@pytest.mark.parametrize("name", NOTATIONS)
def test_arrays_are_read_in_every_notation(name):
    _same_as_base(read_bytes("spectra.csv", _spelled(NOTATIONS[name])))


def test_a_masked_sample_is_missing_and_an_abbreviated_array_is_refused():
    def masked(flux):
        return (
            "masked_array(data=["
            + ", ".join(["--", *map(repr, flux.tolist()[1:])])
            + "], mask=[True], fill_value=1e+20)"
        )

    found = read_bytes("spectra.csv", _spelled(masked))
    assert np.isnan(found.flux[:, 0]).all()
    assert np.isfinite(found.flux[:, 1:]).all()
    with pytest.raises(errors.SampleCountError, match=r"cut by '\.\.\.'"):
        read_bytes("spectra.csv", _spelled(lambda flux: np.array2string(flux, threshold=10)))
    with pytest.raises(errors.SampleCountError, match="of which 'dust' is none") as caught:
        read_bytes("spectra.csv", _spelled(lambda flux: "[1.0, dust, 2.0]"))
    assert "truncated" not in str(caught.value)


def test_a_sampling_that_is_stated_anywhere_is_compared_with_the_grid(tmp_path):
    grid = (WAVELENGTH_NM + 10).tolist()
    csv = synthetic.csv_bytes(RAW)
    (tmp_path / "out.csv").write_bytes(csv)
    (tmp_path / "out_sampling.csv").write_text(f'pos\n"{tuple(grid)}"\n')
    (tmp_path / "good.csv").write_bytes(csv)
    (tmp_path / "good_sampling.csv").write_text(f'pos\n"{tuple(WAVELENGTH_NM.tolist())}"\n')
    _same_as_base(read_spectra(tmp_path / "good.csv"))
    table = pa.table({"source_id": IDS, "flux": RAW["flux"]})
    pq.write_table(table.replace_schema_metadata({"sampling": str(grid)}), tmp_path / "arrow.parquet")
    frame = pd.DataFrame({"source_id": IDS, "flux": RAW["flux"]})
    frame.attrs["sampling"] = grid
    frame.to_parquet(tmp_path / "pandas.parquet")
    names = "".join(f",flux_{item:g}" for item in grid)
    rows = [
        f"{source_id},{','.join(map(repr, flux.tolist()))}" for source_id, flux in zip(IDS, SPECTRA.flux, strict=True)
    ]
    (tmp_path / "wide.csv").write_text("\n".join([f"source_id{names}", *rows]))
    for name in ("out.csv", "arrow.parquet", "pandas.parquet", "wide.csv"):
        with pytest.raises(errors.WavelengthGridError, match="from 346 to 1030 nm"):
            read_spectra(tmp_path / name)
    with pytest.raises(errors.WavelengthGridError, match="from 346 to 1030 nm"):
        read_bytes("out.csv", csv, beside={"out_sampling.csv": (tmp_path / "out_sampling.csv").read_bytes()})
    meta = f"meta:\n  sampling: {grid}"
    with pytest.raises(errors.WavelengthGridError, match="from 346 to 1030 nm"):
        read_bytes("out.ecsv", synthetic.ecsv_bytes(RAW, meta))
    angstrom = " ".join(str(item * 10) for item in grid)
    parameter = f'<PARAM name="sampling" datatype="double" arraysize="*" unit="Angstrom" value="{angstrom}"/>'
    document = synthetic.astropy_bytes(RAW, "votable").replace(b"<FIELD", parameter.encode() + b"<FIELD", 1)
    with pytest.raises(errors.WavelengthGridError, match="from 346 to 1030 nm"):
        read_bytes("out.vot", document)


def test_internally_calibrated_spectra_are_refused_with_the_way_to_calibrate_them():
    columns = {"source_id": [IDS[0]] * 2, "xp": ["BP", "RP"], "flux": [np.linspace(1, 2, 343)] * 2}
    for name in ("xp", "band"):
        with pytest.raises(errors.UnitError, match="core calibrate"):
            read_bytes(
                "counts.csv",
                synthetic.csv_bytes({name if key == "xp" else key: value for key, value in columns.items()}),
            )
    counts = synthetic.astropy_bytes(RAW, "votable").replace(b"W.nm**-1.m**-2", b"'electron'.s**-1")
    with pytest.raises(errors.UnitError, match="internally calibrated"):
        read_bytes("counts.vot", counts)


def test_a_column_per_sample_or_per_coefficient_is_an_array():
    order = np.random.default_rng(0).permutation(343)
    for prefix in ("", "flux_", "F", "flux[", "flux."):
        names = [f"{prefix}{WAVELENGTH_NM[i]:g}" for i in order]
        data = pd.DataFrame(SPECTRA.flux[:, order], columns=names)
        data.insert(0, "source_id", IDS)
        _same_as_base(read_bytes("wide.csv", data.to_csv(index=False).encode()))
    whole = read_bytes("x.csv", synthetic.csv_bytes(synthetic.continuous_columns(SPECTRA.source_id, COEFFICIENTS)))
    for stem in ("bp_coeff_{}", "BP{}", "bp_coefficients[{}]"):
        other = stem.replace("bp", "rp").replace("BP", "RP")
        bands = ((stem, COEFFICIENTS.bp), (other, COEFFICIENTS.rp))
        data = pd.DataFrame({name.format(i): values[:, i] for name, values in bands for i in range(55)})
        data.insert(0, "GaiaDR3", IDS)
        np.testing.assert_allclose(
            read_bytes("wide.csv", data.to_csv(index=False).encode()).flux, whole.flux, rtol=1e-9
        )
    joined = list(np.concatenate([COEFFICIENTS.bp, COEFFICIENTS.rp], axis=1))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"object_id": [f"Gaia DR3 {item}" for item in IDS], "coeff": joined}), sink)
    found = read_bytes("both.parquet", sink.getvalue().to_pybytes())
    assert found.source_id.tolist() == IDS
    np.testing.assert_allclose(found.flux, whole.flux, rtol=1e-12)


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
        _same_stars(_stars(tmp_path, "\n".join(["source_id,ra,dec,parallax,parallax_error", *rows])), rtol=1e-10)
    text = STARS.to_csv(index=False, sep=";").replace(".", ",")
    _same_stars(_stars(tmp_path, text))
    galactic = STARS.drop(columns=["ra", "dec"]).assign(GLON=place.galactic.l.deg, GLAT=place.galactic.b.deg)
    _same_stars(_stars(tmp_path, galactic.to_csv(index=False)), rtol=1e-10)
    with pytest.raises(errors.MissingColumnError, match="the first value is 'north'"):
        _stars(tmp_path, "source_id,ra,dec,parallax\n1,north,2,3\n")
    with pytest.raises(errors.UnitError, match="end at 24"):
        _stars(tmp_path, f"source_id,ra,dec,parallax\n{IDS[0]},200:30:00,2,3\n")
    degrees = _stars(tmp_path, f"source_id,ra [deg],dec,parallax\n{IDS[0]},200:30:00,-0:15:00,3\n")
    assert [degrees["ra"][0].as_py(), degrees["dec"][0].as_py()] == [200.5, -0.25]


def test_positions_in_another_frame_are_brought_to_icrs_or_refused(tmp_path):
    from astropy.coordinates import SkyCoord
    from astropy.table import QTable

    place = SkyCoord(STARS.ra, STARS.dec, unit="deg")
    for frame in ("icrs", "fk5", "fk4", "galactic"):
        for suffix in (".ecsv", ".fits"):
            table = QTable({"source_id": IDS, "sky": place.transform_to(frame), "parallax": STARS.parallax.to_numpy()})
            table.write(tmp_path / f"stars{suffix}", overwrite=True)
            _same_stars(read_star_table(tmp_path / f"stars{suffix}"), rtol=1e-6)
    document = (
        '<VOTABLE version="1.4"><RESOURCE><COOSYS ID="c" system="{}" equinox="{}"/><TABLE>'
        '<FIELD name="source_id" datatype="long"/><FIELD name="ra" datatype="double" unit="deg" ref="c"/>'
        '<FIELD name="dec" datatype="double" unit="deg" ref="c"/><DATA><TABLEDATA>'
        f"<TR><TD>{IDS[0]}</TD><TD>10.0</TD><TD>20.0</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    )
    moved = SkyCoord(10, 20, unit="deg", frame="fk4").icrs
    table = _stars(tmp_path, document.format("eq_FK4", "B1950"), "stars.vot")
    np.testing.assert_allclose(table["ra"].to_numpy(), moved.ra.deg, rtol=1e-7)
    with pytest.raises(errors.UnitError, match="ecl_FK5"):
        _stars(tmp_path, document.format("ecl_FK5", "J2000"), "stars.vot")


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
    assert -0.9 < _stars(tmp_path, text, "north.mrt")["dec"][0].as_py() < -0.89


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
    new, _ = cluster_table(_stars(tmp_path, STARS.to_csv(index=False)), GroupingSettings())
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
        _stars(tmp_path, STARS.rename(columns={"source_id": "GaiaDR2"}).to_csv(index=False))


def test_numbers_stay_numbers_and_units_go_out(tmp_path):
    text = (
        "source_id,ra,dec,parallax [arcsec],n_obs,teff [kK],name\n"
        + f"{IDS[0]},1,2,0.0095,17,9.5,12\n{IDS[1]},3,4,0.0102,18,10.2,13\n"
    )
    table = _stars(tmp_path, text)
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


def test_a_folder_is_its_tables_and_names_the_rest(tmp_path):
    for source_id, flux in zip(IDS, SPECTRA.flux, strict=True):
        frame = pd.DataFrame({"wavelength": WAVELENGTH_NM, "flux": flux})
        frame.to_csv(tmp_path / f"{source_id}.csv", index=False)
    (tmp_path / "README.txt").write_text("Two stars.\nFetched in May.\n")
    (tmp_path / "notes.txt").write_text("nothing here\n")
    (tmp_path / "map.png").write_bytes(b"\x89PNG")
    left_out: list[LeftOut] = []
    found = read_spectra(tmp_path, on_left_out=left_out.append)
    row = {int(source_id): place for place, source_id in enumerate(found.source_id)}
    np.testing.assert_allclose(found.flux[[row[item] for item in IDS]], SPECTRA.flux, rtol=1e-12)
    assert {item.name for item in left_out} == {"README.txt", "notes.txt", "map.png"}
    assert not any(item.is_damage for item in left_out)
    plan = plan_partitions(tmp_path)
    assert len(plan.partitions) == 2
    assert set(plan.left_out) == {"README.txt", "notes.txt", "map.png"}
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    left_out.clear()
    assert len(read_spectra(tmp_path, on_left_out=left_out.append)) == 2
    assert [item.name for item in left_out if item.is_damage] == ["broken.parquet"]
    with pytest.raises(errors.TruncatedFileError, match=r"broken\.parquet"):
        read_spectra(tmp_path)


def _hats(folder, kind: str, rows: dict[int, list[int]]) -> None:
    """A HATS catalogue of the spectra, by pixel of order 0 the rows in it."""
    for pixel, places in rows.items():
        path = folder / "dataset" / "Norder=0" / "Dir=0" / f"Npix={pixel}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"source_id": SPECTRA.source_id[places], "flux": list(SPECTRA.flux[places])}), path)
    properties = f"#HATS catalog\ndataproduct_type={kind}\nhats_nrows=2\n"
    for name in ("hats.properties", "properties"):
        (folder / name).write_text(properties)
    (folder / "partition_info.csv").write_text("Norder,Npix\n" + "".join(f"0,{pixel}\n" for pixel in rows))
    (folder / "skymap.fits").write_bytes(b"SIMPLE  =")


def test_a_hats_collection_is_its_catalogue_without_the_margin(tmp_path):
    _hats(tmp_path / "stars", "object", {1: [0], 4: [1]})
    _hats(tmp_path / "stars_10arcs", "margin", {1: [1], 4: [0]})
    (tmp_path / "collection.properties").write_text("obs_collection=stars\nhats_primary_table_url=stars\n")
    for place in (tmp_path, tmp_path / "stars"):
        left_out: list[LeftOut] = []
        _same_as_base(read_spectra(place, on_left_out=left_out.append))
        assert not any(item.is_damage for item in left_out)
        assert [item.name for item in left_out] == (["stars_10arcs/"] if place == tmp_path else [])
        assert len(plan_partitions(place).partitions) == 2
    assert read_star_table(tmp_path).num_rows == 2
    with pytest.raises(errors.UnsupportedFormatError, match="margin"):
        read_spectra(tmp_path / "stars_10arcs")
    data = synthetic.zip_bytes(
        {item.relative_to(tmp_path).as_posix(): item.read_bytes() for item in tmp_path.rglob("*") if item.is_file()}
    )
    assert sorted(read_bytes("collection.zip", data).source_id) == sorted(IDS)
    next((tmp_path / "stars" / "dataset").rglob("Npix=4.parquet")).unlink()
    left_out = []
    assert read_spectra(tmp_path, on_left_out=left_out.append).source_id.tolist() == IDS[:1]
    assert [item.name for item in left_out if item.is_damage] == ["stars/dataset/Norder=0/Npix=4.parquet"]


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


def test_the_message_shows_what_was_seen():
    numbers = "\n".join(f"{item} 1e-17" for item in WAVELENGTH_NM)
    with pytest.raises(errors.UnsupportedFormatError, match="names of the columns are expected"):
        read_bytes("Gaia DR3 5937083312263887616.txt", numbers.encode())
    with pytest.raises(errors.SampleCountError, match="column of the samples' wavelengths"):
        read_bytes("s.parquet", _parquet({"source_id": IDS, "flux": [1.0, 2.0]}))
    for name in ("wave", "lambda", "Wavelength", "spectral_axis", "wavelength_angstrom"):
        scale = 10.0 if name.endswith("angstrom") else 1.0
        frame = pd.DataFrame({name: WAVELENGTH_NM * scale, "Flux": SPECTRA.flux[0], "fluxerror": 1e-18})
        found = read_bytes(f"spectrum {IDS[0]}.csv", frame.to_csv(index=False).encode())
        np.testing.assert_allclose(found.flux[0], SPECTRA.flux[0], rtol=1e-12)
        assert found.flux_error is not None


def test_frequencies_in_descending_order_are_the_same_spectrum():
    import astropy.units as u

    hertz = (WAVELENGTH_NM * u.nm).to_value(u.Hz, u.spectral())
    columns = {"source_id": IDS, "wavelength [Hz]": [hertz[::-1]] * 2, "flux": [item[::-1] for item in SPECTRA.flux]}
    _same_as_base(read_bytes("spectra.csv", synthetic.csv_bytes(columns)))


def _parquet(columns: dict) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()
