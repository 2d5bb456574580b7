"""The shipped form of a run states the figures of the predictions that it ships, and the auditor finds them himself."""

import numpy as np

from benchmarks import default_run
from core.audit.evidence import load_evidence
from core.audit.finding import FAILED, PASSED
from core.audit.record import check_figures
from core.audit.record import figures_of as auditor_s
from core.runs.run import read_run, write_run
from core.runs.store import figures_of
from tests.evaluation.stored_runs import drawn_stars, write_stored_run


def test_a_packed_run_states_the_figures_of_what_it_ships(tmp_path, monkeypatch):
    monkeypatch.setattr(default_run, "N_SHIPPED", 150)
    source = write_stored_run(tmp_path / "run", *drawn_stars())
    for name in ("representation.npz", "domain.npz"):
        np.savez(source / name, nothing=np.zeros(1))
    whole = load_evidence(source)
    write_run(source, whole.run.changed(results=figures_of(whole.oof, whole.test)))
    default_run.pack(source, tmp_path / "packed")
    packed = load_evidence(tmp_path / "packed")
    assert len(packed.oof) == len(packed.test) == packed.run.predictions_shipped == 150
    assert packed.run.results_of_all_predictions == read_run(source).results != packed.run.results
    assert default_run.figures_of is not auditor_s
    assert check_figures(packed).verdict == PASSED
    flattered = packed.run.results.changed(test_roc_auc=0.999)
    write_run(packed.folder, packed.run.changed(results=flattered))
    assert check_figures(load_evidence(packed.folder)).verdict == FAILED
