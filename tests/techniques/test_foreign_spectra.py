"""Spectra of other instruments: made-up files in every survey's layout, seen through XP's instrument."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits

from core.__main__ import main
from core.errors import ReadError, UnsupportedFormatError
from core.foreign_spectra.library import GRID_NM, fill, on_grid
from core.foreign_spectra.one_spectrum import CALIBRATED, NARROW, RELATIVE, OneSpectrum, vacuum_of
from core.foreign_spectra.readers import read_folder, read_spectrum
from core.foreign_spectra.telluric import BANDS_NM, has_telluric
from core.foreign_spectra.through_xp import judge_through_xp, see_through_xp, why_not
from core.simulation.dust_curves import LAWS, law_curve
from core.simulation.grid import load_grid
from core.techniques.line_strengths import LINES, air_of, line_strengths
from core.verdict.verdict import Verdict


def model(teff: float = 28_000.0, low: float = 320.0, high: float = 1080.0, step: float = 0.1):
    """Wavelengths in vacuum (nm) and flux of a model atmosphere."""
    grid = load_grid()
    wavelength = np.arange(low, high, step)
    flux = grid.flux(np.array([teff]), np.array([4.0]), np.array([0.0]))[0]
    return wavelength, np.interp(wavelength, grid.wavelength_nm, flux)


def image(path, x, y, **cards):
    hdu = fits.PrimaryHDU(y.astype(np.float32))
    for key, value in {"CRVAL1": x[0], "CDELT1": x[1] - x[0], "CRPIX1": 1, **cards}.items():
        hdu.header[key] = value
    hdu.writeto(path)


def table(path, primary=(), **columns):
    arrays = [fits.Column(name, "E" if value.ndim == 1 else f"{value.shape[1]}E", array=value, unit=unit)
              for name, (value, unit) in columns.items()]  # fmt: skip
    first = fits.PrimaryHDU()
    for key, value in primary:
        first.header[key] = value
    fits.HDUList([first, fits.BinTableHDU.from_columns(arrays)]).writeto(path)


def written(folder):
    """A file of every layout; returns what each should be: (kind, first and last wavelength in nm)."""
    x, y = model()
    angstrom = 10 * x
    image(folder / "stelib.fits", angstrom, y, STARIDEN="HD1", SPECTYPE="B0V", ISEXTINC=0.1)
    inside = (x > 354) & (x < 741)
    image(folder / "miles.fits", angstrom[inside], y[inside], TPLLIB="MILES")
    log = np.arange(np.log10(3600.0), np.log10(10300.0), 1e-4)
    on_log = np.interp(10**log / 10, x, y)
    table(folder / "spec-1-2-3.fits", (("PLATEID", 1),), flux=(on_log, None), loglam=(log, None),
          ivar=(np.ones_like(log), None))  # fmt: skip
    linear = np.interp(np.arange(360.0, 910.0, 0.1), x, y)
    five = np.stack([linear, np.ones_like(linear), np.arange(3600.0, 9100.0), 0 * linear, 0 * linear])
    lamost = fits.PrimaryHDU(five.astype(np.float32))
    lamost.header["TELESCOP"], lamost.header["COEFF0"], lamost.header["COEFF1"] = "LAMOST", 3.556, 1e-4
    lamost.writeto(folder / "lamost.fits")
    table(folder / "xsl.fits", (("INSTRUME", "XSHOOTER"),), WAVE=(x, "nm"), FLUX=(y, None), ERR=(0.01 * y, None))
    rvs = (x > 846) & (x < 870)
    table(folder / "rvs.fits", (("SURVEY", "Gaia RVS"),), wavelength=(x[rvs], "nm"), flux=(y[rvs], None))
    image(folder / "iraf.fits", log, on_log, **{"DC-FLAG": 1, "CTYPE1": "LOG-LINEAR"})
    lines = "\n".join(f"{a:.2f}  {b:.5e}" for a, b in zip(angstrom[::10], y[::10], strict=True))
    (folder / "ascii.txt").write_text(f"# wavelength in air (A), flux\n{lines}\n")
    return {
        "ascii.txt": CALIBRATED, "iraf.fits": CALIBRATED, "lamost.fits": RELATIVE, "miles.fits": CALIBRATED,
        "rvs.fits": NARROW, "spec-1-2-3.fits": CALIBRATED, "stelib.fits": CALIBRATED, "xsl.fits": CALIBRATED,
    }  # fmt: skip


def test_every_layout_is_read_with_its_wavelengths(tmp_path):
    expected = written(tmp_path)
    (tmp_path / "notes.txt").write_text("nothing here\n")
    found, left_out = read_folder(tmp_path)
    assert list(left_out) == ["notes.txt"]
    kinds = dict(zip(sorted(expected), [item.kind for item in found], strict=True))
    assert kinds == expected
    for name, item in zip(sorted(expected), found, strict=True):
        x, y = model()
        at = np.interp(item.wavelength_nm, x, y)
        good = np.isfinite(item.flux) & (item.wavelength_nm > 430) & (item.wavelength_nm < 860)
        if name != "rvs.fits":  # wrong units or air for vacuum would move lines and the slope
            ratio = item.flux[good] / at[good]
            assert np.std(ratio / np.median(ratio)) < 0.03, name
    assert next(item for item in found if item.instrument == "STELIB").spectral_type == "B0V"


def test_what_is_no_spectrum_is_named(tmp_path):
    (tmp_path / "words.txt").write_text("a b c\n" * 10)
    with pytest.raises(UnsupportedFormatError, match="two columns"):
        read_spectrum(tmp_path / "words.txt", "words.txt")
    fits.PrimaryHDU(np.ones((60, 60))).writeto(tmp_path / "picture.fits")
    with pytest.raises(ReadError, match="60 rows"):
        read_spectrum(tmp_path / "picture.fits", "picture.fits")
    with pytest.raises(UnsupportedFormatError, match="neither FITS nor text"):
        read_spectrum(b"\xff\x00\x81" * 100, "noise.dat")


def test_a_whole_spectrum_is_left_alone_and_a_cut_one_is_filled_like_its_kind():
    x, y = model(step=1.0, low=318.0, high=1104.0)
    whole = on_grid(x, y)
    assert np.isfinite(whole).all()
    rng = np.random.default_rng(1)
    assert np.array_equal(fill(whole, 3, rng), np.tile(whole, (3, 1)))
    cut = np.where(GRID_NM > 740.0, np.nan, whole)
    drawn = fill(cut, 40, rng)
    missing = GRID_NM > 760.0
    off = drawn[:, missing].mean(axis=0) / whole[missing] - 1
    assert np.abs(off).max() < 0.12
    assert (drawn[:, missing].std(axis=0) > 0).all()
    assert np.array_equal(drawn[:, ~np.isnan(cut)], np.tile(cut[~np.isnan(cut)], (40, 1)))


def fixed_judge(probability):
    """A verdict that depends on the spectrum's red end alone."""

    def judge(spectra):
        members = np.tile(probability(spectra.flux), (2, 1))
        members[:, ~np.isfinite(spectra.flux).all(axis=1)] = np.nan
        return Verdict(spectra.source_id, members, np.full(len(spectra), "", dtype=object), spectra.flux)

    return judge


def test_a_verdict_that_hangs_on_the_filling_is_refused():
    x, y = model(step=1.0, low=354.0, high=741.0)
    seen = see_through_xp([OneSpectrum("one", "MILES", x, y)], n_draws=20)
    red = seen.draws[0, :, -40:].mean(axis=1)
    middle = float(np.median(red))
    refused = judge_through_xp(seen, fixed_judge(lambda flux: (flux[:, -40:].mean(axis=1) > middle).astype(float)))
    assert np.isnan(refused.probability).all()
    assert "refused" in refused.note[0]
    stands = judge_through_xp(seen, fixed_judge(lambda flux: np.full(len(flux), 0.9)))
    assert stands.probability[0] == pytest.approx(0.9)
    assert "filled in" in stands.note[0]


def test_the_earths_air_is_taken_out_and_removed_dust_put_back():
    x, y = model(step=0.2, low=320.0, high=1000.0)
    dusty = y * 10.0 ** (-0.4 * 1.5 * law_curve(LAWS.index("CCM89"), 3.1, x))
    in_air = dusty.copy()
    for low, high in BANDS_NM:
        in_air[(x > low + 1.0) & (x < high - 1.0)] *= 0.6
    assert has_telluric(x, in_air)
    assert not has_telluric(x, dusty)
    assert not has_telluric(x[x < 600.0], in_air[x < 600.0])
    given = [
        OneSpectrum("from space", "X", x, dusty),
        OneSpectrum("from the ground", "X", x, in_air),
        OneSpectrum("dereddened", "X", x, y, removed_a_v_mag=1.5),
    ]
    seen = see_through_xp(given, n_draws=8).spectra
    shape = seen.flux[:, 40:] / np.median(seen.flux[:, 40:], axis=1, keepdims=True)
    assert np.abs(shape[1:] / shape[0] - 1).max() < 0.06  # XP's noise at G = 10 and the filling of the bands
    assert "Earth's air" in seen.note[1]
    assert "A_V of 1.50 mag" in seen.note[2]


def test_relative_and_narrow_spectra_speak_by_their_lines_alone():
    x, y = model(step=0.2, low=360.0, high=900.0)
    assert "lines alone" in why_not(OneSpectrum("a", "LAMOST", x, y, RELATIVE))
    assert "too narrow" in why_not(OneSpectrum("b", "Gaia RVS", x[:200], y[:200], NARROW))
    seen = see_through_xp([OneSpectrum("a", "LAMOST", x, y, RELATIVE)])
    assert np.isnan(seen.spectra.flux).all()


def test_equivalent_widths_are_those_of_the_lines_put_in():
    air = np.arange(385.0, 670.0, 0.03)
    flux = np.ones_like(air)
    put_in = {"he_i_4471": 1.1, "he_ii_4542": 0.6, "mg_ii_4481": 0.2}
    for line in LINES:
        if line.key in put_in:
            flux -= (
                0.1 * put_in[line.key] * np.exp(-0.5 * ((air - line.air_nm) / 0.09) ** 2) / (0.09 * np.sqrt(2 * np.pi))
            )
    found = line_strengths(air, flux)
    for key, width in put_in.items():
        assert found[f"ew_{key}"] == pytest.approx(width, abs=0.06), key
    assert air_of(vacuum_of(np.array([500.0])))[0] == pytest.approx(500.0, abs=1e-4)


def test_classify_takes_such_files(tmp_path):
    x, y = model(30_000.0)
    image(tmp_path / "star.fits", 10 * x, y, STARIDEN="HD9", ISEXTINC=0.0)
    assert main(["classify", str(tmp_path / "star.fits"), "--out", str(tmp_path / "out.parquet")]) == 0
    row = pq.read_table(tmp_path / "out.parquet").to_pylist()[0]
    assert "HD9 by STELIB" in row["note"]
    assert 0 <= row["probability"] <= 1
