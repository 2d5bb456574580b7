"""Download buttons: spectra in the formats that astronomers' tools open, tables as CSV."""

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from core.spectra.spectrum_set import SpectrumSet
from core.spreadsheet import defused
from ui import state

FORMATS = {"CSV": ".csv", "Parquet": ".parquet", "FITS": ".fits", "VOTable": ".vot"}


def spectra_bytes(spectra: SpectrumSet, suffix: str) -> bytes:
    """The file that `core.spectra.writers.write_spectra` writes for `suffix` ('.csv', '.parquet', '.fits', '.vot')."""
    from core.spectra.writers import write_spectra

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"spectra{suffix}"
        write_spectra(spectra, path)
        return path.read_bytes()


def download_spectra(spectra: SpectrumSet, stem: str) -> None:
    """One button for each format."""
    download_each(FORMATS, partial(spectra_bytes, spectra), stem)


def download_each(
    formats: Mapping[str, str], make: Callable[[str], bytes | str], stem: str, *, label: str = "{}"
) -> None:
    """A row of buttons, one for each format.

    Parameters
    ----------
    formats : mapping of name to suffix
    make : function of the suffix
        Gives the file's content, when its button is pressed.
    stem : str
        File name without suffix.
    label : str
        What the buttons say, with {} for the name of the format.
    """
    with st.container(horizontal=True):
        for name, suffix in formats.items():
            st.download_button(
                label.format(name),
                partial(make, suffix),
                file_name=f"{stem}{suffix}",
                key=state.key(state.DOWNLOAD, f"{stem}{suffix}"),
                icon=":material/download:",
                on_click="ignore",
            )


def download_table(table: pd.DataFrame, label: str, stem: str) -> None:
    """A button that downloads `table` as CSV."""
    data = defused(table).to_csv(index=False).encode()
    st.download_button(
        label,
        data,
        file_name=f"{stem}.csv",
        key=state.key(state.DOWNLOAD, stem),
        icon=":material/download:",
        on_click="ignore",
    )
