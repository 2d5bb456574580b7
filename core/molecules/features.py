"""What a network sees of one species in one spectrum: 49 predicted lines x 7 numbers, and two numbers of context.

For every line, strongest first: the brightness in five velocity bins around it, less what the molecules found so far
explain; the brightness that the species' own best LTE fit predicts there; and how much both differ at the centre. All
are in units of the noise, to which the error of what was taken away is added, and compressed with asinh. A share of a
verdict therefore belongs to a named transition.
"""

from dataclasses import dataclass

import numpy as np

from core.molecules.catalogue import Species
from core.molecules.observed import BIN_OF_FWHM, ObservedSpectrum, bin_means, robust_noise
from core.molecules.radiation import FWHM_TO_SIGMA, LIGHT_KMS, brightness_k, integrated_opacity

N_LINES = 49
N_OFFSETS = 5
PER_LINE = N_OFFSETS + 2
N_VALUES = N_LINES * PER_LINE
SCALE = 0.25
"""Brings asinh(S/N) of 0 to 1000 to 0 to 1.9, the size that the networks were made for."""
TEMPERATURES_K = (12.0, 30.0, 70.0, 120.0, 200.0, 320.0)
PEAK_OPACITIES = (0.02, 0.6, 2.0, 8.0, 30.0)
MODEL_ERROR = 0.15
"""Predicted brightness is taken to be good to this share: LTE, one temperature, one width."""
_OFFSETS = (np.arange(N_OFFSETS) - N_OFFSETS // 2) * BIN_OF_FWHM
_GAUSS = np.exp(-0.5 * (_OFFSETS / FWHM_TO_SIGMA) ** 2)
_CORE = np.abs(_OFFSETS) <= BIN_OF_FWHM
_NEIGHBOURS = 10
_MOST_REWARD = 18.0
_MOST_PENALTY = 40.0


@dataclass(frozen=True, eq=False)
class Binned:
    """A spectrum prepared for the judgement of many species at one velocity and width.

    Attributes
    ----------
    integral, covered, explained : ndarray of shape (n_nodes,)
        Running integrals of the brightness, of the covered width, and of the model of other molecules.
    noise : ndarray of shape (n_windows,)
        Noise of one velocity bin.
    """

    spectrum: ObservedSpectrum
    velocity_kms: float
    fwhm_kms: float
    integral: np.ndarray
    covered: np.ndarray
    noise: np.ndarray
    first_node: np.ndarray
    line_share: float


@dataclass(frozen=True, eq=False)
class Judged:
    """One species in one spectrum, before a network's verdict.

    Attributes
    ----------
    values : float32 ndarray of shape (343,)
    context : float32 ndarray of shape (2,)
        Share of the channels above 5 sigma and logarithm of the usable lines, both scaled to about 0..1.
    line : int ndarray of shape (n,)
        Numbers of the used lines in the species, strongest first, n <= 49.
    frequency_mhz, observed, predicted, noise : ndarray of shape (n,)
        Sky frequency, brightness at the centre, brightness of the fit, noise of a bin (K).
    temperature_k, opacity, amplitude_k : float
        Best fit: excitation temperature, opacity of the strongest line, J(T) - J(background) times the filling.
    score : float
        Log likelihood of the fit above that of no line.
    """

    values: np.ndarray
    context: np.ndarray
    line: np.ndarray
    frequency_mhz: np.ndarray
    observed: np.ndarray
    predicted: np.ndarray
    noise: np.ndarray
    temperature_k: float
    opacity: float
    amplitude_k: float
    score: float
    integrated: float


def prepare(spectrum: ObservedSpectrum, velocity_kms: float, fwhm_kms: float) -> Binned:
    """Running integrals and the noise of velocity bins, which correlated channels make larger than white noise."""
    integral, covered = spectrum.cumulative(spectrum.value_k), spectrum.covered_width()
    numbers = np.unique(spectrum.window)
    noise, first_node, start = np.zeros(len(numbers)), np.zeros(len(numbers)), 0
    for i, number in enumerate(numbers):
        rows = spectrum.window == number
        frequency = spectrum.frequency_mhz[rows]
        first_node[i] = spectrum.nodes[start]
        start += rows.sum() + 1
        step = BIN_OF_FWHM * fwhm_kms / LIGHT_KMS * frequency.mean()
        edges = np.arange(frequency[0], frequency[-1], max(step, 1e-9))
        channel_noise = float(np.median(spectrum.noise_k[rows]))
        n_channels = max(step / float(np.median(spectrum.width[rows])), 1.0)
        white = channel_noise / np.sqrt(n_channels)
        found = white
        if len(edges) > 40:
            means, share = bin_means(spectrum.nodes, integral, covered, edges[:-1], edges[1:])
            measured = robust_noise(means[share > 0.6])
            found = float(np.clip(measured, white, 2.5 * white)) if np.isfinite(measured) else white
        noise[i] = found
    return Binned(spectrum, velocity_kms, fwhm_kms, integral, covered, noise, first_node, spectrum.line_share)


def judge(binned: Binned, species: Species, explained: np.ndarray | None = None) -> Judged | None:
    """The species' best LTE fit and the 343 + 2 numbers that a network judges; None where no line is covered.

    Parameters
    ----------
    explained : ndarray of shape (n_nodes,) or None
        Running integral of the model of all other molecules, as `ObservedSpectrum.cumulative` makes it.
    """
    spectrum = binned.spectrum
    centre = species.frequency_mhz * (1.0 - binned.velocity_kms / LIGHT_KMS)
    near = np.flatnonzero((centre > spectrum.nodes[0]) & (centre < spectrum.nodes[-1]))
    if not len(near):
        return None
    half = 0.5 * BIN_OF_FWHM * binned.fwhm_kms / LIGHT_KMS * centre[near]
    _, share = bin_means(
        spectrum.nodes, binned.covered, binned.covered, centre[near] - 3 * half, centre[near] + 3 * half
    )
    near = near[share > 0.8]
    if not len(near):
        return None
    centre = centre[near]
    strength = _strengths(species, near, centre, binned.fwhm_kms)  # (n_temperatures, n_near)
    used = np.argsort(-strength, axis=1)[:, :N_LINES]
    positive = np.take_along_axis(strength, used, axis=1) > 0
    pool = np.unique(used[positive])
    if not len(pool):
        return None
    seen, noise, spread = _look(binned, centre[pool], explained)
    place = np.full(len(near), -1)
    place[pool] = np.arange(len(pool))
    best = None
    observed = (seen[:, _CORE] * _GAUSS[_CORE]).sum(axis=1) / (_GAUSS[_CORE] ** 2).sum()
    for t, temperature in enumerate(TEMPERATURES_K):
        rows = place[used[t][positive[t]]]
        ceiling = float(np.min(brightness_k(temperature, centre) - brightness_k(spectrum.background_k, centre)))
        found = _fit(observed[rows], spread[rows], strength[t][pool[rows]], max(ceiling, 0.0))
        if best is None or found[0] > best[1][0]:
            best = (t, found, rows)
    assert best is not None
    t, (score, opacity, amplitude, predicted), rows = best
    order = np.argsort(-predicted, kind="stable")
    rows, predicted = rows[order], predicted[order]
    values = np.zeros((N_LINES, PER_LINE))
    n = len(rows)
    values[:n, :N_OFFSETS] = np.arcsinh(seen[rows] / spread[rows, None])
    values[:n, N_OFFSETS] = np.arcsinh(predicted / spread[rows])
    difference = (observed[rows] - predicted) / np.hypot(spread[rows], MODEL_ERROR * predicted)
    values[:n, N_OFFSETS + 1] = np.arcsinh(difference)
    context = np.array([np.sqrt(binned.line_share), np.log(n) / np.log(N_LINES)])
    return Judged(
        values=(SCALE * values).reshape(-1).astype(np.float32),
        context=context.astype(np.float32),
        line=near[pool[rows]],
        frequency_mhz=centre[pool[rows]],
        observed=observed[rows],
        predicted=predicted,
        noise=noise[rows],
        temperature_k=TEMPERATURES_K[t],
        opacity=opacity,
        amplitude_k=amplitude,
        score=score,
        integrated=float(strength[t][pool[rows]].max()),
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


def _look(
    binned: Binned, centre: np.ndarray, explained: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Brightness left by others in the bins around lines; a bin's noise without and with their model's error."""
    spectrum = binned.spectrum
    unit = binned.fwhm_kms / LIGHT_KMS * centre[:, None]
    middle = centre[:, None] + _OFFSETS * unit
    low, high = middle - 0.5 * BIN_OF_FWHM * unit, middle + 0.5 * BIN_OF_FWHM * unit
    seen, _ = bin_means(spectrum.nodes, binned.integral, binned.covered, low, high)
    noise = binned.noise[np.searchsorted(binned.first_node, centre, side="right") - 1]
    spread = noise
    if explained is not None:
        others, _ = bin_means(spectrum.nodes, explained, binned.covered, low, high)
        seen = seen - others
        spread = np.hypot(noise, MODEL_ERROR * others[:, N_OFFSETS // 2])
    return seen, noise, spread


def _fit(
    observed: np.ndarray, noise: np.ndarray, strength: np.ndarray, ceiling_k: float
) -> tuple[float, float, float, np.ndarray]:
    """Best opacity and amplitude for one temperature: (score, opacity of the strongest line, amplitude, prediction).

    What is brighter than predicted may be a blend and is rewarded no further; what is fainter counts in full. The
    amplitude starts from low quantiles of observed / predicted, which blends cannot raise.
    """
    relative = strength / strength.max()
    opacity = np.array(PEAK_OPACITIES)[:, None]
    shape = -np.expm1(-opacity * relative) / -np.expm1(-opacity)  # (n_opacities, n_lines)
    ratio = observed / np.maximum(shape, 1e-6)
    weight = shape / noise
    order = np.argsort(ratio, axis=1)
    running = np.cumsum(np.take_along_axis(weight, order, axis=1), axis=1)
    running /= running[:, -1:]
    ordered = np.take_along_axis(ratio, order, axis=1)
    candidates = []
    for quantile in (0.12, 0.3, 0.5):
        at = np.argmax(running >= quantile, axis=1)
        candidates.append(np.take_along_axis(ordered, at[:, None], axis=1)[:, 0])
    amplitude = np.clip(np.stack(candidates), 0.0, ceiling_k)  # (n_quantiles, n_opacities)
    predicted = amplitude[..., None] * shape
    spread = np.sqrt(noise**2 + (MODEL_ERROR * predicted) ** 2)
    residual = (observed - predicted) / spread
    null = np.minimum(0.5 * (np.maximum(observed, 0.0) / noise) ** 2, 0.5 * (predicted / noise) ** 2)
    cost = np.where(
        residual < 0, np.minimum(0.5 * residual**2, _MOST_PENALTY), np.log1p(0.5 * np.maximum(residual, 0) ** 2)
    )
    gain = (np.minimum(null, _MOST_REWARD) - cost - np.log(spread / noise)).sum(axis=-1)
    q, o = np.unravel_index(int(np.argmax(gain)), gain.shape)
    return float(gain[q, o]), float(PEAK_OPACITIES[o]), float(amplitude[q, o]), predicted[q, o]
