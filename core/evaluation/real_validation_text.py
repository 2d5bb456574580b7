"""A validation with real stars as plain values and as lines of text."""

from collections.abc import Sequence
from dataclasses import asdict

from core.evaluation.real_validation import RealRate, RealValidation
from core.statistics.intervals import Interval
from core.verdict.unseen import UNSEEN_NOTE

TITLES = {"type": "by type", "luminosity": "by luminosity class", "dust": "by extinction"}


def validation_dict(found: RealValidation) -> dict:
    """Numbers, texts, lists and None, ready for JSON; the errors as a list of rows."""
    errors = found.errors.astype(object).where(found.errors.notna(), None)
    return {
        "run": found.run,
        "title": found.title,
        "sample": found.sample,
        "n_stars": found.n_stars,
        "n_classified": found.n_classified,
        "n_unseen": found.n_unseen,
        "threshold": found.threshold,
        "recall": {by: [asdict(row) for row in rows] for by, rows in found.recall.items()},
        "kinds": [asdict(row) for row in found.kinds],
        "roc_auc": asdict(found.auc),
        "ece": asdict(found.ece),
        "yield": asdict(found.expected),
        "errors": errors.assign(source_id=errors["source_id"].astype(str)).to_dict("records"),
    }


def validation_text(found: RealValidation) -> str:
    """The validation in readable lines."""
    seen = f", {found.n_unseen:,} of them by the {UNSEEN_NOTE.replace('it', 'them')}" if found.n_unseen else ""
    lines = [f"{found.sample}: {found.n_classified:,} of {found.n_stars:,} real stars classified{seen}"]
    for by, rows in found.recall.items():
        lines.append(f"found, {TITLES[by]}: " + ("; ".join(map(rate_text, rows)) or "no star"))
    lines.append("called massive, by kind: " + "; ".join(map(rate_text, found.kinds)))
    lines.append(f"ROC-AUC {interval(found.auc)}, calibration error at equal priors {interval(found.ece)}")
    purity = interval(found.expected.purity, 2)
    lines.append(f"at a prevalence of {found.expected.prevalence:g}: purity {purity} among such stars")
    return "\n".join(lines)


def rate_text(row: RealRate) -> str:
    """'B0-B1.5 18/20 (0.70-0.97)'."""
    return f"{row.group} {row.n_called}/{row.n} ({row.rate.low:.3f}-{row.rate.high:.3f})"


def rate_rows(rows: Sequence[RealRate], column: str = "group") -> list[dict[str, object]]:
    """Rows of a table: group, stars, called massive, share in per cent and its interval."""
    return [
        {
            column: row.group,
            "stars": row.n,
            "called massive": row.n_called,
            "share (%)": None if row.rate.value is None else round(100 * row.rate.value, 2),
            "95 % interval (%)": f"{100 * (row.rate.low or 0):.2f}-{100 * (row.rate.high or 0):.2f}",
        }
        for row in rows
    ]


def interval(found: Interval, digits: int = 4) -> str:
    """'0.9996 (0.9990-0.9999)', or 'undefined'."""
    if found.value is None:
        return "undefined"
    if found.low is None or found.high is None:
        return f"{found.value:.{digits}f}"
    return f"{found.value:.{digits}f} ({found.low:.{digits}f}-{found.high:.{digits}f})"
