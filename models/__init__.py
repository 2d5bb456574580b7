"""Ten neural networks for XP spectra: one small file each, one literal table."""
