"""The one vocabulary: the names under which programs write Gaia's columns, and the unit each is read in.

Gaia's own names are those of the archive (Gaia DR3 documentation, chapter 20). Next to them stand VizieR's (catalogues
I/345, I/350, I/355), those of the CDS standard for catalogues, and the ones of TOPCAT, astropy and GaiaXPy.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.gaia.releases import OLDER, RELEASES


@dataclass(frozen=True)
class Column:
    """A column with a meaning.

    Attributes
    ----------
    name : str
        Gaia's name, under which the program knows it.
    unit : str
        Unit to which values are brought; '' for a column without one.
    words : tuple of str
        Other names, best first, as `word_of` spells them.
    """

    name: str
    unit: str = ""
    words: tuple[str, ...] = ()


FLUX_DENSITY = "W m-2 nm-1"
DISTANCES_WITH_A_UNIT = ("distance", "dist")
"""Names that are believed only with a unit of length, and without a parallax: they are separations, too."""
_LENGTHS = ("pc", "kpc", "mpc", "lyr", "ly", "m", "km", "au", "parsec", "parsecs")

_ID_COLUMNS = tuple(word for release in RELEASES for word in release.id_columns)

COLUMNS = (
    Column("source_id", words=(
        "sourceid", "gaia_source_id", *(word for word in _ID_COLUMNS if not word.endswith("name")), "gaia_sourceid",
        "gaia_id", "gaiaid", "gaia", "source", "designation", "gaia_designation",
        *(word for word in _ID_COLUMNS if word.endswith("name")),
    )),
    Column("ra", "deg", (
        "ra_icrs", "raicrs", "radeg", "right_ascension", "raj2000", "_raj2000", "_ra_icrs", "_ra", "ra_j2000", "ra2000",
        "alpha", "alpha_j2000",
    )),
    Column("dec", "deg", (
        "de_icrs", "dec_icrs", "deicrs", "decicrs", "dedeg", "decdeg", "declination", "decl", "de", "dej2000",
        "decj2000",
        "_dej2000", "_de_icrs", "_de", "dec_j2000", "dec2000", "delta", "delta_j2000",
    )),
    Column("l", "deg", ("glon", "gal_lon", "gal_l", "galactic_l", "galactic_longitude", "_glon")),
    Column("b", "deg", ("glat", "gal_lat", "gal_b", "galactic_b", "galactic_latitude", "_glat")),
    Column("ecl_lon", "deg", ("elon",)),
    Column("ecl_lat", "deg", ("elat",)),
    Column("ra_error", "mas", ("e_ra_icrs", "e_ra", "e_radeg", "ra_err")),
    Column("dec_error", "mas", ("e_de_icrs", "e_dec", "e_dedeg", "e_de", "dec_err")),
    Column("parallax", "mas", ("plx", "varpi", "trig_parallax", "gaia_parallax")),
    Column("parallax_error", "mas", (
        "e_plx", "e_parallax", "parallax_err", "plx_error", "plx_err", "parallax_uncertainty", "sigma_parallax",
        "parallax_sigma",
    )),
    Column("pmra", "mas / yr", ("pm_ra_cosdec", "pm_ra", "pmra_cosdec", "pmracosdec", "pm_ra_cos_dec", "pmra_icrs")),
    Column("pmdec", "mas / yr", ("pmde", "pm_dec", "pm_de", "pmdec_icrs")),
    Column("pmra_error", "mas / yr", ("e_pmra", "pm_ra_error", "pmra_err", "e_pm_ra")),
    Column("pmdec_error", "mas / yr", ("e_pmde", "e_pmdec", "pm_dec_error", "pmdec_err", "e_pm_dec", "e_pm_de")),
    Column("ref_epoch", words=("refepoch",)),
    Column("distance_pc", "pc", ("dist_pc", "d_pc", *DISTANCES_WITH_A_UNIT)),
    Column("phot_g_mean_mag", "mag", ("gmag", "g_mag", "phot_g", "mag_g", "gaia_g", "g_mean_mag")),
    Column("phot_bp_mean_mag", "mag", ("bpmag", "bp_mag", "phot_bp", "gbpmag", "mag_bp", "gaia_bp", "bp_mean_mag")),
    Column("phot_rp_mean_mag", "mag", ("rpmag", "rp_mag", "phot_rp", "grpmag", "mag_rp", "gaia_rp", "rp_mean_mag")),
    Column("bp_rp", "mag", ("bprp", "gbp_grp", "colour_bp_rp", "color_bp_rp")),
    Column("ruwe"),
    Column("nu_eff_used_in_astrometry", "um-1", ("nueff", "nu_eff")),
    Column("pseudocolour", "um-1", ("pscol", "pseudocolor")),
    Column("astrometric_params_solved", words=("solved", "params_solved")),
    Column("solution_id", words=("solid",)),
    Column("label"),
    Column("category"),
    Column("part"),
    Column("note"),
    Column("error_note"),
    Column("wavelength", "nm", (
        "wave", "lambda", "wavelengths", "wl", "lam", "spectral_axis", "wavelength_vac",
    )),
    Column("flux", FLUX_DENSITY, ("flam", "f_lambda", "flux_lambda", "xp_flux", "fluxes", "sampled_flux")),
    Column("flux_error", FLUX_DENSITY, (
        "flux_err", "fluxerror", "fluxerr", "e_flux", "eflux", "flux_errors", "flux_uncertainty", "flux_sigma",
        "sigma_flux",
        "uncertainty", "xp_flux_error", "error", "err",
    )),
    Column("bp_coefficients", words=("bp_coeff", "bp_coeffs", "bp_coef", "bp_coefs", "bp_coefficient")),
    Column("rp_coefficients", words=("rp_coeff", "rp_coeffs", "rp_coef", "rp_coefs", "rp_coefficient")),
    Column("bp_coefficient_errors", words=(
        "bp_coefficient_error", "bp_coeff_errors", "bp_coeff_error", "bp_coeff_err",
    )),
    Column("rp_coefficient_errors", words=(
        "rp_coefficient_error", "rp_coeff_errors", "rp_coeff_error", "rp_coeff_err",
    )),
    Column("bp_coefficient_correlations"),
    Column("rp_coefficient_correlations"),
    Column("bp_standard_deviation"),
    Column("rp_standard_deviation"),
    Column("bp_n_relevant_bases"),
    Column("rp_n_relevant_bases"),
    Column("xp_coefficients", words=(
        "coeff", "coeffs", "coefficients", "coefs", "xp_coeff", "xp_coeffs", "bprp_coefficients", "bp_rp_coefficients",
    )),
)  # fmt: skip
"""Column by column. `xp_coefficients` is a list of those of BP and those of RP, one after the other."""

BY_NAME = {item.name: item for item in COLUMNS}
UNITS = {item.name: item.unit for item in COLUMNS if item.unit}
_NAME_OF = {word: item.name for item in COLUMNS for word in (item.name, *item.words)}
_RANK = {word: rank for item in COLUMNS for rank, word in enumerate((item.name, *item.words))}

GUESSED_ID_WORDS = ("object_id", "objectid", "objid", "star_id", "id", "identifier", "main_id", "name", "star")
"""Names under which ids are believed only where the values look like them (`SMALLEST_ID`)."""
SMALLEST_ID = 4_295_806_720
"""Smallest source_id of gaiadr3.gaia_source."""

UNIT_ENDINGS = {
    "deg": "deg", "degrees": "deg", "rad": "rad", "radians": "rad", "hours": "hourangle", "hour": "hourangle",
    "mas": "mas", "uas": "uas", "muas": "uas", "arcsec": "arcsec", "kpc": "kpc", "pc": "pc",
    "masyr": "mas / yr", "mas_yr": "mas / yr", "mas_per_yr": "mas / yr",
    "mag": "mag", "nm": "nm", "angstrom": "Angstrom", "angstroms": "Angstrom", "aa": "Angstrom", "um": "um",
    "micron": "um",
}  # fmt: skip
"""Units at the end of a name, as in `wavelength_nm` and `parallax_mas`."""

_VAGUE_ERRORS = ("uncertainty", "error", "err")
_BRACKETS = re.compile(r"^(.+?)\s*[\[({]\s*([^\[\]{}]+?)\s*[\])}]$")
_NO_UNIT = (
    "icrs", "j2000", "gaia", *(word for item in RELEASES for word in (item.name.lower(), item.key, f"e{item.key}")),
    *(f"epoch {item.reference_epoch:g}" for item in RELEASES),
)  # fmt: skip
_PREFIXES = (
    *(form for item in RELEASES for form in (f"gaia_{item.key}_", f"gaia_e{item.key}_", f"{item.schema}_")),
    "gaia_source_", "gaia_", *(f"{item.key}_" for item in RELEASES),
)  # fmt: skip
_LETTERS = re.compile(r"[\s\-/]+")


def word_of(name: str) -> str:
    """A name in the vocabulary's spelling: small letters, '_' for blanks and hyphens.

    >>> word_of(" BP-RP ")
    'bp_rp'
    """
    return _LETTERS.sub("_", name.strip().strip("\"'`").strip().lower())


@lru_cache(maxsize=4096)
def meaning(name: str) -> tuple[str, str, int]:
    """Gaia's name for a column ('' if unknown), the unit that the name states, and how good the word is (0 best).

    >>> meaning("RA [h]"), meaning("sky.dec")[0], meaning("wavelength_nm")[1], meaning("colour")[0]
    (('ra', 'h', 100), 'dec', 'nm', '')
    """
    text = name.strip()
    unit, rank = "", 0
    if (found := _BRACKETS.match(text)) is not None and not found.group(2).isdigit():
        inner = found.group(2).strip()
        text, unit, rank = found.group(1), "" if inner.lower() in _NO_UNIT else inner, 100
    word = word_of(text)
    for form, form_unit, worse in _forms(word):
        if form in DISTANCES_WITH_A_UNIT and (unit or form_unit).lower() not in _LENGTHS:
            continue
        if form in _NAME_OF:
            return _NAME_OF[form], unit or form_unit, rank + worse + _RANK[form]
    return "", "", 0


def _forms(word: str):
    """Ways to read a word, best first, each with the unit that it states and a rank."""
    yield word, "", 0
    for ending, unit in UNIT_ENDINGS.items():
        if word.endswith(f"_{ending}") and (base := word.removesuffix(f"_{ending}")) not in ("l", "b"):
            yield base, unit, 200
    if "." in word:
        last = word.rsplit(".", 1)[1]
        yield last, "", 300
    for prefix in _PREFIXES:
        if word.startswith(prefix):
            yield word.removeprefix(prefix), "", 400
    if word.endswith("_gaia"):
        yield word.removesuffix("_gaia"), "", 400


@lru_cache(maxsize=64)
def _canonical(names: tuple[str, ...]) -> dict[str, str]:
    from core.gaia.sample_columns import sample_columns

    renamed = dict(zip(names, names, strict=True))
    best: dict[str, tuple[int, int, str]] = {}
    for place, name in enumerate(names):
        known, _, rank = meaning(name)
        if known:
            # Gaia's own name in its own letters goes before the same name in other letters
            candidate = (-1 if name == known else rank, place, name)
            best[known] = min(best.get(known, candidate), candidate)
    for known in _too_vague(best):
        del best[known]
    for known, (_, _, name) in best.items():
        renamed[name] = known
    for name, (known, _) in sample_columns(names).items():
        if known not in best:
            renamed[name] = known
    if "source_id" not in best and (guess := guessed_id(names)) is not None and not older_ids(names):
        renamed[guess] = "source_id"
    return renamed


def _too_vague(best: dict[str, tuple[int, int, str]]) -> list[str]:
    """Words that mean something only in company: errors next to a flux, l and b as a pair."""
    vague = []
    if "flux_error" in best and "flux" not in best and word_of(best["flux_error"][2]) in _VAGUE_ERRORS:
        vague.append("flux_error")
    if "parallax" in best and (distance := best.get("distance_pc")) and meaning(distance[2])[1].lower() in _LENGTHS:
        bare = word_of(_BRACKETS.sub(r"\1", distance[2].strip()))
        vague += ["distance_pc"] if bare.split("_")[0] in DISTANCES_WITH_A_UNIT and bare != "distance_pc" else []
    letters = [name for name in ("l", "b") if name in best]
    own = all(best[name][2] == name for name in letters)
    if letters and (len(letters) < 2 or ({"ra", "dec"} <= set(best) and not own)):
        vague += letters  # B alone is a magnitude
    return vague


def canonical_names(names: Sequence[str]) -> dict[str, str]:
    """Canonical name for each of a file's column names; unknown names stay as they are.

    Columns of one sample each (`flux_336` ...) share the name of the array that they make.

    >>> canonical_names(["SOURCE_ID", "Flux", "my_column"])
    {'SOURCE_ID': 'source_id', 'Flux': 'flux', 'my_column': 'my_column'}
    """
    return _canonical(tuple(names))


def guessed_id(names: Sequence[str]) -> str | None:
    """The column that may hold ids where none has a name that says so."""
    words = {word_of(name): name for name in reversed(names)}
    return next((words[word] for word in GUESSED_ID_WORDS if word in words), None)


def older_ids(names: Sequence[str]) -> tuple[str, str] | None:
    """The column of ids of a release that is not read and that release's key, if there is one."""
    words = {word: release.key for release in OLDER for word in release.id_columns}
    return next(((name, words[word_of(name)]) for name in names if word_of(name) in words), None)


def is_known(name: str) -> bool:
    """Does the name mean something to this program?"""
    return bool(meaning(name)[0])
