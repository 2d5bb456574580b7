"""Figures of a validation with real stars: recall in groups, false alarms by kind, ROC, reliability, a gallery."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.evaluation.calibration_methods import CalibrationResult
from core.evaluation.curves import roc_points
from core.evaluation.real_validation import RealRate, RealValidation
from core.figures.evaluation import rates_figure, reliability_figure, roc_figure
from core.figures.palette import BLUE, VERMILION
from core.figures.spectrum import overlay_figure
from core.spectra.representations import find_representation, represent
from core.statistics.metrics import binary_metrics

MOST_SPECTRA = 6


def recall_figure(title: str, rows: Sequence[RealRate]) -> go.Figure:
    """Share found in every group with its 95 % Wilson interval and the number of stars."""
    names = [f"{row.group} ({row.n})" for row in rows]
    series = {"massive stars that are found": (BLUE, [row.rate for row in rows], [row.n for row in rows])}
    return rates_figure(title, names, series, "Share called massive")


def kinds_figure(rows: Sequence[RealRate]) -> go.Figure:
    """Share called massive by kind of star: the upper ones belong to the right, the last two to the left."""
    names = [f"{row.group} ({row.n:,})" for row in rows]
    series = {"called massive": (VERMILION, [row.rate for row in rows], [row.n for row in rows])}
    return rates_figure("Called massive, by kind", names, series, "Share called massive")


def real_roc_figure(found: RealValidation) -> go.Figure:
    """ROC curve of the real stars with a label, damaged spectra left out."""
    return roc_figure(roc_points(found.curve), found.auc)


def real_reliability_figure(found: RealValidation) -> go.Figure | None:
    """Observed against predicted frequency at equal priors; None where a class is missing."""
    if found.reliability is None:
        return None
    scored = found.table[~found.table["damaged"] & found.table["label"].notna()]
    label = (scored["label"] == "massive").to_numpy().astype(int)
    metrics = binary_metrics(label, scored["probability"].to_numpy(dtype=float))
    return reliability_figure([CalibrationResult("platt", "Real stars", "", metrics, found.reliability)])


def gallery_figure(errors: pd.DataFrame, flux: np.ndarray) -> go.Figure:
    """Normalised spectra of wrong verdicts, at most `MOST_SPECTRA`; `flux` (n_errors, 343) in the order of `errors`."""
    shown = errors.head(MOST_SPECTRA)
    names = [
        f"{number}: {row.error}, {row.spectral_type or row.kind}, {row.probability:.3f}"
        for number, row in enumerate(shown.itertuples(), 1)
    ]
    return overlay_figure(represent(flux[: len(shown)], "l2"), names, find_representation("l2"))
