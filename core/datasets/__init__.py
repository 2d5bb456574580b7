"""Labelled sets of stars: real, embedded, built from the archives, drawn, opened; lists of known stars."""
