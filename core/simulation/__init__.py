"""Simulated XP spectra: atmospheres, extinction, instrument, population."""
