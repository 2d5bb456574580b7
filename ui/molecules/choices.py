"""Choices of the page Molecules: which spectrum, and what is known about it."""

import tempfile
from pathlib import Path

import streamlit as st

from core import quota
from core.molecules.detector import Report
from core.molecules.example import make_spectrum
from core.molecules.read_spectrum import read_spectrum
from ui import state
from ui.molecules import cache
from ui.parts.markdown import file_name

EXAMPLE, OWN, SIMULATED = "Simulated hot core", "Your own spectrum", "Simulator"
FILE_TYPES = ["dat", "txt", "asc", "csv", "fits", "fit", "vot", "xml", "ecsv"]
FIRST_MIXTURE = ["CH3OH;vt=0", "CH3CN;v=0", "SO2;v=0"]


def choose_report() -> Report | None:
    """The report of the chosen spectrum; None while there is nothing to judge."""
    source = st.segmented_control(
        "Spectrum", [EXAMPLE, OWN, SIMULATED], default=EXAMPLE, key=state.MOLECULES_SOURCE, required=True
    )
    if source == OWN:
        return _own()
    if source == SIMULATED:
        return _simulated()
    st.caption(
        "The embedded example is **simulated**: 26 species and states at 12.5 km/s, 239 to 246 GHz, noise 0.15 K."
    )
    return cache.example_report()


def _own() -> Report | None:
    files = st.file_uploader(
        "Windows of one spectrum",
        type=FILE_TYPES,
        accept_multiple_files=True,
        help="Two columns of text (frequency, brightness), FITS spectra or cubes (the brightest spectrum), VOTables.",
    )
    left, middle, right, last = st.columns(4)
    unit_x = left.selectbox("Unit of the axis", ["as in the file", "MHz", "GHz", "Hz"])
    unit_y = middle.selectbox("Unit of the values", ["as in the file", "K", "mK", "Jy/beam", "mJy/beam"])
    velocity = right.number_input("Velocity (km/s)", value=None, placeholder="found", step=0.1)
    beam = last.number_input("Beam (arcsec)", value=None, placeholder="for Jy/beam", min_value=0.001)
    if not files:
        st.info("Open the windows of a spectrum to see what is in it.", icon=":material/upload_file:")
        return None
    for number, file in enumerate(files):
        quota.check_upload(number, sum(other.size for other in files[:number]), file.size)
    asked = (tuple((file.file_id, file.name) for file in files), unit_x, unit_y, velocity, beam)
    kept = state.recall(state.MOLECULES_REPORT)
    if kept is not None and kept[0] == asked:
        return kept[1]
    with tempfile.TemporaryDirectory() as folder, st.spinner("Looking for molecules …"):
        paths = []
        for number, file in enumerate(files):
            paths.append(Path(folder) / str(number) / file_name(file.name))
            paths[-1].parent.mkdir()
            paths[-1].write_bytes(file.getvalue())
        spectrum = read_spectrum(
            paths,
            unit_x=None if unit_x == "as in the file" else unit_x,
            unit_y=None if unit_y == "as in the file" else unit_y,
            beam_arcsec=beam,
        )
        report = cache.judge_spectrum(spectrum, velocity_kms=velocity)
    state.remember(state.MOLECULES_REPORT, (asked, report))
    return report


def _simulated() -> Report | None:
    """A spectrum from sliders."""
    keys = list(cache.catalogue().keys)
    chosen = st.multiselect("Species in the gas", keys, default=FIRST_MIXTURE, max_selections=12, key=state.MIXTURE)
    if not chosen:
        st.info("Choose at least one species.", icon=":material/science:")
        return None
    left, middle, right, last = st.columns(4)
    lg_column = left.slider("lg column density (cm⁻²)", 12.0, 19.0, 16.0, 0.1)
    temperature = middle.slider("Excitation temperature (K)", 10, 350, 150, 5)
    fwhm = right.slider("Line width (km/s)", 2.0, 8.0, 4.0, 0.5)
    noise = last.slider("Noise (K)", 0.02, 2.0, 0.15, 0.01)
    content = [(key, 10.0**lg_column, float(temperature)) for key in chosen]
    spectrum = make_spectrum(cache.catalogue(), content, fwhm_kms=fwhm, noise_k=noise)
    with st.spinner("Looking for molecules …"):
        return cache.judge_spectrum(spectrum, velocity_kms=12.5, fwhm_kms=fwhm, n_decoys=1)
