"""Two stars, their spectra and their places, and what a reader must make of any file with them."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.sky.cluster_file import read_star_table
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


def same_as_base(found) -> None:
    assert found.source_id.tolist() == IDS
    assert found.note.tolist() == ["", ""]
    np.testing.assert_allclose(found.flux, SPECTRA.flux, rtol=1e-12)


def stars(tmp_path, text: str, name: str = "stars.csv") -> pa.Table:
    path = tmp_path / name
    path.write_text(text)
    return read_star_table(path)


def same_stars(table: pa.Table, rtol: float = 1e-12) -> None:
    assert table["source_id"].to_pylist() == IDS
    for name in STARS.columns[1:]:
        if name in table.column_names:
            np.testing.assert_allclose(table[name].to_numpy(), STARS[name], rtol=rtol, err_msg=name)


def parquet(columns: dict) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()
