"""An observed spectrum of one or more windows: brightness by frequency, its noise, and means over velocity bins."""

from dataclasses import dataclass, field

import numpy as np

from core.molecules.radiation import LIGHT_KMS

CLIP_SIGMA = 3.0
BIN_OF_FWHM = 0.5
"""Velocity bins are this share of a line's full width at half maximum."""


@dataclass(frozen=True, eq=False)
class ObservedSpectrum:
    """Brightness of ordered, separate windows.

    Attributes
    ----------
    frequency_mhz : ndarray of shape (n_channels,)
        Ascending channel centres.
    value_k : ndarray of shape (n_channels,)
        Brightness above the continuum (K); NaN where there is none.
    window : ndarray of shape (n_channels,)
        Number of the window of every channel.
    noise_k : ndarray of shape (n_channels,)
        Standard deviation of a channel.
    notes : tuple of str
        What was mended or left out when the spectrum was read.
    """

    frequency_mhz: np.ndarray
    value_k: np.ndarray
    window: np.ndarray
    noise_k: np.ndarray
    background_k: float = 2.725
    beam_arcsec: float | None = None
    notes: tuple[str, ...] = ()
    nodes: "np.ndarray" = field(init=False, repr=False)
    width: "np.ndarray" = field(init=False, repr=False)
    valid: "np.ndarray" = field(init=False, repr=False)
    node_channel: "np.ndarray" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        edges, width = _channel_edges(self.frequency_mhz, self.window)
        object.__setattr__(self, "nodes", edges)
        object.__setattr__(self, "width", width)
        object.__setattr__(self, "valid", np.isfinite(self.value_k))
        first = np.concatenate([[True], np.diff(self.window) != 0])
        # channels before every edge: a window of n channels has n + 1 edges, its first one repeats the last one's count
        starts = np.flatnonzero(first)
        counts = np.diff(np.append(starts, len(self.window)))
        edges_before = np.concatenate([np.arange(n + 1) + start for start, n in zip(starts, counts, strict=True)])
        object.__setattr__(self, "node_channel", edges_before)

    def __len__(self) -> int:
        return len(self.frequency_mhz)

    @property
    def channel_kms(self) -> float:
        """Median width of a channel (km/s)."""
        return float(np.median(self.width / self.frequency_mhz) * LIGHT_KMS)

    @property
    def line_share(self) -> float:
        """Share of the channels above five times the noise."""
        good = np.isfinite(self.value_k)
        return float(np.mean(self.value_k[good] > 5.0 * self.noise_k[good])) if good.any() else 0.0

    def cumulative(self, values: np.ndarray) -> np.ndarray:
        """Running integral of channel values over frequency, at `nodes`; NaN channels add nothing."""
        steps = np.where(self.valid, values, 0.0) * self.width
        total = np.zeros(len(self.nodes))
        np.cumsum(steps, out=total[1 : len(steps) + 1])
        return total[self.node_channel]

    def covered_width(self) -> np.ndarray:
        """Running width of the channels that hold a value, at `nodes`."""
        return self.cumulative(np.ones(len(self)))


def _channel_edges(frequency: np.ndarray, window: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges of the channels, window after window (n + 1 for a window of n channels), and the channels' widths."""
    edges, widths = [], []
    for number in np.unique(window):
        centre = frequency[window == number]
        middle = 0.5 * (centre[1:] + centre[:-1])
        half_first, half_last = centre[1] - centre[0], centre[-1] - centre[-2]
        own = np.concatenate([[centre[0] - 0.5 * half_first], middle, [centre[-1] + 0.5 * half_last]])
        edges.append(own)
        widths.append(np.diff(own))
    return np.concatenate(edges), np.concatenate(widths)


def bin_means(
    nodes: np.ndarray, integral: np.ndarray, covered: np.ndarray, low_mhz: np.ndarray, high_mhz: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean values of frequency intervals, and which share of each holds data.

    Parameters
    ----------
    nodes, integral, covered : ndarray
        Of `ObservedSpectrum`: edges, running integral, running covered width.
    low_mhz, high_mhz : ndarray of one shape

    Returns
    -------
    (mean, share) : ndarrays of that shape; the mean is 0 where nothing is covered
    """
    width = np.interp(high_mhz, nodes, covered) - np.interp(low_mhz, nodes, covered)
    total = np.interp(high_mhz, nodes, integral) - np.interp(low_mhz, nodes, integral)
    share = width / np.maximum(high_mhz - low_mhz, 1e-12)
    return np.where(width > 0, total / np.maximum(width, 1e-12), 0.0), share


def robust_noise(values: np.ndarray) -> float:
    """Noise of a line-rich spectrum: from what lies below its own floor, as emission lines only add.

    The floor is the mode (half-sample mode of the clipped values); the scatter below it, mirrored, is the noise. Where
    the floor is crowded by lines the scatter of neighbours' differences bounds it from above.
    """
    values = values[np.isfinite(values)]
    if len(values) < 16:
        return float("nan")
    floor = half_sample_mode(values)
    below = values[values <= floor] - floor
    mirrored = 1.4826 * float(np.median(np.abs(below))) if len(below) > 8 else np.inf
    difference = np.diff(values)
    differences = 1.4826 * float(np.median(np.abs(difference - np.median(difference)))) / np.sqrt(2.0)
    return min(mirrored, differences) if differences > 0 else mirrored


def half_sample_mode(values: np.ndarray) -> float:
    """Mode of a sample (Bickel & Fruehwirth 2006, Comput. Stat. Data Anal. 50, 3500), on at most 20,000 values."""
    ordered = np.sort(values)
    if len(ordered) > 20_000:
        ordered = ordered[:: len(ordered) // 20_000 + 1]
    while len(ordered) > 40:
        half = (len(ordered) + 1) // 2
        spans = ordered[half - 1 :] - ordered[: len(ordered) - half + 1]
        start = int(np.argmin(spans))
        ordered = ordered[start : start + half]
    return float(np.mean(ordered))
