"""Files as people have them: what a file says about itself is obeyed or refused, whatever program wrote it."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core import errors
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.readers import read_bytes, read_spectra
from tests.spectra import synthetic
from tests.spectra.two_stars import COEFFICIENTS, IDS, RAW, SPECTRA, parquet, same_as_base


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
    same_as_base(read_bytes("spectra.csv", _spelled(NOTATIONS[name])))


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
    same_as_base(read_spectra(tmp_path / "good.csv"))
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
        same_as_base(read_bytes("wide.csv", data.to_csv(index=False).encode()))
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


def test_the_message_shows_what_was_seen():
    name = "Gaia DR3 5937083312263887616.txt"
    on_grid, off_grid = (
        "\n".join(f"{item} {1e-17 * item}" for item in WAVELENGTH_NM + shift).encode() for shift in (0.0, 0.3)
    )
    found = read_bytes(name, on_grid)  # without a header, but the numbers are XP's own wavelengths
    assert found.source_id.tolist() == [5937083312263887616]
    np.testing.assert_allclose(found.flux[0], 1e-17 * WAVELENGTH_NM, rtol=1e-12)
    with pytest.raises(errors.UnsupportedFormatError, match="names of the columns are expected"):
        read_bytes(name, off_grid)
    with pytest.raises(errors.SampleCountError, match="column of the samples' wavelengths"):
        read_bytes("s.parquet", parquet({"source_id": IDS, "flux": [1.0, 2.0]}))
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
    same_as_base(read_bytes("spectra.csv", synthetic.csv_bytes(columns)))


def test_a_finer_grid_that_holds_xps_points_is_refused_with_the_way_to_them():
    fine = np.arange(330.0, 1051.0)
    flux = [np.interp(fine, WAVELENGTH_NM, row).tolist() for row in SPECTRA.flux]
    columns = {"source_id": IDS, "wavelength": [fine.tolist()] * 2, "flux": flux}
    with pytest.raises(errors.WavelengthGridError, match="keep these 343 alone") as caught:
        read_bytes("s.parquet", parquet(columns))
    assert "330 to 1050 nm in steps of 1 nm" in str(caught.value)
    kept = np.isin(fine, WAVELENGTH_NM)
    columns = {"source_id": IDS, "wavelength": [fine[kept].tolist()] * 2, "flux": [np.array(row)[kept] for row in flux]}
    same_as_base(read_bytes("s.parquet", parquet(columns)))
    columns["wavelength"] = [(fine[kept] + 0.5).tolist()] * 2
    with pytest.raises(errors.WavelengthGridError, match="fetch XP_SAMPLED"):
        read_bytes("s.parquet", parquet(columns))
