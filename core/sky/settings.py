"""How to group stars: the choices, their defaults, and what cannot be meant."""

from dataclasses import dataclass
from math import isfinite, radians, sin

from core.errors import UsageError

SPACES: dict[str, str] = {
    "position": "places in space",
    "position-velocity": "places in space and velocities across the line of sight",
    "sky": "directions alone",
}
ALGORITHMS = ("dbscan", "hdbscan")
ERRORS = ("ignore", "aware")


@dataclass(frozen=True)
class GroupingSettings:
    """How to group: see `find_associations`; `SUGGESTED` and `STUDY` are ready-made."""

    eps_pc: float = 50.0
    min_samples: int = 10
    space: str = "position"
    algorithm: str = "dbscan"
    errors: str = "ignore"
    weight_pc_per_kms: float = 4.0
    eps_deg: float = 1.0

    def check(self) -> None:
        """Raise UsageError for what cannot be meant."""
        for name, value, known in (
            ("space", self.space, tuple(SPACES)),
            ("algorithm", self.algorithm, ALGORITHMS),
            ("errors", self.errors, ERRORS),
        ):
            if value not in known:
                raise UsageError(f"{name} {value!r} is unknown; choose one of {', '.join(known)}")
        if self.algorithm == "dbscan":
            check_eps(self.eps_in_unit)
        if self.space == "sky" and self.eps_deg > 180.0:
            raise UsageError(f"eps_deg is {self.eps_deg:g}; two stars are never more than 180 degrees apart")
        if self.min_samples < (2 if self.algorithm == "hdbscan" else 1):
            raise UsageError(f"min_samples is {self.min_samples}; {self.algorithm} needs more")
        if self.needs_motion and not (isfinite(self.weight_pc_per_kms) and self.weight_pc_per_kms > 0):
            raise UsageError(
                f"the weight of velocities is {self.weight_pc_per_kms:g} pc per km/s; it must be above 0 "
                "(for none, choose the space 'position')"
            )
        if self.algorithm == "hdbscan" and self.errors == "aware":
            raise UsageError("HDBSCAN works on plain distances: choose errors 'ignore', or the algorithm 'dbscan'")

    @property
    def needs_distance(self) -> bool:
        """Whether stars without a distance cannot take part."""
        return self.space != "sky"

    @property
    def needs_motion(self) -> bool:
        """Whether stars without a proper motion cannot take part."""
        return self.space == "position-velocity"

    @property
    def unit(self) -> str:
        """Of the radius that is chosen: 'deg' for 'sky', else 'pc'."""
        return "deg" if self.space == "sky" else "pc"

    @property
    def eps_in_unit(self) -> float:
        """The radius as it is chosen, in `unit`."""
        return self.eps_deg if self.space == "sky" else self.eps_pc

    @property
    def radius(self) -> float:
        """The radius in the unit of the space: pc, or for 'sky' the chord between unit vectors."""
        return 2.0 * sin(radians(self.eps_deg) / 2.0) if self.space == "sky" else self.eps_pc


SUGGESTED = GroupingSettings(
    eps_pc=30.0, min_samples=6, space="position-velocity", errors="aware", weight_pc_per_kms=4.0
)
"""For O and early B stars with Gaia astrometry within about 2 kpc; `benchmarks.associations` tests it."""
STUDY = GroupingSettings(eps_pc=500.0, min_samples=10)
"""The published study's setting. At 500 pc, ten times the size of an association, the disc is one group."""


def check_eps(radius: float) -> None:
    """Refuse a radius that is not above zero and finite (UsageError)."""
    if not (isfinite(radius) and radius > 0):
        raise UsageError(f"eps is {radius:g}; it must be above 0, since stars at the very same place are rare")
