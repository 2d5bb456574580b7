"""The Milky Way as seen from the Sun: where stars of each population lie and how they move.

Discs of Juric et al. 2008 (ApJ 673, 864), a halo, and young stars in the spiral arms of Reid et al. 2019
(ApJ 885, 131), from which the Sun's place and motion come too. Warp, bar and Magellanic Clouds are left out.
Positions are Cartesian, heliocentric and Galactic: x to the Galactic centre, y along rotation, z north, in parsecs.
"""

from dataclasses import dataclass

import numpy as np

from core.gaia.frames import KMS_PER_MAS_YR_KPC, SUN_HEIGHT_PC, SUN_RADIUS_PC, cartesian, galactic_to_icrs

CIRCULAR_SPEED_KMS = 236.0
SUN_PECULIAR_KMS = (10.6, 10.7, 7.7)
"""Reid et al. 2019: rotation and the Sun's motion (U, V, W)."""
_KMS_PER_MAS_KPC = round(KMS_PER_MAS_YR_KPC, 5)  # every set that was drawn has it in five digits


@dataclass(frozen=True)
class GalacticPopulation:
    """One population of the Galaxy.

    Attributes
    ----------
    name : str
    ages_myr : (float, float)
        Youngest and oldest star.
    local_density_pc3 : float
        Stars of 0.1-100 solar masses ever born per cubic parsec at the Sun.
    scale_length_pc, scale_height_pc : float
        Exponential disc; the halo's are the core radius and the flattening of its power law instead.
    mh : (float, float)
        Mean and scatter of [M/H] at the Sun.
    dispersion_kms : (float, float, float)
        Velocity dispersions towards the centre, along rotation, north.
    lag_kms : float
        How much slower than the circular speed it rotates.
    """

    name: str
    ages_myr: tuple[float, float]
    local_density_pc3: float
    scale_length_pc: float
    scale_height_pc: float
    mh: tuple[float, float]
    dispersion_kms: tuple[float, float, float]
    lag_kms: float


# A constant star formation rate over 10 Gyr puts surface densities in proportion to the span of ages; the local sum is
# 0.1 stars per cubic parsec (Reyle et al. 2021, A&A 650, A201), the thick disc 12 % and the halo 0.5 % of the thin disc
# (Juric et al. 2008). Dispersions after Robin et al. 2003, A&A 409, 523, table 4; those of the young disc, and the core
# radius of the halo, are our choice. The halo: [Fe/H] -1.5 (Ivezic et al. 2008, ApJ 684, 287), and 0.2 dex more for its
# alpha elements.
COMPONENTS: tuple[GalacticPopulation, ...] = (
    GalacticPopulation("young disc", (0.5, 100.0), 0.0035, 2600.0, 60.0, (0.0, 0.10), (9.0, 8.0, 5.0), 0.0),
    GalacticPopulation("thin disc", (100.0, 3000.0), 0.031, 2600.0, 200.0, (0.0, 0.16), (25.0, 16.0, 11.0), 4.0),
    GalacticPopulation(
        "old thin disc", (3000.0, 10000.0), 0.055, 2600.0, 300.0, (-0.10, 0.22), (40.0, 26.0, 19.0), 14.0
    ),
    GalacticPopulation("thick disc", (8000.0, 12000.0), 0.0105, 3600.0, 900.0, (-0.55, 0.25), (67.0, 51.0, 42.0), 50.0),
    GalacticPopulation("halo", (11000.0, 13000.0), 0.00045, 500.0, 0.64, (-1.30, 0.40), (131.0, 106.0, 85.0), 220.0),
)
YOUNG, THIN, OLD, THICK, HALO = range(len(COMPONENTS))
YOUNG_HEIGHT_PC = 45.0
"""Scale height of O and B stars (Reed 2000, AJ 120, 314): the young disc's stars below 15 Myr."""


@dataclass(frozen=True)
class Arm:
    """A spiral arm ln(R / R_kink) = -(beta - beta_kink) tan(pitch): angles in degrees, lengths in kpc."""

    name: str
    beta_kink_deg: float
    radius_kpc: float
    pitch_before_deg: float
    pitch_after_deg: float
    width_kpc: float


ARMS: tuple[Arm, ...] = (  # Reid et al. 2019, table 2
    Arm("Norma", 18.0, 4.46, -1.0, 19.5, 0.14),
    Arm("Scutum-Centaurus", 23.0, 4.91, 14.1, 12.1, 0.23),
    Arm("Sagittarius-Carina", 24.0, 6.04, 17.1, 1.0, 0.27),
    Arm("Local", 9.0, 8.26, 11.4, 11.4, 0.31),
    Arm("Perseus", 40.0, 8.87, 10.3, 8.7, 0.35),
    Arm("Outer", 18.0, 12.24, 3.0, 9.4, 0.65),
)
_LOCAL_ARM_REACH_DEG = 35.0  # the Local arm is a segment, the others go round


def arm_strength(x_pc: np.ndarray, y_pc: np.ndarray) -> np.ndarray:
    """Closeness to the spiral arms, 0 far from all of them to about 1 on a ridge: shape of the inputs."""
    radius_kpc, beta_deg = _polar(x_pc, y_pc)
    strength = np.zeros(np.shape(radius_kpc))
    for arm in ARMS:
        angle = beta_deg - arm.beta_kink_deg
        tangent = np.where(angle < 0, _tan(arm.pitch_before_deg), _tan(arm.pitch_after_deg))
        ridge_kpc = arm.radius_kpc * np.exp(-np.deg2rad(angle) * tangent)
        offset = (radius_kpc - ridge_kpc) / (np.sqrt(1.0 + tangent**2) * arm.width_kpc)
        near = np.exp(-0.5 * offset**2)
        if arm.name == "Local":
            near *= np.exp(-0.5 * (angle / _LOCAL_ARM_REACH_DEG) ** 2)
        strength = np.maximum(strength, near)
    return strength


def density(component: int, x_pc: np.ndarray, y_pc: np.ndarray, z_pc: np.ndarray) -> np.ndarray:
    """Stars of a component per cubic parsec, relative to the Sun's place for the discs."""
    which = COMPONENTS[component]
    height = np.abs(z_pc + SUN_HEIGHT_PC)
    radius = np.hypot(SUN_RADIUS_PC - x_pc, y_pc)
    if component == HALO:
        flattened = np.sqrt(radius**2 + (height / which.scale_height_pc) ** 2 + which.scale_length_pc**2)
        return (flattened / SUN_RADIUS_PC) ** -2.77  # Juric et al. 2008
    disc = np.exp(-(radius - SUN_RADIUS_PC) / which.scale_length_pc - height / which.scale_height_pc)
    if component == YOUNG:
        # A third of the young stars lie between the arms; the inner 3 kpc, swept by the bar, form few.
        disc = disc * (0.25 + 1.5 * arm_strength(x_pc, y_pc)) * (1.0 - np.exp(-((radius / 3500.0) ** 6)))
    return disc


def mean_motion(component: np.ndarray, x_pc: np.ndarray, y_pc: np.ndarray) -> np.ndarray:
    """Mean velocity (n, 3) in km/s relative to the Sun, along x, y, z, of a component's stars at a place.

    The rotation curve is flat; the halo does not rotate on the whole.
    """
    radius = np.hypot(SUN_RADIUS_PC - x_pc, y_pc)
    speed = CIRCULAR_SPEED_KMS - np.array([c.lag_kms for c in COMPONENTS])[component]
    toward_centre, along = y_pc / radius, (SUN_RADIUS_PC - x_pc) / radius
    sun = np.array([SUN_PECULIAR_KMS[0], CIRCULAR_SPEED_KMS + SUN_PECULIAR_KMS[1], SUN_PECULIAR_KMS[2]])
    return np.stack([speed * toward_centre, speed * along, np.zeros_like(radius)], axis=1) - sun


def random_motion(component: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Peculiar velocities (n, 3) in km/s."""
    dispersions = np.array([c.dispersion_kms for c in COMPONENTS])[component]
    return dispersions * rng.standard_normal(dispersions.shape)


def proper_motion(
    l_deg: np.ndarray, b_deg: np.ndarray, distance_pc: np.ndarray, velocity_kms: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """ra, dec (degrees), pmra (with cos dec), pmdec (mas/yr), ICRS, from a heliocentric Galactic velocity (n, 3)."""
    to_icrs = galactic_to_icrs()
    x, y, z = cartesian(l_deg, b_deg, np.ones_like(distance_pc))
    direction = np.stack([x, y, z], axis=1) @ to_icrs.T
    velocity = velocity_kms @ to_icrs.T
    ra, dec = np.arctan2(direction[:, 1], direction[:, 0]), np.arcsin(np.clip(direction[:, 2], -1.0, 1.0))
    east = -np.sin(ra) * velocity[:, 0] + np.cos(ra) * velocity[:, 1]
    north = -np.sin(dec) * (np.cos(ra) * velocity[:, 0] + np.sin(ra) * velocity[:, 1]) + np.cos(dec) * velocity[:, 2]
    scale = 1.0 / (_KMS_PER_MAS_KPC * distance_pc / 1000.0)
    return np.rad2deg(ra) % 360.0, np.rad2deg(dec), east * scale, north * scale


def _polar(x_pc: np.ndarray, y_pc: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Galactocentric radius in kpc and azimuth from the Sun's line in degrees, growing along rotation."""
    toward = SUN_RADIUS_PC - x_pc
    return np.hypot(toward, y_pc) / 1000.0, np.rad2deg(np.arctan2(y_pc, toward))


def _tan(angle_deg: float) -> float:
    return float(np.tan(np.deg2rad(angle_deg)))
