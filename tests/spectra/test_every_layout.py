"""The same stars in every format and layout, under other names and in other units, are the same stars; one declared
fact
that is changed leads to a conversion or a refusal, never to another number."""

import astropy.units as u
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import errors
from core.sky.cluster_file import read_star_table
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.readers import read_bytes
from tests.spectra import synthetic
from tests.spectra.layouts import LAYOUTS

IDS = synthetic.source_ids(5, seed=11)
RNG = np.random.default_rng(4)
STARS = {
    "ra": RNG.uniform(0, 360, 5).round(6),
    "dec": RNG.uniform(-90, 90, 5).round(6),
    "parallax": RNG.uniform(0.1, 20, 5).round(5),
    "parallax_error": RNG.uniform(0.01, 0.1, 5).round(5),
    "pmra": RNG.uniform(-30, 30, 5).round(4),
    "pmdec": RNG.uniform(-30, 30, 5).round(4),
    "phot_g_mean_mag": RNG.uniform(3, 18, 5).round(5),
}
UNITS = {
    "ra": ["deg", "rad", "arcmin", "hourangle"], "dec": ["deg", "rad", "arcmin"], "parallax": ["mas", "arcsec", "uas"],
    "parallax_error": ["mas", "arcsec"], "pmra": ["mas / yr", "arcsec / yr", "deg / yr"],
    "pmdec": ["mas / yr", "arcsec / yr"], "phot_g_mean_mag": ["mag"],
}  # fmt: skip
NATIVE = {name: units[0] for name, units in UNITS.items()}
NAMES = {
    "source_id": ["source_id", "SOURCE_ID", "Source", "GaiaDR3", "gaia_source_id", "Source ID", "dr3_source_id"],
    "ra": ["ra", "RA", "RA_ICRS", "RAdeg", "sky.ra", "gaia_ra", "right_ascension"],
    "dec": ["dec", "DEC", "DE_ICRS", "DEdeg", "sky.dec", "Dec"],
    "parallax": ["parallax", "Plx", "PARALLAX", "plx"],
    "parallax_error": ["parallax_error", "e_Plx", "parallax_err"],
    "pmra": ["pmra", "pmRA", "sky.pm_ra_cosdec"],
    "pmdec": ["pmdec", "pmDE", "sky.pm_dec"],
    "phot_g_mean_mag": ["phot_g_mean_mag", "Gmag", "G_mag"],
}
QUIETLY = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
HOURS_IN = {"CDS / MRT": "h", "VizieR TSV": "h", "FITS": "h"}
"""Formats that know no hour angles write hours."""


def _converted(values: np.ndarray, before: str, after: str) -> np.ndarray:
    return (values * u.Unit(before)).to_value(u.Unit(after))


def _star_table(layout: str, names: dict[str, str], units: dict[str, str]) -> bytes:
    """The stars under other names and in other units, which the file states."""
    columns = {names["source_id"]: IDS}
    stated = {names["source_id"]: ""}
    for name, values in STARS.items():
        unit = units[name]
        columns[names[name]] = values if unit == NATIVE[name] else _converted(values, NATIVE[name], unit)
        stated[names[name]] = HOURS_IN.get(layout, unit) if unit == "hourangle" else unit
    return LAYOUTS[layout].write(columns, stated)


def _read(tmp_path, layout: str, data: bytes):
    path = tmp_path / f"stars{LAYOUTS[layout].suffix}"
    path.write_bytes(data)
    return read_star_table(path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_stars_are_read_from_every_layout(layout, tmp_path):
    names = {name: name for name in NAMES}
    table = _read(tmp_path, layout, _star_table(layout, names, NATIVE))
    assert table["source_id"].to_pylist() == IDS.tolist()
    for name, values in STARS.items():
        np.testing.assert_allclose(table[name].to_numpy(), values, rtol=1e-12, err_msg=f"{layout}: {name}")


@QUIETLY
@given(data=st.data())
def test_names_cases_and_units_do_not_change_the_stars(data, tmp_path):
    layout = data.draw(st.sampled_from(sorted(LAYOUTS)))
    names = {name: data.draw(st.sampled_from(words)) for name, words in NAMES.items()}
    units = NATIVE
    if LAYOUTS[layout].has_units:
        units = {name: data.draw(st.sampled_from(choices)) for name, choices in UNITS.items()}
    table = _read(tmp_path, layout, _star_table(layout, names, units))
    assert table["source_id"].to_pylist() == IDS.tolist()
    for name, values in STARS.items():
        # astropy's MRT writer keeps sixteen digits
        np.testing.assert_allclose(
            table[name].to_numpy(), values, rtol=1e-11, err_msg=f"{layout}: {names[name]} in {units[name]}"
        )


@QUIETLY
@given(data=st.data())
def test_one_changed_unit_is_converted_or_refused(data, tmp_path):
    layout = data.draw(st.sampled_from(sorted(name for name, item in LAYOUTS.items() if item.has_units)))
    name = data.draw(st.sampled_from(sorted(UNITS)))
    changed = data.draw(st.sampled_from([*UNITS[name], "m", "K", "mag"]))
    columns = {"source_id": IDS, **STARS}
    stated = {"source_id": "", **NATIVE, name: changed}
    if changed == "hourangle" and layout in HOURS_IN:
        stated[name] = HOURS_IN[layout]
    content = LAYOUTS[layout].write(columns, stated)
    if changed not in UNITS[name]:
        with pytest.raises(errors.UnitError, match=name):
            _read(tmp_path, layout, content)
        return
    table = _read(tmp_path, layout, content)
    np.testing.assert_allclose(table[name].to_numpy(), _converted(STARS[name], changed, NATIVE[name]), rtol=1e-11)


FLUX = synthetic.sampled(3, seed=21)
FLUX_UNITS = ["W m-2 nm-1", "erg s-1 cm-2 Angstrom-1", "Jy", "mJy", "W m-2 um-1"]
ARRAYS = sorted(name for name, item in LAYOUTS.items() if item.has_arrays)


def _flux_in(unit: str) -> np.ndarray:
    quantity = FLUX.flux * u.Unit("W m-2 nm-1")
    return quantity.to_value(u.Unit(unit), equivalencies=u.spectral_density(WAVELENGTH_NM * u.nm))


@pytest.mark.parametrize("layout", ARRAYS)
def test_spectra_are_read_from_every_layout(layout):
    units = {"source_id": "", "flux": "W m-2 nm-1"}
    found = read_bytes(
        f"spectra{LAYOUTS[layout].suffix}",
        LAYOUTS[layout].write({"source_id": FLUX.source_id, "flux": FLUX.flux}, units),
    )
    assert found.source_id.tolist() == FLUX.source_id.tolist()
    assert found.note.tolist() == [""] * 3
    np.testing.assert_allclose(found.flux, FLUX.flux, rtol=1e-14)


@QUIETLY
@given(data=st.data())
def test_one_changed_fact_about_spectra_is_applied_or_refused(data):
    layout = data.draw(st.sampled_from([name for name in ARRAYS if LAYOUTS[name].has_units]))
    unit = data.draw(st.sampled_from([*FLUX_UNITS, "mag", "W m-2"]))
    shift = data.draw(st.sampled_from([0.0, 0.0, 10.0, -0.5]))
    with_grid = data.draw(st.booleans())
    scale, wavelength_unit = data.draw(st.sampled_from([(1.0, "nm"), (10.0, "Angstrom"), (1e-3, "um")]))
    flux = FLUX.flux if unit not in FLUX_UNITS else _flux_in(unit)
    columns = {data.draw(st.sampled_from(["source_id", "Source", "GaiaDR3"])): FLUX.source_id, "flux": flux}
    stated = {next(iter(columns)): "", "flux": unit}
    if with_grid:
        name = data.draw(st.sampled_from(["wavelength", "wave", "lambda", "Wavelength"]))
        columns[name] = np.tile((WAVELENGTH_NM + shift) * scale, (3, 1))
        stated[name] = wavelength_unit
    content = LAYOUTS[layout].write(columns, stated)
    wrong_grid = with_grid and shift != 0.0
    if unit in FLUX_UNITS and not wrong_grid:
        np.testing.assert_allclose(read_bytes("spectra", content).flux, FLUX.flux, rtol=1e-12)
        return
    with pytest.raises((errors.UnitError, errors.WavelengthGridError)):
        read_bytes("spectra", content)


def test_a_row_per_sample_in_any_order_is_the_same_spectrum():
    rng = np.random.default_rng(1)
    order = rng.permutation(3 * 343)
    columns = {
        "source_id": np.repeat(FLUX.source_id, 343)[order], "wavelength": np.tile(WAVELENGTH_NM, 3)[order],
        "flux": FLUX.flux.ravel()[order],
    }  # fmt: skip
    for layout, item in LAYOUTS.items():
        found = read_bytes(
            f"long{item.suffix}", item.write(columns, {"source_id": "", "wavelength": "nm", "flux": "W m-2 nm-1"})
        )
        row = {int(source_id): place for place, source_id in enumerate(found.source_id)}
        assert len(found) == 3, layout
        np.testing.assert_allclose(
            found.flux[[row[int(item)] for item in FLUX.source_id]], FLUX.flux, rtol=1e-11, err_msg=layout
        )
