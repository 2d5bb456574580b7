"""The star that the page asks for, looked up and judged."""

from collections.abc import Callable
from contextlib import suppress

import numpy as np

from core.archive.client import ArchiveClient
from core.errors import ExplorerError
from core.gaia.releases import find_release
from core.runs.catalogue import RunSummary
from core.star.card import VerdictCard, verdict_card
from core.star.lookup import find_star
from ui import cache, state
from ui.star_choices import StarQuery


def look_up(query: StarQuery, run: RunSummary | None, on_wait: Callable[[str], None] | None = None) -> VerdictCard:
    """Find a star by id, name or coordinates and judge it with a run; `on_wait` is told of the archive's hiccups.

    Opened files come first (in each, the row that is chosen), then the embedded set, the download cache, the archive.

    Raises
    ------
    ExplorerError
        As `core.star.lookup.find_star` and `core.verdict.ensemble.load_ensemble`.
    """
    opened = state.opened_files()
    again = state.take_ask_again()
    asked = (query, opened.uploads, tuple(opened.spectra), tuple(opened.rows.items()))
    record = None if again else state.local_record(asked)
    if record is None:
        chosen = [spectra.take(np.array([opened.rows.get(name, 0)])) for name, spectra in opened.spectra.items()]
        if query.text not in {str(spectra.source_id[0]) for spectra in chosen}:
            with suppress(ExplorerError):  # without room for it there is nothing to search
                cache.embedded_dataset()  # the first call on a machine draws it
        record = find_star(
            query.text,
            radius_arcsec=query.radius_arcsec,
            epoch=query.epoch,
            opened=[*chosen, *opened.spectra.values()],
            refresh=again,
            client=ArchiveClient(on_message=on_wait, release=find_release(query.release)),
        )
        state.remember_record(asked, record)
    return verdict_card(record, *cache.load_judges(run)) if run else verdict_card(record)
