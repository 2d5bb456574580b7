"""One run's evaluation as plain values, for the command line and for files."""

from dataclasses import asdict

from core.errors import UsageError
from core.evaluation.breakdown import GroupResult, available_breakdowns, break_down, simulated_contaminants
from core.evaluation.calibration_methods import compare_calibrations
from core.evaluation.operating import Yield, expected_yield, explain_yield, threshold_for_purity
from core.evaluation.sky_yield import candidates_yield, sky_mix, validation_of_run
from core.gaia.labels import THRESHOLD
from core.runs.result import RunResult
from core.statistics.intervals import bootstrap_metrics
from core.statistics.metrics import binary_metrics
from core.statistics.prevalence import operating_curve


def evaluate_run(
    result: RunResult, *, prevalence: float, threshold: float = THRESHOLD, wanted_purity: float | None = None
) -> dict:
    """Figures with intervals, expected yield at a prevalence, calibration and breakdowns of a run's held-out stars.

    Parameters
    ----------
    prevalence, threshold, wanted_purity : float
        Fractions between 0 and 1; prevalence and wanted purity strictly so.

    Returns
    -------
    dict of numbers, texts, lists and None (nothing else: it can be written as JSON)
    """
    if not 0.0 <= threshold <= 1.0:
        raise UsageError(f"threshold is {threshold}, expected a probability from 0 to 1")
    if wanted_purity is not None and not 0.0 < wanted_purity < 1.0:
        raise UsageError(f"purity is {wanted_purity}, expected a fraction between 0 and 1: give 0.9 for 90 %")
    label, probability = result.test["label"].to_numpy(), result.test["probability"].to_numpy()
    curve = operating_curve(label == 1, probability)
    expected = expected_yield(curve, threshold, prevalence)
    chosen = None if wanted_purity is None else threshold_for_purity(curve, wanted_purity, prevalence)
    intervals = bootstrap_metrics(label, probability, threshold=threshold)
    validation = validation_of_run(result.folder, result.run.started)
    on_sky = None if validation is None or not sky_mix(validation).of_sky else candidates_yield(validation, prevalence)
    return {
        "run": str(result.folder),
        "model": result.model,
        "title": result.title,
        "n_members": result.n_members,
        "n_test": len(result.test),
        "metrics": binary_metrics(label, probability, threshold).as_dict(),
        "intervals": {name: [interval.low, interval.high] for name, interval in intervals.items()},
        "yield": _yield(expected),
        "wanted_purity": wanted_purity,
        "yield_at_wanted_purity": None if chosen is None else _yield(chosen),
        "yield_on_sky": None if on_sky is None else _yield(on_sky),
        "explanation": explain_yield(expected),
        "calibration": [
            {"method": entry.method, "parameters": entry.parameters, **_of(entry.metrics, "ece", "brier", "log_loss")}
            for entry in compare_calibrations(result.oof, result.test)
        ],
        "breakdown": {
            by: [_group(group) for group in break_down(result.test, by, threshold)]
            for by in available_breakdowns(result.test)
        },
        "impostors": [_group(group) for group in simulated_contaminants(result.test, threshold)],
    }


def _of(metrics, *names: str) -> dict:
    return {name: getattr(metrics, name) for name in names}


def _yield(expected: Yield) -> dict:
    return asdict(expected)


def _group(group: GroupResult) -> dict:
    return asdict(group)


def report_text(report: dict) -> str:
    """The report in a few readable lines."""
    metrics, limits = report["metrics"], report["intervals"]
    lines = [f"{report['title']}, {report['n_members']} members, {report['n_test']:,} held-out stars ({report['run']})"]
    for name, title in (("accuracy", "accuracy"), ("f1", "F1"), ("roc_auc", "ROC-AUC"), ("ece", "calibration error")):
        if metrics[name] is not None:
            low, high = limits[name]
            lines.append(f"{title}: {metrics[name]:.4f} ({low:.4f}-{high:.4f})")
    lines.append(_yield_line("with the look-alikes of its own test set, at the threshold", report["yield"]))
    if report["yield_on_sky"] is not None:
        lines.append(_yield_line("a survey's candidates, with the sky's own look-alikes, at", report["yield_on_sky"]))
    if report["wanted_purity"] is not None:
        chosen = report["yield_at_wanted_purity"]
        wanted = f"for a purity of {report['wanted_purity']:g}"
        lines.append(
            f"{wanted}: no threshold reaches it on this test set" if chosen is None else _yield_line(wanted, chosen)
        )
    lines += [
        f"{group['group']}: {_share(group['false_positive_rate'])} called massive" for group in report["impostors"]
    ]
    return "\n".join([*lines, report["explanation"]])


def _yield_line(what: str, expected: dict) -> str:
    return (
        f"{what} {expected['threshold']:.6g} at a prevalence of {expected['prevalence']:g}: purity "
        f"{_share(expected['purity'])}, completeness {_share(expected['completeness'])}, false positive rate "
        f"{_share(expected['false_positive_rate'])}"
    )


def _share(interval: dict) -> str:
    if interval["value"] is None:
        return "undefined"
    return f"{interval['value']:.4g} ({interval['low']:.4g}-{interval['high']:.4g})"
