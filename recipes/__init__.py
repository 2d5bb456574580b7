"""Makers of the files that the program ships, one command each."""
