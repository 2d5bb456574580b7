"""A survey's report in words."""

from core.survey.report import WANTED_COMPLETENESS, Share, SurveyReport
from core.survey.store import Manifest

PURITY_OF = "purity (massive of any type)"
LEAST_PREVALENCE = 1e-6
"""Of an estimate that is quoted as a number: below, no survey of Gaia's 219 million spectra could tell it from none."""


def report_text(report: SurveyReport, manifest: Manifest) -> str:
    """Lines for a terminal."""
    done = manifest.n_partitions - len(manifest.faults)
    lines = [
        f"{manifest.input}: {report.n_rows:,} stars, {report.n_classified:,} classified by "
        f"{manifest.run.title} ({manifest.run.members} members); state: {manifest.state}, "
        f"{done} of {manifest.n_partitions} partitions readable",
        f"at a prevalence of {report.prevalence:.3g} a star is a candidate from {report.score} {report.threshold:.6g} "
        "on (equal priors), where its posterior is a half:",
        f"  {report.n_candidates:,} candidates; {report.n_impostors:,} more are too faint to be massive (contaminants)",
    ]
    if report.expected_purity is not None:
        lines.append(
            f"  expected: {report.expected_massive:.1f} massive among them, purity {report.expected_purity:.3f} "
            f"({report.expected_purity_low:.3f} to {report.expected_purity_high:.3f}), if the sample is like the "
            "training's at another prevalence"
        )
    if report.estimated_prevalence is not None:
        estimate = report.estimated_prevalence
        told = (
            f"{estimate:.3g}" if estimate >= LEAST_PREVALENCE else f"none above {LEAST_PREVALENCE:g} can be told from 0"
        )
        lines.append(f"  prevalence that the sample itself suggests: {told}")
        if report.prevalence_is_far:
            lines.append("  the stated prevalence is far from it: posteriors and purity are those of another sample")
    for truth in report.truth:
        lines.append(f"known truth, {truth.kind}:")
        lines.append(f"  completeness {share_text(truth.completeness)}; {PURITY_OF} {share_text(truth.purity)}")
        if truth.at_wanted is not None:
            lines.append(
                f"  at {WANTED_COMPLETENESS:.0%} completeness ({report.score} {truth.threshold_at_wanted:.6g}): "
                f"{PURITY_OF} {share_text(truth.at_wanted)}"
            )
    return "\n".join(lines)


def share_text(share: Share | None) -> str:
    """'0.812 (0.742 to 0.870; 130 of 160)'."""
    if share is None:
        return "undefined (no star)"
    return f"{share.value:.3f} ({share.low:.3f} to {share.high:.3f}; {share.found:,} of {share.of:,})"
