"""How the shipped files were made: a command for each, reproducible and resumable, on data that are not shipped."""
