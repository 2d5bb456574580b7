"""`python -m core known-stars`: lists of known massive and OBA stars, which surveys mark."""

import sys

from core.commands.release_option import ReleaseOption, release_or_default


def known_stars(release: ReleaseOption = None) -> None:
    """Fetch the ALS catalogue and Gaia's golden sample of OBA stars (3 million ids): surveys mark these stars.

    Needs the network for some minutes. Lists that are there are kept; a failed one is fetched by the next call.
    """
    from core.archive.bulk import PATIENT
    from core.archive.client import ArchiveClient
    from core.commands.row_progress import count_progress
    from core.datasets.known_stars import known_stars_dir
    from core.datasets.known_stars_download import fetch_known_stars

    client = ArchiveClient(
        policy=PATIENT, on_message=lambda text: print(text, file=sys.stderr), release=release_or_default(release)
    )
    with count_progress("starting") as progress:
        counts = fetch_known_stars(client, progress)
    for name, count in counts.items():
        print(f"{known_stars_dir(client.release.key) / name}.parquet: {count} stars")
