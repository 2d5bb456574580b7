"""What can be said of a star without its spectrum: from where it is, how bright it is, and both.

Reported, not failed: massive stars do crowd the plane. Positions come from the source ids themselves (their upper bits
are a HEALPix pixel), so that no table is needed for them.
"""

import numpy as np

from core.audit.evidence import Evidence
from core.audit.finding import Finding, not_checked, reported
from core.audit.probe_trees import N_FOLDS, fold_areas, mean_and_error, some_rows
from core.runs.protocol import sky_block

PIXEL_LEVEL = 5
_BITS = 8


def check(evidence: Evidence) -> Finding:
    """ROC-AUC of boosted trees on position, on G and on both, in plain folds; sky coverage of the classes."""
    if evidence.oof is None:
        return not_checked("the run has no out-of-fold predictions")
    stars = evidence.oof.iloc[some_rows(len(evidence.oof))]
    label, ids = stars["label"].to_numpy(), stars["source_id"].to_numpy(np.int64)
    if min(np.bincount(label, minlength=2)) < N_FOLDS:
        return not_checked(f"one class has fewer stars than {N_FOLDS} folds")
    features = {"position": sky_coordinates(ids)}
    magnitude = _magnitudes(evidence, ids)
    if magnitude is not None:
        features["brightness"] = magnitude[:, None]
        features["both"] = np.column_stack([features["position"], magnitude])
    counts = int(label.sum()), int((label == 0).sum())
    folds = plain_folds(label)
    figures = {name: mean_and_error(fold_areas(values, label, folds), *counts) for name, values in features.items()}
    coverage = _coverage(evidence.oof)
    listed = ", ".join(f"{name} {area:.3f} ± {error:.3f}" for name, (area, error) in figures.items())
    text = (
        f"Without any spectrum, boosted trees reach a ROC-AUC of: {listed} (0.5 is chance). The massive stars lie in "
        f"{coverage['massive_pixels']} pixels of level {PIXEL_LEVEL}, the low-mass ones in "
        f"{coverage['low_mass_pixels']}, {coverage['shared_pixels']} shared."
    )
    if magnitude is None:
        text += f" Brightness was not looked at: {evidence.data_note}."
    return reported(text, **{f"auc_{name}": area for name, (area, _) in figures.items()}, **coverage)


def plain_folds(label: np.ndarray) -> list[np.ndarray]:
    """Stratified folds as index arrays."""
    from sklearn.model_selection import StratifiedKFold

    splits = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0).split(label, label)
    return [validation for _, validation in splits]


def sky_coordinates(source_id: np.ndarray) -> np.ndarray:
    """Base pixel and the two coordinates inside it, to 14 arcmin, from Gaia source ids: (n_stars, 3)."""
    pixel = sky_block(source_id, _BITS)
    base, inside = pixel >> (2 * _BITS), pixel & ((1 << (2 * _BITS)) - 1)
    x = sum(((inside >> (2 * bit)) & 1) << bit for bit in range(_BITS))
    y = sum(((inside >> (2 * bit + 1)) & 1) << bit for bit in range(_BITS))
    return np.stack([base, x, y], axis=1).astype(np.float64)


def _coverage(oof) -> dict[str, int]:
    pixels = sky_block(oof["source_id"].to_numpy(np.int64), PIXEL_LEVEL)
    massive, low = (np.unique(pixels[oof["label"].to_numpy() == value]) for value in (1, 0))
    return {
        "massive_pixels": len(massive),
        "low_mass_pixels": len(low),
        "shared_pixels": len(np.intersect1d(massive, low)),
    }


def _magnitudes(evidence: Evidence, ids: np.ndarray) -> np.ndarray | None:
    if evidence.data is None or "phot_g_mean_mag" not in evidence.data.metadata:
        return None
    column = evidence.data.metadata["phot_g_mean_mag"].to_numpy(dtype=np.float64)
    order = np.argsort(evidence.data.source_id)
    return column[order[np.searchsorted(evidence.data.source_id, ids, sorter=order)]]
