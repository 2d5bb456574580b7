"""What metadata state about a table's spectra, under whatever name and in whatever notation: sampling, unit, release.

One reader for the entries of an ECSV header, of FITS cards, of VOTable parameters, of a Parquet schema, of pandas'
attributes and of the comments of a text table. What states the sampling and cannot be understood is refused.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from core.errors import WavelengthGridError
from core.gaia.sample_columns import are_places
from core.gaia.units import is_flux_density, is_length, is_unit
from core.gaia.vocabulary import UNIT_ENDINGS, canonical_names, word_of
from core.spectra.grid import N_SAMPLES
from core.spectra.readers.releases import release_in
from core.spectra.readers.sampling import SAMPLING_WORDS, refuse_air, stated_sampling

_EXACT = ("sampling", "wavelength_sampling", "wavelength_grid", "xp_sampling")
_WORDS = (*SAMPLING_WORDS, *_EXACT, "grid", "wavelength_array", "lambda", "wl", "spectral_grid")
_DEEPEST = 4
_MOST_ENTRIES = 20_000
_MOST_TEXT = 1 << 20
_MOST_NUMBERS = 100_000
_LONGEST_RELEASE_TEXT = 20_000
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_CALL = re.compile(
    rf"^(?:np\.|numpy\.)?(arange|linspace)\(\s*({_NUMBER})\s*,\s*({_NUMBER})\s*(?:,\s*(?:step=|num=)?({_NUMBER})\s*)?\)"
)
_RANGE = re.compile(
    rf"^(?:from\s+)?({_NUMBER})\s*(?:nm)?\s*(?:-|–|to|\.\.+|:)\s*({_NUMBER})\s*(?:nm)?"
    rf"(?:[\s,;:]*(?:(?:in )?steps? (?:of)?|step|every|by)?\s*=?\s*({_NUMBER}))?\s*(?:nm)?$",
    re.IGNORECASE,
)
_STARTS, _STOPS, _STEPS = ("start", "min", "first", "begin"), ("stop", "max", "end", "last"), ("step", "delta", "inc")
_COUNTS = ("num", "n", "n_samples", "size")
_ONE_END = re.compile(
    r"^(?:(?P<word>wave(?:length)?|lambda|lam|wl|grid|sampling|spectral)_?(?P<end>[a-z]+)|(?P<end2>[a-z]+)_"
    r"(?P<word2>wave(?:length)?|lambda|lam|wl|grid|sampling))$"
)
_UNIT_KEYS = ("unit", "units", "bunit", "yunit", "y_unit", "fluxunit")
_NAME_AND_UNIT = re.compile(r"([A-Za-z_][\w.]*)\s*(?:=|:|\s)\s*([^,;]+)")


@dataclass
class Stated:
    """What entries state.

    Attributes
    ----------
    sampling : tuple of float or None
        Wavelengths in nm.
    units : dict of str to str
        By the table's own column names.
    release : str
        Key of an older release; '' where none is stated.
    """

    sampling: tuple[float, ...] | None = None
    units: dict[str, str] = field(default_factory=dict)
    release: str = ""


def statements(entries: Iterable[tuple[str, object]], names: Sequence[str], origin: str) -> Stated:
    """What the entries of a header state about a table with these columns.

    Parameters
    ----------
    entries : iterable of (name, value)
        Values may be text, numbers, lists, or mappings of such.
    names : sequence of str
        Columns of the table, under its own names.
    origin : str
        The file, for messages.

    Raises
    ------
    WavelengthGridError
        An entry states the sampling in a way that is not understood.
    UnitError
        The sampling's unit is of another kind.
    """
    flat = list(islice(_flattened(entries), _MOST_ENTRIES))
    texts = [text for _, text in flat if isinstance(text, str)]
    ends_of_texts = np.cumsum([0, *map(len, texts)])
    n_texts = int(np.searchsorted(ends_of_texts, _MOST_TEXT))
    stated = Stated(release=release_in(" ".join(texts[:n_texts])))
    values = {word: value for word, value in flat if word}
    ends: dict[str, float] = {}
    for word, value in flat:
        base, unit = _without_unit(word)
        last = base.rsplit(".", 1)[-1]
        if last in _WORDS and stated.sampling is None:
            unit = unit or next(
                (str(values[key]) for end in ("_unit", "_units", ".unit") if (key := f"{word}{end}") in values), None
            )
            stated.sampling = _sampling(last, value, unit, origin)
        elif stated.sampling is None and (numbers := _unnamed(value)) is not None:
            stated.sampling = numbers
        elif (kind := _end_of_range(base)) and isinstance(value, int | float | str):
            try:
                ends.setdefault(kind, float(value) * _to_nm(unit, origin))
            except ValueError:
                continue
    if stated.sampling is None:
        stated.sampling = _from_ends(ends)
    stated.units = _units(flat, names)
    if "flux" in canonical_names(names).values():
        refuse_air(flat, origin)
    return stated


def comment_entries(comments: Sequence[str]) -> Iterator[tuple[str, object]]:
    """Entries of comment lines: '# sampling: ...', '# flux unit = Jy', '# flux [Jy]'; other lines have no name."""
    for line in comments:
        text = line.lstrip("#!% \t").strip()
        found = re.match(r"^([A-Za-z][\w .\-]{0,40}?)\s*[:=]\s*(.+)$", text)
        bracketed = re.match(r"^([A-Za-z_][\w.]{0,40})\s*[\[(]([^\[\]()]{1,40}(?:\([^()]*\))?)[\])]$", text)
        if found is not None:
            yield found.group(1), found.group(2)
        elif bracketed is not None:
            yield f"{bracketed.group(1)}_unit", bracketed.group(2)
        elif (loose := re.match(rf"^({'|'.join(_WORDS)})\s+(.*\d.*)$", text, re.IGNORECASE)) is not None:
            yield loose.group(1), loose.group(2)
        else:
            yield "", text


def _flattened(entries: Iterable[tuple[str, object]], above: str = "", depth: int = 0) -> Iterator[tuple[str, object]]:
    """Entries with mappings taken apart ('xp.sampling'); a Quantity is its value, with its unit beside it."""
    for name, value in entries:
        word = f"{above}{word_of(str(name))}"
        if isinstance(value, str) and value.lstrip()[:1] == "{":
            value = _json(value)
        if isinstance(value, Mapping) and depth < _DEEPEST:
            inner = {str(key): item for key, item in value.items()}
            if "value" in inner:
                yield word, inner["value"] if isinstance(inner["value"], str) else _plain(inner["value"])
                unit = inner.get("unit")
                yield f"{word}_unit", unit.get("unit", "") if isinstance(unit, Mapping) else unit or ""
            else:
                if (ends := _of_mapping(inner)) is not None:
                    yield word, ends
                    if inner.get("unit"):
                        yield f"{word}_unit", inner["unit"]
                yield from _flattened(inner.items(), f"{word}.", depth + 1)
        elif isinstance(value, list | tuple) and value and all(isinstance(item, str) for item in value[:50]):
            # astropy's meta['comments'], and the HISTORY of a header
            yield from ((word_of(key), text) for key, text in comment_entries(value[:2_000]))
        elif isinstance(value, str):
            yield word, value if word in _WORDS else value[:_LONGEST_RELEASE_TEXT]
        else:
            yield word, _plain(value)


def _plain(value: object) -> object:
    """A number, or a list of numbers; None for what a few lines of YAML can make endless (lists of lists of lists)."""
    if isinstance(value, list | tuple):
        is_flat = len(value) <= _MOST_NUMBERS and all(isinstance(item, int | float | np.number) for item in value)
        return value if is_flat else None
    if isinstance(value, np.ndarray):
        return value if value.ndim == 1 and value.size <= _MOST_NUMBERS else None
    return value if isinstance(value, int | float | np.number) else None


def _of_mapping(inner: Mapping[str, object]) -> list[float] | None:
    """The samples of {start, stop, step} or {start, stop, num}."""
    found = {}
    for key, value in inner.items():
        word = word_of(key)
        kind = next((kind for kind in (_STARTS, _STOPS, _STEPS, _COUNTS) if word in kind), None)
        if kind is not None and isinstance(value, int | float):
            found[kind[0]] = float(value)
    if {"start", "stop"} <= set(found) and ("step" in found or "num" in found):
        if "step" in found:
            return _steps(found["start"], found["stop"], found["step"])
        return _spread(found["start"], found["stop"], found["num"])
    return None


def _steps(start: float, stop: float, step: float) -> list[float] | None:
    """Samples up to and with `stop`, as people say it."""
    if not step > 0 or not 0 < (stop - start) / step < 100_000:
        return None
    return (start + step * np.arange(round((stop - start) / step) + 1)).tolist()


def _spread(start: float, stop: float, number: float) -> list[float] | None:
    return np.linspace(start, stop, int(number)).tolist() if 2 <= number < 100_000 and np.isfinite(stop) else None


def _sampling(word: str, value: object, unit: str | None, origin: str) -> tuple[float, ...] | None:
    """The wavelengths that an entry under a name of the sampling gives; None where it gives no wavelengths at all."""
    numbers: object = value
    if isinstance(value, str):
        text = value.strip().strip("\"'").strip()
        numbers = _spelled(text)
        if numbers is None and re.match(rf"^{_NUMBER}(?:[\s,;]+{_NUMBER})+$", text):
            numbers = "[" + ",".join(re.split(r"[\s,;]+", text)) + "]"
        numbers = text if numbers is None else numbers
    found = stated_sampling(numbers, unit if unit and is_unit(unit) else None, origin)
    is_stated = word in _EXACT and isinstance(value, str | list | tuple | dict) and len(value) > 0
    if found is None and is_stated and re.search(r"\d", str(value)[:1000]):
        raise WavelengthGridError(
            f"{origin}: the file states its {word} as {str(value)[:80]!r}, which is not understood. Write the "
            "wavelengths as a list of numbers in nm, or take the entry out if they are 336 to 1020 nm in steps of 2 nm"
        )
    return found


def _spelled(text: str) -> list[float] | None:
    """Samples of 'np.arange(336, 1022, 2)', 'linspace(336, 1020, 343)', '336 to 1020 nm in steps of 2 nm'."""
    if (call := _CALL.match(text)) is not None:
        start, stop = float(call.group(2)), float(call.group(3))
        if call.group(1) == "linspace":
            return _spread(start, stop, float(call.group(4) or 50))
        step = float(call.group(4) or 1)
        return _steps(start, stop - step * 1e-9, step) and np.arange(start, stop, step).tolist()
    if (range_ := _RANGE.match(text)) is not None:
        start, stop = float(range_.group(1)), float(range_.group(2))
        if range_.group(3):
            return _steps(start, stop, float(range_.group(3)))
        return _spread(start, stop, N_SAMPLES)  # limits alone: of the samples that a spectrum has
    return None


def _unnamed(value: object) -> tuple[float, ...] | None:
    """A list of as many rising numbers as a spectrum has samples, whatever its name; not one that counts them."""
    if isinstance(value, str):
        if value.lstrip()[:1] not in ("[", "(") or value.count(",") != N_SAMPLES - 1:
            return None
        value = _json(value.strip().replace("(", "[").replace(")", "]"))
    if not isinstance(value, list | tuple | np.ndarray) or len(value) != N_SAMPLES:
        return None
    try:
        numbers = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    is_rising = numbers.ndim == 1 and bool(np.all(np.diff(numbers) > 0)) and numbers[0] > 100.0
    return tuple(numbers.tolist()) if is_rising and not are_places(numbers) else None


def _end_of_range(word: str) -> str:
    """'start', 'stop' or 'step' for names such as 'wavelength_min', 'start_wavelength', 'wavestep'."""
    found = _ONE_END.match(word)
    end = "" if found is None else found.group("end") or found.group("end2")
    return next((kind[0] for kind in (_STARTS, _STOPS, _STEPS) if end in kind), "")


def _from_ends(ends: Mapping[str, float]) -> tuple[float, ...] | None:
    """The grid that a first wavelength and a step give; limits without a step say what was covered, not where."""
    if "start" not in ends or "step" not in ends:
        return None
    stop = ends.get("stop", ends["start"] + ends["step"] * (N_SAMPLES - 1))
    found = _steps(ends["start"], stop, ends["step"])
    return None if found is None else tuple(found)


def _units(flat: Sequence[tuple[str, object]], names: Sequence[str]) -> dict[str, str]:
    """Units of columns: 'flux_unit', 'units' with a list or mapping, 'flux.unit', a single 'unit' of flux."""
    canonical = canonical_names(names)
    own = {**{word_of(name): name for name in names}, **{known: name for name, known in canonical.items()}}
    units: dict[str, str] = {}
    for word, value in flat:
        if not isinstance(value, str) or not value.strip() or len(value) > 200:
            continue
        name = re.sub(r"[_.]units?$|^units?[_.](?:of_)?", "", word).rsplit(".", 1)[-1]
        if name != word and name in own and is_unit(value):
            units.setdefault(own[name], value)
        elif word in _UNIT_KEYS and "flux" in own and is_flux_density(value):
            units.setdefault(own["flux"], value)
        elif word in ("unit", "units"):
            for one, unit in _NAME_AND_UNIT.findall(value):
                if word_of(one) in own and is_unit(unit.strip()):
                    units.setdefault(own[word_of(one)], unit.strip())
    return units


def _without_unit(word: str) -> tuple[str, str | None]:
    for ending, unit in UNIT_ENDINGS.items():
        if word.endswith(f"_{ending}"):
            return word.removesuffix(f"_{ending}"), unit
    return word, None


def _to_nm(unit: str | None, origin: str) -> float:
    found = stated_sampling([1.0, 1.0], unit, origin) if unit and is_length(unit) else None
    return 1.0 if found is None else found[0]


def _json(text: str) -> object:
    try:
        return json.loads(text[: 1 << 20])
    except (ValueError, RecursionError):
        return None
