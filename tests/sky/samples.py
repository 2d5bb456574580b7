"""Small tables of stars with groups in them."""

import numpy as np
import pandas as pd

from core.gaia import frames

N_PER_GROUP = 25
CENTRES_PC = np.array([[300.0, 100.0, -20.0], [-200.0, 500.0, 40.0], [900.0, -700.0, 10.0]])
VELOCITIES_KMS = np.array([[10.0, -20.0, 5.0], [-15.0, 5.0, -8.0], [0.0, 25.0, 0.0]])


def sky_with_groups(seed: int = 1, n_field: int = 60, relative_error: float = 0.002) -> pd.DataFrame:
    """Three groups of 25 stars, 12 pc in size, in a thin field; `true_group` is -1 for the field."""
    rng = np.random.default_rng(seed)
    member = np.repeat(np.arange(3), N_PER_GROUP)
    field = rng.uniform(-1500.0, 1500.0, (n_field, 3)) * [1.0, 1.0, 0.1]
    place = np.concatenate([CENTRES_PC[member] + 12.0 * rng.standard_normal((len(member), 3)), field])
    velocity = np.concatenate([VELOCITIES_KMS[member], 20.0 * rng.standard_normal((n_field, 3))])
    velocity[: len(member)] += rng.standard_normal((len(member), 3))
    return table_of(place, velocity, relative_error, rng).assign(true_group=np.append(member, np.full(n_field, -1)))


def table_of(place_pc: np.ndarray, velocity_kms: np.ndarray, relative_error: float, rng) -> pd.DataFrame:
    """What Gaia would list of stars at places with velocities (n, 3): parallaxes without a zero point."""
    from core.gaia.distances import MEAN_ZERO_POINT_MAS

    distance = np.linalg.norm(place_pc, axis=1)
    direction = place_pc / distance[:, None]
    ra, dec = frames.icrs(*frames.angles(place_pc))
    motion = velocity_kms - (velocity_kms * direction).sum(axis=1, keepdims=True) * direction
    motion = (motion / (frames.KMS_PER_MAS_YR_KPC * distance[:, None] / 1000.0)) @ frames.icrs_to_galactic()
    east = np.stack([-np.sin(np.deg2rad(ra)), np.cos(np.deg2rad(ra)), np.zeros_like(ra)], axis=1)
    north = np.cross(direction @ frames.icrs_to_galactic(), east)
    error = relative_error * 1000.0 / distance
    return pd.DataFrame(
        {
            "source_id": np.arange(1, len(ra) + 1, dtype=np.int64) * 2**40,
            "ra": ra,
            "dec": dec,
            "parallax": 1000.0 / distance + error * rng.standard_normal(len(ra)) + MEAN_ZERO_POINT_MAS,
            "parallax_error": error,
            "pmra": (motion * east).sum(axis=1),
            "pmdec": (motion * north).sum(axis=1),
            "pmra_error": 0.02,
            "pmdec_error": 0.02,
        }
    )
