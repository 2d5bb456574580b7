"""One purity at one prevalence: *Evaluate* and *Audit* from a validation, *Survey* from its own stars."""

import numpy as np
import pandas as pd
import pytest

from core.evaluation.sky_yield import candidates_yield, sky_mix
from core.survey.report import survey_report
from core.survey.result import SurveyResult
from core.survey.survey import survey
from core.verdict.sky_validation import SCORES, TRAINING_SET, count_scores, store_sky_validation

STARS, PREVALENCE = 16_384, 0.005
"""A prevalence at which so few simulated stars hold candidates enough to compare."""


@pytest.fixture(scope="module")
def run_dir():
    from core.settings import current_settings

    return current_settings().default_run_dir


def stars_of(folder) -> pd.DataFrame:
    """Verdicts of a survey with the truth."""
    stars = pd.concat(pd.read_parquet(path) for path in sorted(folder.glob("part-*.parquet")))
    return stars.assign(massive=stars["true_label"] == "massive")


def validation_of(run_dir, folder):
    """Of massive stars and of a survey's low-mass ones, all drawn anew."""
    survey("simulated:massive:2048:31", run_dir, folder / "massive", workers=1)
    survey(f"simulated:survey:{STARS}:32", run_dir, folder / "sky", workers=1)
    massive, sky = stars_of(folder / "massive"), stars_of(folder / "sky")
    stars = pd.concat([massive[massive["massive"]], sky[~sky["massive"]]])
    n_massive = int(stars["massive"].sum())
    return count_scores(stars[[*SCORES, "impostor", "massive"]], n_massive, len(stars) - n_massive)


@pytest.mark.slow
def test_a_survey_of_other_stars_agrees_with_the_validation(run_dir, tmp_path):
    found = validation_of(run_dir, tmp_path)
    survey("simulated:massive:1024:33", run_dir, tmp_path / "m", workers=1)
    survey(f"simulated:survey:{STARS}:34", run_dir, tmp_path / "s", workers=1)
    counted = SurveyResult.open(tmp_path / "m")
    report = survey_report(counted, PREVALENCE)
    expected = candidates_yield(found, PREVALENCE)
    truth = report.truth[0].completeness
    assert truth is not None
    assert expected.completeness.low is not None
    assert expected.completeness.high is not None
    assert truth.low <= expected.completeness.high
    assert truth.high >= expected.completeness.low
    sky = stars_of(tmp_path / "s")
    called = (sky["sky_probability"] >= 1 - PREVALENCE) & ~sky["impostor"].fillna(False).astype(bool)
    false = int((called & ~sky["massive"]).sum())
    rate = expected.false_positive_rate
    assert rate.high is not None
    assert false <= np.ceil(rate.high * STARS * 3) + 3


def test_the_mix_is_named_and_a_run_without_a_sky_says_so():
    stars = pd.DataFrame({"probability": [0.99, 0.2, 0.6], "massive": [True, False, False]})
    mix = sky_mix(count_scores(stars, 1, 2, mix=TRAINING_SET))
    assert not mix.of_sky
    assert "commoner than in the sky" in mix.text
    both = stars.assign(sky_probability=[0.99, 0.1, 0.1])
    mix = sky_mix(count_scores(both, 1, 200))
    assert mix.of_sky
    assert "simulated sky" in mix.text


def test_audit_and_evaluate_state_one_purity(tmp_path):
    from core.audit.evidence import load_evidence
    from core.audit.sky_purity import check
    from core.runs.run import read_run
    from core.verdict.sky_validation import SkyValidation, load_sky_validation
    from tests.verdict.tiny_runs import write_run

    run = write_run(tmp_path / "run")
    folder = run if run is not None else tmp_path / "run"
    started = read_run(folder).started
    stars = pd.DataFrame({name: np.r_[np.full(50, 0.9999), np.full(3, 0.9999)] for name in SCORES})
    counted = count_scores(stars.assign(massive=np.arange(53) < 50), 60, 400_000)
    kept = SkyValidation(counted.massive, counted.low_mass, 60, 400_000, started=started)
    store_sky_validation(folder, kept)
    pd.DataFrame(
        {"source_id": [1, 2], "label": [1, 0], "probability": [0.9, 0.1], "logit_mean": [1.0, -1.0]}
    ).to_parquet(folder / "test.parquet")
    finding = check(load_evidence(folder))
    found = load_sky_validation(folder, started)
    assert found is not None
    expected = candidates_yield(found, 3e-4)
    assert finding.numbers["sky_purity"] == expected.purity.value
    assert f"{100 * expected.purity.value:.0f} %" in finding.text
