"""Measurements of speed, each a script that writes one table into `results`."""
