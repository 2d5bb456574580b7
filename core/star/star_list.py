"""The table of verdicts on a user's own list: what the networks say beside what file and archive know of each star."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from core.gaia.labels import THRESHOLD
from core.gaia.releases import DEFAULT
from core.gaia.simulated import SIMULATED, simulated_rows
from core.gaia.source_id import approximate_position
from core.spectra.photometry import synthetic_photometry
from core.spectra.spectrum_set import SpectrumSet
from core.verdict import doubts
from core.verdict.facts import float_columns
from core.verdict.verdict import Verdict

NAME_COLUMNS = ("name", "main_id", "star", "object", "id_als", "hd", "designation")
LABEL_COLUMNS = ("label", "spectral_type", "sp_type", "spt", "class", "cls", "type", "category")
NUMBERS = (
    "ra", "dec", "parallax", "parallax_error", "pmra", "pmdec", "pmra_error", "pmdec_error", "ruwe", "phot_g_mean_mag",
    "bp_rp",
)  # fmt: skip
FROM_ID, FROM_TABLE, FROM_SPECTRUM = "source_id, good to 0.7 arcmin", "catalogue", "the spectrum"


def list_table(spectra: SpectrumSet, verdict: Verdict, prevalence: float, file: str = "") -> pd.DataFrame:
    """One row for each star of a list, in its order.

    Parameters
    ----------
    spectra : SpectrumSet of n_stars
    verdict : Verdict
        On these stars.
    prevalence : float
        Of the column `posterior`.
    file : str
        Name of the file or list.

    Returns
    -------
    DataFrame of n_stars rows with the columns source_id, name and file_label (where the file has them), simulated, the
    verdict's numbers and flags, note (with every doubt in words), `NUMBERS`, photometry, position and file. Magnitude
    and colour are those of the spectrum where no catalogue gives them; positions of real stars follow from their ids
    then. Verdicts use catalogue values alone.
    """
    metadata = spectra.metadata
    n = len(spectra)
    table = pd.DataFrame({"source_id": spectra.source_id})
    for column, names in (("name", NAME_COLUMNS), ("file_label", LABEL_COLUMNS)):
        if (texts := first_texts(metadata, names)) is not None:
            table[column] = texts
    simulated = simulated_rows(metadata)
    numbers = float_columns(metadata, NUMBERS)
    posterior, is_limit = verdict.supported_posterior(prevalence)
    table = table.assign(
        simulated=simulated, probability=verdict.probability, probability_std=verdict.probability_std,
        sky_probability=verdict.sky_probability, posterior=posterior, posterior_is_lower_limit=is_limit,
        label=verdict.label,
        trust=verdict.trust, contaminant=verdict.contaminant, out_of_distribution=verdict.out_of_distribution,
        ood_score=verdict.ood_score, note=_notes(verdict),
    )  # fmt: skip
    table = pd.concat([table, pd.DataFrame(numbers)], axis=1)
    table["photometry"] = _complete_photometry(table, spectra.flux)
    table["position"] = _complete_positions(table, spectra.release, simulated)
    return table.assign(file=np.full(n, file, dtype=object))


def first_texts(metadata: pd.DataFrame, names: tuple[str, ...]) -> pd.Series | None:
    """Of each star the first text that one of the columns has, '' where none has one; None without such a column."""
    words = {str(name).lower(): name for name in reversed(list(metadata.columns))}
    found = None
    for column in (words[name] for name in names if name in words):
        texts = metadata[column].astype(object).where(metadata[column].notna(), "").astype(str).str.strip()
        found = texts if found is None else found.where(found != "", texts)
    return found


def about_export(verdict: Verdict, run: str, prevalence: float) -> Mapping[str, str]:
    """What an exported table says of itself."""
    import core

    return {
        "explorer_version": core.__version__,
        "run": run,
        "prevalence": f"{prevalence:g}",
        "release": verdict.release,
        "posterior": "odds of sky_probability (equal priors) times prevalence / (1 - prevalence), as a probability; at "
        "most what the validation of the run supports",
    }


def counts(table: pd.DataFrame) -> dict[str, int]:
    """Stars of the list: n, classified, massive, candidates (posterior of a half or more), contaminants, doubted.

    `untold` : look massive, and whether they are too faint to be cannot be told.
    """
    return {
        "n": len(table),
        "classified": int(table["probability"].notna().sum()),
        "massive": int((table["probability"] >= THRESHOLD).sum()),
        "candidates": int((table["posterior"] >= THRESHOLD).sum()),
        "contaminants": int(table["contaminant"].fillna(False).sum()),
        "untold": int((table["contaminant"].isna() & table["probability"].notna()).sum()),
        "doubted": int((table["trust"] == doubts.DOUBTED).sum()),
        "simulated": int(table[SIMULATED].sum()),
    }


def _notes(verdict: Verdict) -> list[str]:
    """Of each star every doubt in words; of one that is not classified why."""
    notes = [str(text) for text in verdict.note]
    for kind, check in doubts.CHECKS.items():
        if kind == "note":
            continue
        for row in np.flatnonzero(check.rows(verdict) & np.isfinite(verdict.probability)):
            text = check.text(verdict, int(row))
            notes[row] = f"{notes[row]}; {text}" if notes[row] else text
    return notes


def _complete_photometry(table: pd.DataFrame, flux: np.ndarray) -> np.ndarray:
    """Fill in magnitude and colour in place; of each star where they come from ('' where nothing is known)."""
    missing = table[["phot_g_mean_mag", "bp_rp"]].isna().any(axis=1).to_numpy()
    origin = np.where(missing, "", FROM_TABLE).astype(object)
    rows = np.flatnonzero(missing & np.isfinite(flux).any(axis=1))
    if len(rows):
        with np.errstate(invalid="ignore", divide="ignore"):
            g, bp, rp = synthetic_photometry(flux[rows])
        for name, values in (("phot_g_mean_mag", g), ("bp_rp", bp - rp)):
            own = table[name].to_numpy(dtype=float, copy=True)
            own[rows] = np.where(np.isfinite(own[rows]), own[rows], values)
            table[name] = own
        origin[rows[np.isfinite(g)]] = FROM_SPECTRUM
    return origin


def _complete_positions(table: pd.DataFrame, release: str, simulated: np.ndarray) -> np.ndarray:
    """Fill in ra and dec in place from the ids, which hold a HEALPix pixel; of each star where they come from."""
    missing = table[["ra", "dec"]].isna().any(axis=1).to_numpy()
    origin = np.where(missing, "", FROM_TABLE).astype(object)
    rows = np.flatnonzero(missing & (table["source_id"].to_numpy() > 0) & ~simulated)
    if len(rows) and release == DEFAULT.key:
        place = approximate_position(table["source_id"].to_numpy()[rows])
        for name, values in zip(("ra", "dec"), place, strict=True):
            own = table[name].to_numpy(dtype=float, copy=True)
            own[rows] = values
            table[name] = own
        origin[rows] = FROM_ID
    return origin
