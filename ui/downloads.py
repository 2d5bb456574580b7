"""Download buttons: spectra in the formats that astronomers' tools open, tables as CSV."""

import tempfile
from pathlib import Path

import pandas as pd
import streamlit as st

from core.spectra.spectrum_set import SpectrumSet

FORMATS = {"CSV": ".csv", "Parquet": ".parquet", "FITS": ".fits", "VOTable": ".vot"}


def spectra_bytes(spectra: SpectrumSet, suffix: str) -> bytes:
    """The file that `core.spectra.writers.write_spectra` writes for `suffix` ('.csv', '.parquet', '.fits', '.vot')."""
    from core.spectra.writers import write_spectra

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"spectra{suffix}"
        write_spectra(spectra, path)
        return path.read_bytes()


def download_spectra(spectra: SpectrumSet, stem: str) -> None:
    """One button for each format; a file is made when its button is pressed."""
    with st.container(horizontal=True):
        for name, suffix in FORMATS.items():
            st.download_button(
                name,
                lambda suffix=suffix: spectra_bytes(spectra, suffix),
                file_name=f"{stem}{suffix}",
                key=f"download {stem}{suffix}",
                icon=":material/download:",
                on_click="ignore",
            )


def download_table(table: pd.DataFrame, label: str, stem: str) -> None:
    """A button that downloads `table` as CSV."""
    data = table.to_csv(index=False).encode()
    st.download_button(
        label, data, file_name=f"{stem}.csv", key=f"download {stem}", icon=":material/download:", on_click="ignore"
    )
