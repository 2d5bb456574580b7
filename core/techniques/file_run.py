"""From a file of stars and catalogues to a file of votes, piece by piece in bounded memory."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

import core
from core.errors import UsageError
from core.gaia.labels import MASSIVE
from core.gaia.releases import DEFAULT
from core.parquet_output import parquet_output
from core.spectra.spectrum_set import SpectrumSet
from core.statistics.prevalence import EQUAL_PRIOR
from core.techniques.catalogue import Catalogue, read_catalogue
from core.techniques.evidence import Evidence, Judge
from core.techniques.judgement import SCHEMA, ask_all, to_arrow
from core.techniques.matching import Matches, Positions, by_id, by_position
from core.techniques.star_files import star_pieces

_GAIA_EPOCH, _GAIA_ERROR_ARCSEC = DEFAULT.reference_epoch, 0.001
MATCH_SCHEMA = pa.schema(
    [
        pa.field("source_id", pa.int64(), nullable=False),
        pa.field("catalogue", pa.string(), nullable=False),
        pa.field("row", pa.int64()),
        pa.field("separation_arcsec", pa.float64()),
        pa.field("probability", pa.float64(), nullable=False),
        pa.field("probability_none", pa.float64(), nullable=False),
        pa.field("n_candidates", pa.int64(), nullable=False),
        pa.field("why", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class JudgedFile:
    """What `judge_file` wrote: counts of rows, and what the catalogues' readers said."""

    path: Path
    n_rows: int = 0
    n_judged: int = 0
    n_massive: int = 0
    votes: dict[str, int] = field(default_factory=dict)
    matched: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def judge_file(
    path: str | Path,
    out: str | Path,
    judge: Judge | None,
    *,
    catalogues: Sequence[str | Path] = (),
    prevalence: float = EQUAL_PRIOR,
    matches_out: str | Path | None = None,
    on_progress: Callable[[float, int], None] | None = None,
) -> JudgedFile:
    """Ask every technique about every star of a file.

    Parameters
    ----------
    path : path
        XP spectra in any readable format, with or without further columns, or a table of stars without spectra; or a
        simulated sky ('simulated:survey:100000:1').
    out : path ending in .parquet
        Columns: `core.techniques.judgement.SCHEMA`.
    judge : callable or None
        The ensemble's verdict on spectra.
    catalogues : sequence of paths
        Other surveys' tables (`core.techniques.catalogue`), matched by id or position; what the stars' file has itself
        is not replaced.
    prevalence : float
        Of massive stars, for `probability` and `label`.
    matches_out : path ending in .parquet, or None
        Where to write every match (`MATCH_SCHEMA`): the provenance of the votes.

    Raises
    ------
    UsageError, ReadError
        The input or a catalogue cannot be used, or a prevalence that is not between 0 and 1.
    """
    known = [read_catalogue(item) for item in catalogues]
    _require_own_names(known)
    notes = tuple(f"{item.name}: {text}" for item in known for text in item.notes)
    done = JudgedFile(Path(out), notes=notes, matched=dict.fromkeys([item.name for item in known], 0))
    about = {"explorer_version": core.__version__, "prevalence": repr(prevalence),
             "catalogues": json.dumps([item.name for item in known])}  # fmt: skip
    found: list[pa.Table] = []
    share = [0.0]
    with parquet_output(out, SCHEMA.with_metadata(about), path) as writer:
        for columns, spectra in star_pieces(path, lambda part: share.__setitem__(0, part)):
            columns, matched, note = with_catalogues(columns, known)
            judgement = ask_all(Evidence(columns, spectra, judge), note=_joined(spectra, note))
            table = judgement.table(prevalence)
            writer.write_table(to_arrow(table))
            for name, matches in matched.items():
                done.matched[name] += int((matches.row >= 0).sum())
                found.append(_match_table(columns, name, matches))
            done = _counting(done, table)
            if on_progress is not None:
                on_progress(share[0], done.n_rows)
    if matches_out is not None:
        with parquet_output(matches_out, MATCH_SCHEMA, path) as writer:
            for part in found:
                writer.write_table(part)
    return done


def _require_own_names(known: Sequence[Catalogue]) -> None:
    names = [item.name for item in known]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"two catalogues are called {twice[0]}: rename one, so that votes can name their source")


def _counting(done: JudgedFile, table: pd.DataFrame) -> JudgedFile:
    votes = {name[2:]: int(table[name].notna().sum()) for name in table if name.startswith("p_")}
    return replace(
        done,
        n_rows=done.n_rows + len(table),
        n_judged=done.n_judged + int(table["probability"].notna().sum()),
        n_massive=done.n_massive + int((table["label"] == MASSIVE).sum()),
        votes={key: done.votes.get(key, 0) + count for key, count in votes.items()},
    )


def _joined(spectra: SpectrumSet | None, note: np.ndarray) -> np.ndarray:
    if spectra is None:
        return note
    both = zip(spectra.note, note, strict=True)
    return np.array(["; ".join(text for text in pair if text) for pair in both], dtype=object)


def with_catalogues(
    columns: pd.DataFrame, catalogues: Sequence[Catalogue]
) -> tuple[pd.DataFrame, dict[str, Matches], np.ndarray]:
    """The stars' columns filled from catalogues, the matches by the catalogue's name, and a note for each star."""
    note = np.full(len(columns), "", dtype=object)
    matched = {}
    result = columns.copy()
    for item in catalogues:
        matches = match_stars(columns, item)
        matched[item.name] = matches
        rows = np.flatnonzero(matches.row >= 0)
        taken = item.columns.iloc[matches.row[rows]]
        for name in taken.columns:
            old = result[name].to_numpy(dtype=object, copy=True) if name in result else np.full(len(result), None)
            empty = np.array([value is None or value != value or value == "" for value in old[rows]], dtype=bool)
            old[rows[empty]] = taken[name].to_numpy(dtype=object)[empty]
            result[name] = old if name in _TEXTS else pd.to_numeric(pd.Series(old), errors="coerce").to_numpy()
        remarkable = np.array([text.startswith(("match refused", "its source", "several")) for text in matches.why])
        for row in np.flatnonzero(remarkable):
            text = f"{item.name}: {matches.why[row]}"
            note[row] = f"{note[row]}; {text}" if note[row] else text
    return result, matched, note


_TEXTS = ("spectral_type", "spectraltype_esphs", "phot_variable_flag", "libname_gspphot", "flags_esphs", "flags_flame")


def match_stars(columns: pd.DataFrame, catalogue: Catalogue) -> Matches:
    """By id where the catalogue has ids, else by position."""
    if catalogue.source_id is not None and (catalogue.source_id != 0).any():
        return by_id(columns["source_id"].to_numpy(np.int64), catalogue.source_id)
    assert catalogue.ra is not None
    assert catalogue.dec is not None
    assert catalogue.epoch is not None
    assert catalogue.error_arcsec is not None
    unknown = np.full(len(catalogue), np.nan)
    good = np.isfinite(catalogue.ra) & np.isfinite(catalogue.dec)
    rows = np.flatnonzero(good)
    sources = Positions(catalogue.ra[rows], catalogue.dec[rows], catalogue.epoch[rows], catalogue.error_arcsec[rows],
                        unknown[rows], unknown[rows])  # fmt: skip
    stars = Evidence(columns)
    n = len(columns)
    epoch = stars.numbers("ref_epoch")
    where = Positions(
        stars.numbers("ra"), stars.numbers("dec"), np.where(np.isfinite(epoch), epoch, _GAIA_EPOCH),
        np.full(n, _GAIA_ERROR_ARCSEC), stars.numbers("pmra"), stars.numbers("pmdec"),
    )  # fmt: skip
    found = by_position(where, sources)
    return replace(found, row=np.where(found.row >= 0, rows[np.maximum(found.row, 0)] if len(rows) else -1, -1))


def _match_table(columns: pd.DataFrame, name: str, matches: Matches) -> pa.Table:
    row = pa.array([int(value) if value >= 0 else None for value in matches.row], pa.int64())
    separation = pa.array(matches.separation_arcsec, pa.float64(), from_pandas=True)
    return pa.Table.from_arrays(
        [
            pa.array(columns["source_id"].to_numpy(np.int64)),
            pa.array([name] * len(columns)),
            row,
            separation,
            pa.array(matches.probability),
            pa.array(matches.probability_none),
            pa.array(matches.n_candidates.astype(np.int64)),
            pa.array([str(text) for text in matches.why]),
        ],
        schema=MATCH_SCHEMA,
    )
