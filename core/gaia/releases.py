"""Gaia's data releases: one literal table of all that differs between them. Everything else asks here.

What stands of DR4 is the draft data model of June 2026 and what the packages for the archive announce; `draft` says so,
and `core.archive.schema` compares it with what an archive really has. Nothing of it is taken for granted: a column that
is not there is named with what it costs, and a law that is not published is not replaced by an older one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.errors import UsageError


@dataclass(frozen=True)
class Neighbourhood:
    """A table that translates the ids of an older release: its name, and its columns of the old and the new id."""

    older: str
    table: str
    old_id: str
    new_id: str


@dataclass(frozen=True)
class Release:
    """One data release.

    Attributes
    ----------
    key, name, schema : str
        'dr3', 'Gaia DR3' (as ids are designated, and the archive's RELEASE parameter), and the schema of its tables.
    reference_epoch : float
        Of the astrometry, Julian year (TCB).
    n_coefficients : tuple of two ints
        XP coefficients in BP and in RP.
    solution_ids : tuple of int
        Values of the column solution_id, which names the processing: of gaia_source and of the XP products, as real
        replies of the archive have them.
    months : float
        Length of the observations that it rests on: the number of a star's transits grows with it.
    retrieval_types : tuple of str
        DataLink's products.
    renamed : dict
        This program's name of a column (DR3's) to the release's.
    removed : dict
        Columns of DR3 that the release has not, and what that costs.
    neighbours : tuple of Neighbourhood
        Ids of which older releases can be translated.
    id_columns : tuple of str
        Names under which other catalogues list its ids, in lower case.
    n_sources : int or None
        Rows of gaia_source (random_index runs from 0 to one less); None: not published, the archive is asked.
    xp_share : float
        Share of the sources with XP coefficients.
    zero_point_law : str
        Reference of the law of the parallax zero point, '' where none is published: parallaxes are then used as they
        are.
    mean_zero_point_mas : float
        Where the law says nothing about a star.
    absent : frozenset of str
        Tables that an archive turned out not to have (`core.archive.schema.at_first_contact`).
    gaiaxpy : str
        The package that calibrates its coefficients, '' where none is published.
    draft : bool
        Written before the release.
    """

    key: str
    name: str
    schema: str
    reference_epoch: float
    n_coefficients: tuple[int, int]
    months: float
    retrieval_types: tuple[str, ...]
    renamed: dict[str, str] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)
    neighbours: tuple[Neighbourhood, ...] = ()
    id_columns: tuple[str, ...] = ()
    n_sources: int | None = None
    xp_share: float = 0.1
    zero_point_law: str = ""
    mean_zero_point_mas: float = 0.0
    solution_ids: tuple[int, ...] = ()
    absent: frozenset[str] = frozenset()
    gaiaxpy: str = ""
    draft: bool = False
    reference: str = ""
    credit: str = ""

    def designation(self, source_id: int) -> str:
        """'Gaia DR3 123': an id is an id of a release."""
        return f"{self.name} {int(source_id)}"

    def column(self, name: str) -> str | None:
        """The release's name of one of this program's columns; None where it has been removed."""
        return None if name in self.removed else self.renamed.get(name, name)

    def table(self, name: str) -> str:
        """'gaiadr3.gaia_source' of 'gaia_source'."""
        return f"{self.schema}.{name}"

    def translation_from(self, other: "Release | str") -> Neighbourhood | None:
        """How ids of an older release become this one's; None where there is no table for it."""
        key = other if isinstance(other, str) else other.key
        return next((item for item in self.neighbours if item.older == key), None)


@dataclass(frozen=True)
class OlderRelease:
    """A release that is recognised and not read: its ids are no ids of a later one.

    Attributes
    ----------
    key, name : str
    reference_epoch : float
        Of the astrometry, Julian year (Gaia DR2 and DR1 documentation, ref_epoch).
    catalogue : str
        VizieR's number.
    translation : str
        Tables of the archive that lead from its ids to DR3's.
    id_columns : tuple of str
        Names under which catalogues list its ids, in lower case.
    solution_ids : tuple of int
        Of its gaia_source.
    own_columns : tuple of str
        Columns of its gaia_source that no later release has (Gaia DR2 documentation, chapter 14).
    """

    key: str
    name: str
    reference_epoch: float
    catalogue: str
    translation: str
    id_columns: tuple[str, ...] = ()
    own_columns: tuple[str, ...] = ()
    solution_ids: tuple[int, ...] = ()


SOURCE_TABLE, PARAMETER_TABLE = "gaia_source", "astrophysical_parameters"
SAMPLED, CONTINUOUS, EPOCH = "XP_SAMPLED", "XP_CONTINUOUS", "XP_EPOCH_SPECTRUM"

DR3 = Release(
    key="dr3",
    name="Gaia DR3",
    schema="gaiadr3",
    reference_epoch=2016.0,
    n_coefficients=(55, 55),
    months=34.0,
    retrieval_types=(SAMPLED, CONTINUOUS, "RVS", "EPOCH_PHOTOMETRY", "MCMC_GSPPHOT", "MCMC_MSC"),
    neighbours=(Neighbourhood("dr2", "dr2_neighbourhood", "dr2_source_id", "dr3_source_id"),),
    id_columns=(
        "gaiadr3", "id_dr3", "dr3name", "gaia_dr3", "gaiaedr3", "source_id_dr3", "gaia_dr3_source_id",
        "gaiadr3_source_id", "dr3_source_id", "gaia_edr3_source_id", "gaia_dr3_id", "gaiadr3_id", "gaia_edr3",
        "dr3_id", "edr3name",
    ),
    n_sources=1_811_709_771,
    xp_share=219_197_643 / 1_811_709_771,
    zero_point_law="Lindegren et al. 2021, A&A 649, A4",
    mean_zero_point_mas=-0.017,
    solution_ids=(1636148068921376768, 4545469030156206080, 4545469030156206081),
    gaiaxpy="GaiaXPy 2 (external instrument models v375wi and v142r)",
    reference="Gaia Collaboration, Vallenari et al. 2023, A&A 674, A1; documentation, chapter 20",
    credit="ESA/Gaia/DPAC",
)  # fmt: skip
"""Median parallax of quasars: Lindegren et al. 2021; share with XP coefficients: De Angeli et al. 2023, A&A 674, A2."""

DR4 = Release(
    key="dr4",
    name="Gaia DR4",
    schema="gaiadr4",
    reference_epoch=2017.5,
    n_coefficients=(51, 55),
    months=66.0,
    retrieval_types=(
        CONTINUOUS, SAMPLED, "XP_MEAN_SPECTRUM", EPOCH, "XP_EPOCH_CROWDING", "XP_EPOCH_SPECTRUM_SSO",
        "MEAN_SPECTRUM_RVS", "MCMC_GSP_PHOT",
    ),
    renamed={"astrometric_params_solved": "astrometric_params"},
    removed={
        "phot_bp_rp_excess_factor": "no advice on the BP/RP flux excess: blends and background show in the number of "
        "blended transits alone",
        "astrometric_excess_noise_sig": "no cut on the significance of the excess noise (this program makes none)",
    },
    neighbours=(Neighbourhood("dr3", "dr3_neighbourhood", "dr3_source_id", "dr4_source_id"),),
    id_columns=(
        "gaiadr4", "id_dr4", "dr4name", "gaia_dr4", "source_id_dr4", "gaia_dr4_source_id", "gaiadr4_source_id",
        "dr4_source_id", "gaia_dr4_id", "gaiadr4_id", "dr4_id",
    ),
    gaiaxpy="",
    draft=True,
    reference="draft data model of Gaia DR4, June 2026; GaiaXPy, issues 114 and 151",
    credit="ESA/Gaia/DPAC",
)  # fmt: skip

RELEASES: tuple[Release, ...] = (DR3, DR4)

_FROM_DR2 = "gaiadr3.dr2_neighbourhood (dr2_source_id, dr3_source_id)"
DR2 = OlderRelease(
    "dr2", "Gaia DR2", 2015.5, "I/345", _FROM_DR2,
    id_columns=(
        "dr2_source_id", "source_id_dr2", "gaia_dr2_source_id", "gaiadr2_source_id", "gaia_dr2", "gaiadr2",
        "gaia_dr2_id", "gaiadr2_id", "dr2name", "dr2_id", "id_dr2", "gdr2",
    ),
    own_columns=(
        "teff_val", "a_g_val", "e_bp_min_rp_val", "radius_val", "lum_val", "priam_flags", "flame_flags",
        "astrometric_pseudo_colour", "mean_varpi_factor_al", "astrometric_weight_al",
    ),
    solution_ids=(1635721458409799680,),
)  # fmt: skip
DR1 = OlderRelease(
    "dr1", "Gaia DR1", 2015.0, "I/337", f"gaiadr2.dr1_neighbourhood (dr1_source_id, dr2_source_id), then {_FROM_DR2}",
)  # fmt: skip
OLDER: tuple[OlderRelease, ...] = (DR1, DR2)
DEFAULT = DR3
"""What data are of that say nothing about it: files and runs of this program from before there was another release."""

_DESIGNATION = re.compile(r"gaia[\s_]*(e?dr[\s_]*\d+)", re.IGNORECASE)
_SAME = {"edr3": "dr3"}
"""EDR3 and DR3 share their sources and ids (Gaia DR3 documentation, 1.1)."""


def find_release(key: str) -> Release:
    """The release of a key or name ('dr4', 'DR4', 'Gaia DR4', 'gaiadr4').

    Raises
    ------
    UsageError
        The table has no such release.
    """
    word = re.sub(r"[\s_]", "", str(key).lower()).removeprefix("gaia")
    word = _SAME.get(word, word)
    for release in RELEASES:
        if release.key == word:
            return release
    known = ", ".join(release.key for release in RELEASES)
    raise UsageError(f"release {key!r} is unknown to this program; expected one of {known}")


def find_older(key: str) -> OlderRelease | None:
    """The release that is recognised and not read, None for any other key."""
    return next((release for release in OLDER if release.key == key), None)


def refusal_of(key: str) -> str:
    """Why ids of a release that is not read are refused, and what to do with them.

    >>> "gaiadr3.dr2_neighbourhood" in refusal_of("dr2")
    True
    """
    read = " and ".join(release.name for release in RELEASES)
    text = f"ids change between releases, and this program reads {read}"
    older = find_older(key)
    return f"{text}. Translate them with the archive's table {older.translation}" if older else text


def release_named_in(text: str) -> str:
    """The key of the release that a text names ('dr3' of 'Gaia EDR3 123' or 'gaiadr3.gaia_source'), else ''.

    The release need not be one of the table: 'Gaia DR2 1' gives 'dr2'.

    >>> release_named_in("Gaia EDR3 4295806720"), release_named_in("gaiadr4.gaia_source"), release_named_in("HD 1")
    ('dr3', 'dr4', '')
    """
    match = _DESIGNATION.search(text)
    word = re.sub(r"[\s_]", "", match.group(1).lower()) if match else ""
    return _SAME.get(word, word)


def releases_named_in(text: str) -> set[str]:
    """The keys of all releases that a text names.

    >>> sorted(releases_named_in("gaia_dr3, cross-matched with Gaia DR2"))
    ['dr2', 'dr3']
    """
    words = {re.sub(r"[\s_]", "", match.group(1).lower()) for match in _DESIGNATION.finditer(text)}
    return {_SAME.get(word, word) for word in words}


def releases_with(n_bp: int, n_rp: int) -> list[Release]:
    """Every release whose spectra have so many coefficients in BP and RP."""
    return [release for release in RELEASES if release.n_coefficients == (n_bp, n_rp)]


def release_of_solution(solution_id: int) -> str:
    """The key of the release, '' for a processing that the table does not know."""
    known: tuple[Release | OlderRelease, ...] = (*RELEASES, *OLDER)
    return next((release.key for release in known if solution_id in release.solution_ids), "")


def release_of_epoch(reference_epoch: float) -> Release | None:
    """The release with this reference epoch of the astrometry, Julian year; None where none has it."""
    return next((release for release in RELEASES if release.reference_epoch == reference_epoch), None)


def designations(keys: Iterable[str]) -> str:
    """'Gaia DR3 and Gaia DR4' of keys."""
    return " and ".join(find_release(key).name for key in keys)
