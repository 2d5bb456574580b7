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
        return f"> {1 - least:.{digits}f}" if probability > least else f"< {least:.{digits}f}"
    return f"{probability:.{digits}f}" + ("" if spread is None else f" ± {spread:.{digits}f}")


def share_text(fraction: float) -> str:
    r"""A fraction in per cent with the digits that matter: 97.3 %, 0.83 %, 0.0012 %; an exact 0 or 1 as such.

    >>> share_text(0.9731), share_text(0.00834), share_text(0.0)
    ('97.3\xa0%', '0.83\xa0%', '0\xa0%')
    """
    value = 100 * fraction
    if value in (0.0, 100.0):
        return f"{value:.0f}\u00a0%"
    if value > 99.0:
        return f"{min(value, 99.999):.2f}\u00a0%" if value < 99.995 else "> 99.99\u00a0%"
    return f"{value:.1f}\u00a0%" if value >= 10 else f"{value:.2g}\u00a0%"


def interval_text(interval) -> str:
    """A `core.statistics.intervals.Interval` of a share: '97.3 % (96.5 % to 98.0 %)', or a dash."""
    if interval.value is None:
        return "–"
    if interval.low is None or interval.high is None:
        return share_text(interval.value)
    return f"{share_text(interval.value)} ({share_text(interval.low)} to {share_text(interval.high)})"


def duration(seconds: float) -> str:
    """A time in the units that matter.

    A clock that was set back makes no negative ones.

    >>> duration(42.3), duration(75), duration(7300), duration(-30)
    ('42 s', '1 min 15 s', '2 h 1 min', '0 s')
    """
    minutes, rest = divmod(round(max(seconds, 0.0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
