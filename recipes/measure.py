"""Figures of a run on the labelled real stars (cross-validated) and external ones: `python -m recipes.measure RUN`.

Real stars are judged by members that never saw them (`recipes.real_oof`); the files outside `labelled/` by all.
Nothing is tuned on those.
"""

import argparse
import json
from itertools import pairwise
from pathlib import Path

import numpy as np

from core.evaluation.external_validation import load_external_set
from core.statistics.intervals import rate_interval
from core.verdict.ensemble import Ensemble, load_ensemble
from recipes.ob_stars import A_V_EDGES_MAG, extinction, is_ob, is_wolf_rayet
from recipes.real_oof import (
    calibration_kind,
    cross_fitted,
    learnt_label,
    member_folds,
    simulated_low_mass,
    unseen_logits,
)
from recipes.real_stars import RealStars, read_real_stars


def on_real_stars(ensemble: Ensemble, stars: RealStars, *, calibrated: bool = True) -> dict:
    """Recall, false positives, AUC and calibration error of the labelled stars."""
    from sklearn.metrics import roc_auc_score

    from core.statistics.metrics import binary_metrics

    table, label = stars.table, learnt_label(stars.table)
    logit = unseen_logits(ensemble, stars, member_folds(ensemble.run))
    if calibrated:
        simulated = simulated_low_mass(ensemble.path)
        crossed = cross_fitted(logit, calibration_kind(table), table["fold"].to_numpy(), simulated)
        probability = np.nanmean(crossed, axis=0)
    else:
        probability = np.nanmean(ensemble.calibration.probability(logit), axis=0)
    mean, found = np.nanmean(logit, axis=0), probability >= 0.5
    ob, a_v = is_ob(table), extinction(table)
    negative = (table["massive"] == 0).to_numpy()
    hot = negative & (table["file"] == "xp_hot_not_massive").to_numpy()
    unsure = (table["massive"] == 1).to_numpy() & (label != 1)
    kinds = {
        "OB": ob,
        "Wolf-Rayet": is_wolf_rayet(table),
        "learnt as massive": label == 1,
        "APOGEE > 18 kK, B2.5-B3": unsure,
        "B3-B4, 14-18 kK": (table["massive"] == -1).to_numpy(),
        "cool": negative & ~hot,
        "A and late B": hot,
    }
    for low, high in pairwise(A_V_EDGES_MAG):
        kinds[f"OB, A_V {low:g}-{high:g}"] = ob & (a_v >= low) & (a_v < high)
    scored, rows = label >= 0, ob | negative
    missed = zip(table["sp_type"][ob & ~found], a_v[ob & ~found], probability[ob & ~found], strict=True)
    return {
        **{name: share(found[chosen]) for name, chosen in kinds.items()},
        "AUC": round(float(roc_auc_score(ob[rows], mean[rows])), 6),
        "ECE, all learnt": round(float(binary_metrics(label[scored], probability[scored]).ece or 0.0), 4),
        "ECE, OB": round(float(binary_metrics(ob[rows].astype(int), probability[rows]).ece or 0.0), 4),
        "missed": [f"{kind} A_V {dust:.1f} p {p:.2f}" for kind, dust, p in missed],
    }


def share(called: np.ndarray) -> str:
    """How many of the stars are called massive, with the exact 95 % interval."""
    interval = rate_interval(int(called.sum()), len(called))
    low, high = 100 * interval.low, 100 * interval.high
    return f"{called.sum()}/{len(called)} = {100 * called.mean():.3f} % ({low:.3f}-{high:.3f})"


def on_external_set(ensemble: Ensemble, folder: Path) -> dict:
    """Share called massive of the field stars and hot subdwarfs of the external set."""
    from core.verdict.verdict import classify

    external = load_external_set(folder)
    probability = classify(external.spectra, ensemble)["probability"].to_numpy(dtype=float, na_value=np.nan)
    result = {}
    for group in ("O-B1 standards", "A-M standards", "field stars", "hot subdwarfs", "white dwarfs"):
        mine = probability[(external.group == group) & np.isfinite(probability)]
        result[group] = share(mine >= 0.5)
    return result


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--as-stored", action="store_true", help="The run's own calibration instead of cross-fitting.")
    arguments = parser.parse_args()
    from core.settings import current_settings

    ensemble = load_ensemble(arguments.run)
    print(json.dumps(on_real_stars(ensemble, read_real_stars(), calibrated=not arguments.as_stored), indent=1))
    print(json.dumps(on_external_set(ensemble, current_settings().real_data_dir), indent=1))


if __name__ == "__main__":
    main()
