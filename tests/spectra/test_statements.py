"""What a header says of the spectra's sampling and unit, under any name and in any notation, is applied or refused."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.table import QTable, Table

from core import errors
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.readers import read_bytes
from core.spectra.readers.statements import comment_entries, statements
from tests.spectra import synthetic
from tests.spectra.two_stars import IDS, RAW, SPECTRA, same_as_base

SHIFTED = (WAVELENGTH_NM + 10).tolist()
JANSKY = 1e26 * WAVELENGTH_NM**2 * 1e-9 / 299_792_458.0  # W m-2 nm-1 to Jy: F_lambda lambda^2 / c, lambda in nm

OTHER_GRIDS = {
    "a call": ("sampling", "np.arange(346, 1032, 2)"),
    "another call": ("wavelengths", "numpy.linspace(346, 1030, 343)"),
    "limits and a step": ("grid", "346-1030 nm, step 2 nm"),
    "limits": ("sampling", "346 to 1030 nm"),
    "a mapping": ("sampling", {"start": 346, "stop": 1030, "step": 2, "unit": "nm"}),
    "a mapping with a number": ("spectral_grid", {"min": 346.0, "max": 1030.0, "num": 343}),
    "below another entry": ("XP", {"sampling": SHIFTED}),
    "a name with a unit": ("wavelengths_nm", SHIFTED),
    "a unit beside it": ("sampling", [10 * item for item in SHIFTED]),
    "any name": ("abscissa", SHIFTED),
    "text of numbers": ("wave", " ".join(map(str, SHIFTED))),
}


@pytest.mark.parametrize("case", OTHER_GRIDS)
def test_another_grid_is_seen_in_any_notation(case):
    name, value = OTHER_GRIDS[case]
    entries = [(name, value), ("sampling_unit", "Angstrom" if case == "a unit beside it" else "nm")]
    found = statements(entries, ["source_id", "flux"], "file")
    assert found.sampling is not None
    np.testing.assert_allclose(found.sampling, SHIFTED, rtol=1e-9)


def test_the_two_ends_of_a_grid_in_entries_of_their_own():
    for first, last, step in (
        ("WAVEMIN", "WAVEMAX", "WAVESTEP"),
        ("start_wavelength", "end_wavelength", "step_wavelength"),
    ):
        found = statements([(first, 346), (last, "1030"), (step, 2)], [], "file")
        np.testing.assert_allclose(found.sampling, SHIFTED)
    covered = statements([("wavelength_min", 330), ("wavelength_max", 1050)], [], "file")
    assert covered.sampling is None, "what an instrument covers is no sampling"


def test_what_states_the_sampling_and_is_not_understood_is_refused():
    with pytest.raises(errors.WavelengthGridError, match="which is not understood"):
        statements([("sampling", "GRID_7")], ["flux"], "file")
    assert (
        statements([("grid", "ATLAS9"), ("wave", "vacuum"), ("row", list(range(343)))], ["flux"], "file").sampling
        is None
    )


@pytest.mark.parametrize(
    "entries",
    [
        [("flux_unit", "Jy")], [("unit", "Jy")], [("units", {"flux": "Jy"})], [("flux", {"unit": "Jy"})],
        [("columns", {"flux": {"unit": "Jy"}})], [("units", "source_id: -, flux: Jy")], [("BUNIT", "Jy")],
        list(comment_entries(["# flux [Jy]"])), list(comment_entries(["# flux unit: Jy"])),
    ],
)  # fmt: skip
def test_the_unit_of_the_flux_is_found(entries):
    assert statements(entries, ["source_id", "flux"], "file").units["flux"] == "Jy"
    assert statements([("unit", "mas")], ["source_id", "flux"], "file").units == {}


def _csv(comment: str) -> bytes:
    return f"# {comment}\n".encode() + synthetic.csv_bytes(RAW)


def _ecsv(**meta) -> bytes:
    table = Table({"source_id": IDS, "flux": SPECTRA.flux})
    table.meta.update(meta)
    text = io.StringIO()
    table.write(text, format="ascii.ecsv")
    return text.getvalue().encode()


def _parquet(**attributes) -> bytes:
    frame = pd.DataFrame({"source_id": IDS, "flux": list(SPECTRA.flux * JANSKY)})
    frame.attrs.update(attributes)
    stream = io.BytesIO()
    frame.to_parquet(stream)
    return stream.getvalue()


def _fits(cards: dict, *more) -> bytes:
    columns = [fits.Column("source_id", "K", array=IDS), fits.Column("flux", "343D", array=SPECTRA.flux)]
    table = fits.BinTableHDU.from_columns(columns)
    table.header.update(cards)
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table, *more]).writeto(stream)
    return stream.getvalue()


def _grid_part(values, name="WAVELENGTH"):
    return fits.BinTableHDU.from_columns([fits.Column("pos", "D", array=values)], name=name)


REFUSED = {
    "a comment of CSV": lambda: _csv(f"sampling = {SHIFTED}"),
    "ECSV": lambda: _ecsv(comments=["grid: 346 to 1030 nm"]),
    "the axis of a FITS column": lambda: _fits({"1CRVL2": 346.0, "1CDLT2": 2.0, "1CRPX2": 1.0}),
    "the plain axis": lambda: _fits({"CRVAL1": 3460.0, "CDELT1": 20.0, "CUNIT1": "Angstrom"}),
    "an image beside it": lambda: _fits({}, fits.ImageHDU(np.array(SHIFTED), name="WAVELENGTH")),
    "a table beside it": lambda: _fits({}, _grid_part(np.array(SHIFTED), "SAMPLING")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_readers_of_files_ask(case):
    with pytest.raises(errors.WavelengthGridError, match="from 346 to 1030 nm"):
        read_bytes("spectra", REFUSED[case]())


def test_the_grid_itself_in_any_of_these_places_changes_nothing():
    cards = {"1CRVL2": 336.0, "1CDLT2": 2.0, "WAVEMIN": 336.0, "WAVESTEP": 2.0}
    same_as_base(read_bytes("spectra", _fits(cards, _grid_part(WAVELENGTH_NM))))
    same_as_base(read_bytes("spectra", _csv("sampling: np.arange(336, 1022, 2)")))
    same_as_base(read_bytes("spectra", _ecsv(sampling={"start": 336, "stop": 1020, "step": 2})))
    for attributes in ({"flux_unit": "Jy"}, {"unit": "Jy"}, {"columns": {"flux": {"unit": "Jy"}}}):
        same_as_base(read_bytes("spectra", _parquet(**attributes)))


def test_logarithms_are_no_flux():
    for unit in ("dex(W m-2 nm-1)", "mag(AB)"):
        with pytest.raises(errors.UnitError, match="magnitudes or logarithms"):
            read_bytes("s.csv", synthetic.csv_bytes({"source_id": IDS, f"flux [{unit}]": RAW["flux"]}))


def test_numbers_alone_on_the_grid_of_xp_are_a_spectrum():
    for scale, separator in ((10.0, ","), (1e-3, "\t"), (1.0, " ")):
        rows = [
            f"{scale * x!r}{separator}{y!r}"
            for x, y in zip(WAVELENGTH_NM.tolist(), SPECTRA.flux[0].tolist(), strict=True)
        ]
        found = read_bytes(f"Gaia DR3 {IDS[0]}.txt", ("\n".join(rows) + "\n").encode())
        assert found.source_id.tolist() == IDS[:1]
        np.testing.assert_allclose(found.flux[0], SPECTRA.flux[0])
    from core.foreign_spectra.readers import read_spectrum

    with pytest.raises(errors.UnsupportedFormatError, match="grid of XP spectra"):
        read_spectrum(
            "\n".join(f"{x} {y}" for x, y in zip(WAVELENGTH_NM, SPECTRA.flux[0], strict=True)).encode(), "a.txt"
        )


def test_a_table_of_stars_is_no_spectrum_of_another_instrument():
    """What the reader of XP spectra refused by name must not come back as one star with ids for wavelengths."""
    from core.foreign_spectra.readers import read_spectrum

    rows = [f"{IDS[0]},{x},{y}" for x, y in zip(SHIFTED, SPECTRA.flux[0], strict=True)]
    for head in ("source_id,wavelength,flux", "# source_id,a,b", "Source,pos,flux"):
        with pytest.raises(errors.UnsupportedFormatError, match="no single spectrum"):
            read_spectrum("\n".join([head, *rows]).encode(), "long.csv")
    with pytest.raises(errors.UnsupportedFormatError, match="no wavelengths"):
        read_spectrum("\n".join(["a,b,c", *rows]).encode(), "long.csv")


def test_columns_of_samples_may_state_a_unit_and_put_the_band_last():
    for form, scale in (("flux_{:g}A", 10.0), ("{:g} Angstrom", 10.0), ("f{:g}um", 1e-3)):
        wide = pd.DataFrame(SPECTRA.flux, columns=[form.format(round(item * scale, 6)) for item in WAVELENGTH_NM])
        wide.insert(0, "source_id", IDS)
        same_as_base(read_bytes("wide.csv", wide.to_csv(index=False).encode()))
    wide.columns = ["source_id", *(f"col{number}" for number in range(343))]
    with pytest.raises(errors.MissingColumnError, match="name them flux_336 to"):
        read_bytes("wide.csv", wide.to_csv(index=False).encode())


def test_columns_of_bytes_are_text():
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    words = pa.array([b"Gaia DR3 \xee", b"x"], pa.binary())
    ids = pa.array([str(item).encode() for item in IDS], pa.binary())
    pq.write_table(pa.table({"source_id": ids, "flux": list(SPECTRA.flux), "release": words}), sink)
    assert read_bytes("bytes.parquet", sink.getvalue().to_pybytes()).source_id.tolist() == IDS


def test_a_quantity_in_another_unit_is_the_same_grid():
    table = QTable({"source_id": IDS, "flux": SPECTRA.flux})
    table.meta["sampling"] = {"value": (WAVELENGTH_NM * 10).tolist(), "unit": "Angstrom"}
    text = io.StringIO()
    table.write(text, format="ascii.ecsv")
    same_as_base(read_bytes("q.ecsv", text.getvalue().encode()))


def test_a_mapping_as_text_is_read():
    found = statements([("xp", json.dumps({"sampling": SHIFTED}))], [], "file")
    np.testing.assert_allclose(found.sampling, SHIFTED)
