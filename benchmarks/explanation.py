"""Speed, additivity and steadiness of the explanations of all ten networks.

    python -m benchmarks.explanation [--runs FOLDER] [--stars 200] [--background 100] [--threads 2]
        [--networks deep,cnn]

FOLDER holds a run per network (default: the shipped reference runs). Each network is explained in a fresh process: its
first star, one more star in the warm process, the sample. The ranking of the bands of ten stars is compared with one of
ten times the samples: ten times the background for DeepExplainer, ten times the nodes for path integrals, and more of
them on the paths that need them.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.report import write_table
from core.explanation.attributors import WITHOUT_RULES
from core.explanation.checks import rank_correlation
from core.explanation.explain import explain, open_run
from core.explanation.process import ExplainerProcess
from core.explanation.stars import stars_of_run
from core.settings import current_settings
from models.registry import MODEL_KEYS, model_spec

N_RANKED = 10
_TEN_TIMES_NODES, _FINE = 20, 0.02
LIMITS_S = {"fcn": 90, "stellarnet": 90, "cnn_gru": 240, "cnn_lstm": 240, "cnn_attention": 240}


def main() -> None:
    """Measure every network that has a run, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=current_settings().reference_runs_dir)
    parser.add_argument("--stars", type=int, default=200)
    parser.add_argument("--background", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--networks", default=",".join(MODEL_KEYS))
    arguments = parser.parse_args()
    known = [key for key in arguments.networks.split(",") if any((arguments.runs / key).glob("member_*.onnx"))]
    rows = []
    for key in known:
        rows.append(_row(key, arguments))
        print(rows[-1], flush=True)
    lines = [
        f"{arguments.stars} held-out stars against {arguments.background} training stars, {arguments.threads} threads, "
        "trained networks of one fold. Error: root mean square of what the parts miss, over the spread of the sample's "
        f"logits. Ranking: rank correlation of the bands with ten times the samples, {N_RANKED} stars: least and mean.",
        f"`python -m benchmarks.explanation --runs RUNS --stars {arguments.stars} --background {arguments.background} "
        f"--threads {arguments.threads}`",
    ]
    write_table("explanation", "Explanations", lines, rows, packages=("shap", "keras", "tensorflow-cpu"))


def _row(key: str, arguments: argparse.Namespace) -> dict[str, object]:
    folder = arguments.runs / key
    run, stars = open_run(folder), stars_of_run(folder)
    sample, background = stars.sample(arguments.stars), stars.background(arguments.background)
    with ExplainerProcess(arguments.threads) as process:
        first_s, _ = _timed(lambda: explain(run, sample.take(np.array([0])), background, process))
        warm_s, _ = _timed(lambda: explain(run, sample.take(np.array([1])), background, process))
        sample_s, found = _timed(lambda: explain(run, sample, background, process))
        chosen = np.linspace(0, len(sample) - 1, N_RANKED).astype(int)
        some = sample.take(chosen)
        if key in WITHOUT_RULES:
            finer = explain(run, some, background, process, nodes=_TEN_TIMES_NODES, tolerance=_FINE, method="path")
        else:
            finer = explain(run, some, stars.background(10 * arguments.background, seed=1), process)
    rank = rank_correlation(found.shap[chosen], finer.shap)
    return {
        "network": model_spec(key).title,
        "explainer": found.explainer,
        "first star (s)": first_s,
        "warm star (s)": warm_s,
        f"{arguments.stars} stars (s)": sample_s,
        "limit (s)": LIMITS_S.get(key, 15),
        "error (%)": 100 * found.relative_error,
        "ranking, smallest": float(rank.min()),
        "ranking, mean": float(rank.mean()),
    }


def _timed(call) -> tuple[float, object]:
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


if __name__ == "__main__":
    main()
