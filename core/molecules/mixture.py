"""The molecules that are found so far and the model of the spectrum that they make together."""

from dataclasses import dataclass, field

import numpy as np

from core.molecules.catalogue import Species
from core.molecules.emission import Component, mixture_brightness, unit_opacity
from core.molecules.features import Binned, Judged, judge
from core.molecules.radiation import brightness_k
from core.molecules.refine import refine

LINEAR_OPACITY = 0.3
"""Below this opacity a line grows linearly with the column density."""
_SWEEP_DAMPING = 0.7


@dataclass(eq=False)
class MixturePart:
    """One species of the mixture: its fit and its brightness by channel (K)."""

    judged: Judged
    column_density_cm2: float
    filling: float
    model: np.ndarray
    temperature_k: float = 0.0
    lg_error: float = float("nan")


@dataclass(eq=False)
class Mixture:
    """Species found so far; `total` is the brightness that they explain, float64 ndarray of shape (n_channels,)."""

    binned: Binned
    species: tuple[Species, ...]
    parts: dict[int, MixturePart] = field(default_factory=dict)
    total: np.ndarray = field(init=False)
    _unit: dict[tuple[int, float], np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.total = np.zeros(len(self.binned.spectrum))

    def judge(self, number: int, entry: Species | None = None) -> Judged | None:
        """A species (or a decoy of it, `entry`) with what all others explain taken away."""
        own = self.parts.get(number) if entry is None else None
        others = self.total - own.model if own is not None else self.total
        explained = self.binned.spectrum.cumulative(others) if self.parts else None
        return judge(self.binned, entry or self.species[number], explained, keep=entry is None)

    def put(self, number: int, judged: Judged, damping: float = 1.0) -> None:
        """Add a species, or replace its part by a new fit."""
        part = self._part(number, judged)
        old = self.parts.get(number)
        if old is not None:
            part.model = damping * part.model + (1.0 - damping) * old.model
        self.parts[number] = part
        self.total = self.total + part.model - (old.model if old is not None else 0.0)

    def drop(self, number: int) -> None:
        """Take a species out."""
        self.total = self.total - self.parts.pop(number).model

    def sweep(self) -> None:
        """Fit every species anew to what the others leave, the brightest first."""
        for number in sorted(self.parts, key=lambda i: -float(self.parts[i].model.sum())):
            judged = self.judge(number)
            if judged is None or judged.amplitude_k <= 0:
                self.drop(number)
            else:
                self.put(number, judged, _SWEEP_DAMPING)

    def balance(self, rounds: int = 3) -> None:
        """Share the brightness out among overlapping species by non-negative least squares on all their channels.

        The factor of an opaque species acts on its amplitude; channels that are brighter than the model (unidentified
        lines) lose weight from round to round, so that nothing is made larger to explain them.
        """
        from scipy.optimize import nnls

        if not self.parts:
            return
        spectrum = self.binned.spectrum
        rows = np.flatnonzero((self.total > spectrum.noise_k) & np.isfinite(spectrum.value_k))
        numbers = list(self.parts)
        if len(rows) < len(numbers):
            return
        design = np.stack([self.parts[i].model[rows] for i in numbers], axis=1)
        target, noise = spectrum.value_k[rows], spectrum.noise_k[rows]
        factor = np.ones(len(numbers))
        for _ in range(rounds):
            residual = (target - design @ factor) / np.hypot(noise, 0.1 * (design @ factor))
            weight = 1.0 / (noise**2 * (1.0 + np.where(residual > 0, residual / 2.0, residual / 4.0) ** 2))
            gram = (design * weight[:, None]).T @ design
            right = (design * weight[:, None]).T @ target
            scale = np.sqrt(np.maximum(np.diag(gram), 1e-30))
            ridge = 1e-2 * np.eye(len(numbers))  # towards the species' own fit
            solved, _ = nnls(gram / np.outer(scale, scale) + ridge, right / scale + 1e-2 * scale)
            factor = np.clip(solved / scale, 0.3, 1.8)
        for number, f in zip(numbers, factor, strict=True):
            part = self.parts[number]
            part.model = part.model * f
            if part.judged.opacity < 1.0:
                part.column_density_cm2 *= f
        self.total = np.sum([part.model for part in self.parts.values()], axis=0)

    def refine(self) -> None:
        """The last fit of every species to what the others leave, the brightest first."""
        binned = self.binned
        for number in sorted(self.parts, key=lambda i: -float(self.parts[i].model.sum())):
            old = self.parts[number]
            judged = self.judge(number)
            if judged is None or judged.amplitude_k <= 0:
                continue
            column, filling = column_of_fit(judged, binned)
            fit = refine(self.species[number], judged, binned, column, filling)
            gas = Component(
                self.species[number],
                fit.column_density_cm2,
                fit.temperature_k,
                binned.velocity_kms,
                binned.fwhm_kms,
                fit.filling,
            )
            model = mixture_brightness([gas], binned.spectrum.frequency_mhz, binned.spectrum.background_k)
            part = MixturePart(judged, fit.column_density_cm2, fit.filling, model, fit.temperature_k, fit.lg_error)
            self.parts[number] = part
            self.total = self.total + model - old.model

    def _part(self, number: int, judged: Judged) -> MixturePart:
        binned = self.binned
        key = (number, judged.temperature_k)
        if key not in self._unit:
            self._unit[key] = unit_opacity(
                self.species[number],
                judged.temperature_k,
                binned.velocity_kms,
                binned.fwhm_kms,
                binned.spectrum.frequency_mhz,
            )
        column, filling = column_of_fit(judged, binned)
        fit_column = judged.opacity / judged.integrated
        model = -np.expm1(-fit_column * self._unit[key]) * (judged.amplitude_k / -np.expm1(-judged.opacity))
        return MixturePart(judged, column, filling, model, judged.temperature_k)


def column_of_fit(judged: Judged, binned: Binned) -> tuple[float, float]:
    """Column density (cm^-2) and filling factor of a fit.

    An opaque fit knows both: its amplitude is the filling factor times J(T) - J(background). A thin one knows only
    their product: the column density is then the mean over the beam, filling factor 1, with the opacity that gives the
    amplitude.
    """
    frequency = judged.frequency_mhz[0]
    spectrum = binned.spectrum
    ceiling = float(brightness_k(judged.temperature_k, frequency) - brightness_k(spectrum.background_k, frequency))
    if judged.opacity <= LINEAR_OPACITY:
        share = min(judged.amplitude_k / max(ceiling, 1e-9), 0.95)
        return float(-np.log1p(-share) / judged.integrated), 1.0
    source = judged.amplitude_k / -np.expm1(-judged.opacity)
    return float(judged.opacity / judged.integrated), float(min(source / max(ceiling, 1e-9), 1.0))
