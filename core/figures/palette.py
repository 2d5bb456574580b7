"""Every colour of the figures, in one place.

The colours are those of Okabe & Ito (2008, "Color Universal Design"), which stay apart for colour-blind readers; each
one used for lines or marks has a contrast of at least 3:1 on the light and on the dark background (WCAG 2.1, 1.4.11).
"""

from collections.abc import Iterable, Sequence

from core.gaia.labels import LABELS, LOW_MASS, MASSIVE

BLUE = "#0072B2"
VERMILION = "#D55E00"
GREEN = "#009E73"
PINK = "#CC79A7"
OCHRE = "#B8860B"
SKY = "#56B4E9"
GREY = "#7A8699"

LABEL_COLOURS = {MASSIVE: BLUE, LOW_MASS: VERMILION}
"""The two classes have these two colours in every figure."""

OVERLAY_COLOURS = (GREEN, PINK, OCHRE, SKY, BLUE, VERMILION, GREY)
"""For several spectra of no particular class in one figure."""

GROUP_COLOURS = (GREEN, PINK, OCHRE, SKY, BLUE, VERMILION, "#6A51C7", "#7FA015", "#C0507E", "#2E8C99")
"""Groups of stars, in turn; the last four fill the gaps between Okabe & Ito's, as neighbours must differ."""

LINE_COLOURS = {"hydrogen": PINK, "helium": OCHRE, "metals and molecules": GREY}


def colours_in_turn(names: Sequence[str]) -> dict[str, str]:
    """A colour for each name by its place: the same names have the same colours in every figure of a page."""
    return {name: GROUP_COLOURS[number % len(GROUP_COLOURS)] for number, name in enumerate(names)}


def class_colours(labels: Iterable[str]) -> dict[str, str]:
    """A colour for each class: massive and low-mass their own, without a class and the rest grey, others in turn."""
    named = [label for label in labels if label not in (*LABELS, "unlabelled", "other")]
    return {label: label_colour(label) for label in labels} | colours_in_turn(named)


def label_colour(label: str | None) -> str:
    """The colour of a class; grey for a star without a label."""
    return LABEL_COLOURS.get(label or "", GREY)


def ordered_labels(labels: Iterable[str]) -> list[str]:
    """Massive first, then low-mass, then whatever else there is."""
    known = set(labels)
    return [label for label in LABELS if label in known] + sorted(str(label) for label in known - set(LABELS))


def translucent(colour: str, opacity: float) -> str:
    """`colour` ('#RRGGBB') as a CSS rgba() text with `opacity` 0..1."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
