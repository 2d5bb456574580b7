"""Reading spectra: formats, units and everything that can be wrong with them."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from core.errors import EmptyFileError, ReadError, UnitError, UnsupportedFormatError
from core.molecules.read_spectrum import read_spectrum

N = 400
MHZ = 230_000.0 + 0.5 * np.arange(N)
RNG = np.random.default_rng(3)
KELVIN = RNG.normal(0.0, 0.1, N)
KELVIN[200] = 5.0


def text(tmp_path, x, y, name="spectrum.dat"):
    path = tmp_path / name
    np.savetxt(path, np.column_stack([x, y]), fmt="%.9g")
    return path


@pytest.mark.parametrize(("factor", "unit"), [(1.0, None), (1e-3, None), (1e6, None), (1e-3, "GHz"), (1e6, "Hz")])
def test_frequencies_in_any_unit(tmp_path, factor, unit):
    found = read_spectrum([text(tmp_path, MHZ * factor, KELVIN)], unit_x=unit)
    assert found.frequency_mhz == pytest.approx(MHZ, rel=1e-7)
    assert found.frequency_mhz[np.nanargmax(found.value_k)] == pytest.approx(MHZ[200])
    assert np.median(found.noise_k) == pytest.approx(0.1, rel=0.3)


def test_a_wrong_unit_is_named(tmp_path):
    path = text(tmp_path, MHZ, KELVIN)
    with pytest.raises(UnitError, match="is the unit wrong"):
        read_spectrum([path], unit_x="Hz")
    with pytest.raises(UnitError, match="'parsec'"):
        read_spectrum([path], unit_x="parsec")
    with pytest.raises(UnitError, match="rest frequency"):
        read_spectrum([path], unit_x="km/s")
    with pytest.raises(UnitError, match="--beam-arcsec"):
        read_spectrum([path], unit_y="Jy/beam")
    with pytest.raises(UnitError, match="'erg'"):
        read_spectrum([path], unit_y="erg")


def test_flux_per_beam_becomes_brightness(tmp_path):
    found = read_spectrum([text(tmp_path, MHZ, KELVIN)], unit_y="Jy/beam", beam_arcsec=1.0)
    factor = 1.2222e6 / 230.1**2  # K per Jy/beam at one arcsecond
    assert np.nanmax(found.value_k) == pytest.approx(5.0 * factor, rel=0.03)


def test_a_velocity_axis_with_its_rest_frequency(tmp_path):
    velocity = (1.0 - MHZ / 230_100.0) * 299_792_458.0
    found = read_spectrum([text(tmp_path, velocity, KELVIN)], unit_x="m/s", rest_mhz=230_100.0)
    assert found.frequency_mhz == pytest.approx(MHZ, rel=1e-7)


def test_order_gaps_doubles_and_missing_values_are_mended_and_noted(tmp_path):
    x, y = np.concatenate([MHZ[:200], MHZ[200:] + 40.0]), KELVIN.copy()
    y[10:14] = np.nan
    order = RNG.permutation(N)
    path = tmp_path / "mixed.txt"
    rows = [f"{a:.4f} {b:.5f}" for a, b in zip(x[order], y[order], strict=True)] + [f"{x[5]:.4f} 0.0"]
    path.write_text("# comment\n" + "\n".join(rows) + "\n")
    found = read_spectrum([path])
    assert len(np.unique(found.window)) == 2
    assert (np.diff(found.frequency_mhz) > 0).all()
    said = " ".join(found.notes)
    assert "sorted" in said
    assert "4 channels without a value" in said
    assert "1 channels at a frequency" in said


def test_overlapping_windows_are_trimmed(tmp_path):
    first = text(tmp_path, MHZ, KELVIN, "a.dat")
    second = text(tmp_path, MHZ + 100.0, RNG.normal(0.0, 0.3, N), "b.dat")
    found = read_spectrum([second, first])
    assert (np.diff(found.frequency_mhz) > 0).all()
    assert any("overlap" in note for note in found.notes)


def test_one_bad_window_of_two_is_left_out(tmp_path):
    bad = tmp_path / "bad.dat"
    bad.write_text("no numbers\n")
    found = read_spectrum([bad, text(tmp_path, MHZ, KELVIN)])
    assert len(found) == N
    assert any("bad.dat is left out" in note for note in found.notes)
    with pytest.raises(EmptyFileError, match=r"bad\.dat"):
        read_spectrum([bad])


def test_files_that_are_no_spectra(tmp_path):
    with pytest.raises(ReadError, match="no file"):
        read_spectrum([tmp_path / "nowhere.dat"])
    strange = tmp_path / "a.docx"
    strange.write_text("x")
    with pytest.raises(UnsupportedFormatError):
        read_spectrum([strange])
    with pytest.raises(ReadError, match="do not scatter"):
        read_spectrum([text(tmp_path, MHZ, np.zeros(N))])


def test_fits_spectrum_cube_table_and_votable(tmp_path):
    header = fits.Header(
        {"CTYPE1": "FREQ", "CRVAL1": 230e9, "CRPIX1": 1.0, "CDELT1": 5e5, "CUNIT1": "Hz", "BUNIT": "K"}
    )
    fits.PrimaryHDU(KELVIN, header).writeto(tmp_path / "one.fits")
    cube = np.zeros((N, 3, 3))
    cube[:, 1, 2] = KELVIN
    axes = {"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CTYPE3": "FREQ", "CRVAL3": 230e9, "CRPIX3": 1.0}
    fits.PrimaryHDU(cube, fits.Header({**axes, "CDELT3": 5e5, "CUNIT3": "Hz", "BUNIT": "K"})).writeto(
        tmp_path / "cube.fits"
    )
    table = Table({"frequency": MHZ / 1e3, "t": KELVIN * 1e3}, units={"frequency": "GHz", "t": "mK"})
    table.write(tmp_path / "table.fits")
    table.write(tmp_path / "table.vot", format="votable")
    for name in ("one.fits", "cube.fits", "table.fits", "table.vot"):
        found = read_spectrum([tmp_path / name])
        assert found.frequency_mhz == pytest.approx(MHZ, rel=1e-9), name
        assert np.nanmax(found.value_k) == pytest.approx(5.0, rel=0.05), name
