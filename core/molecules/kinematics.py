"""Systemic velocity and line width of a spectrum, where they are not given."""

from collections.abc import Sequence

import numpy as np

from core.molecules.catalogue import Species
from core.molecules.observed import ObservedSpectrum, bin_means
from core.molecules.radiation import LIGHT_KMS, integrated_opacity

BRIGHTEST = 400
FARTHEST_KMS = 150.0
_PROBE_K = 120.0
_LINES_EACH = 12


def line_width_kms(spectrum: ObservedSpectrum) -> float | None:
    """Typical full width at half maximum of the lines (km/s); None where there is no line above eight sigma.

    The width at half height of the brightest local maxima; blends only widen, so the lower third of them counts.
    """
    value = np.where(np.isfinite(spectrum.value_k), spectrum.value_k, -np.inf)
    smooth = np.convolve(np.where(np.isfinite(value), value, 0.0), np.ones(3) / 3, mode="same")
    inner = np.arange(2, len(value) - 2)
    peak = inner[(smooth[inner] >= smooth[inner - 1]) & (smooth[inner] > smooth[inner + 1])]
    peak = peak[smooth[peak] > 8.0 * spectrum.noise_k[peak] / np.sqrt(2.0)]
    if not len(peak):
        return None
    peak = peak[np.argsort(-smooth[peak] / spectrum.noise_k[peak])[:BRIGHTEST]]
    widths = []
    for at in peak:
        half, here = 0.5 * smooth[at], spectrum.window == spectrum.window[at]
        left, right = at, at
        while left > 0 and here[left - 1] and smooth[left] > half:
            left -= 1
        while right < len(value) - 1 and here[right + 1] and smooth[right] > half:
            right += 1
        low = left + (half - smooth[left]) / max(smooth[left + 1] - smooth[left], 1e-12)
        high = right - (half - smooth[right]) / max(smooth[right - 1] - smooth[right], 1e-12)
        step = spectrum.width[at] / spectrum.frequency_mhz[at] * LIGHT_KMS
        widths.append((high - low) * step)
    found = float(np.percentile(widths, 35))
    return float(np.sqrt(max(found**2 - (1.4 * spectrum.channel_kms) ** 2, (1.2 * spectrum.channel_kms) ** 2)))


def systemic_velocity_kms(
    spectrum: ObservedSpectrum, species: Sequence[Species], fwhm_kms: float, farthest_kms: float = FARTHEST_KMS
) -> tuple[float, float]:
    """Velocity at which the catalogue fits best, and by how many sigma it stands above other velocities.

    For every species the brightness at its strongest lines is compressed and its lower half averaged, so that a species
    counts only where nearly all of its lines are there; the sum over species peaks at the source's velocity.
    """
    integral, covered = spectrum.cumulative(spectrum.value_k), spectrum.covered_width()
    noise = float(np.median(spectrum.noise_k))
    velocities = np.arange(-farthest_kms, farthest_kms, 0.4 * fwhm_kms)
    total = np.zeros(len(velocities))
    for item in species:
        near = (item.frequency_mhz > spectrum.nodes[0]) & (item.frequency_mhz < spectrum.nodes[-1])
        if near.sum() < 3:
            continue
        strength = integrated_opacity(item.a_gu[near], item.frequency_mhz[near], item.e_low_k[near], 1.0, _PROBE_K)
        rest = item.frequency_mhz[near][np.argsort(-strength)[:_LINES_EACH]]
        centre = rest[None, :] * (1.0 - velocities[:, None] / LIGHT_KMS)
        half = 0.25 * fwhm_kms / LIGHT_KMS * centre
        mean, share = bin_means(spectrum.nodes, integral, covered, centre - half, centre + half)
        signal = np.where(share > 0.5, np.arcsinh(np.maximum(mean, 0.0) / noise), np.nan)
        enough = np.isfinite(signal).sum(axis=1) >= 3
        ordered = np.sort(np.where(np.isfinite(signal), signal, np.inf), axis=1)
        count = np.isfinite(ordered).sum(axis=1)
        running = np.cumsum(np.where(np.isfinite(ordered), ordered, 0.0), axis=1)
        half_count = np.maximum((count + 1) // 2, 1)
        lower = running[np.arange(len(velocities)), half_count - 1] / half_count
        total += np.where(enough, lower**2, 0.0)
    best = int(np.argmax(total))
    spread = 1.4826 * float(np.median(np.abs(total - np.median(total)))) or 1.0
    near = slice(max(best - 2, 0), best + 3)
    weight = np.maximum(total[near] - np.median(total), 0.0) + 1e-12
    return float(np.average(velocities[near], weights=weight)), float((total[best] - np.median(total)) / spread)
