"""`python -m core cluster`: groups of stars in a table."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from core.sky.settings import Settings


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
            "position-velocity. Parquet, CSV, ECSV, FITS or VOTable.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Parquet file to write.", metavar="OUT.parquet")],
    eps_pc: Annotated[float, typer.Option(help="Radius of DBSCAN in parsecs.")] = Settings.eps_pc,
    min_samples: Annotated[
        int, typer.Option(help="Stars within the radius that make a core point; HDBSCAN: the smallest group.")
    ] = Settings.min_samples,
    algorithm: Annotated[Algorithm, typer.Option(help="HDBSCAN finds its own radius.")] = Algorithm.dbscan,
    space: Annotated[Space, typer.Option(help="What makes stars neighbours.")] = Space.position,
    errors: Annotated[
        Errors, typer.Option(help="aware: distances that differ within their errors do not part stars.")
    ] = Errors.ignore,
    weight_pc_per_kms: Annotated[
        float, typer.Option(help="Parsecs that count as much as 1 km/s, for position-velocity.")
    ] = Settings.weight_pc_per_kms,
    eps_deg: Annotated[float, typer.Option(help="Radius in degrees, for the space 'sky'.")] = Settings.eps_deg,
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
    from core.parquet_output import parquet_output
    from core.sky.cluster_file import cluster_table, read_star_table
    from core.sky.star_places import NO_DISTANCE

    table = read_star_table(stars)
    settings = Settings(eps_pc, min_samples, space.value, algorithm.value, errors.value, weight_pc_per_kms, eps_deg)
    found, result = cluster_table(table, settings, distance.value if distance else None)
    with parquet_output(out, result.schema, stars) as writer:
        writer.write_table(result)
    print(f"{out}: {found.summary()}")
    if (n_without := int((~found.took_part).sum())) and found.took_part.any():
        reason = "most often " + NO_DISTANCE if (found.note == NO_DISTANCE).sum() * 2 > n_without else "see note"
        print(f"{n_without:,} of {len(found.note):,} rows could not take part ({reason})")
