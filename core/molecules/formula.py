"""Names of molecules: isotopes in the notation of CDMS and JPL, atoms, and how a formula is printed."""

import re

_ISOTOPE = re.compile(r"\((\d+)\)([A-Z][a-z]?)")
_PREFIX = re.compile(r"^(?:[a-zA-Z]{1,3}'?[A-Za-z]{0,2}'?|cis|trans)-(?=[A-Z(])")
_TOKEN = re.compile(r"([A-Z][a-z]?)(?:-(\d+)(?:-|(?![\d])))?(\d*)|(\()|\)(\d*)")
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPT = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")


def cdms_name(name: str) -> tuple[str, str]:
    """Splatalogue's 'CH3(13)CN v8 = 1' as species and state in the notation of CDMS and JPL.

    >>> cdms_name("CH3(13)CN v8 = 1")
    ('CH3C-13-N', 'v8=1')
    """
    text = _ISOTOPE.sub(r"\2-\1-", name.replace(",v", "&v").replace(" = ", "="))
    species, _, rest = text.partition(" ")
    state = next((part for part in rest.split() if "=" in part), "v=0").replace("&", ",")
    kind = next((f" {part}" for part in rest.split() if part.endswith("-type")), "")
    return species.strip(",").removesuffix("-") + kind, state


def atoms(species: str) -> dict[str, int]:
    """Number of atoms of each element (isotopes, deuterium included, as their element).

    >>> atoms("gGa-(CH2OH)2")
    {'C': 2, 'H': 6, 'O': 2}
    """
    counts: dict[str, int] = {}
    for element, _, number in _parts(species):
        element = "H" if element == "D" else element
        counts[element] = counts.get(element, 0) + number
    return dict(sorted(counts.items()))


def isotopes(species: str) -> str:
    """Number of atoms of each isotope in one sorted text: equal for two names of the same isotopologue's composition.

    >>> isotopes("C-13-H3CN") == isotopes("CH3C-13-N"), isotopes("CH3CN-15")
    (True, 'C2 H3 N1-15')
    """
    counts: dict[str, int] = {}
    for element, isotope, number in _parts(species):
        key = f"{element}-{isotope}" if isotope else element
        counts[key] = counts.get(key, 0) + number
    return " ".join(
        f"{key.partition('-')[0]}{number}{'-' * bool(key.partition('-')[2])}{key.partition('-')[2]}"
        for key, number in sorted(counts.items())
    )


def is_complex_organic(species: str) -> bool:
    """Six atoms or more with at least one carbon (Herbst & van Dishoeck 2009, ARA&A 47, 427)."""
    found = atoms(species)
    return "C" in found and sum(found.values()) >= 6


def printed(species: str) -> str:
    """The formula as it is printed, with sub- and superscripts.

    >>> printed("CH3C-13-N")
    'CH₃¹³CN'
    """
    body, kind = _body(species)
    prefix = species[: species.index(body)] if body in species else ""
    charge = body[-1] if body[-1:] in "+-" and body[-1:] else ""
    text = ""
    for match in _TOKEN.finditer(body.rstrip("+-") if charge else body):
        element, isotope, count, opened, closed = match.groups()
        if opened:
            text += "("
        elif element is None:
            text += ")" + (closed or "").translate(_SUBSCRIPT)
        else:
            text += (isotope or "").translate(_SUPERSCRIPT) + element + count.translate(_SUBSCRIPT)
    return prefix + text + charge.translate(_SUPERSCRIPT) + kind


def _body(species: str) -> tuple[str, str]:
    """The formula without the prefix of its conformer and without what follows it."""
    text, _, rest = species.partition(" ")
    return _PREFIX.sub("", text), f" {rest}" if rest else ""


def _parts(species: str) -> list[tuple[str, str, int]]:
    """(element, isotope, number) of every token; groups in brackets multiplied."""
    found: list[tuple[str, str, int]] = []
    start = 0
    for match in _TOKEN.finditer(_body(species)[0]):
        element, isotope, count, opened, closed = match.groups()
        if opened:
            start = len(found)
        elif element is None:
            factor = int(closed or 1)
            found[start:] = [(e, i, n * factor) for e, i, n in found[start:]]
        else:
            found.append((element, isotope or "", int(count or 1)))
    return found
