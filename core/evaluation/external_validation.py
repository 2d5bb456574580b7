"""External validation: how many of each kind of star an ensemble calls massive, on real Gaia spectra.

The spectra are never trained on. Their folder is `core.settings.Settings.real_data_dir`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.gaia.labels import THRESHOLD
from core.spectra.grid import N_SAMPLES
from core.spectra.spectrum_set import SpectrumSet
from core.statistics.intervals import rate_intervals

COLOUR_CUT_BP_RP_MAG = -0.1
"""A cut at BP-RP < -0.1 mag separates unreddened O-B stars from the field: the rival that a network has to beat."""

EXTERNAL_GROUPS = ("O-B1 standards", "A-M standards", "field stars", "hot subdwarfs", "white dwarfs")


@dataclass(frozen=True)
class ExternalSet:
    """Real spectra with the kind of each star.

    Attributes
    ----------
    spectra : SpectrumSet of n_stars
    group : ndarray of shape (n_stars,)
        One of EXTERNAL_GROUPS, or 'other'.
    bp_rp_mag : ndarray of shape (n_stars,)
        Synthetic BP-RP colour.
    """

    spectra: SpectrumSet
    group: np.ndarray
    bp_rp_mag: np.ndarray


def load_external_set(real_data_dir: Path) -> ExternalSet:
    """Read `xp_sampled.parquet` and sort its stars into groups by their published types."""
    from core.spectra.readers import read_spectra

    path = Path(real_data_dir) / "xp_sampled.parquet"
    spectra = read_spectra(path)
    types = pd.read_parquet(path, columns=["label", "cls", "bp_rp_synth"])
    return ExternalSet(spectra, _group_of(types), types["bp_rp_synth"].to_numpy(dtype=float))


def _group_of(types: pd.DataFrame) -> np.ndarray:
    kind = types["cls"].fillna("")
    early = types["label"].str.match(r"^(O|B[01])").fillna(False).astype(bool)
    conditions = [
        kind.isin(["O", "B"]) & early,
        kind.isin(["A", "F", "G", "K", "M"]),
        kind == "",
        kind == "sd",
        kind == "WD",
    ]
    return np.select([np.asarray(c) for c in conditions], EXTERNAL_GROUPS, default="other")


def count_massive(group: np.ndarray, probability: np.ndarray, threshold: float = THRESHOLD) -> pd.DataFrame:
    """Stars called massive in each group, with the 95 % Clopper-Pearson interval of their fraction.

    Parameters
    ----------
    group : ndarray of shape (n_stars,)
    probability : float ndarray of shape (n_stars,)
        NaN for a star that could not be classified: counted apart, left out of the fraction.
    threshold : float
        A star counts as massive from this probability on.

    Returns
    -------
    DataFrame with group, n, unclassified, massive, fraction, low, high.
    """
    rows = []
    for name in EXTERNAL_GROUPS:
        mine = probability[group == name]
        known = np.isfinite(mine)
        called = int(np.sum(mine[known] >= threshold))
        fraction = called / known.sum() if known.any() else np.nan
        rows.append((name, len(mine), int((~known).sum()), called, fraction))
    table = pd.DataFrame(rows, columns=["group", "n", "unclassified", "massive", "fraction"])
    low, high = rate_intervals(table["massive"].to_numpy(), (table["n"] - table["unclassified"]).to_numpy())
    return table.assign(low=low, high=high)


def early_type_spectra(real_data_dir: Path) -> tuple[list[str], np.ndarray]:
    """Names and flux (n, 343) of the B0V-B1V templates and the CALSPEC O and B0-B1 stars (Gaia's own flux)."""
    folder = Path(real_data_dir)
    templates = pd.read_parquet(folder / "xp_templates_fkiwy.parquet")
    templates = templates[templates["spectral_type"].isin(["B0V", "B0.5V", "B1V"])]
    standards = pd.read_parquet(folder / "calspec_vs_gaia_91.parquet")
    standards = standards[standards["spectral_type"].str.match(r"^(O|B[01])")]
    names = [*templates["spectral_type"], *standards["star_name"]]
    flux = np.vstack([np.stack(list(templates["flux"])), np.stack(list(standards["gaia_flux"]))]).astype(float)
    complete = np.isfinite(flux).all(axis=1)
    return [name for name, keep in zip(names, complete, strict=True) if keep], flux[complete].reshape(-1, N_SAMPLES)
