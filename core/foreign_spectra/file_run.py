"""Files of other instruments' spectra to verdicts, where a reader of XP spectra found none."""

from pathlib import Path

import numpy as np

from core.errors import ReadError
from core.foreign_spectra.readers import read_folder
from core.foreign_spectra.through_xp import SeenThroughXp, judge_through_xp, see_through_xp
from core.parquet_output import parquet_output
from core.spectra.readers.data_release import RELEASE_FIELD
from core.spectra.readers.faults import LeftOut
from core.verdict.companions import load_companions
from core.verdict.ensemble import Ensemble
from core.verdict.stream import SCHEMA, ClassifiedFile, provenance, to_arrow
from core.verdict.verdict import judge


def foreign_or(path: str | Path, error: ReadError) -> tuple[SeenThroughXp, dict[str, str]]:
    """The foreign spectra of a file or folder, and files left out with their reasons.

    Raises
    ------
    ReadError
        `error`, what the reader of XP spectra said, where no foreign spectrum is there either.
    """
    try:
        given, left_out = read_folder(Path(path))
    except (ReadError, OSError):
        raise error from None
    return see_through_xp(given), left_out


def classify_foreign(path: str | Path, ensemble: Ensemble, out: str | Path, error: ReadError) -> ClassifiedFile:
    """As `core.verdict.stream.classify_file`, of spectra of other instruments; ids are made of names.

    Raises
    ------
    ReadError
        `error`, where no foreign spectrum is there.
    """
    seen, left_out = foreign_or(path, error)
    companions = load_companions(ensemble.path, ensemble.run.started)
    verdict = judge_through_xp(seen, lambda spectra: judge(spectra, ensemble, companions))
    about = provenance(ensemble) | {
        RELEASE_FIELD: seen.spectra.release,
        "spectra": "of other instruments, through XP's",
    }
    with parquet_output(out, SCHEMA.with_metadata(about), path) as writer:
        table = verdict.table()
        writer.write_table(to_arrow(table))
    faults = tuple(LeftOut(name, reason) for name, reason in left_out.items())
    done = ClassifiedFile(Path(out), release=seen.spectra.release, release_stated=True, left_out=faults)
    return done.counting(table)


def upload(name: str, data: bytes, error: ReadError, ensemble: Ensemble | None) -> SeenThroughXp:
    """An uploaded file as foreign spectrum; its flux is taken away where an ensemble finds that the filling decides.

    Raises
    ------
    ReadError
        `error`, where it is no foreign spectrum.
    """
    from core.foreign_spectra.readers import read_spectrum

    try:
        given = read_spectrum(data, name)
    except ReadError:
        raise error from None
    seen = see_through_xp([given])
    if ensemble is None or np.isnan(seen.draws).any():
        return seen
    verdict = judge_through_xp(seen, lambda spectra: judge(spectra, ensemble))
    seen.spectra.note[:] = verdict.note
    seen.spectra.flux[np.isnan(verdict.members).all(axis=0)] = np.nan
    return seen
