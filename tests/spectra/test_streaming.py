"""Streaming gives the same rows as reading at once, whatever the chunk, in memory that does not grow with the file."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.commands.calibrate import calibrate_file
from core.errors import MissingColumnError, TruncatedFileError
from core.settings import PROJECT_ROOT
from core.spectra.calibration import calibrate
from core.spectra.grid import N_SAMPLES
from core.spectra.readers import iter_spectra, read_spectra
from core.spectra.spectrum_set import concatenate
from tests.spectra import synthetic

N = 150
SPECTRA = synthetic.sampled(N, seed=11)
TWICE = np.r_[0:N, 3, N - 1, 3]  # three duplicates far from their first rows


def _write(folder: Path, form: str) -> Path:
    twice = SPECTRA.take(TWICE)
    columns = synthetic.sampled_columns(twice)
    path = folder / f"spectra.{form}"
    if form == "parquet":
        pq.write_table(pa.table(columns), path, row_group_size=64)
    elif form == "combined.csv":
        path.write_bytes(synthetic.sample_rows_csv(twice))
    elif form == "csv":
        path.write_bytes(synthetic.csv_bytes(columns))
    else:
        path.write_bytes(synthetic.astropy_bytes(columns, form))
    return path


@pytest.mark.parametrize("form", ["parquet", "csv", "combined.csv", "fits", "votable"])
def test_pieces_make_the_whole(tmp_path, form):
    path = _write(tmp_path, form)
    whole = read_spectra(path)
    np.testing.assert_array_equal(whole.source_id, SPECTRA.source_id[TWICE])
    noted = np.flatnonzero(whole.note != "")
    assert noted.tolist() == [3, N - 1, N, N + 1, N + 2]
    assert whole.note[noted].tolist() == [
        f"duplicate source_id (row {row} of {total})" for row, total in [(1, 3), (1, 2), (2, 3), (2, 2), (3, 3)]
    ]
    for chunk_rows in (1, 40, 5000):
        fractions: list[float] = []
        pieces = list(iter_spectra(path, chunk_rows, on_progress=fractions.append))
        assert max(len(piece) for piece in pieces) <= chunk_rows
        joined = concatenate(pieces)
        np.testing.assert_array_equal(joined.source_id, whole.source_id)
        np.testing.assert_array_equal(joined.flux, whole.flux)
        np.testing.assert_array_equal(joined.note, whole.note)
        assert fractions == sorted(fractions)
        assert fractions[-1] == pytest.approx(1.0)


def test_a_bad_file_fails_after_its_good_rows_were_handed_out(tmp_path):
    import gzip

    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress(synthetic.csv_bytes(synthetic.sampled_columns(SPECTRA)))[:-100])
    with pytest.raises(TruncatedFileError):
        list(iter_spectra(path))


MEASURE = """
import sys
from core.spectra.readers import iter_spectra
rows = sum(len(part) for part in iter_spectra(sys.argv[1], with_errors=False))
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(rows, int(peak) // 1024)
"""


def _peak_mib(path: Path) -> tuple[int, int]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    reply = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)],
        capture_output=True, text=True, check=True, cwd=PROJECT_ROOT, env=environment,
    )  # fmt: skip
    rows, peak = reply.stdout.split()
    return int(rows), int(peak)


def _big_file(path: Path, n_rows: int) -> None:
    ids = (np.arange(n_rows, dtype=np.int64) + 1) * 2**35
    flux = np.random.default_rng(0).normal(1e-16, 1e-17, (n_rows, N_SAMPLES)).astype(np.float32)
    if path.suffix == ".parquet":
        lists = pa.FixedSizeListArray.from_arrays(pa.array(flux.ravel()), N_SAMPLES)
        pq.write_table(pa.table({"source_id": ids, "flux": lists}), path, row_group_size=n_rows, compression="none")
    elif path.suffix == ".fits":
        from astropy.table import Table

        Table({"source_id": ids, "flux": flux}).write(path)
    else:
        row = '"(' + ", ".join(f"{value:.8g}" for value in flux[0]) + ')"'
        with path.open("w") as stream:
            stream.write("source_id,flux\n")
            stream.writelines(f"{source_id},{row}\n" for source_id in ids)


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="peak memory is read from Linux' /proc")
@pytest.mark.parametrize(
    ("suffix", "small", "large"), [(".parquet", 16_000, 64_000), (".fits", 16_000, 64_000), (".csv", 30_000, 60_000)]
)
def test_memory_does_not_grow_with_the_file(tmp_path, suffix, small, large):
    peaks = []
    for n_rows in (small, large):
        path = tmp_path / f"{n_rows}{suffix}"
        _big_file(path, n_rows)
        rows, peak = _peak_mib(path)
        assert rows == n_rows
        peaks.append(peak)
        path.unlink()
    # the flux of the further rows alone takes 63 MiB (Parquet, FITS) or 78 MiB (CSV, whose text takes 140 MiB);
    # pyarrow reads a text file about 100 MiB ahead, so the smaller one has to be larger than that
    assert peaks[1] - peaks[0] < (60 if suffix == ".csv" else 40)
    assert peaks[1] < 500


def test_calibrate_command_writes_flux_errors_and_notes(tmp_path):
    n = 6
    values = synthetic.coefficients(n, seed=12)
    columns = synthetic.continuous_columns(synthetic.source_ids(n), values)
    columns["bp_coefficients"][1] = None
    columns["rp_coefficient_correlations"][2] = None
    (tmp_path / "in.csv").write_bytes(synthetic.csv_bytes(columns))
    n_rows, noted = calibrate_file(tmp_path / "in.csv", tmp_path / "out.parquet", chunk_rows=4)
    assert (n_rows, noted.total()) == (n, 2)
    assert any(note.startswith("no flux errors") for note in noted)
    table = pq.read_table(tmp_path / "out.parquet")
    assert table["source_id"].to_pylist() == columns["source_id"]
    notes = table["note"].to_pylist()
    assert notes[1].startswith("the BP band is missing")
    assert notes[2].startswith("no flux errors")
    assert notes[3] == ""
    flux, error = calibrate(values)
    np.testing.assert_allclose(np.array(table["flux"].to_pylist()[3]), flux[3], rtol=1e-12)
    np.testing.assert_allclose(np.array(table["flux_error"].to_pylist()[3]), error[3], rtol=1e-5)
    found = read_spectra(tmp_path / "out.parquet")
    assert [bool(text) for text in found.note] == [False, True, False, False, False, False]
    assert found.metadata["error_note"].tolist()[2].startswith("no flux errors")


def test_calibrate_command_prints_its_answer_alone(tmp_path, capsys):
    columns = synthetic.continuous_columns(synthetic.source_ids(2), synthetic.coefficients(2, seed=13))
    (tmp_path / "in.csv").write_bytes(synthetic.csv_bytes(columns))
    calibrate_file(tmp_path / "in.csv", tmp_path / "out.parquet")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "calibrating" in captured.err


def test_calibrate_command_leaves_no_file_without_coefficients(tmp_path):
    (tmp_path / "in.csv").write_bytes(synthetic.csv_bytes(synthetic.sampled_columns(SPECTRA.take(slice(0, 2)))))
    with pytest.raises(MissingColumnError, match="bp_coefficients"):
        calibrate_file(tmp_path / "in.csv", tmp_path / "out.parquet")
    assert [item.name for item in tmp_path.iterdir()] == ["in.csv"]
