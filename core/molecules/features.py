"""What a network sees of one species in one spectrum: 48 predicted lines x 7 numbers, and 7 of the species as a whole.

For every line, strongest first: the brightness left, centre and right of it and on its wings, less what the molecules
found so far explain; the brightness that the species' own best LTE fit predicts; how much both differ; and how rare a
line as bright as predicted is at other velocities in the same spectrum. The first six are in units of the noise, to
which the error of what was taken away is added, and compressed with asinh. A share of a verdict therefore belongs to a
named transition. The last seven (`core.molecules.chance`) weigh the fit against the same pattern moved in velocity:
in a line forest a match is worth what it is rarer than chance.
"""

from dataclasses import dataclass, field

import numpy as np

from core.molecules.catalogue import Species
from core.molecules.chance import N_SUMMARY, chance_fits, rarity_of, summary
from core.molecules.layout import CORE, GAUSS, N_LINES, N_OFFSETS, TEMPERATURES_K, Layout, lay_out
from core.molecules.likelihood import MODEL_ERROR, fit_patterns, gains_of
from core.molecules.observed import BIN_OF_FWHM, ObservedSpectrum, bin_means, robust_noise
from core.molecules.radiation import LIGHT_KMS

PER_LINE = 7
N_VALUES = N_LINES * PER_LINE + N_SUMMARY
LEFT, CENTRE, RIGHT, WINGS, PREDICTED, DIFFERENCE, RARITY = range(PER_LINE)
SCALE = 0.25
"""Brings asinh(S/N) of 0 to 1000 to 0 to 1.9, the size that the networks were made for."""


@dataclass(frozen=True, eq=False)
class Binned:
    """A spectrum prepared for the judgement of many species at one velocity and width.

    Attributes
    ----------
    integral, covered : ndarray of shape (n_nodes,)
        Running integrals of the brightness and of the covered width.
    noise : ndarray of shape (n_windows,)
        Noise of one velocity bin.
    layouts : dict of Species to Layout or None
        Where the lines of the species judged so far lie; filled by `judge`.
    """

    spectrum: ObservedSpectrum
    velocity_kms: float
    fwhm_kms: float
    integral: np.ndarray
    covered: np.ndarray
    noise: np.ndarray
    first_node: np.ndarray
    line_share: float
    layouts: dict[Species, Layout | None] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, eq=False)
class Judged:
    """One species in one spectrum, before a network's verdict.

    Attributes
    ----------
    values : float32 ndarray of shape (343,)
    context : float32 ndarray of shape (2,)
        Share of the channels above 5 sigma and logarithm of the usable lines, both scaled to about 0..1.
    line : int ndarray of shape (n,)
        Numbers of the used lines in the species, strongest first, n <= 48.
    frequency_mhz, observed, predicted, noise : ndarray of shape (n,)
        Sky frequency, brightness at the centre, brightness of the fit, noise of a bin (K).
    spread, gain, rarity : ndarray of shape (n,)
        Noise with the error of what others explain (K), log likelihood of every line, and -ln of the share of other
        velocities at which a line as bright as predicted is seen.
    chance : ndarray of shape (16,)
        Scores of the same pattern at other velocities.
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
    spread: np.ndarray
    gain: np.ndarray
    rarity: np.ndarray
    chance: np.ndarray
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


def judge(binned: Binned, species: Species, explained: np.ndarray | None = None, *, keep: bool = True) -> Judged | None:
    """The species' best LTE fit and the 343 + 2 numbers that a network judges; None where no line is covered.

    Parameters
    ----------
    explained : ndarray of shape (n_nodes,) or None
        Running integral of the model of all other molecules, as `ObservedSpectrum.cumulative` makes it.
    keep : bool
        Keep where the lines lie for the next judgement of the same species.
    """
    spectrum = binned.spectrum
    if species in binned.layouts:
        layout = binned.layouts[species]
    else:
        layout = lay_out(spectrum, binned.covered, species, binned.velocity_kms, binned.fwhm_kms)
        if keep:
            binned.layouts[species] = layout
    if layout is None:
        return None
    noise = binned.noise[np.searchsorted(binned.first_node, layout.centre, side="right") - 1]
    seen, spread = layout.bins(binned.integral), noise
    if explained is not None:
        others = layout.bins(explained)
        seen = seen - others
        spread = np.hypot(noise, MODEL_ERROR * others[:, N_OFFSETS // 2])
    observed = (seen[:, CORE] * GAUSS[CORE]).sum(axis=1) / (GAUSS[CORE] ** 2).sum()
    used, there = layout.used, layout.there
    found = fit_patterns(
        np.where(there, observed[used], 0.0), np.where(there, spread[used], 1.0), layout.ranked, layout.ceiling_k
    )
    t = found.temperature
    rows, predicted = used[t, there[t]], found.predicted[there[t]]
    order = np.argsort(-predicted, kind="stable")
    rows, predicted = rows[order], predicted[order]
    observed, noise, spread = observed[rows], noise[rows], spread[rows]
    moved, moved_spread = layout.moved(rows, binned.integral, explained, noise)
    chance = chance_fits(moved, moved_spread, predicted)
    rarity = rarity_of(moved, predicted)
    gain = gains_of(observed, predicted, spread)
    context = np.array([np.sqrt(binned.line_share), np.log(len(rows)) / np.log(N_LINES)])
    values = np.zeros(N_VALUES)
    lines = values[: N_LINES * PER_LINE].reshape(N_LINES, PER_LINE)[: len(rows)]
    middle = N_OFFSETS // 2
    lines[:, LEFT : RIGHT + 1] = np.arcsinh(seen[rows, middle - 1 : middle + 2] / spread[:, None])
    lines[:, WINGS] = np.arcsinh(0.5 * (seen[rows, 0] + seen[rows, -1]) / spread)
    lines[:, PREDICTED] = np.arcsinh(predicted / spread)
    lines[:, DIFFERENCE] = np.arcsinh((observed - predicted) / np.hypot(spread, MODEL_ERROR * predicted))
    lines[:, RARITY] = rarity
    values *= SCALE
    values[-N_SUMMARY:] = summary(observed, predicted, spread, gain, rarity, chance, context)
    return Judged(
        values=values.astype(np.float32),
        context=context.astype(np.float32),
        line=layout.line[rows],
        frequency_mhz=layout.centre[rows],
        observed=observed,
        predicted=predicted,
        noise=noise,
        spread=spread,
        gain=gain,
        rarity=rarity,
        chance=chance,
        temperature_k=TEMPERATURES_K[t],
        opacity=found.opacity,
        amplitude_k=found.amplitude_k,
        score=found.score,
        integrated=float(layout.strength[t, rows].max()),
    )
