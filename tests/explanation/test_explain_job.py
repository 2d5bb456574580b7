"""Explaining as a job: what is kept already is not done again."""

from core.explanation.job import KIND, ExplanationWork, Sample, sample_path
from core.jobs.job import check_task_name
from core.jobs.work import KINDS, open_work
from core.settings import current_settings


def request(**changes) -> dict:
    folder = str(current_settings().reference_runs_dir / "wide")
    return {"runs": [["reference_runs/wide", folder]], "sample": [40, 20, 0], "checks": True, "boosted": True} | changes


def test_a_network_is_explained_and_checked(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    work = ExplanationWork(request())
    assert [task.name for task in work.tasks] == [
        *("reference_runs-wide", "reference_runs-wide.checks", "boosted_trees")
    ]
    for task in work.tasks:
        check_task_name(task.name)
    assert work.n_earlier == 0
    kept = sample_path(current_settings().reference_runs_dir / "wide", Sample(40, 20))
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert ExplanationWork(request()).n_earlier == 1
    assert len(ExplanationWork(request(sample=[41, 20, 0])).tasks) == 3
    assert ExplanationWork(request(checks=False, boosted=False)).tasks == []


def test_the_kind_is_known(tmp_path, monkeypatch):
    from core.jobs.job import create_job

    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    assert KIND in KINDS
    assert open_work(create_job(KIND, "title", request())).tasks
