"""Makers of files that are shipped: each names what it reads, what it writes and the command that runs it."""
