"""The ten networks of the study, one file each, listed in one literal table."""
