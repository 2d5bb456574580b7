"""How the shipped files were made: a command for each, reproducible and resumable."""
