"""Makers of shipped files: each module is one command that builds what the repository carries."""
