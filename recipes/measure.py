"""Cross-validated figures of a run on the labelled real stars, and the exams: `python -m recipes.measure RUN`.

Real stars are judged by members that never saw them (`recipes.real_oof`); the exam files outside `labelled/` by all.
Nothing is tuned on the exams.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from core.classification.ensemble import Ensemble, load_ensemble
from core.evaluation.exam import load_exam
from core.evaluation.intervals import rate_interval
from recipes.ob_stars import A_V_EDGES_MAG, extinction, is_ob, is_wolf_rayet
from recipes.real_oof import cross_fitted, learnt_label, member_folds, unseen_logits
from recipes.real_stars import RealStars, read_real_stars


def on_real_stars(ensemble: Ensemble, stars: RealStars, *, calibrated: bool = True) -> dict:
    """Recall, false positives, AUC and calibration error of the labelled stars."""
    from core.evaluation.metrics import binary_metrics
    from sklearn.metrics import roc_auc_score

    table, label = stars.table, learnt_label(stars.table)
    logit = unseen_logits(ensemble, stars, member_folds(ensemble.run))
    if calibrated:
        probability = np.nanmean(cross_fitted(logit, label, table["fold"].to_numpy()), axis=0)
    else:
        line = ensemble.run["calibration"]
        probability = np.nanmean(1.0 / (1.0 + np.exp(-(line["slope"] * logit + line["intercept"]))), axis=0)
    found = probability >= 0.5
    ob, wr, a_v = is_ob(table), is_wolf_rayet(table), extinction(table)
    negative = (table["massive"] == 0).to_numpy()
    cool, hot = negative & (table["file"] != "xp_hot_not_massive"), negative & (table["file"] == "xp_hot_not_massive")
    mean = np.nanmean(logit, axis=0)
    rows = ob | negative
    scored = label >= 0
    bins = [
        f"{found[ob & (a_v >= low) & (a_v < high)].sum()}/{(ob & (a_v >= low) & (a_v < high)).sum()}"
        for low, high in zip(A_V_EDGES_MAG[:-1], A_V_EDGES_MAG[1:], strict=True)
    ]
    result = {
        "OB found": f"{found[ob].sum()}/{ob.sum()}",
        "OB by A_V": " ".join(bins),
        "Wolf-Rayet": f"{found[wr].sum()}/{wr.sum()}",
        "all MK or SED": f"{found[label == 1].sum()}/{(label == 1).sum()}",
        "APOGEE > 18 kK": f"{found[(table['massive'] == 1) & ~np.isin(label, [1])].sum()}/{((table['massive'] == 1) & (label != 1)).sum()}",
        "boundary": f"{found[table['massive'] == -1].sum()}/{(table['massive'] == -1).sum()}",
        "cool false": f"{found[cool].sum()}/{cool.sum()} = {100 * found[cool].mean():.3f} %",
        "A and late B false": f"{found[hot].sum()}/{hot.sum()} = {100 * found[hot].mean():.2f} %",
        "AUC": round(float(roc_auc_score(ob[rows], mean[rows])), 6),
        "ECE": round(float(binary_metrics(label[scored], probability[scored]).ece), 4),
        "missed": [f"{t} A_V {a:.1f} p {p:.2f}" for t, a, p in zip(table["sp_type"][ob & ~found], a_v[ob & ~found], probability[ob & ~found], strict=True)],
    }
    return result


def on_exam(ensemble: Ensemble, folder: Path) -> dict:
    """Share called massive of the field stars and hot subdwarfs of the exam."""
    from core.classification.verdict import classify

    exam = load_exam(folder)
    probability = classify(exam.spectra, ensemble)["probability"].to_numpy(dtype=float, na_value=np.nan)
    result = {}
    for group in ("O-B1 standards", "A-M standards", "field stars", "hot subdwarfs", "white dwarfs"):
        mine = probability[(exam.group == group) & np.isfinite(probability)]
        called = int((mine >= 0.5).sum())
        interval = rate_interval(called, len(mine))
        result[group] = f"{called}/{len(mine)} = {100 * called / len(mine):.2f} % ({100 * interval.low:.2f}-{100 * interval.high:.2f})"
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
    print(json.dumps(on_exam(ensemble, current_settings().real_data_dir), indent=1))


if __name__ == "__main__":
    main()
