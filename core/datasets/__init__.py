"""Labelled sets of stars: embedded, built from the archives, drawn, opened; lists of known stars."""
