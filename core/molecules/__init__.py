"""Molecules in millimetre and sub-millimetre spectra: catalogue, simulator, detector and its networks."""
