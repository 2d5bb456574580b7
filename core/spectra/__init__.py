"""XP spectra: their grid, containers, readers, writers, calibration and representations."""
