"""One list with the coefficients of both bands, taken apart."""

import numpy as np
import pyarrow as pa

from core.gaia.releases import RELEASES
from core.spectra.readers.arrays import matrix, single_array


def split_coefficients(table: pa.Table) -> pa.Table:
    """One list of coefficients as those of BP and those of RP: 55 + 55, or as many as another release has."""
    if "xp_coefficients" not in table.column_names or "bp_coefficients" in table.column_names:
        return table
    column = single_array(table, "xp_coefficients")
    _, counts = matrix(column, 1)
    known = {sum(release.n_coefficients): release.n_coefficients for release in RELEASES}
    lengths, numbers = np.unique(counts[np.isin(counts, list(known))], return_counts=True)
    n_bp, n_rp = known[int(lengths[np.argmax(numbers)])] if len(lengths) else RELEASES[0].n_coefficients
    values, counts = matrix(column, n_bp + n_rp)
    # a row of another length keeps it, so that its note says how long it is
    rows = [
        values[row] if count == n_bp + n_rp else np.zeros(max(int(count), 0)) if count != -1 else None
        for row, count in enumerate(counts)
    ]
    halves = zip(("bp_coefficients", "rp_coefficients"), (slice(0, n_bp), slice(n_bp, None)), strict=True)
    table = table.drop_columns("xp_coefficients")
    for name, half in halves:
        table = table.append_column(
            name, pa.array([None if row is None else row[half] for row in rows], pa.list_(pa.float64()))
        )
    return table
