"""How many sources Gaia has at each magnitude.

Three laws, because they describe three samples: all XP sources up to their limit, the same between G = 12 and the limit
only (the simulator's training sets were drawn with it, and every shipped set would change with another number), and the
bright end of all sources.
"""

G_LIMIT_MAG = 17.65
"""Limit of most of DR3's XP spectra: De Angeli et al. 2023, A&A 674, A2."""
COUNT_SCALE_MAG = 1.36
"""Mag in which the number of XP sources grows by e, over all magnitudes up to the limit: what brightness says of a star
of a complete sample."""
TRAINING_COUNT_SCALE_MAG = 1.4
"""The same between G = 12 and the limit, 10^(0.31 G), to two digits: half of a simulated training set is drawn so."""


def bright_sources(bright: float, faint: float) -> float:
    """About how many sources Gaia has between two magnitudes: log N(<G) = 0.40 G + 1.7 (0.5 million at G = 10)."""
    return max(10 ** (0.40 * faint + 1.7) - 10 ** (0.40 * bright + 1.7), 1.0)
