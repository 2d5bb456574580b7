"""The table of a survey: the verdict, what Gaia says of the star, its place, and flags."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from core.classification.verdict import LOW_MASS, MASSIVE, THRESHOLD, with_damage_notes
from core.evaluation.impostor import impostor
from core.evaluation.out_of_distribution import TrainingDomain
from core.evaluation.sky_posterior import brightness_log_odds, sky_log_odds, sky_probability
from core.spectra.spectrum_set import SpectrumSet
from core.spectra.validation import note_bad_rows
from core.survey.second_look import SecondLook

VERDICT = ("probability", "probability_std", "sky_probability")
GAIA = (
    "ra", "dec", "parallax", "parallax_error", "pmra", "pmra_error", "pmdec", "pmdec_error",
    "phot_g_mean_mag", "phot_bp_mean_mag", "phot_rp_mean_mag", "bp_rp", "ruwe",
)  # fmt: skip
PLACE = ("l_deg", "b_deg", "distance_pc", "distance_near_pc", "distance_far_pc", "absolute_g_mag")
TRUTH = ("true_teff", "true_logg", "true_mh", "true_mass", "true_a_v", "true_distance_pc")
PLACED_FROM = 0.01
"""Least probability, at equal priors, of a star that gets a distance: the others are no candidates at any prior, and
the posterior of a million of them would take as long as their classification. A map makes do with 1/parallax there."""
GOOD_RUWE, GOOD_PARALLAX = 1.4, 5.0
"""Quality: a good astrometric solution (Lindegren 2018, GAIA-C3-TN-LU-LL-124) and a parallax known to a fifth."""

SCHEMA = pa.schema(
    [
        pa.field("source_id", pa.int64(), nullable=False),
        *(pa.field(name, pa.float64()) for name in VERDICT),
        pa.field("n_members", pa.int16(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("ood_score", pa.float32()),
        pa.field("out_of_distribution", pa.bool_()),
        pa.field("impostor", pa.bool_()),
        pa.field("good_astrometry", pa.bool_()),
        *(pa.field(name, pa.float64()) for name in (*GAIA, *PLACE)),
        pa.field("category", pa.string()),
        pa.field("true_label", pa.string()),
        *(pa.field(name, pa.float32()) for name in TRUTH),
        pa.field("true_group", pa.int64()),
        pa.field("note", pa.string(), nullable=False),
    ]
)
"""`true_*` and `category` are null except for simulated stars. `probability` is the spectrum's, calibrated at equal
priors; `sky_probability` has brightness and parallax in it too (`core.survey.second_look`), at the same priors."""


@dataclass(frozen=True)
class Judges:
    """What lies beside a run and says more of a star than its probability; None for what the run does not have."""

    domain: TrainingDomain | None = None
    second_look: SecondLook | None = None


NO_JUDGES = Judges()


def survey_table(spectra: SpectrumSet, members: np.ndarray, judges: Judges = NO_JUDGES) -> pa.Table:
    """Rows of the survey for a set of stars.

    Parameters
    ----------
    spectra : SpectrumSet of n_stars
    members : float ndarray of shape (n_members, n_stars)
        Calibrated probabilities; NaN where a star is not classified or dismissed before a member was asked.
    judges : Judges
        Without a domain `ood_score` is null, without a second look `sky_probability` follows a formula.

    Returns
    -------
    pyarrow.Table with `SCHEMA`, rows in the order of `spectra`
    """
    n = len(spectra)
    found = spectra.metadata
    facts = {name: _floats(found, name, n) for name in (*GAIA, *TRUTH)}
    probability, spread = _mean_and_spread(members)
    facts["probability"], facts["probability_std"] = probability, spread
    facts |= _zero_point_columns(found)
    facts["sky_probability"] = _sky_probability(facts, judges.second_look)
    facts["ood_score"] = np.full(n, np.nan) if judges.domain is None else judges.domain.score(spectra.flux)
    facts |= _places(facts)
    flag, _ = impostor(probability, facts)
    label = np.where(probability >= THRESHOLD, MASSIVE, LOW_MASS).astype(object)
    label[np.isnan(probability)] = None
    arrays: dict[str, pa.Array] = {
        "source_id": pa.array(spectra.source_id),
        "label": pa.array(label, pa.string()),
        "out_of_distribution": pa.array(facts["ood_score"] > 1.0, mask=np.isnan(facts["ood_score"])),
        "impostor": pa.array(flag.to_numpy(object, na_value=None), pa.bool_()),
        "good_astrometry": _good_astrometry(facts),
        "category": _texts(found, "category", n),
        "true_label": _texts(found, "label", n),
        "true_group": pa.array(_floats(found, "true_group", n), from_pandas=True).cast(pa.int64()),
        "n_members": pa.array(np.isfinite(members).sum(axis=0), pa.int16()),
        "note": pa.array(_notes(spectra, probability), pa.string()),
    }
    for name in facts.keys() & set(SCHEMA.names):
        arrays[name] = _as(SCHEMA.field(name).type, facts[name])
    return pa.Table.from_arrays([arrays[name] for name in SCHEMA.names], schema=SCHEMA)


def _as(kind: pa.DataType, values: np.ndarray) -> pa.Array:
    """NaN as null; a cast copies even where there is nothing to change."""
    found = pa.array(values, from_pandas=True)
    return found if found.type == kind else found.cast(kind)


def _notes(spectra: SpectrumSet, probability: np.ndarray) -> np.ndarray:
    """The notes, with one on every row that is not classified and on every damaged spectrum."""
    rows = np.flatnonzero(np.isnan(probability))
    note = spectra.note.copy()
    if len(rows):
        note[rows] = note_bad_rows(spectra.take(rows), duplicates=False).note
    return with_damage_notes(note, spectra, probability)


def _mean_and_spread(members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the members that were asked, and their standard deviation (ddof 1; NaN for fewer than two)."""
    asked = np.isfinite(members)
    count = asked.sum(axis=0)
    values = np.where(asked, members, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = values.sum(axis=0) / count
        spread = np.sqrt((np.where(asked, members - mean, 0.0) ** 2).sum(axis=0) / (count - 1))
    return mean, np.where(count > 1, spread, np.nan)


def _sky_probability(facts: Mapping[str, np.ndarray], second_look: SecondLook | None) -> np.ndarray:
    """Possible candidates by the second look, all others by the spectrum; without a second look by a formula."""
    probability = facts["probability"]
    rows = np.flatnonzero(probability >= PLACED_FROM)
    of_rows = {name: values[rows] for name, values in facts.items()}
    if second_look is None:
        log_odds = brightness_log_odds(facts["phot_g_mean_mag"])
        if len(rows):
            log_odds[rows] = sky_log_odds(of_rows)
        return sky_probability(probability, log_odds)
    result = probability.copy()
    if len(rows):
        result[rows] = second_look.probability(of_rows)
    return result


def _places(facts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Galactic direction of all; of possible candidates the distance with its 68 % interval, and the absolute magnitude
    without correction for extinction."""
    from core.sky.distances import distances, parallax_zero_point
    from core.sky.frames import galactic

    n = len(facts["ra"])
    placed = {name: np.full(n, np.nan) for name in PLACE}
    placed["l_deg"], placed["b_deg"] = galactic(facts["ra"], facts["dec"])
    rows = np.flatnonzero(facts["probability"] >= PLACED_FROM)
    if len(rows):
        chosen = {name: values[rows] for name, values in facts.items()}
        parallax = chosen["parallax"] - parallax_zero_point(chosen)
        far = distances(parallax, chosen["parallax_error"], "exponential")
        placed["distance_pc"][rows] = far.distance_pc
        placed["distance_near_pc"][rows], placed["distance_far_pc"][rows] = far.near_pc, far.far_pc
        placed["absolute_g_mag"][rows] = chosen["phot_g_mean_mag"] - 5 * np.log10(far.distance_pc / 10)
    return placed


def _zero_point_columns(found: pd.DataFrame) -> dict[str, np.ndarray]:
    from core.archive.absolute_magnitude import ZERO_POINT_COLUMNS

    return {name: _floats(found, name, len(found)) for name in ZERO_POINT_COLUMNS if name in found}


def _good_astrometry(facts: dict[str, np.ndarray]) -> pa.Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = facts["parallax"] / facts["parallax_error"]
        good = (facts["ruwe"] < GOOD_RUWE) & (ratio > GOOD_PARALLAX)
    return pa.array(good, mask=~(np.isfinite(facts["ruwe"]) & np.isfinite(ratio)))


def _floats(found: pd.DataFrame, name: str, n: int) -> np.ndarray:
    if name not in found:
        return np.full(n, np.nan)
    if found[name].dtype.kind == "f":
        return found[name].to_numpy(dtype=np.float64)
    return pd.to_numeric(found[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _texts(found: pd.DataFrame, name: str, n: int) -> pa.Array:
    if name not in found:
        return pa.nulls(n, pa.string())
    return pa.array(found[name].astype(object).where(found[name].notna(), None), pa.string())
