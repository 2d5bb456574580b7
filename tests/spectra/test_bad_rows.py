"""A bad row is noted in its place, and the good rows of the same file are delivered."""

import numpy as np
import pytest

from core.spectra.grid import N_SAMPLES
from core.spectra.readers import NO_ID, iter_spectra, read_bytes
from core.spectra.readers.csv_table import _BLOCK_BYTES
from core.spectra.spectrum_set import SpectrumSet
from core.spectra.validation import note_bad_rows, usable
from tests.spectra import synthetic

N = 4
SPECTRA = synthetic.sampled(N, seed=3)
RAW = synthetic.sampled_columns(SPECTRA)
CONTINUOUS = synthetic.continuous_columns(SPECTRA.source_id, synthetic.coefficients(N, seed=4))
CSV = synthetic.csv_bytes(RAW)


def _with_row(row: int, **changes: object) -> bytes:
    columns = {name: list(values) for name, values in RAW.items()}
    for name, value in changes.items():
        columns[name][row] = value
    return synthetic.csv_bytes(columns)


GAPPED = RAW["flux"][1].copy()
GAPPED[[3, 9]] = np.nan
ONE_ROW = {
    "NaN samples": (_with_row(1, flux=GAPPED), "2 of 343 flux samples are missing (NaN)"),
    "infinite sample": (_with_row(1, flux=np.where(np.arange(N_SAMPLES) == 5, np.inf, 1e-16)), "1 of 343"),
    "no flux": (_with_row(1, flux=None), "no flux"),
    "zero flux": (_with_row(1, flux=np.zeros(N_SAMPLES)), "all flux samples are zero"),
    "negative flux": (_with_row(1, flux=-np.abs(RAW["flux"][1])), "all flux samples are negative or zero"),
    "wrong number of samples": (_with_row(1, flux=RAW["flux"][1][:300]), "300 samples, expected 343"),
    "words as flux": (_with_row(1, flux="[1.0, two, 3.0]"), "no complete list of numbers"),
    "exponent id": (_with_row(1, source_id="5.93708331226389E18"), "5.93708331226389E18"),
    "name as id": (_with_row(1, source_id="Vega"), "'Vega' is no 64-bit Gaia id"),
    "no id": (_with_row(1, source_id=None), "source_id is missing"),
    "negative id": (_with_row(1, source_id=-7), "-7 is no Gaia id"),
    "id beyond the sky": (_with_row(1, source_id=6999999999999999999), "is no Gaia id"),
    "id beyond 64 bits": (_with_row(1, source_id="99999999999999999999"), "no 64-bit Gaia id"),
}


@pytest.mark.parametrize("name", ONE_ROW)
def test_a_bad_row_is_noted_in_its_place_and_the_others_are_delivered(name):
    data, words = ONE_ROW[name]
    found = read_bytes("rows.csv", data)
    assert len(found) == N
    assert words in found.note[1]
    assert usable(found).tolist() == [True, False, True, True]
    good = [0, 2, 3]
    assert (found.note[good] == "").all()
    np.testing.assert_array_equal(found.source_id[good], SPECTRA.source_id[good])
    np.testing.assert_allclose(found.flux[good], SPECTRA.flux[good], rtol=1e-12)


def test_negative_samples_are_legal():
    flux = RAW["flux"][1].copy()
    flux[:300] = -np.abs(flux[:300])
    flux[300:] = np.abs(flux[300:])
    found = read_bytes("rows.csv", _with_row(1, flux=flux))
    assert (found.note == "").all()
    assert usable(found).all()


@pytest.mark.parametrize(
    ("band", "value", "words"),
    [
        ("bp", None, "the BP band is missing"),
        ("rp", None, "the RP band is missing"),
        ("bp", np.where(np.arange(55) == 4, np.nan, 1.0), "1 of 55 BP coefficients are missing (NaN)"),
    ],
)
def test_a_missing_band_is_noted(band, value, words):
    columns = {name: list(values) for name, values in CONTINUOUS.items()}
    columns[f"{band}_coefficients"][2] = value
    found = read_bytes("continuous.csv", synthetic.csv_bytes(columns))
    assert found.note.tolist() == ["", "", words, ""]
    assert usable(found).tolist() == [True, True, False, True]


def test_a_table_of_bad_fluxes_alone_is_delivered_with_notes():
    columns = {**RAW, "flux": [np.zeros(N_SAMPLES)] * N}
    found = read_bytes("zeros.csv", synthetic.csv_bytes(columns))
    assert (found.note == "all flux samples are zero").all()


def test_duplicates_are_noted_and_usable():
    columns = {name: [values[i] for i in (0, 1, 0, 2, 0)] for name, values in RAW.items()}
    found = read_bytes("twice.csv", synthetic.csv_bytes(columns))
    assert found.note.tolist() == [
        "duplicate source_id (row 1 of 3)",
        "",
        "duplicate source_id (row 2 of 3)",
        "",
        "duplicate source_id (row 3 of 3)",
    ]
    assert usable(found).all()
    assert note_bad_rows(SpectrumSet(found.source_id, found.flux)).note.tolist() == found.note.tolist()


def test_unreadable_ids_are_no_duplicates_of_each_other():
    columns = {**RAW, "source_id": ["Vega", "Vega", *RAW["source_id"][2:]]}
    found = read_bytes("names.csv", synthetic.csv_bytes(columns))
    assert found.source_id[:2].tolist() == [NO_ID, NO_ID]
    assert not any("duplicate" in text for text in found.note)


@pytest.mark.parametrize("cut", [1, 40, 3000])
def test_a_truncated_csv_keeps_its_whole_rows(cut):
    data = CSV.rstrip()[:-cut]
    found = read_bytes("cut.csv", data)
    np.testing.assert_array_equal(found.source_id, SPECTRA.source_id)
    np.testing.assert_allclose(found.flux[:3], SPECTRA.flux[:3], rtol=1e-12)
    assert (found.note[:3] == "").all()


def test_a_row_that_ends_inside_its_flux_is_noted():
    found = read_bytes("cut.csv", CSV.rstrip()[: -len(CSV) // 6])
    assert "truncated" in found.note[-1]
    assert usable(found).tolist() == [True, True, True, False]


def test_a_row_with_too_few_fields_keeps_its_id():
    lines = CSV.splitlines()
    lines[2] = b",".join([str(SPECTRA.source_id[1]).encode(), b"1.0"])
    found = read_bytes("short.csv", b"\n".join(lines))
    assert len(found) == N
    row = int(np.flatnonzero(found.source_id == SPECTRA.source_id[1])[0])
    assert "2 fields, expected 3" in found.note[row]
    assert usable(found).sum() == N - 1


def test_a_star_with_missing_samples_costs_only_itself():
    rows = synthetic.sample_rows_csv(SPECTRA).splitlines()
    del rows[350]
    found = read_bytes("combined.csv", b"\n".join(rows))
    assert found.source_id.tolist() == SPECTRA.source_id.tolist()
    assert "342 samples, expected 343" in found.note[1]
    assert usable(found).tolist() == [True, False, True, True]


def test_a_file_that_turns_bad_halfway_is_not_condemned(tmp_path):
    columns = {name: list(values) * 40 for name, values in RAW.items()}
    columns["source_id"] = ["Vega"] * (40 * N - 1) + [RAW["source_id"][-1]]
    path = tmp_path / "late.csv"
    path.write_bytes(synthetic.csv_bytes(columns))
    assert path.stat().st_size < _BLOCK_BYTES
    parts = list(iter_spectra(path, chunk_rows=8))
    assert sum(int(usable(part).sum()) for part in parts) == 1
