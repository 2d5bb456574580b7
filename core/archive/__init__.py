"""The Gaia archive: look up a star, fetch spectra in bulk, build training sets, and survive the archive's moods."""
