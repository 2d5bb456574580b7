"""Makers of the files that the program ships, one command each, on data that are not shipped."""
