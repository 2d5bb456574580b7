"""One row for each group: members, centre, size, distance, motion and velocity dispersion."""

import numpy as np
import pandas as pd

from core.sky import frames
from core.sky.associations import Associations

COLUMNS = (
    "group", "n_members", "n_core", "l", "b", "ra", "dec", "distance_pc", "distance_error_pc", "x_pc", "y_pc", "z_pc",
    "size_pc", "depth_pc", "pml", "pmb", "dispersion_kms",
)  # fmt: skip
UNITS = {
    "l": "deg", "b": "deg", "ra": "deg", "dec": "deg", "distance_pc": "pc", "distance_error_pc": "pc", "x_pc": "pc",
    "y_pc": "pc", "z_pc": "pc", "size_pc": "pc", "depth_pc": "pc", "pml": "mas/yr", "pmb": "mas/yr",
    "dispersion_kms": "km/s",
}  # fmt: skip
_FALLBACK_RELATIVE_ERROR = 0.1


def group_table(found: Associations) -> pd.DataFrame:
    """Properties of the groups, largest first.

    Returns
    -------
    DataFrame with `COLUMNS`, one row per group
        Centre and distance are medians; the distance's error is that of a mean weighted by the members' errors,
        systematic ones left out. `size_pc` is the radius across the sky that holds half of the members, `depth_pc` the
        standard deviation of the distances without the part that their errors explain, `pml` (times cos b) and `pmb`
        the median proper motion, `dispersion_kms` the standard deviation of the velocity along one axis of the sky
        (from the median absolute deviation), without the part that errors explain. Unknown values are NaN.
    """
    rows = [_row(found, number) for number in range(found.n_groups)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.sort_values(["n_members", "group"], ascending=[False, True], ignore_index=True)


def _row(found: Associations, number: int) -> dict[str, float]:
    members = np.flatnonzero(found.group == number)
    places = found.places.take(members)
    centre = np.median(places.direction, axis=0)
    centre /= np.linalg.norm(centre)
    (l_deg,), (b_deg,) = (value for value in frames.angles(centre[None]))
    (ra,), (dec,) = frames.icrs(np.array([l_deg]), np.array([b_deg]))
    row: dict[str, float] = dict.fromkeys(COLUMNS, np.nan)
    row |= {"group": number, "n_members": len(members), "n_core": int(found.core[members].sum())}
    row |= {"l": l_deg, "b": b_deg, "ra": ra, "dec": dec}
    distance, error = places.distance.distance_pc, places.distance_error_pc
    known = np.isfinite(distance)
    if known.any():
        middle = float(np.median(distance[known]))
        row |= {"distance_pc": middle, "distance_error_pc": _mean_error(distance[known], error[known])}
        row |= dict(zip(("x_pc", "y_pc", "z_pc"), middle * centre, strict=True))
        row["size_pc"] = middle * float(np.median(np.linalg.norm(places.direction - centre, axis=1)))
        row["depth_pc"] = _without_errors(_spread(distance[known]), error[known])
        row |= _motion(places.motion, places.motion_error, places.direction, middle)
    return row


def _motion(motion: np.ndarray, motion_error: np.ndarray, direction: np.ndarray, distance_pc: float) -> dict:
    known = np.isfinite(motion).all(axis=1)
    if known.sum() < 2:
        return {}
    components = frames.along_l_and_b(motion[known], direction[known])
    to_kms = frames.KMS_PER_MAS_YR_KPC * distance_pc / 1000.0
    errors = np.nan_to_num(motion_error[known]) * to_kms
    spread = np.sqrt(np.mean([_spread(components[:, axis] * to_kms) ** 2 for axis in (0, 1)]))
    pml, pmb = np.median(components, axis=0)
    return {"pml": pml, "pmb": pmb, "dispersion_kms": _without_errors(float(spread), errors)}


def _mean_error(values: np.ndarray, errors: np.ndarray) -> float:
    if (errors > 0).all() and np.isfinite(errors).all():
        return float(1.0 / np.sqrt(np.sum(errors**-2.0)))
    return float(_spread(values) / np.sqrt(len(values)))


def _spread(values: np.ndarray) -> float:
    """Standard deviation of a normal distribution with the values' median absolute deviation."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def _without_errors(spread: float, errors: np.ndarray) -> float:
    return float(np.sqrt(max(spread**2 - float(np.median(errors**2)), 0.0)))
