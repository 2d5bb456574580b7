"""Nodes of the shipped grid: which models are computed for each family."""

from dataclasses import dataclass

import numpy as np

COARSE_LOGG = (0.0, 1.0, 2.0, 3.0, 4.0, 4.5, 5.0, 5.5)
"""Log g computed up to 7000 K, where spectra change slowly with it."""
LOWEST_TEFF = (7000, 10000, 15000, 20000, 30000, 40000, 50000)
LOWEST_LOGG = (0.5, 1.0, 1.7, 2.2, 3.0, 3.5, 4.0)
"""Where the search for the Eddington limit stops above 7000 K: below, no star is found."""


@dataclass(frozen=True)
class FamilyNodes:
    """Axes of one family; `computed_logg(teff)` and `computed_mh(teff)` are what is computed, the rest is filled."""

    family: str
    teff: tuple[float, ...]
    logg: tuple[float, ...]
    mh: tuple[float, ...]

    def computed_logg(self, teff: float) -> tuple[float, ...]:
        """Log g to compute at `teff`, falling; the Eddington limit may end the list earlier."""
        if self.family != "normal":
            return self.logg[::-1]
        if teff <= 7000:
            top = 5.5 if teff <= 4000 else 5.0
            return tuple(g for g in self.logg if g in COARSE_LOGG and g <= top)[::-1]
        bottom = np.interp(teff, LOWEST_TEFF, LOWEST_LOGG)
        return tuple(g for g in self.logg if bottom - 1e-9 <= g <= 5.0)[::-1]

    def computed_mh(self, teff: float) -> tuple[float, ...]:
        """[M/H] to compute at `teff`; metals weigh less in hot stars."""
        return tuple(z for z in self.mh if teff <= 7000 or z != -0.5)


def _span(*parts: tuple[float, float, float]) -> tuple[float, ...]:
    return tuple(float(x) for first, last, step in parts for x in np.arange(first, last + 0.5 * step, step))


NORMAL_TEFF = _span(
    (2800, 3600, 100),
    (3800, 4000, 200),
    (4250, 10000, 250),
    (10500, 12000, 500),
    (13000, 20000, 1000),
    (22000, 32000, 2000),
    (35000, 50000, 2500),
)
HALVES = tuple(0.5 * i for i in range(12))
FAMILY_NODES: tuple[FamilyNodes, ...] = (
    FamilyNodes("normal", NORMAL_TEFF, HALVES, (-2.0, -1.0, -0.5, 0.0, 0.5)),
    FamilyNodes(
        "white_dwarf",
        _span(
            (8000, 12000, 1000), (13500, 18000, 1500), (20000, 30000, 2500), (35000, 50000, 5000), (60000, 80000, 10000)
        ),
        (7.0, 7.5, 8.0, 8.5, 9.0),
        (0.0,),
    ),
    FamilyNodes(
        "helium_white_dwarf",
        _span((11000, 20000, 1500), (22000, 30000, 2000), (32500, 40000, 2500)),
        (7.5, 8.0, 8.5),
        (0.0,),
    ),
    FamilyNodes("helium_poor", _span((18000, 36000, 2000), (40000, 60000, 5000)), (4.5, 5.0, 5.5, 6.0, 6.5), (0.0,)),
    FamilyNodes("helium_rich", _span((18000, 36000, 2000), (40000, 60000, 5000)), (4.5, 5.0, 5.5, 6.0, 6.5), (0.0,)),
)
