"""Exports for other programs: units, UCDs, what made them; spectra for specutils; SAMP with and without a hub."""

import io
import time

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.io.votable import parse_single_table
from astropy.table import Table

from core.errors import NotFoundError, UsageError
from core.gaia.described import described
from core.sky.export import ALL_FORMATS, table_bytes
from core.sky.samp import send_votable
from core.spectra.grid import FLUX_UNIT, WAVELENGTH_NM
from core.spectra.one_spectrum import FORMATS, spectrum_bytes
from core.spectra.spectrum_set import SpectrumSet

ABOUT = {"run": "default_run", "prevalence": "0.0003"}
STARS = pd.DataFrame({
    "source_id": [4295806720, 5937083312263887616], "ra": [1.0, 2.0], "parallax": [1.5, np.nan],
    "posterior": [0.5, np.nan], "label": ["massive", None], "note": ["µ ≥ 3", ""],
    "contaminant": pd.array([True, None], dtype="boolean"), "simulated": [False, True],
})  # fmt: skip
FLUX = 1e-15 * (WAVELENGTH_NM / 500) ** -2


def star(**metadata) -> SpectrumSet:
    return SpectrumSet(np.array([4295806720]), FLUX[None], FLUX[None] / 50,
                       metadata=pd.DataFrame(metadata or None, index=[0]))  # fmt: skip


@pytest.mark.parametrize(("suffix", "form"), [(".vot", "votable"), (".fits", "fits"), (".ecsv", "ascii.ecsv")])
def test_astropy_opens_a_table_with_its_units(suffix, form):
    table = Table.read(io.BytesIO(table_bytes(STARS, suffix, ABOUT)), format=form)
    assert table["source_id"].tolist() == STARS["source_id"].tolist()
    assert [str(table[name].unit) for name in ("ra", "parallax")] == ["deg", "mas"]
    assert "parallax" in table["parallax"].description.lower()
    if suffix != ".vot":
        assert {key.lower(): value for key, value in table.meta.items()}["prevalence"] == "0.0003"


def test_a_votable_has_ucds_and_says_what_made_it():
    table = parse_single_table(io.BytesIO(table_bytes(STARS, ".vot", ABOUT)))
    ucds = {field.name: field.ucd for field in table.fields}
    assert ucds["source_id"] == "meta.id;meta.main"
    assert ucds["ra"] == "pos.eq.ra;meta.main"
    assert ucds["posterior"] == "stat.probability"
    assert {item.name: str(item.value) for item in table.params} == ABOUT


def test_parquet_and_csv_hold_the_same_rows_and_other_formats_are_refused():
    stored = pq.read_table(io.BytesIO(table_bytes(STARS, ".parquet", ABOUT)))
    assert stored.schema.field("parallax").metadata[b"unit"] == b"mas"
    assert b"default_run" in stored.schema.metadata[b"explorer"]
    assert pd.read_csv(io.BytesIO(table_bytes(STARS, ".csv")))["source_id"].tolist() == STARS["source_id"].tolist()
    with pytest.raises(UsageError, match="xlsx"):
        table_bytes(STARS, ".xlsx")
    assert set(ALL_FORMATS.values()) == {".csv", ".parquet", ".fits", ".vot", ".ecsv"}


def test_every_described_unit_and_ucd_is_one():
    import astropy.units as u
    from astropy.io.votable.ucd import check_ucd

    from core.gaia.described import _TABLE

    for name in _TABLE:
        known = described(name)
        u.Unit(known.unit)
        assert check_ucd(known.ucd, check_controlled_vocabulary=True), (name, known.ucd)


@pytest.mark.parametrize("suffix", [".fits", ".ecsv"])
def test_specutils_opens_a_spectrum_with_units_and_errors(suffix, tmp_path):
    specutils = pytest.importorskip("specutils")
    path = tmp_path / f"star{suffix}"
    path.write_bytes(spectrum_bytes(star(), suffix, {"RUN": "default_run"}))
    found = specutils.Spectrum.read(path, **({"format": "tabular-fits"} if suffix == ".fits" else {}))
    assert str(found.spectral_axis.unit) == "nm"
    assert found.flux.unit.is_equivalent(FLUX_UNIT)
    np.testing.assert_allclose(found.flux.to_value(FLUX_UNIT), FLUX)
    np.testing.assert_allclose(found.uncertainty.array, FLUX / 50)


def test_a_vo_spectrum_follows_the_spectral_data_model_and_a_simulated_star_is_called_so():
    table = parse_single_table(io.BytesIO(spectrum_bytes(star(true_teff=[3e4]), ".vot")))
    assert [field.utype.rpartition(".")[0] for field in table.fields][:2] == [
        "spec:Spectrum.Data.SpectralAxis", "spec:Spectrum.Data.FluxAxis",
    ]  # fmt: skip
    told = {item.name: str(item.value) for item in table.params}
    assert told["OBJECT"] == "SIM 4295806720"
    assert told["SIMULATED"] == "True"
    with pytest.raises(UsageError, match="csv"):
        spectrum_bytes(star(), ".csv")
    assert set(FORMATS.values()) == {".fits", ".ecsv", ".vot"}


def test_without_a_hub_the_message_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("SAMP_HUB", f"std-lockurl:{(tmp_path / 'nobody').as_uri()}")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(NotFoundError, match="start TOPCAT or Aladin"):
        send_votable(table_bytes(STARS, ".vot"), "stars")


def test_a_program_at_the_hub_gets_the_table(monkeypatch, tmp_path):
    samp = pytest.importorskip("pyvo.samp")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SAMP_HUB", raising=False)
    hub = samp.SAMPHubServer(web_profile=False, lockfile=str(tmp_path / ".samp"))
    hub.start()
    try:
        with pytest.raises(NotFoundError, match="no program at it"):
            send_votable(table_bytes(STARS, ".vot"), "stars")
        topcat, received = samp.SAMPIntegratedClient(name="TOPCAT"), []
        topcat.connect()
        topcat.bind_receive_notification(
            "table.load.votable",
            lambda *message: received.extend(item for item in message if isinstance(item, dict) and "url" in item),
        )
        assert send_votable(table_bytes(STARS, ".vot", ABOUT), "stars") == ("TOPCAT",)
        for _ in range(100):
            if received:
                break
            time.sleep(0.05)
        assert len(Table.read(received[0]["url"].removeprefix("file://"), format="votable")) == len(STARS)
        topcat.disconnect()
    finally:
        hub.stop()
