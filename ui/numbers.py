"""Numbers as they are shown."""


def percent(fraction: float, digits: int = 1) -> str:
    """A fraction in per cent, 0.123 as '12.3 %'; 'below 0.1 %' for what would be shown as zero."""
    least = 10.0**-digits
    unit = "\u00a0%"  # no line break between number and unit
    return f"below {least:g}{unit}" if 100 * fraction < least else f"{100 * fraction:.{digits}f}{unit}"


def probability_text(probability: float, spread: float | None) -> str:
    """A probability with its spread; near 0 and 1 with the digits that matter, never as a bare 0 or 1.

    >>> probability_text(0.6543, 0.1), probability_text(0.99993, 0.00001)
    ('0.654 ± 0.100', '0.9999 ± 0.0000')
    """
    digits = 3 if 0.01 <= probability <= 0.99 else 4
    least = 10.0**-digits
    if min(probability, 1 - probability) < least / 2:
        return f"> {1 - least:.{digits}f}" if probability > 0.5 else f"< {least:.{digits}f}"
    return f"{probability:.{digits}f}" + ("" if spread is None else f" ± {spread:.{digits}f}")
