"""One row for each group: members, centre, size, distance, motion and velocity dispersion."""

import numpy as np
import pandas as pd

from core.gaia import frames
from core.sky.associations import Associations
from core.sky.star_places import StarPlaces

COLUMNS = (
    "group", "n_members", "n_core", "l", "b", "ra", "dec", "distance_pc", "distance_error_pc", "x_pc", "y_pc", "z_pc",
    "size_pc", "depth_pc", "pml", "pmb", "dispersion_kms",
)  # fmt: skip
UNITS = {
    "l": "deg", "b": "deg", "ra": "deg", "dec": "deg", "distance_pc": "pc", "distance_error_pc": "pc", "x_pc": "pc",
    "y_pc": "pc", "z_pc": "pc", "size_pc": "pc", "depth_pc": "pc", "pml": "mas/yr", "pmb": "mas/yr",
    "dispersion_kms": "km/s",
}  # fmt: skip


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
    members = np.flatnonzero(found.group >= 0)
    places, group, n = found.places.take(members), found.group[members], found.n_groups
    columns = {"group": np.arange(n), "n_members": np.bincount(group, minlength=n)}
    columns["n_core"] = np.bincount(group, weights=found.core[members], minlength=n).astype(int)
    centre = np.stack([_median(places.direction[:, axis], group, n) for axis in range(3)], axis=1)
    centre /= np.maximum(np.linalg.norm(centre, axis=1, keepdims=True), 1e-12)
    columns["l"], columns["b"] = frames.angles(centre)
    columns["ra"], columns["dec"] = frames.icrs(columns["l"], columns["b"])
    columns |= _extent(places, group, centre) | _motion(places, group, n)
    table = pd.DataFrame({name: columns[name] for name in COLUMNS})
    return table.sort_values(["n_members", "group"], ascending=[False, True], ignore_index=True)


def _extent(places: StarPlaces, group: np.ndarray, centre: np.ndarray) -> dict[str, np.ndarray]:
    n = len(centre)
    distance, error = places.distance.distance_pc, places.distance_error_pc
    known = np.isfinite(distance)
    middle = _median(np.where(known, distance, np.nan), group, n)
    across = np.linalg.norm(places.direction - centre[group], axis=1)
    spread = _spread(distance, group, n)
    place = middle[:, None] * centre
    return {
        "distance_pc": middle,
        "distance_error_pc": _mean_error(spread, np.where(known, error, np.nan), group, n),
        "x_pc": place[:, 0],
        "y_pc": place[:, 1],
        "z_pc": place[:, 2],
        "size_pc": middle * _median(across, group, n),
        "depth_pc": _without_errors(spread, _median(np.where(known, error, np.nan) ** 2, group, n)),
    }


def _motion(places: StarPlaces, group: np.ndarray, n: int) -> dict[str, np.ndarray]:
    """Medians and dispersion; NaN for groups with fewer than two known proper motions."""
    distance = _median(places.distance.distance_pc, group, n)
    to_kms = frames.KMS_PER_MAS_YR_KPC * distance / 1000.0
    known = np.isfinite(places.motion).all(axis=1)
    components = frames.along_l_and_b(np.where(known[:, None], places.motion, np.nan), places.direction)
    variance = sum(_spread(components[:, axis], group, n) ** 2 for axis in (0, 1)) / 2.0
    error = np.where(known, np.nan_to_num(places.motion_error), np.nan)
    enough = np.bincount(group, weights=known, minlength=n) >= 2
    columns = {
        "pml": _median(components[:, 0], group, n),
        "pmb": _median(components[:, 1], group, n),
        "dispersion_kms": _without_errors(np.sqrt(variance), _median(error**2, group, n)) * to_kms,
    }
    return {name: np.where(enough & np.isfinite(distance), values, np.nan) for name, values in columns.items()}


def _median(values: np.ndarray, group: np.ndarray, n: int) -> np.ndarray:
    """Median of each group, NaN ignored, shape (n,)."""
    return pd.Series(values).groupby(group).median().reindex(np.arange(n)).to_numpy(dtype=np.float64)


def _spread(values: np.ndarray, group: np.ndarray, n: int) -> np.ndarray:
    """Standard deviation of a normal distribution with each group's median absolute deviation."""
    return 1.4826 * _median(np.abs(values - _median(values, group, n)[group]), group, n)


def _mean_error(spread: np.ndarray, error: np.ndarray, group: np.ndarray, n: int) -> np.ndarray:
    """Error of the weighted mean; where an error is unknown, the spread over the root of the number."""
    known = np.isfinite(error)
    count = np.bincount(group, weights=known, minlength=n)
    usable = error > 0
    inverse = np.where(usable, 1.0 / np.where(usable, error, 1.0) ** 2, 0.0)
    weight = np.bincount(group, weights=inverse, minlength=n)
    complete = np.bincount(group, weights=usable, minlength=n) == count
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(complete & (count > 0), 1.0 / np.sqrt(weight), spread / np.sqrt(count))


def _without_errors(spread: np.ndarray, squared_error: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(spread**2 - squared_error, 0.0))
