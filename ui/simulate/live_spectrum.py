"""Simulated spectra as live plots: without noise beside the nearest real one, and as Gaia would measure it."""

import numpy as np

from core.figures.layout import WAVELENGTH_TITLE, flux_scale
from core.figures.palette import LINE_COLOURS, PINK
from core.figures.spectral_lines import HEADROOM, LINE_MARKS
from core.simulation.templates import Template
from core.spectra.grid import WAVELENGTH_NM
from ui.parts.live_plot import Curve, Mark, Panel
from ui.parts.numbers import percent

_MARKS = [Mark(mark.wavelength_nm, mark.label, mark.lane, LINE_COLOURS[mark.group]) for mark in LINE_MARKS]
_EXPONENTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def clean_panel(flux: np.ndarray, template: Template | None, colour: str, *, lines: bool = True) -> Panel:
    """The model without noise, with the nearest real template dashed."""
    caption = "The model as Gaia would see it without noise."
    curves = [("Model", colour, flux, None)]
    if template is not None:
        curves.append((f"Real {template.spectral_type}", PINK, template.flux, None))
        caption += (
            f" Dashed: the real mean spectrum of most similar shape ({template.spectral_type}), "
            f"{percent(template.distance)} off after a change of its extinction by A_V {template.a_v:+.1f} mag."
        )
    return _panel(curves, "Without noise", caption, lines)


def noisy_panel(flux: np.ndarray, flux_error: np.ndarray, g_mag: float, colour: str, *, lines: bool = True) -> Panel:
    """The spectrum with noise and its error band."""
    caption = "With Gaia's noise, which is correlated in wavelength; band: one standard deviation."
    return _panel([("Noisy", colour, flux, flux_error)], f"At G = {g_mag:.2f}", caption, lines)


def _panel(curves: list, title: str, caption: str, lines: bool) -> Panel:
    everything = np.concatenate([flux for _, _, flux, _ in curves])
    scale, _ = flux_scale(everything)
    low, high = min(0.0, float(np.nanmin(everything)) * 1.05), float(np.nanmax(everything))
    exponent = str(round(np.log10(scale))).translate(_EXPONENTS)
    return Panel(
        WAVELENGTH_NM,
        [
            Curve(name, colour, flux / scale, None if error is None else error / scale, dashed=i > 0)
            for i, (name, colour, flux, error) in enumerate(curves)
        ],
        title=title,
        x_title=WAVELENGTH_TITLE,
        y_title=f"Flux (10{exponent} W m⁻² nm⁻¹)",
        y_range=(low / scale, high / scale * (HEADROOM if lines else 1.05)),
        caption=caption,
        marks=_MARKS if lines else [],
    )
