"""How the shipped files were made: one command for each, reproducible and resumable, needing data that are not shipped."""
