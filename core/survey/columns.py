"""The table of a survey: the verdict, what Gaia says of the star, its place, and flags."""

import numpy as np
import pandas as pd
import pyarrow as pa

from core.datasets.truth import truth_of
from core.spectra.spectrum_set import SpectrumSet
from core.verdict.facts import float_columns
from core.verdict.sky_estimate import CANDIDATE_FROM
from core.verdict.verdict import Verdict

VERDICT = ("probability", "probability_std", "sky_probability")
GAIA = (
    "ra", "dec", "parallax", "parallax_error", "pmra", "pmra_error", "pmdec", "pmdec_error",
    "phot_g_mean_mag", "phot_bp_mean_mag", "phot_rp_mean_mag", "bp_rp", "ruwe",
)  # fmt: skip
PLACE = ("l_deg", "b_deg", "distance_pc", "distance_near_pc", "distance_far_pc", "absolute_g_mag")
TRUTH = ("true_teff", "true_logg", "true_mh", "true_mass", "true_a_v", "true_distance_pc")
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
priors; `sky_probability` has brightness and parallax in it too (`core.verdict.sky_estimate`), at the same priors."""


def survey_table(spectra: SpectrumSet, verdict: Verdict) -> pa.Table:
    """Rows of the survey for a set of stars.

    Parameters
    ----------
    spectra : SpectrumSet of n_stars
    verdict : Verdict
        On these stars. Without an out-of-distribution detector beside the run `ood_score` is null.

    Returns
    -------
    pyarrow.Table with `SCHEMA`, rows in the order of `spectra`
    """
    n = len(spectra)
    found = spectra.metadata
    facts = float_columns(found, (*GAIA, *TRUTH)) | dict(verdict.facts)
    facts |= {name: getattr(verdict, name) for name in (*VERDICT, "ood_score")}
    facts |= _places(facts)
    arrays: dict[str, pa.Array] = {
        "source_id": pa.array(verdict.source_id),
        "label": pa.array(verdict.label, pa.string()),
        "out_of_distribution": _truth(verdict.out_of_distribution),
        "impostor": _truth(verdict.contaminant),
        "good_astrometry": _good_astrometry(facts),
        "category": _texts(found, "category", n),
        "true_label": _truth_of(found, n),
        "true_group": _as(pa.int64(), float_columns(found, ["true_group"])["true_group"]),
        "n_members": pa.array(verdict.n_asked, pa.int16()),
        "note": pa.array(verdict.note, pa.string()),
    }
    for name in facts.keys() & set(SCHEMA.names):
        arrays[name] = _as(SCHEMA.field(name).type, facts[name])
    return pa.Table.from_arrays([arrays[name] for name in SCHEMA.names], schema=SCHEMA)


def _truth(flag: pd.api.extensions.ExtensionArray) -> pa.Array:
    return pa.array(flag.to_numpy(object, na_value=None), pa.bool_())


def _as(kind: pa.DataType, values: np.ndarray) -> pa.Array:
    """NaN as null; a cast copies even where there is nothing to change."""
    found = pa.array(values, from_pandas=True)
    return found if found.type == kind else found.cast(kind)


def _places(facts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Galactic direction of all; of possible candidates the distance with its 68 % interval, and M_G.

    M_G is not corrected for extinction.
    """
    from core.gaia.distances import distances, parallax_zero_point
    from core.gaia.frames import galactic

    n = len(facts["ra"])
    placed = {name: np.full(n, np.nan) for name in PLACE}
    placed["l_deg"], placed["b_deg"] = galactic(facts["ra"], facts["dec"])
    rows = np.flatnonzero(facts["probability"] >= CANDIDATE_FROM)
    if len(rows):
        chosen = {name: values[rows] for name, values in facts.items()}
        parallax = chosen["parallax"] - parallax_zero_point(chosen)
        far = distances(parallax, chosen["parallax_error"], "exponential")
        placed["distance_pc"][rows] = far.distance_pc
        placed["distance_near_pc"][rows], placed["distance_far_pc"][rows] = far.near_pc, far.far_pc
        placed["absolute_g_mag"][rows] = chosen["phot_g_mean_mag"] - 5 * np.log10(far.distance_pc / 10)
    return placed


def _good_astrometry(facts: dict[str, np.ndarray]) -> pa.Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = facts["parallax"] / facts["parallax_error"]
        good = (facts["ruwe"] < GOOD_RUWE) & (ratio > GOOD_PARALLAX)
    return pa.array(good, mask=~(np.isfinite(facts["ruwe"]) & np.isfinite(ratio)))


def _truth_of(found: pd.DataFrame, n: int) -> pa.Array:
    """What the input knows: labels of the classes or spectral types; other words are no truth and become null."""
    for name in ("label", "spectral_type"):
        if name in found and (known := truth_of(found[name])).astype(bool).any():
            return pa.array(known, pa.string())
    return pa.nulls(n, pa.string())


def _texts(found: pd.DataFrame, name: str, n: int) -> pa.Array:
    if name not in found:
        return pa.nulls(n, pa.string())
    return pa.array(found[name].astype(object).where(found[name].notna(), None), pa.string())
