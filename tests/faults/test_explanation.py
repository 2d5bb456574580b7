"""The process that explains is killed in the middle of a sample."""

import os
import signal

import numpy as np
import pytest

from core.errors import RunError
from core.explanation.explain import explain, open_run
from core.explanation.process import ExplainerProcess, ExplanationRequest, _Spoiled
from core.explanation.stars import stars_of_run
from core.settings import current_settings


@pytest.mark.timeout(300)
def test_a_killed_explainer_is_named_and_the_next_request_gets_a_new_one():
    folder = current_settings().reference_runs_dir / "wide"
    run, stars = open_run(folder), stars_of_run(folder)
    sample, background = stars.sample(12), stars.background(20)
    told = []
    with ExplainerProcess(threads=1) as process:

        def kill_at_the_third(done: int, _: int) -> None:
            told.append(done)
            if done == 3:
                os.kill(process.pid, signal.SIGKILL)

        with pytest.raises(RunError, match=r"ended without an answer.*try again"):
            explain(run, sample, background, process, on_progress=kill_at_the_third)
        assert told[:3] == [1, 2, 3]
        assert process.pid is None
        found = explain(run, sample, background, process)
    assert np.isfinite(found.shap).all()
    assert found.relative_error < 0.01


def test_after_a_failed_second_attempt_no_process_is_left_to_answer_the_next_request(monkeypatch):
    request = ExplanationRequest("run", (0,), [np.zeros((1, 343))], [np.zeros((1, 343))])
    asked = []

    def ask(self, request, on_progress):
        asked.append(request.method)
        if request.method == "auto":
            raise _Spoiled("shap failed")
        raise KeyboardInterrupt  # the reply to the second attempt has not been collected

    monkeypatch.setattr(ExplainerProcess, "_ask", ask)
    with ExplainerProcess() as process:
        closed = []
        monkeypatch.setattr(ExplainerProcess, "close", lambda self: closed.append(len(asked)))
        with pytest.raises(KeyboardInterrupt):
            process.ask(request)
        assert asked == ["auto", "path"]
        assert closed == [2]
