"""Spectra of other instruments and surveys: read, seen through Gaia's XP instrument, judged by the same networks."""
