"""`python -m core cluster`: groups of stars in a table."""

import sys
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from core.errors import ReadError
from core.sky.settings import GroupingSettings
from core.spectra.readers.faults import LeftOut


class Algorithm(StrEnum):
    """Algorithms that can be asked for."""

    dbscan = "dbscan"
    hdbscan = "hdbscan"


class Space(StrEnum):
    """Spaces that can be asked for."""

    position = "position"
    position_velocity = "position-velocity"
    sky = "sky"


class Errors(StrEnum):
    """What to do with the errors of distances."""

    ignore = "ignore"
    aware = "aware"


class Distance(StrEnum):
    """Ways from a parallax to a distance."""

    disc = "disc"
    exponential = "exponential"
    inverse = "inverse"


def cluster(
    stars: Annotated[
        Path,
        typer.Argument(
            metavar="IN",
            help="Table with source_id, ra, dec (degrees) and parallax (mas) or distance_pc, which wins; "
            "parallax_error for posterior distances and --errors aware; pmra and pmdec (mas/yr) for --space "
            "position-velocity. Parquet, CSV, ECSV, FITS, VOTable, IPAC, CDS or JSON, or a folder or zip of them; "
            "units that the file states are applied.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Parquet file to write.", metavar="OUT.parquet")],
    eps_pc: Annotated[float, typer.Option(help="Radius of DBSCAN in parsecs.")] = GroupingSettings.eps_pc,
    min_samples: Annotated[
        int, typer.Option(help="Stars within the radius that make a core point; HDBSCAN: the smallest group.")
    ] = GroupingSettings.min_samples,
    algorithm: Annotated[Algorithm, typer.Option(help="HDBSCAN finds its own radius.")] = Algorithm.dbscan,
    space: Annotated[Space, typer.Option(help="What makes stars neighbours.")] = Space.position,
    errors: Annotated[
        Errors, typer.Option(help="aware: distances that differ within their errors do not part stars.")
    ] = Errors.ignore,
    weight_pc_per_kms: Annotated[
        float, typer.Option(help="Parsecs that count as much as 1 km/s, for position-velocity.")
    ] = GroupingSettings.weight_pc_per_kms,
    eps_deg: Annotated[float, typer.Option(help="Radius in degrees, for the space 'sky'.")] = GroupingSettings.eps_deg,
    distance: Annotated[
        Distance | None,
        typer.Option(
            help="Distance from the parallax: posterior with a prior of O and B stars in the disc, or of exponentially "
            "decreasing density, or 1/parallax. Default: disc with a column parallax_error, else inverse."
        ),
    ] = None,
) -> None:
    """Find groups of stars with DBSCAN or HDBSCAN.

    OUT has a row for each row of IN, in its order: source_id, group (-1 is noise), core, x_pc, y_pc, z_pc (heliocentric
    Galactic: towards the centre, along rotation, north), note and IN's other columns. A row without a usable distance,
    or without a proper motion where one is needed, has group null and a note. The parallax zero point of Lindegren et
    al. 2021 is taken off first.
    """
    from core.commands.left_out import tell_left_out
    from core.parquet_output import parquet_output
    from core.sky.cluster_file import OLD_RELEASE, cluster_table, read_star_table
    from core.sky.star_places import NO_DISTANCE

    left_out: list[LeftOut] = []
    table = read_star_table(stars, left_out.append)
    settings = GroupingSettings(
        eps_pc, min_samples, space.value, algorithm.value, errors.value, weight_pc_per_kms, eps_deg
    )
    found, result = cluster_table(table, settings, distance.value if distance else None)
    if not found.took_part.any():
        raise ReadError(f"{stars}: {found.summary()}. {_most_often(found.note)}")
    with parquet_output(out, result.schema, stars) as writer:
        writer.write_table(result)
    print(f"{out}: {found.summary()}")
    if n_without := int((~found.took_part).sum()):
        reason = "most often " + NO_DISTANCE if (found.note == NO_DISTANCE).sum() * 2 > n_without else "see note"
        print(f"{n_without:,} of {len(found.note):,} rows could not take part ({reason})")
    if n_old := sum(OLD_RELEASE in note for note in result["note"].to_pylist()):
        print(f"{n_old:,} rows: {OLD_RELEASE}", file=sys.stderr)
    tell_left_out(left_out)


def _most_often(notes) -> str:
    """The commonest reason why rows could not take part."""
    counted = Counter(note for note in notes.tolist() if note).most_common(1)
    return f"Most often: {counted[0][0]}" if counted else "The table has no rows"
