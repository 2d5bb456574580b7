"""Where the lines of a species lie in a spectrum: found once, used by every judgement of the species."""

from dataclasses import dataclass

import numpy as np

from core.molecules.catalogue import Species
from core.molecules.likelihood import MODEL_ERROR
from core.molecules.observed import BIN_OF_FWHM, ObservedSpectrum, bin_means
from core.molecules.radiation import FWHM_TO_SIGMA, LIGHT_KMS, brightness_k, integrated_opacity

N_LINES = 48
N_OFFSETS = 5
TEMPERATURES_K = (12.0, 30.0, 70.0, 120.0, 200.0, 320.0)
OFFSETS = (np.arange(N_OFFSETS) - N_OFFSETS // 2) * BIN_OF_FWHM
GAUSS = np.exp(-0.5 * (OFFSETS / FWHM_TO_SIGMA) ** 2)
CORE = np.abs(OFFSETS) <= BIN_OF_FWHM
MOVED_FWHM = np.array([3.0, 4.1, 5.3, 6.7, 8.2, 9.9, 11.8, 14.0])
MOVED_FWHM = np.concatenate([-MOVED_FWHM[::-1], MOVED_FWHM])
"""Other velocities, in line widths, at which a pattern is fitted to learn what chance does; no multiples of another."""
_NEIGHBOURS = 10
_CORE_WIDTH = 0.55
"""A moved line is the mean over this many line widths: a Gaussian's mean there is 0.9 of its peak."""
_CORE_MEAN = 0.919


@dataclass(frozen=True, eq=False)
class Layout:
    """The lines of one species that can be used at any of the six temperatures.

    Attributes
    ----------
    line : int ndarray of shape (n,)
        Their numbers in the species.
    centre : ndarray of shape (n,)
        Sky frequencies (MHz).
    strength : ndarray of shape (n_temperatures, n)
        Opacity at the centre per column density.
    used, there : int and bool ndarrays of shape (n_temperatures, n_used)
        Up to 48 lines at every temperature, strongest first, and where there is one.
    ranked : ndarray of shape (n_temperatures, n_used)
        Strength of the used lines, 0 where there is none.
    ceiling_k : ndarray of shape (n_temperatures,)
        Brightness of opaque gas that fills the beam, above the background.
    """

    line: np.ndarray
    centre: np.ndarray
    strength: np.ndarray
    used: np.ndarray
    there: np.ndarray
    ranked: np.ndarray
    ceiling_k: np.ndarray
    _edges: tuple[np.ndarray, np.ndarray, np.ndarray]
    _moved: tuple[np.ndarray, np.ndarray, np.ndarray]

    def bins(self, integral: np.ndarray) -> np.ndarray:
        """Means of the five velocity bins of every line, ndarray of shape (n, 5), from a running integral."""
        return _means(integral, self._edges)

    def moved(
        self, rows: np.ndarray, integral: np.ndarray, explained: np.ndarray | None, noise: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Brightness and its spread where other velocities put some lines: two ndarrays of shape (n_moved, n_rows)."""
        places = tuple(part[rows] for part in self._moved)
        seen = _means(integral, places)[:, ::2].T / _CORE_MEAN
        spread = np.broadcast_to(noise, seen.shape)
        if explained is not None:
            others = _means(explained, places)[:, ::2].T / _CORE_MEAN
            seen, spread = seen - others, np.hypot(noise, MODEL_ERROR * others)
        return seen, spread


def _places(nodes: np.ndarray, covered: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Node before every edge, share of the way to the next one, and the covered width between neighbouring edges."""
    at = np.clip(np.searchsorted(nodes, edges, side="right") - 1, 0, len(nodes) - 2)
    step = nodes[at + 1] - nodes[at]
    share = np.clip((edges - nodes[at]) / np.where(step > 0, step, 1.0), 0.0, 1.0)
    inside = covered[at] + share * (covered[at + 1] - covered[at])
    return at, share, np.diff(inside, axis=-1)


def _means(integral: np.ndarray, places: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    at, share, width = places
    before = integral[at]
    total = np.diff(before + share * (integral[at + 1] - before), axis=-1)
    return np.where(width > 0, total / np.maximum(width, 1e-12), 0.0)


def lay_out(
    spectrum: ObservedSpectrum, covered: np.ndarray, species: Species, velocity_kms: float, fwhm_kms: float
) -> Layout | None:
    """Find the usable lines of a species; None where none is covered.

    Parameters
    ----------
    covered : ndarray of shape (n_nodes,)
        The running covered width (`ObservedSpectrum.covered_width`).
    """
    nodes = spectrum.nodes
    centre = species.frequency_mhz * (1.0 - velocity_kms / LIGHT_KMS)
    near = np.flatnonzero((centre > nodes[0]) & (centre < nodes[-1]))
    if not len(near):
        return None
    half = 0.5 * BIN_OF_FWHM * fwhm_kms / LIGHT_KMS * centre[near]
    _, share = bin_means(nodes, covered, covered, centre[near] - 3 * half, centre[near] + 3 * half)
    near = near[share > 0.8]
    if not len(near):
        return None
    strength = _strengths(species, near, centre[near], fwhm_kms)
    used = np.argsort(-strength, axis=1)[:, :N_LINES]
    positive = np.take_along_axis(strength, used, axis=1) > 0
    pool = np.unique(used[positive])
    if not len(pool):
        return None
    place = np.full(len(near), -1)
    place[pool] = np.arange(len(pool))
    middle = centre[near][pool]
    unit = fwhm_kms / LIGHT_KMS * middle[:, None]
    edges = middle[:, None] + (np.arange(N_OFFSETS + 1) - 0.5 * N_OFFSETS) * BIN_OF_FWHM * unit
    highest = middle.max()  # where J(T) - J(background) is smallest
    ceiling = brightness_k(np.array(TEMPERATURES_K), highest) - brightness_k(spectrum.background_k, highest)
    both = np.array([-0.5, 0.5]) * _CORE_WIDTH
    moved = middle[:, None] + (MOVED_FWHM[:, None] + both).reshape(-1) * unit
    return Layout(
        near[pool],
        middle,
        strength[:, pool],
        np.where(positive, place[used], 0),
        positive,
        np.where(positive, np.take_along_axis(strength, used, axis=1), 0.0),
        np.maximum(ceiling, 0.0),
        _places(nodes, covered, edges),
        _places(nodes, covered, moved),
    )


def _strengths(species: Species, near: np.ndarray, centre: np.ndarray, fwhm_kms: float) -> np.ndarray:
    """Opacity at the centre of every line, its unresolved neighbours included, per column density; 0 for followers.

    Of lines closer than 0.6 of the width only the strongest is kept: they are one line of the spectrum.
    """
    q = [species.partition_function(t) for t in TEMPERATURES_K]
    own = np.stack(
        [
            integrated_opacity(species.a_gu[near], species.frequency_mhz[near], species.e_low_k[near], q[i], t)
            for i, t in enumerate(TEMPERATURES_K)
        ]
    ) / (fwhm_kms * FWHM_TO_SIGMA * np.sqrt(2.0 * np.pi))
    blended, leads = own.copy(), np.ones(own.shape, dtype=bool)
    velocity = np.log(centre) * LIGHT_KMS / fwhm_kms  # in units of the width
    for step in range(1, min(_NEIGHBOURS, len(near) - 1) + 1):
        apart = velocity[step:] - velocity[:-step]
        if apart.min() > 2.0:
            break
        weight = np.exp(-0.5 * (apart / FWHM_TO_SIGMA) ** 2)
        blended[:, step:] += weight * own[:, :-step]
        blended[:, :-step] += weight * own[:, step:]
        close = apart < 0.6
        leads[:, step:] &= ~(close & (own[:, :-step] >= own[:, step:]))
        leads[:, :-step] &= ~(close & (own[:, step:] > own[:, :-step]))
    return np.where(leads, blended, 0.0)
