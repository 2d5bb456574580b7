"""Every technique that can judge whether a star is massive: votes, their calibration, comparison and combination."""
