"""`python -m core fetch`: spectra of any number of stars from the Gaia archive, resumable."""

import math
import re
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from core.archive.bulk import CHUNK_IDS, PATIENT, fetch_spectra, write_undelivered
from core.archive.client import ArchiveClient
from core.atomic import atomic_path
from core.commands.release_option import ReleaseOption, release_key, release_or_default, tell_assumed
from core.commands.row_progress import count_progress
from core.errors import UsageError
from core.gaia.releases import find_release
from core.spreadsheet import defused

EXIT_PARTLY = 3
_MOST_NAMED = 20


def fetch(
    ids_file: Annotated[
        Path | None,
        typer.Argument(
            help="File of source ids: one per line, or a table of any readable format with a column of ids."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Parquet file to write; with --random or --hats a folder of Parquet parts.")
    ] = None,
    random: Annotated[
        int | None, typer.Option(help="Fetch this many random stars with XP spectra instead (by random_index).", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(help="Where the walk along random_index starts.", min=0)] = 1,
    hats: Annotated[
        str | None,
        typer.Option(
            help="Fetch from a HATS catalogue with XP coefficients instead (a folder, or an http(s) or s3 address); "
            "with --random at most that many."
        ),
    ] = None,
    cone: Annotated[
        str | None,
        typer.Option(
            help="Only inside a circle on the sky: 'RA DEC RADIUS' in degrees, ICRS (with --random or --hats)."
        ),
    ] = None,
    box: Annotated[
        str | None,
        typer.Option(help="Only inside 'RA_FROM RA_TO DEC_FROM DEC_TO' in degrees, ICRS (with --hats)."),
    ] = None,
    release: ReleaseOption = None,
    ids_of: Annotated[
        str | None,
        typer.Option(metavar="dr3|dr4", help="Release of the file's ids, where it is another: they are translated."),
    ] = None,
    correlations: Annotated[
        bool, typer.Option(help="Keep the coefficients' correlations (6 kB more per star).")
    ] = False,
    chunk: Annotated[int, typer.Option(help="Stars per request; the archive takes at most 5000.", min=1, max=5000)] = (
        CHUNK_IDS
    ),
) -> None:
    """Fetch XP spectra (coefficients and errors, calibrated here) of many stars; run it again to resume.

    Ends with a list of the stars that were not delivered (OUT.undelivered.csv) and then exits with status 3.
    """
    if out is None:
        raise UsageError("fetch needs --out: a file that ends in .parquet, or a folder with --random or --hats")
    if (ids_file is None) == (random is None and hats is None):
        raise UsageError("fetch needs either a file of ids, or --random N, or --hats CATALOGUE")
    if cone is not None and ids_file is not None:
        raise UsageError("--cone goes with --random or --hats; for a list of ids it has no meaning")
    if box is not None and hats is None:
        raise UsageError("--box goes with --hats")
    if hats is not None:
        given = {"--correlations": correlations, "--chunk": chunk != CHUNK_IDS, "--seed": seed != 1}
        if ignored := [name for name, is_given in given.items() if is_given]:
            raise UsageError(f"{', '.join(ignored)} has no meaning with --hats: a catalogue's own partitions are read")
        _fetch_hats(hats, out, random, cone, box, release_key(release))
        return
    client = ArchiveClient(
        policy=PATIENT, on_message=lambda text: print(text, file=sys.stderr), release=release_or_default(release)
    )
    with count_progress("starting") as progress:
        if random is not None:
            from core.archive.random_sources import fetch_random

            n_delivered, undelivered = fetch_random(
                random, out, client=client, seed=seed, cone=_read_cone(cone), correlations=correlations,
                chunk_ids=chunk, progress=progress,
            )  # fmt: skip
            write_undelivered(undelivered, out)
            n_asked = random
        else:
            if out.suffix != ".parquet" or out.is_dir():
                raise UsageError(f"--out {out} must be a file that ends in .parquet")
            assert ids_file is not None
            ids, n_without = _ids(ids_file, ids_of, out, client)
            result = fetch_spectra(
                ids, out, client=client, correlations=correlations, chunk_ids=chunk, progress=progress
            )
            n_asked, n_delivered, undelivered = result.n_asked, result.n_delivered, result.undelivered
            n_asked += n_without
    print(f"{n_delivered} spectra of {n_asked} stars written to {out}")
    if n_delivered < n_asked:
        reasons = undelivered["reason"].value_counts() if len(undelivered) else {}
        for reason, count in dict(reasons).items():
            print(f"not delivered: {count} ({reason})", file=sys.stderr)
        if len(undelivered):
            print(f"list of them: {out}.undelivered.csv", file=sys.stderr)
        raise typer.Exit(EXIT_PARTLY)


def _ids(path: Path, ids_of: str | None, out: Path, client: ArchiveClient) -> tuple[np.ndarray, int]:
    """Ids of the client's release, and the number of rows without one.

    They are those of the file, translated where they are of another release.
    """
    from core.archive.id_files import read_id_list
    from core.archive.translate import translate_ids

    source = find_release(ids_of or client.release.key)
    listed = read_id_list(path, source.key)
    for where, text in list(listed.problems.items())[:_MOST_NAMED]:
        print(f"left out: {path}, {where}: {text}", file=sys.stderr)
    if len(listed.problems) > _MOST_NAMED:
        print(f"left out: {len(listed.problems) - _MOST_NAMED} more rows without an id", file=sys.stderr)
    ids = listed.ids
    if source.key == client.release.key:
        return ids, len(listed.problems)
    answer = translate_ids(ids, source.key, client)
    lost = out.with_name(f"{out.name}.untranslated.csv")
    table = answer.matched.rename(columns={"old_id": f"{source.key}_source_id", "new_id": "source_id"})
    with atomic_path(out.with_name(f"{out.name}.ids.csv")) as beside:
        defused(table).to_csv(beside, index=False)
    print(
        f"{len(table)} of {len(np.unique(ids))} ids of {source.name} translated to {client.release.name} (median "
        f"{table['angular_distance'].median():.1f} mas apart, see {out}.ids.csv)", file=sys.stderr,
    )  # fmt: skip
    unclear = np.unique(answer.ambiguous["old_id"].to_numpy(dtype=np.int64))
    if len(unclear) or len(answer.lost):
        reasons = ["several counterparts"] * len(unclear) + ["no counterpart"] * len(answer.lost)
        rows = pd.DataFrame({"source_id": np.concatenate([unclear, answer.lost]), "reason": reasons})
        with atomic_path(lost) as beside:
            defused(rows).to_csv(beside, index=False)
        print(f"not translated: {len(unclear)} ambiguous and {len(answer.lost)} lost, see {lost}", file=sys.stderr)
    return table["source_id"].to_numpy(dtype=np.int64), len(listed.problems)


def _fetch_hats(
    place: str, out: Path, n_stars: int | None, cone: str | None, box: str | None, release: str | None
) -> None:
    from core.archive.hats import Region, fetch_hats, release_of_catalogue

    circle = _read_cone(cone)
    region = Region(
        cone=(circle.ra, circle.dec, circle.radius_deg) if circle else None,
        box=_numbers("--box", box, 4, "RA_FROM RA_TO DEC_FROM DEC_TO") if box else None,  # type: ignore[arg-type]
    )
    with count_progress("starting") as progress:
        n_delivered = fetch_hats(place, out, region=region, n_stars=n_stars, release=release, progress=progress)
    of, stated = release_of_catalogue(place, release)
    tell_assumed(place, of.key, stated)
    print(f"{n_delivered} spectra written to {out}")
    if n_stars is not None and n_delivered < n_stars:
        print(f"{n_stars} were asked for: there are no more in that region", file=sys.stderr)
        raise typer.Exit(EXIT_PARTLY)


def _numbers(option: str, text: str, count: int, names: str) -> tuple[float, ...]:
    try:
        values = tuple(float(item) for item in re.split(r"[\s,]+", text.strip()))
    except ValueError:
        values = ()
    if len(values) != count or not all(map(math.isfinite, values)):
        raise UsageError(f"{option} {text!r} cannot be read; write '{names}' in degrees")
    return values


def _read_cone(text: str | None):
    from core.archive.random_sources import Cone

    if text is None:
        return None
    ra, dec, radius = _numbers("--cone", text, 3, "RA DEC RADIUS")
    if not (0 <= ra <= 360 and -90 <= dec <= 90 and 0 < radius <= 180):
        raise UsageError(f"--cone {text!r}: expected ra 0..360, dec -90..90 and a radius of 0..180 degrees")
    return Cone(ra, dec, radius)
