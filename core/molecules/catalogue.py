"""The catalogue of molecules: lines and partition functions of species and states, and what users add to it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import NotFoundError, ReadError
from core.molecules.cat_files import read_cat_file
from core.molecules.formula import is_complex_organic, printed
from core.molecules.radiation import CM_TO_K, LIGHT_KMS, MHZ_TO_K, strength_of_intensity
from core.settings import PROJECT_ROOT

CATALOGUE_DIR = PROJECT_ROOT / "data" / "molecules"
Q_TEMPERATURES_K = np.array([2.725, 5.0, 9.375, 18.75, 37.5, 75.0, 150.0, 225.0, 300.0, 500.0, 1000.0])
STATE_SEPARATOR = ";"


@dataclass(frozen=True, eq=False)
class Species:
    """One species in one vibrational state.

    Attributes
    ----------
    species, state, formula : str
        Name as CDMS and JPL write it ('CH3C-13-N'), state ('v=0'), formula with sub- and superscripts.
    source : str
        List of all its lines: 'CDMS', 'JPL', ... ; lists are never mixed.
    frequency_mhz, error_mhz, a_gu, e_low_k, g_up : ndarray of shape (n_lines,)
        Ascending rest frequencies, their errors (NaN: not given), A_ul g_u (1/s), E_low / k.
    qn : ndarray of str
    lg_q : ndarray of shape (11,)
        log10 of the partition function at `Q_TEMPERATURES_K`, NaN where the catalogue gives none.
    """

    species: str
    state: str
    formula: str
    complex_organic: bool
    source: str
    frequency_mhz: np.ndarray
    error_mhz: np.ndarray
    a_gu: np.ndarray
    e_low_k: np.ndarray
    g_up: np.ndarray
    qn: np.ndarray
    lg_q: np.ndarray

    def __len__(self) -> int:
        return len(self.frequency_mhz)

    @property
    def key(self) -> str:
        """'CH3CN;v8=1'."""
        return f"{self.species}{STATE_SEPARATOR}{self.state}"

    def partition_function(self, temperature_k: float) -> float:
        """Q(T), linear in the logarithms; beyond the given temperatures with the slope at their end."""
        known = np.isfinite(self.lg_q)
        x, y = np.log10(Q_TEMPERATURES_K[known]), self.lg_q[known]
        at = np.log10(temperature_k)
        if at > x[-1]:
            return float(10.0 ** (y[-1] + (at - x[-1]) * (y[-1] - y[-2]) / (x[-1] - x[-2])))
        return float(10.0 ** np.interp(at, x, y))

    def shifted(self, velocity_kms: float) -> "Species":
        """The same species with its lines where a velocity would put them: a decoy."""
        return replace(self, frequency_mhz=self.frequency_mhz * (1.0 - velocity_kms / LIGHT_KMS))


@dataclass(frozen=True)
class Catalogue:
    """Species of a catalogue, and what was left out of added files."""

    species: tuple[Species, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.species)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """'species;state' of every entry."""
        return tuple(item.key for item in self.species)

    def find(self, name: str) -> list[Species]:
        """Entries of 'CH3CN' (all states) or 'CH3CN;v8=1'; NotFoundError otherwise."""
        name = name.strip()
        found = [item for item in self.species if name in (item.key, item.species, item.formula)]
        if not found:
            alike = [key for key in self.keys if key.lower().startswith(name.lower()[:3])][:6]
            hint = f"alike: {', '.join(alike)}" if alike else "see `python -m core molecules --list`"
            raise NotFoundError(f"the catalogue has no species {name!r}; {hint}; add one with a .cat file")
        return found

    def chosen(self, names: Sequence[str]) -> "Catalogue":
        """Only the named species; .cat files among the names are read and added."""
        if not names:
            return self
        chosen: list[Species] = []
        notes = list(self.notes)
        for name in names:
            if str(name).lower().endswith(".cat"):
                species, more = species_of_cat_file(name, self)
                chosen.append(species)
                notes.extend(more)
            else:
                chosen.extend(item for item in self.find(str(name)) if item not in chosen)
        return Catalogue(tuple(chosen), tuple(notes))


def load_catalogue(folder: str | Path | None = None) -> Catalogue:
    """The shipped catalogue, or one that `recipes.molecules_catalogue --out FOLDER` made.

    Raises
    ------
    ReadError
        The folder holds no catalogue.
    """
    folder = Path(folder or CATALOGUE_DIR)
    try:
        lines = pd.read_parquet(folder / "lines.parquet")
        table = pd.read_parquet(folder / "species.parquet")
    except (OSError, ValueError) as error:
        raise ReadError(
            f"{folder} holds no catalogue of molecules ({error}): restore data/molecules, or build one with "
            "`python -m recipes.molecules_catalogue --out FOLDER`"
        ) from error
    found = []
    groups = dict(iter(lines.groupby("species_index", sort=False)))
    for number, row in enumerate(table.itertuples(index=False)):
        group = groups[number]
        found.append(
            Species(
                species=row.species,
                state=row.state,
                formula=row.formula,
                complex_organic=bool(row.complex_organic),
                source=row.source,
                frequency_mhz=group["frequency_mhz"].to_numpy(float),
                error_mhz=group["error_mhz"].to_numpy(float),
                a_gu=10.0 ** group["lg_a_gu"].to_numpy(float),
                e_low_k=group["e_low_k"].to_numpy(float),
                g_up=group["g_up"].to_numpy(int),
                qn=group["qn"].to_numpy(str),
                lg_q=np.asarray(row.lg_q, dtype=float),
            )
        )
    return Catalogue(tuple(found))


def species_of_cat_file(path: str | Path, known: Catalogue | None = None) -> tuple[Species, tuple[str, ...]]:
    """A species from a CDMS or JPL `.cat` file; its partition function from astroquery's tables by the entry's tag.

    Returns
    -------
    (Species, notes): the notes name rows that were left out

    Raises
    ------
    ReadError
        The file cannot be read, or no partition function is known for its tag.
    """
    read = read_cat_file(path)
    lines, notes = read.lines, list(read.notes)
    try:
        name, lg_q, source = partition_function_of_tag(read.tag)
    except ReadError:
        name, source = Path(path).stem, "file"
        lg_q = sum_over_levels(lines)
        notes.append(
            f"{Path(path).name}: no catalogue has the entry {read.tag}; its partition function is the sum over the "
            "levels of the file, and its column densities rest on that"
        )
    species, _, state = name.partition(",")
    a_gu = strength_of_intensity(
        lines["lg_intensity"], lines["frequency_mhz"], lines["e_low_cm"], 10.0 ** lg_q[Q_TEMPERATURES_K == 300.0][0]
    )
    entry = Species(
        species=species.strip(),
        state=state.strip().replace(" ", "") or "v=0",
        formula=printed(species.strip()),
        complex_organic=is_complex_organic(species.strip()),
        source=f"{source} {read.tag}",
        frequency_mhz=lines["frequency_mhz"].to_numpy(float),
        error_mhz=lines["error_mhz"].to_numpy(float),
        a_gu=np.asarray(a_gu),
        e_low_k=lines["e_low_cm"].to_numpy(float) * CM_TO_K,
        g_up=lines["g_up"].to_numpy(int),
        qn=lines["qn"].to_numpy(str),
        lg_q=lg_q,
    )
    if known is not None and entry.key in known.keys:
        entry = replace(entry, state=f"{entry.state} ({Path(path).name})")
    return entry, tuple(notes)


def sum_over_levels(lines: pd.DataFrame) -> np.ndarray:
    """log10 of sum g exp(-E / T) over the upper levels of a `.cat` file's lines, at `Q_TEMPERATURES_K`."""
    upper = lines.assign(e_k=lines["e_low_cm"] * CM_TO_K + lines["frequency_mhz"] * MHZ_TO_K)
    levels = upper.assign(level=upper["qn"].str.split(" - ").str[0]).drop_duplicates(["level", "g_up"])
    energy, weight = levels["e_k"].to_numpy(), levels["g_up"].to_numpy(float)
    return np.log10([1.0 + float(np.sum(weight * np.exp(-energy / t))) for t in Q_TEMPERATURES_K])


def partition_function_of_tag(tag: int) -> tuple[str, np.ndarray, str]:
    """Name, log10 Q at `Q_TEMPERATURES_K` and catalogue of an entry, from the tables that astroquery carries.

    A tag of CDMS has a 5 as its third digit from the right; ReadError for a tag that neither table has.
    """
    from core.molecules.partition_tables import read_partition_tables

    tables = read_partition_tables()
    for source in ("CDMS", "JPL") if tag // 100 % 10 >= 5 else ("JPL", "CDMS"):
        found = tables[source].get(tag)
        if found is not None and np.isfinite(found[1][Q_TEMPERATURES_K == 300.0][0]):
            return found[0], found[1], source
    raise ReadError(
        f"no partition function is known for the entry {tag} of CDMS or JPL: update astroquery, which has the tables"
    )
