"""The ridges of the spiral arms of Reid et al. 2019 (ApJ 885, 131), as lines in heliocentric Galactic coordinates."""

import numpy as np

from core.gaia.frames import SUN_HEIGHT_PC, SUN_RADIUS_PC
from core.simulation.population.galaxy import ARMS

_REACH_DEG = {"Local": (-10.0, 32.0)}
_SPAN_DEG = (-70.0, 110.0)
"""Azimuths from the Sun's line, along rotation: about where masers show the arms."""


def arm_lines(farthest_pc: float, step_deg: float = 1.0) -> dict[str, np.ndarray]:
    """The part of each arm within `farthest_pc` of the Sun: name to ndarray of shape (n, 3) in pc; empty ones left out.

    >>> sorted(arm_lines(1000.0))
    ['Local']
    """
    lines = {}
    for arm in ARMS:
        first, last = _REACH_DEG.get(arm.name, _SPAN_DEG)
        azimuth = np.arange(first, last + step_deg, step_deg)
        beyond = azimuth - arm.beta_kink_deg
        pitch = np.deg2rad(np.where(beyond < 0, arm.pitch_before_deg, arm.pitch_after_deg))
        radius = 1000.0 * arm.radius_kpc * np.exp(-np.deg2rad(beyond) * np.tan(pitch))
        angle = np.deg2rad(azimuth)
        place = np.stack(
            [SUN_RADIUS_PC - radius * np.cos(angle), radius * np.sin(angle), np.full_like(radius, -SUN_HEIGHT_PC)],
            axis=1,
        )
        near = np.hypot(place[:, 0], place[:, 1]) <= farthest_pc
        if near.sum() > 1:
            lines[arm.name] = place[near]
    return lines
