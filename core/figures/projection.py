"""The Hammer projection of the sky: equal areas stay equal, and no map server is needed."""

import numpy as np


def hammer(longitude_deg: np.ndarray, latitude_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Plane coordinates of directions; longitude 0 is the centre and grows to the left, as seen on the sky.

    Returns
    -------
    x in -2 sqrt(2)..2 sqrt(2), y in -sqrt(2)..sqrt(2). Snyder 1987, USGS Professional Paper 1395, chapter 24.
    """
    half = np.radians((np.asarray(longitude_deg, dtype=float) + 180) % 360 - 180) / 2
    latitude = np.radians(latitude_deg)
    scale = np.sqrt(2 / (1 + np.cos(latitude) * np.cos(half)))
    return -2 * scale * np.cos(latitude) * np.sin(half), scale * np.sin(latitude)


def outline(step_deg: float = 30) -> list[tuple[np.ndarray, np.ndarray]]:
    """Meridians and parallels every `step_deg` degrees, as (x, y) lines; the outermost meridians frame the map."""
    latitude = np.linspace(-90, 90, 91)
    # 180 itself folds to -180: stop just short of it on either side
    longitudes = [-179.999, *np.arange(-180 + step_deg, 180, step_deg), 179.999]
    lines = [hammer(np.full_like(latitude, value), latitude) for value in longitudes]
    longitude = np.linspace(-179.999, 179.999, 181)
    parallels = np.arange(-90 + step_deg, 90, step_deg)
    return lines + [hammer(longitude, np.full_like(longitude, value)) for value in parallels]
