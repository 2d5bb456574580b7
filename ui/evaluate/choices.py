"""Choices of the pages Compare and Evaluate: runs, stars, threshold and prevalence; all stand in the URL."""

import streamlit as st

from core.errors import ExplorerError
from core.evaluation.comparison import grounds, same_test_stars
from core.runs.catalogue import RunSummary
from core.runs.result import RunResult
from core.runs.run import FINISHED
from core.statistics.prevalence import EQUAL_PRIOR, GAIA_PREVALENCE, PLANE_PREVALENCE
from models.registry import MODEL_KEYS
from ui import cache, state
from ui.evaluate import cache as evaluation_cache
from ui.parts.choice import choose_one
from ui.parts.markdown import escape_markdown
from ui.parts.step_choice import choose_step

THRESHOLDS = (
    *(0.0, 0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5),
    *(0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99),
    *(0.992, 0.994, 0.996, 0.997, 0.998, 0.999, 0.9995, 0.9997, 0.9999, 0.99999, 1.0),
)
"""Close together near 1, where the candidates of rare stars are chosen."""
PREVALENCES = (
    *(0.5, 0.3, 0.2, 0.1, 0.07, 0.05, 0.03, 0.02, 0.015, 0.01, 0.007, 0.005, 0.003, 0.002, 0.0015, 0.001),
    *(7e-4, 5e-4, 3e-4, 2e-4, 1.5e-4, 1e-4, 7e-5, 5e-5, 3e-5, 2e-5, 1.5e-5, 1e-5),
)
MARKS = {
    EQUAL_PRIOR: "Equal numbers",
    PLANE_PREVALENCE: "Galactic plane",
    GAIA_PREVALENCE: "All of Gaia",
}
PURITIES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def usable_runs() -> dict[str, RunSummary]:
    """Finished runs with predictions by name: reference runs, the default ensemble, runs of this machine.

    Their networks need not be there: most weights of the reference runs are not shipped.
    """
    found = cache.with_wanted(cache.find_runs, state.RUN)
    runs = [run for run in found if run.state == FINISHED and (run.path / "oof.parquet").is_file()]
    order = {key: number for number, key in enumerate(MODEL_KEYS)}
    runs.sort(key=lambda run: (not run.shipped, "/" not in run.name, order.get(run.model, 99) if run.shipped else 0))
    return {run.name: run for run in runs}


def choose_result() -> RunResult | None:
    """A select box of the finished runs, the shipped ensemble first; None where there is none or it is unreadable."""
    runs = usable_runs()
    if not runs:
        return None
    default_first = sorted(runs, key=lambda name: not runs[name].shipped or "/" in name)
    titles = {name: f"{runs[name].title} ({name})" for name in default_first}
    name = choose_one("Run", titles, state.RUN, help="Trained networks; reference runs stand on the embedded stars.")
    try:
        return evaluation_cache.load_result(runs[name])
    except ExplorerError as error:
        st.error(f"This run cannot be evaluated. {escape_markdown(error)}", icon=":material/error:")
        return None


def choose_part(result: RunResult) -> str:
    """Held-out stars, all out-of-fold predictions, or one fold."""
    titles = {"test": f"Held-out test stars ({len(result.test):,})", "oof": f"Out of fold ({len(result.oof):,})"}
    titles |= {f"fold-{fold}": f"Validation stars of fold {fold}" for fold in result.folds}
    if result.test.empty:
        titles = {"oof": titles.pop("oof"), **titles}
    help_text = "No network has seen any of them: test stars are judged by all members, others by the one left out."
    return choose_one("Stars", titles, state.PART, help=help_text)


def choose_threshold() -> float:
    """The threshold's slider."""
    label = "Threshold on the probability"
    return choose_step(
        label,
        THRESHOLDS,
        state.THRESHOLD,
        0.5,
        help="A star counts as massive from this calibrated probability (at equal priors) on.",
    )


def choose_prevalence() -> float:
    """The prevalence's slider, logarithmic, with its marks."""
    prevalence = choose_step(
        "Prevalence: how many of the stars are massive",
        PREVALENCES,
        state.PREVALENCE,
        GAIA_PREVALENCE,
        text=prevalence_text,
        help="Our simulated survey: 0.31 ± 0.05 % within 1° of the Galactic plane, 0.03 % among all of Gaia's XP.",
    )
    st.pills(
        "Marks",
        list(MARKS),
        key=state.MARK,
        format_func=lambda value: f"{MARKS[value]}: {prevalence_text(value)}",
        on_change=_take_mark,
        label_visibility="collapsed",
        wrap=True,
    )
    return prevalence


def prevalence_text(fraction: float) -> str:
    """50 %, 0.3 %, 0.001 %: as few digits as the value needs."""
    return f"{100 * fraction:.6g}\u00a0%"


def _take_mark() -> None:
    if state.recall(state.MARK) in MARKS:
        state.remember(state.PREVALENCE, state.recall(state.MARK))


def choose_comparable() -> tuple[list[RunResult], list[RunResult]]:
    """Finished runs on one ground, chosen where there are several; and those of other folds, same test stars."""
    results = []
    for run in usable_runs().values():
        try:
            results.append(evaluation_cache.load_result(run, with_metadata=False))
        except ExplorerError as error:
            st.caption(f"{escape_markdown(run.name)} is left out: {escape_markdown(error)}")
    groups = {f"{data[:8]}-{folds[:8]}": runs for (data, folds), runs in grounds(results).items()}
    if not groups:
        return [], []
    named = state.query(state.RUN)  # the page Train sends a visitor here to see this run
    groups = dict(sorted(groups.items(), key=lambda item: all(result.name != named for result in item[1])))
    chosen = next(iter(groups))
    if len(groups) > 1:
        titles = {key: _ground_title(runs) for key, runs in groups.items()}
        chosen = choose_one(
            "Data and folds", titles, state.GROUND, help="Only runs on the same stars and folds are comparable."
        )
    others = [result for key, runs in groups.items() if key != chosen for result in runs]
    return groups[chosen], same_test_stars(groups[chosen][0], others)


def _ground_title(runs: list[RunResult]) -> str:
    run = runs[0].run
    networks = f"{len(runs)} network{'s' if len(runs) != 1 else ''}"
    path = run.data.path or "unknown data"
    return f"{cache.title_of_data(path)}, {run.n_folds} folds, {run.validation}: {networks}"
