"""The legend of a sky map as a drawing of its own: a page with a map need not load a library for figures too."""

from collections.abc import Sequence
from html import escape

import numpy as np

from core.figures.sky_colour import Painted, scale_colours

_WIDTH, _HEIGHT = 640, 62
_EDGE = 16
_STOPS = 17
_FONT = 'font-family="Source Sans, Source Sans 3, Helvetica, Arial, sans-serif"'


def legend_svg(painted: Painted, ink: tuple[int, int, int]) -> str:
    """The scale with its ticks, or the names with their colours, as SVG text; `ink` is the RGB of the words."""
    colour = f"rgb{ink}"
    parts = [f'<text x="{_EDGE}" y="14" {_FONT} font-size="14" fill="{colour}">{escape(painted.title)}</text>']
    parts += _names(painted, colour) if painted.scale is None else _scale(painted, painted.scale, colour)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}">{"".join(parts)}</svg>'
    )


def _scale(painted: Painted, scale: str, ink: str) -> list[str]:
    shares = np.linspace(0, 1, _STOPS)
    colours = scale_colours(scale)[(shares * 255).astype(int)].astype(int)
    stops = "".join(
        f'<stop offset="{share:.4f}" stop-color="rgb{tuple(code.tolist())}"/>'
        for share, code in zip(shares, colours, strict=True)
    )
    width = _WIDTH - 2 * _EDGE
    parts = [
        f'<defs><linearGradient id="scale">{stops}</linearGradient></defs>',
        f'<rect x="{_EDGE}" y="22" width="{width}" height="14" fill="url(#scale)"/>',
    ]
    for value, text in _ticks(painted):
        x = _EDGE + width * (value - painted.low) / max(painted.high - painted.low, 1e-9)
        anchor = "start" if x < 2 * _EDGE else "end" if x > _WIDTH - 2 * _EDGE else "middle"
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="36" y2="41" stroke="{ink}"/>')
        parts.append(
            f'<text x="{x:.1f}" y="55" {_FONT} font-size="13" fill="{ink}" text-anchor="{anchor}">{text}</text>'
        )
    return parts


def _ticks(painted: Painted) -> Sequence[tuple[float, str]]:
    """Places on the scale (log10 where it is logarithmic) and the round numbers that stand there."""
    if painted.logarithmic:
        decades = np.arange(np.floor(painted.low), np.ceil(painted.high) + 1)
        steps = (0.0,) if painted.high - painted.low >= 2.5 else (0.0, np.log10(2), np.log10(5))
        places = sorted(decade + step for decade in decades for step in steps)
        return [(float(x), f"{10.0**x:,.7g}") for x in places if painted.low - 1e-9 <= x <= painted.high + 1e-9]
    return [(value, f"{value:.10g}") for value in round_numbers(painted.low, painted.high)]


def round_numbers(low: float, high: float, about: int = 6) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten between two ends, about so many.

    >>> round_numbers(3.13, 16.9)
    [4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0]
    """
    if not high > low:
        return [float(f"{low:.3g}")]
    raw = (high - low) / about
    power = 10.0 ** np.floor(np.log10(raw))
    step = float(next(power * factor for factor in (1, 2, 5, 10) if power * factor >= 0.75 * raw))
    first = int(np.ceil(low / step - 1e-9))
    return [float(f"{number * step:.10g}") for number in range(first, int(np.floor(high / step + 1e-9)) + 1)]


def _names(painted: Painted, ink: str) -> list[str]:
    parts, x = [], float(_EDGE)
    for name, code in painted.names:
        parts.append(f'<circle cx="{x + 6:.0f}" cy="36" r="6" fill="{code}"/>')
        parts.append(f'<text x="{x + 18:.0f}" y="41" {_FONT} font-size="14" fill="{ink}">{escape(name)}</text>')
        x += 42 + 8 * len(name)
    return parts
