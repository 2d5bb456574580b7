"""Opening files: upload, reading, the list of what is open. Opened spectra stay with the session that opened them."""

from collections.abc import Callable

import streamlit as st

from core import quota
from core.errors import ExplorerError, ReadError
from core.gaia.releases import RELEASES, Release, find_release
from core.settings import current_settings
from core.spectra.readers import LeftOut, read_bytes
from core.spectra.readers.sampling import is_sampling_file
from core.spectra.spectrum_set import SpectrumSet
from ui import cache, state
from ui.parts.markdown import escape_markdown

LONGEST_MENU = 5000
"""Files with more stars are chosen from by row number: a browser is slow with longer menus."""
FILE_TYPES = [
    "csv", "tsv", "txt", "dat", "ecsv", "fits", "fit", "vot", "xml", "parquet", "tbl", "mrt", "json", "jsonl", "zip",
    "gz",
]  # fmt: skip
MOST_LEFT_OUT = 10
"""Files of one zip that are named as left out."""


def open_files() -> None:
    """Uploader for spectra, messages of files that could not be read, and the opened files with a button to close."""
    opened = state.opened_files()
    uploads = st.file_uploader(
        "Open files of XP spectra",
        type=FILE_TYPES,
        accept_multiple_files=True,
        key=state.key(state.UPLOADER, opened.uploads),
        help="Sampled or continuous XP spectra as the Gaia archive delivers them (CSV, ECSV, FITS, VOTable or the "
        "DataLink zip), or Parquet. Also one star's spectrum by another instrument (STELIB, MILES, XSL, SDSS, IRAF, "
        "generic FITS or two columns of text): it is seen through XP's instrument.",
        max_upload_size=max(1, current_settings().upload_mb),
    )
    if uploads:
        opened.failures.clear()
        with st.spinner("Reading …"):
            names = own_names([upload.name for upload in uploads])
            together = {upload.name: upload.getvalue() for upload in uploads if is_sampling_file(upload.name)}
            for name, upload in zip(names, uploads, strict=True):
                if upload.name not in together or len(uploads) == 1:
                    _read(opened, name, upload.getvalue(), together)
        opened.uploads += 1
        st.rerun()
    for name, message in opened.failures.items():
        st.error(f"**{escape_markdown(name)}** was not opened. {escape_markdown(message)}", icon=":material/error:")
    for name in list(opened.spectra):
        _list_file(opened, name)


def own_names(names: list[str]) -> list[str]:
    """The names of files opened together, with a number where two are called the same (from different folders).

    >>> own_names(["a.csv", "a.csv", "b.csv"])
    ['a.csv', 'a (2).csv', 'b.csv']
    """
    found: list[str] = []
    for name in names:
        stem, dot, suffix = name.partition(".")
        unique, number = name, 1
        while unique in found:
            number += 1
            unique = f"{stem} ({number}){dot}{suffix}"
        found.append(unique)
    return found


def _read(opened: state.OpenedFiles, name: str, data: bytes, beside: dict[str, bytes]) -> None:
    others = [spectra for other, spectra in opened.spectra.items() if other != name]
    try:
        quota.check_upload(len(others), sum(spectra.n_bytes for spectra in others), len(data))
        left_out: list[LeftOut] = []
        held = sum(item.n_bytes for item in others)

        def check_bytes(n_bytes: int) -> None:
            quota.check_session(held + n_bytes)  # a packed file may hold many times its size

        spectra = _read_any(name, data, beside, left_out, check_bytes)
        check_bytes(spectra.n_bytes)
        opened.add(name, spectra)
        for item in left_out[:MOST_LEFT_OUT]:
            opened.failures[f"{name}/{item.name}"] = item.reason
    except ExplorerError as error:
        opened.failures[name] = str(error)


def _read_any(
    name: str,
    data: bytes,
    beside: dict[str, bytes],
    left_out: list[LeftOut],
    check_bytes: Callable[[int], None],
) -> SpectrumSet:
    """XP spectra, or one star's spectrum by another instrument as XP would have seen it."""
    try:
        return read_bytes(name, data, beside=beside, on_left_out=left_out.append, check_bytes=check_bytes)
    except ReadError as error:
        from core.foreign_spectra.file_run import upload

        shipped = next((run for run in cache.find_runs() if run.usable), None)
        return upload(name, data, error, cache.load_classifier(shipped)[0] if shipped else None).spectra


def _list_file(opened: state.OpenedFiles, name: str) -> None:
    spectra = opened.spectra[name]
    count = f"{len(spectra):,} {'spectrum' if len(spectra) == 1 else 'spectra'}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(spectra) <= LONGEST_MENU:
            rows = range(len(spectra))
            st.selectbox(
                f"{escape_markdown(name)}, {count}",
                rows,
                index=opened.rows.get(name, 0),
                format_func=lambda row: _row_name(spectra, row),
                key=state.key(state.ROW, name),
                on_change=_choose_row,
                args=(opened, name, 0),
            )
        else:
            st.number_input(
                f"{escape_markdown(name)}, {count}: row",
                1,
                len(spectra),
                opened.rows.get(name, 0) + 1,
                key=state.key(state.ROW, name),
                on_change=_choose_row,
                args=(opened, name, 1),
            )
        st.button(
            "Show", key=state.key(state.SHOW, name), on_click=opened.choose, args=(name, opened.rows.get(name, 0))
        )
        st.button(
            "Close", key=state.key(state.CLOSE, name), icon=":material/close:", on_click=opened.close, args=(name,)
        )
    if name in opened.silent:
        st.segmented_control(
            f"Release of {escape_markdown(name)}: the file does not say it",
            [release.key for release in RELEASES if _fits(spectra, release)],
            default=spectra.release,
            format_func=lambda key: find_release(key).name,
            key=state.key(state.RELEASE_OF, name),
            on_change=_take_as,
            args=(opened, name),
            help="Ids and instruments differ between releases. DR3 is taken until you say otherwise; a verdict on "
            "spectra of another release than the networks learnt from says so.",
            required=True,
        )


def _fits(spectra: SpectrumSet, release: Release) -> bool:
    """Whether spectra may be of a release: sampled ones of any, coefficients by their number."""
    found = spectra.coefficients
    return found is None or (found.bp.shape[1], found.rp.shape[1]) == release.n_coefficients


def _take_as(opened: state.OpenedFiles, name: str) -> None:
    opened.take_as(name, state.recall(state.key(state.RELEASE_OF, name)))


def _choose_row(opened: state.OpenedFiles, name: str, first: int) -> None:
    opened.choose(name, state.recall(state.key(state.ROW, name)) - first)


def _row_name(spectra: SpectrumSet, row: int) -> str:
    note = f" ({spectra.note[row]})" if spectra.note[row] else ""
    return f"{spectra.source_id[row]}{note}"
