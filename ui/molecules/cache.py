"""What the page Molecules keeps: catalogue, network and the example's report for all sessions, own files for one."""

import streamlit as st

from core.molecules.catalogue import Catalogue, load_catalogue
from core.molecules.detector import Report, detect
from core.molecules.example import FWHM_KMS, VELOCITY_KMS, hot_core
from core.molecules.network import MoleculeNetwork, load_network
from core.molecules.observed import ObservedSpectrum


@st.cache_resource(show_spinner="Loading the catalogue of molecules …")
def catalogue() -> Catalogue:
    """The shipped catalogue."""
    return load_catalogue()


@st.cache_resource(show_spinner="Loading the networks …")
def network() -> MoleculeNetwork:
    """The shipped ensemble, one thread: other sessions want the rest."""
    return load_network(threads=1)


@st.cache_resource(show_spinner="Looking for molecules in the simulated hot core …")
def example_report() -> Report:
    """Findings in the embedded example."""
    return detect(hot_core(catalogue()), catalogue(), network(), velocity_kms=VELOCITY_KMS, fwhm_kms=FWHM_KMS)


def judge_spectrum(spectrum: ObservedSpectrum, **settings) -> Report:
    """Findings in somebody's own spectrum; never shared with another session."""
    return detect(spectrum, catalogue(), network(), **settings)
