"""Which representation suits a network: its finished runs beside each other, where they can be compared at all."""

from collections import defaultdict

import pandas as pd

from core.errors import RunError
from core.runs.catalogue import find_runs
from core.runs.run import FINISHED, Run, read_run
from core.settings import Settings
from core.spectra.representations import find_representation

_OWN = ("representation", "preset")
"""Settings in which comparable runs may differ."""


def ranked_representations(model: str, settings: Settings | None = None) -> list[tuple[str, pd.DataFrame]]:
    """Finished runs of one network by representation, the best first.

    Runs are comparable only on the same data and folds and with the same settings otherwise: each group of such runs
    with at least two representations is a table of its own, the largest group first.

    Returns
    -------
    list of (description, DataFrame of title, representation, accuracy, accuracy_std, roc_auc, run)
    """
    groups: dict[tuple, list[dict]] = defaultdict(list)
    for summary in find_runs(settings):
        if summary.model != model or summary.state != FINISHED:
            continue
        try:
            run = read_run(summary.path)
            groups[_what_must_agree(run)].append(_row(run, summary.name))
        except RunError:
            continue
    tables = []
    for key, rows in groups.items():
        best = pd.DataFrame(rows).sort_values("accuracy", ascending=False).drop_duplicates("representation")
        if len(best) > 1:
            tables.append((f"{key[0]}, {key[1]} of {key[2]} folds, {key[3]}", best.reset_index(drop=True)))
    return sorted(tables, key=lambda item: -len(item[1]))


def _what_must_agree(run: Run) -> tuple:
    settings = {} if run.settings is None else run.settings.as_dict()
    others = tuple(sorted((name, value) for name, value in settings.items() if name not in _OWN))
    described = (run.data.path, len(run.folds_done), run.n_folds, f"at most {run.epochs} epochs")
    return *described, run.data.sha256, run.data.fold_map, tuple(run.folds_done), others


def _row(run: Run, name: str) -> dict:
    return {
        "title": find_representation(run.representation).title,
        "representation": run.representation,
        "accuracy": run.figures.validation_accuracy,
        "accuracy_std": run.figures.validation_accuracy_std,
        "roc_auc": run.figures.validation_roc_auc,
        "run": name,
    }
