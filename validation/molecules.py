"""Molecules measured: `python -m validation.molecules WHAT [--out FILE]`, one table each.

The real spectra are those under XP_REAL_DATA (`molecules/`); nothing is ever trained on them.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from core.molecules.catalogue import load_catalogue
from core.molecules.detector import DETECTED, detect
from core.molecules.examples import Examples, draw_examples
from core.molecules.explanation import deletion_test, line_shares
from core.molecules.network import MoleculeNetwork, load_network
from core.molecules.observed import ObservedSpectrum
from core.molecules.scores import calibration_error, recall_by_strength, roc_auc, wilson
from core.molecules.simulator import SpectrumPlan, lines_at_random, simulate
from validation.molecules_real import gotham, iras, speed

RESULTS = Path(__file__).parent / "results"
RICH_SHARE = 0.20
N_SPECIES = 60
UNSEEN_SEED = 77


def rich_plan() -> SpectrumPlan:
    """Line-rich spectra: many species, bright gas, broad lines."""
    return SpectrumPlan(n_species=(60, 150), n_channels=(8000, 20000), fwhm_kms=(2.0, 8.0), contrast=(200.0, 3000.0))


def simulated(n_spectra: int, network: MoleculeNetwork, examples: Examples | None = None) -> pd.DataFrame:
    """Verdicts on unseen simulated line forests, 60 complex organic species: recall, AUC, calibration."""
    species = load_catalogue().species
    wanted = {i for i, item in enumerate(species) if item.complex_organic}
    examples = examples or draw_examples(species, n_spectra, UNSEEN_SEED, rich_plan())
    table = examples.table
    kept = table["species"].isin(sorted(wanted)[:N_SPECIES]) & (table["line_share"] >= RICH_SHARE)
    probability = network.probabilities(examples.values, examples.context)
    rows = []
    for name, chosen in (
        ("all rows", kept),
        ("four lines or more", kept & (table["n_lines"] >= 4)),
        ("ten lines or more", kept & (table["n_lines"] >= 10)),
    ):
        own, p = table[chosen], probability[chosen.to_numpy()]
        label = own["label"].to_numpy(float)
        if 0 < label.sum() < len(label):
            weight = np.where(label > 0, 0.5 / label.sum(), 0.5 / (1 - label).sum())
            drawn = np.random.default_rng(0).choice(len(p), len(p), p=weight)
            rows.append(
                {
                    "rows": name,
                    "n spectra": own["spectrum"].nunique(),
                    "n": len(own),
                    "roc_auc": roc_auc(label, p),
                    "ece": calibration_error(label[drawn], p[drawn]),
                    **{f"{k} at 0.3 %": v for k, v in recall_by_strength(own, p, 0.003).items()},
                    **{f"{k} at 1 %": v for k, v in recall_by_strength(own, p, 0.01).items()},
                }
            )
    return pd.DataFrame(rows).set_index("rows").T


def injections(network: MoleculeNetwork, n_lines: int = 200, n_spectra: int = 40) -> pd.DataFrame:
    """Unassigned lines put into simulated spectra: how many absent species are detected because of them."""
    catalogue = load_catalogue()
    tested = false = 0
    for number in range(n_spectra):
        rng = np.random.default_rng([UNSEEN_SEED + 1, number])
        drawn = simulate(catalogue.species, rng, rich_plan())
        spectrum = drawn.spectrum
        extra = lines_at_random(rng, spectrum.frequency_mhz, drawn.fwhm_kms, spectrum.noise_k[0], n_lines)
        more = ObservedSpectrum(
            spectrum.frequency_mhz, spectrum.value_k + extra, spectrum.window, spectrum.noise_k, spectrum.background_k
        )
        report = detect(more, catalogue, network, velocity_kms=drawn.velocity_kms, fwhm_kms=drawn.fwhm_kms, n_decoys=1)
        for i, item in enumerate(report.findings):
            if i not in drawn.present and item.judged is not None:
                tested += 1
                false += item.label == DETECTED
    low, high = wilson(false, tested)
    return pd.DataFrame([{"lines injected": n_lines, "spectra": n_spectra, "absent species": tested, "detected": false,
                          "rate": false / max(tested, 1), "low": low, "high": high}])  # fmt: skip


def explanation(network: MoleculeNetwork) -> pd.DataFrame:
    """The deletion test of every detection in the embedded example."""
    from core.molecules.example import FWHM_KMS, VELOCITY_KMS, hot_core

    catalogue = load_catalogue()
    report = detect(hot_core(catalogue), catalogue, network, velocity_kms=VELOCITY_KMS, fwhm_kms=FWHM_KMS)
    rows = []
    for item in report.findings:
        if item.label == DETECTED and item.judged is not None:
            shares = line_shares(item.judged, network)
            test = deletion_test(report, item, network, shares)
            rows.append({"species": item.species.key, "lines": len(item.judged.line), "matched": item.n_lines_matched,
                         "mean p by contribution": test.by_share.mean(), "mean p at random": test.at_random.mean(),
                         "p without matched lines": test.without_matched, "passed": test.passed})  # fmt: skip
    return pd.DataFrame(rows)


def networks(folder: Path) -> pd.DataFrame:
    """Runs of `train --task molecules` under a folder beside each other: one row for each split and learner."""
    rows = []
    for path in sorted(folder.glob("**/run.json")):
        run = json.loads(path.read_text())
        figures = run["results"]
        row = {"split": run["split"], "learner": run["model"], "tested": figures["n"], "ROC-AUC": figures["roc_auc"]}
        for share in ("0.3 %", "1 %"):
            for strength in ("5-10", "10-30", "above 30"):
                name = f"recall {strength}"
                low, high = figures[f"{name} low at {share}"], figures[f"{name} high at {share}"]
                row[f"{name} at {share}"] = f"{figures[f'{name} at {share}']:.2f} ({low:.2f}-{high:.2f})"
        rows.append({**row, "ECE": figures["ece"], "epochs": run["epochs"], "folds": run["n_folds"]})
    return pd.DataFrame(rows).sort_values(["split", "ROC-AUC"], ascending=[True, False], ignore_index=True)


def markdown(table: pd.DataFrame) -> str:
    """The table in Markdown, numbers with four figures; an index that has a name or words comes first."""
    if not isinstance(table.index, pd.RangeIndex):
        table = table.reset_index()
    rows = [[f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row] for row in table.to_numpy(object)]
    head = [str(name) for name in table.columns]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", choices=("simulated", "iras", "gotham", "explanation", "injections", "networks", "speed")
    )
    parser.add_argument("--spectra", type=int, default=2000)
    parser.add_argument("--catalogue", type=Path, default=None, help="for iras: a catalogue made with --with-slaim")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="for networks: folder of the runs")
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    summary = ""
    if arguments.what == "gotham":
        table = gotham()
    elif arguments.what == "networks":
        table = networks(arguments.runs)
    else:
        network = load_network()
        if arguments.what == "iras":
            table, _ = iras(network, load_catalogue(arguments.catalogue))
            summary = table.attrs["summary"]
        elif arguments.what == "simulated":
            table = simulated(arguments.spectra, network)
        elif arguments.what == "speed":
            table = speed(network)
        elif arguments.what == "injections":
            table = injections(network, n_spectra=min(arguments.spectra, 40))
        else:
            table = explanation(network)
    out = arguments.out or RESULTS / f"molecules_{arguments.what}.md"
    out.parent.mkdir(parents=True, exist_ok=True)
    text = markdown(table)
    out.write_text(f"# molecules, {arguments.what}\n\n{summary}\n\n{text}\n")
    print(summary, text, sep="\n")


if __name__ == "__main__":
    main()
