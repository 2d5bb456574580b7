"""Tables of stars in layouts that programs write beside the usual ones: the same stars, or a refusal by name."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from astropy.io import fits, votable
from astropy.table import Table

from core import errors
from core.archive.id_files import read_id_list
from core.sky.cluster_file import read_star_table
from core.sky.star_places import is_older_release
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.readers import read_bytes, read_spectra
from tests.spectra.two_stars import IDS, SPECTRA, STARS, same_as_base, same_stars, stars

CSV = STARS.to_csv(index=False)
NAMES = list(STARS)
ROWS = [[str(IDS[row]), *(repr(float(value)) for value in STARS.iloc[row, 1:])] for row in range(len(STARS))]


def _barred(rule: str, rows=ROWS) -> str:
    head = "| " + " | ".join(NAMES) + " |\n" + rule
    return head + "".join("| " + " | ".join(row) + " |\n" for row in rows)


TEXTS = {
    "a spreadsheet's first line": "sep=;\n" + CSV.replace(",", ";"),
    "Starbase (rdb)": "\t".join(NAMES) + "\n" + "\t".join(["N"] * 5) + "\n" + "\n".join("\t".join(r) for r in ROWS),
    "a row of units behind a sign": CSV.replace("\n", "\n#,deg,deg,mas,mas\n", 1),
    "rows of types and units": CSV.replace("\n", "\nint64,double,double,double,double\n,deg,deg,mas,mas\n", 1),
    "units, and the type of the ids": CSV.replace("\n", "\nlong,deg,deg,mas,mas\n", 1),
    "psql": " | ".join(NAMES) + "\n" + "-+-".join("-" * 9 for _ in NAMES) + "\n"
    + "\n".join(" | ".join(r) for r in ROWS) + "\n(2 rows)\n",
    "Markdown": _barred("|" + "|".join(":---:" for _ in NAMES) + "|\n"),
    "TOPCAT's text": "+" + "+".join("-" * 12 for _ in NAMES) + "+\n" + _barred("+---+---+\n") + "+---+\n",
    "a printed DataFrame": STARS.to_string(float_format=lambda value: repr(float(value))),
    "an astronomer's minus": CSV.replace("-0.25", "\u22120.25"),
    "columns in JSON": json.dumps({name: STARS[name].tolist() for name in NAMES}),
    "columns by row in JSON": STARS.to_json(double_precision=15),
    "split JSON": STARS.to_json(orient="split", double_precision=15),
    "table JSON": STARS.to_json(orient="table", double_precision=15),
    "records under a key": json.dumps({"stars": json.loads(STARS.to_json(orient="records", double_precision=15))}),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_the_stars_are_the_same(name, tmp_path):
    table = stars(tmp_path, TEXTS[name], "stars.txt")
    same_stars(table)
    assert "note" not in table.column_names


def test_a_reply_of_the_archive_in_json_states_its_units(tmp_path):
    units = {"ra": "rad", "dec": "rad", "parallax": "uas"}
    scales = {"ra": np.pi / 180, "dec": np.pi / 180, "parallax": 1e3}
    scaled = STARS.assign(**{name: STARS[name] * scale for name, scale in scales.items()})
    described = [{"name": name, "datatype": "double", "unit": units.get(name)} for name in NAMES]
    rows = [[IDS[row], *scaled.iloc[row, 1:].tolist()] for row in range(2)]
    same_stars(stars(tmp_path, json.dumps({"metadata": described, "data": rows}), "reply.json"), rtol=1e-10)
    with pytest.raises(errors.UnsupportedFormatError, match="other lengths"):
        stars(tmp_path, json.dumps({"metadata": described, "data": [[1]]}), "broken.json")


@pytest.mark.parametrize(
    ("heading", "scale"),
    [('parallax ["]', 1e-3), ("parallax_uas", 1e3), ("parallax [muas]", 1e3), ("parallax {arcsec}", 1e-3)],
)
def test_units_that_look_like_quotation_marks_or_are_rare_are_applied(heading, scale, tmp_path):
    scaled = STARS.assign(parallax=STARS["parallax"] * scale).rename(columns={"parallax": heading})
    same_stars(stars(tmp_path, scaled.to_csv(index=False)), rtol=1e-10)


def test_distances_are_believed_with_a_unit_of_length_and_without_a_parallax(tmp_path):
    far = STARS.drop(columns=["parallax", "parallax_error"])
    for heading, scale in (("distance_kpc", 1e-3), ("Distance [kpc]", 1e-3), ("dist (pc)", 1.0)):
        table = stars(tmp_path, far.assign(**{heading: np.array([1009.0, 400.0]) * scale}).to_csv(index=False))
        np.testing.assert_allclose(table["distance_pc"].to_numpy(), [1009.0, 400.0])
    columns = Table({**{name: far[name] for name in far}, "dist": [1.0, 0.4]})
    columns["dist"].unit = "kpc"
    columns.write(tmp_path / "far.fits")
    np.testing.assert_allclose(read_star_table(tmp_path / "far.fits")["distance_pc"].to_numpy(), [1000.0, 400.0])
    for heading in ("distance", "dist [arcsec]"):
        assert (
            "distance_pc" not in stars(tmp_path, far.assign(**{heading: [1.0, 2.0]}).to_csv(index=False)).column_names
        )
    both = stars(tmp_path, STARS.assign(distance_kpc=[1.0, 2.0]).to_csv(index=False))
    assert "distance_pc" not in both.column_names


def test_an_older_release_is_seen_wherever_the_file_names_it(tmp_path):
    table = Table.from_pandas(STARS)
    table.meta["comments"] = ["SELECT * FROM gaiadr2.gaia_source"]
    table.write(tmp_path / "a.ecsv", format="ascii.ecsv")
    table.meta = {"CATALOG": "I/345/gaia2"}
    table.write(tmp_path / "b.fits")
    table.meta = {}
    table.write(tmp_path / "c.vot", format="votable", table_id="I_345_gaia2")
    for name in ("a.ecsv", "b.fits", "c.vot"):
        assert is_older_release(read_star_table(tmp_path / name).to_pandas()).all(), name


def test_a_zip_is_read_like_the_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "stars.zip", "w") as packed:
        header, first, second = CSV.splitlines()
        packed.writestr("in/a.csv", f"{header}\n{first}\n")
        packed.writestr("in/b.csv", f"{header}\n{second}\n")
        packed.writestr("in/README.txt", "words")
    left_out = []
    same_stars(read_star_table(tmp_path / "stars.zip", left_out.append))
    assert [item.name for item in left_out] == ["in/README.txt"]
    assert read_id_list(tmp_path / "stars.zip").ids.tolist() == IDS
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.csv", CSV + "0" * 50_000_000)
    for read in (read_star_table, read_id_list):
        with pytest.raises(errors.FileTooLargeError, match="the zip is refused"):
            read(tmp_path / "bomb.zip")


def _zip_of(names) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as packed:
        for name in names:
            packed.writestr(name, "<Types/>")
    return sink.getvalue()


FOREIGN = {
    "an Arrow IPC stream": b"\xff\xff\xff\xff\x10\0\0\0",
    "an Arrow IPC .Feather. file": b"ARROW1\0\0",
    "an ORC file": b"ORC\x08\x03",
    "an SQLite database": b"SQLite format 3\0",
    "an Excel workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "an Excel workbook. Save its sheet as CSV": _zip_of(["[Content_Types].xml", "xl/workbook.xml"]),
    "an OpenDocument file": _zip_of(["mimetype", "content.xml"]),
    "an HDF5 file": b"\x89HDF\r\n\x1a\n",
    "a Python pickle": pickle.dumps({}),
    "a tar archive": b"stars.csv".ljust(257, b"\0") + b"ustar\0" + bytes(100),
    "an LZ4 file": b"\x04\x22\x4d\x18",
    "text in UTF-16": CSV.encode("utf-16"),
    "text in UTF-16: save": CSV.encode("utf-16-le"),
    "text in UTF-32": CSV.encode("utf-32"),
    "an ASDF file": b"#ASDF 1.0.0\n",
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_not_read_is_named(kind, tmp_path):
    path = tmp_path / "stars"
    path.write_bytes(FOREIGN[kind])
    for read in (read_star_table, read_spectra):
        with pytest.raises(errors.UnsupportedFormatError, match=f"stars: this is {kind}"):
            read(path)
    with pytest.raises(errors.UnsupportedFormatError, match=f"this is {kind}"):
        read_bytes("stars", FOREIGN[kind])


@pytest.mark.parametrize("form", ["fits", "vot"])
def test_tables_without_stars_beside_the_stars_give_no_rows(form, tmp_path):
    path = tmp_path / f"stars.{form}"
    log, catalogue = Table({"step": [1, 2, 3], "seconds": [0.1, 0.2, 0.3]}), Table.from_pandas(STARS)
    if form == "fits":
        fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU(log), fits.BinTableHDU(catalogue)]).writeto(path)
    else:
        document = votable.from_table(catalogue)
        document.resources[0].tables.insert(0, votable.from_table(log).get_first_table())
        document.to_xml(str(path))
    table = read_star_table(path)
    same_stars(table)
    assert "note" not in table.column_names


def test_wavelengths_in_air_are_refused_and_in_vacuum_read(tmp_path):
    table = Table({"source_id": IDS, "flux": SPECTRA.flux})
    for word in ("vacuum", "air"):
        table.meta = {"AIRORVAC": word}
        table.write(tmp_path / f"{word}.ecsv", format="ascii.ecsv")
        table.write(tmp_path / f"{word}.fits")
    for form in ("ecsv", "fits"):
        same_as_base(read_spectra(tmp_path / f"vacuum.{form}"))
        with pytest.raises(errors.WavelengthGridError, match="wavelengths in air"):
            read_spectra(tmp_path / f"air.{form}")


def test_a_row_per_sample_without_its_wavelengths_is_told_their_name(tmp_path):
    rows = "".join(f"{IDS[0]},{number},{value!r}\n" for number, value in enumerate(SPECTRA.flux[0].tolist()))
    path = tmp_path / "long.csv"
    path.write_text("source_id,frequency,flux\n" + rows)
    with pytest.raises(errors.SampleCountError, match=r"one number.*called wavelength"):
        read_spectra(path)


def test_an_ascii_table_of_fits_is_named(tmp_path):
    ids = fits.Column("source_id", "A20", array=STARS["source_id"].astype(str).to_numpy(), ascii=True)
    fits.HDUList([fits.PrimaryHDU(), fits.TableHDU.from_columns([ids])]).writeto(tmp_path / "stars.fits")
    with pytest.raises(errors.MissingColumnError, match="an ASCII table"):
        read_star_table(tmp_path / "stars.fits")


@pytest.mark.parametrize("spelt", ["{}", " {}", "Gaia DR3 {}", "0{}"])
def test_ids_of_text_are_the_same_on_the_short_way_and_the_long(spelt, tmp_path):
    text = CSV
    for source_id in IDS:
        text = text.replace(str(source_id), spelt.format(source_id))
    if spelt == "0{}":  # twenty digits
        assert stars(tmp_path, text)["source_id"].to_pylist() == IDS
    else:
        same_stars(stars(tmp_path, text))


@pytest.mark.parametrize("spelt", ["{:#x}", "{:.6e}", "{}.0"])
def test_ids_that_are_no_decimal_digits_are_refused(spelt, tmp_path):
    text = CSV
    for source_id in IDS:
        text = text.replace(str(source_id), spelt.format(source_id))
    with pytest.raises(errors.SourceIdError):
        stars(tmp_path, text)


def test_rows_of_samples_are_one_star_each(tmp_path):
    long = STARS.loc[np.repeat([0, 1], len(WAVELENGTH_NM))].assign(
        wavelength=np.tile(WAVELENGTH_NM, 2), flux=SPECTRA.flux.ravel()
    )
    long.to_csv(tmp_path / "long.csv", index=False)
    for columns in (None, ("ra", "dec")):
        same_stars(read_star_table(tmp_path / "long.csv", columns=columns))
