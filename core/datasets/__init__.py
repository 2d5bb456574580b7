"""Labelled sets of real stars: their two halves, their labels, the shipped sample, and sets built on this machine."""
