"""Which data release a batch of rows is of: said by whoever reads, else by the file, else by its coefficients."""

from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import MixedReleasesError
from core.gaia.releases import (
    DEFAULT,
    RELEASES,
    Release,
    find_release,
    refusal_of,
    release_named_in,
    release_of_epoch,
    release_of_solution,
)
from core.spectra.readers.arrays import is_list, is_text, parse_lists, single_array
from core.spectra.readers.batch import BANDS, Batch
from core.spectra.readers.values import as_floats

RELEASE_COLUMN = "release"
RELEASE_FIELD = "gaia_release"
"""Of the metadata of Parquet files of this program."""
_TEXTS = (RELEASE_COLUMN, "source_id", "designation")


def release_of_batch(batch: Batch, asked: str | None = None) -> tuple[Release, bool]:
    """The release of a batch, and whether somebody states it or its numbers of coefficients tell it.

    Parameters
    ----------
    batch : Batch
    asked : str or None
        Key of the release that the reader was told; the file must not contradict it.

    Raises
    ------
    MixedReleasesError
        The file states two releases, one that this program does not know, or another than `asked`.
    """
    stated = _stated(batch)
    if len(stated) > 1:
        raise MixedReleasesError(
            f"{batch.origin}: the table holds ids of {' and '.join(sorted(map(_name, stated)))}. Ids are ids of a "
            "release: write one file for each"
        )
    said = next(iter(stated), "")
    if said and said not in {release.key for release in RELEASES}:
        raise MixedReleasesError(f"{batch.origin}: these are ids of {_name(said)}; {refusal_of(said)}")
    if asked is not None:
        wanted = find_release(asked)
        if said and said != wanted.key:
            raise MixedReleasesError(
                f"{batch.origin}: the file says that it is of {_name(said)}, you said {wanted.name}; leave the release "
                "out, or correct the file"
            )
        return wanted, True
    if said:
        return find_release(said), True
    by_count = [release for release in RELEASES if release.n_coefficients == _coefficient_counts(batch)]
    return (by_count[0], True) if len(by_count) == 1 else (DEFAULT, False)


def without_release(metadata: pd.DataFrame) -> pd.DataFrame:
    """Metadata without the column that has become the set's own `release`; another column of that name stays."""
    if RELEASE_COLUMN not in metadata:
        return metadata
    texts = metadata[RELEASE_COLUMN].dropna().astype(str)
    return metadata.drop(columns=RELEASE_COLUMN) if texts.map(release_named_in).astype(bool).all() else metadata


def _name(key: str) -> str:
    return f"Gaia {key.upper()}"


def _stated(batch: Batch) -> set[str]:
    """Keys of all releases that header, names of columns, file name, designations, processing and epoch name."""
    found = {batch.parameters.get("release", "")}
    for name in _TEXTS:
        if name in batch.table.column_names and is_text(batch.table[name].type):
            distinct = pc.unique(pc.utf8_slice_codeunits(single_array(batch.table, name).cast(pa.string()), 0, 12))
            found |= {release_named_in(text.as_py() or "") for text in distinct}
    if "ref_epoch" in batch.table.column_names:
        epochs = as_floats(single_array(batch.table, "ref_epoch"))
        for epoch in () if epochs is None else pc.unique(epochs).to_pylist():
            release = None if epoch is None else release_of_epoch(epoch)
            found.add(release.key if release else "")
    if "solution_id" in batch.table.column_names:
        numbers = (str(value.as_py()).strip() for value in pc.unique(single_array(batch.table, "solution_id")))
        found |= {release_of_solution(int(text)) for text in numbers if text.isascii() and text.isdigit()}
    if not found - {""}:
        found.add(release_named_in(batch.origin.rsplit("/", 1)[-1]))
    return found - {""}


def _coefficient_counts(batch: Batch) -> tuple[int, int] | None:
    """The commonest number of values in each band's coefficients; None without coefficients."""
    counts = []
    for band in BANDS:
        name = f"{band}_coefficients"
        if name not in batch.table.column_names:
            return None
        column = single_array(batch.table, name)
        if is_text(column.type):
            column, _ = parse_lists(column)
        elif not is_list(column.type):
            return None
        lengths = pc.list_value_length(column).drop_null().to_numpy(zero_copy_only=False)
        counts.append(Counter(lengths[lengths > 0].tolist()).most_common(1))
    if not all(counts):
        # one band is missing in every row: the other one decides
        known = {number: count[0][0] for number, count in enumerate(counts) if count}
        fitting = {r.n_coefficients for r in RELEASES if all(r.n_coefficients[k] == v for k, v in known.items())}
        return fitting.pop() if known and len(fitting) == 1 else None
    return counts[0][0][0], counts[1][0][0]


def wrong_count(band: str, count: int, release: Release) -> str:
    """What to say of a row whose band has another number of coefficients than its release has."""
    expected = release.n_coefficients[BANDS.index(band)]
    others = [r.name for r in RELEASES if r.n_coefficients[BANDS.index(band)] == count]
    text = f"{band}_coefficients has {count} values, expected {expected} ({release.name})"
    if others:
        text += f"; {' and '.join(others)} has {count}: is the file's release right?"
    return text


def lengths_match(values: np.ndarray, release: Release, band: str) -> bool:
    """Whether a matrix of coefficients has the release's width."""
    return values.shape[1] == release.n_coefficients[BANDS.index(band)]
