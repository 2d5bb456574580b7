"""Molecules measured: `python -m validation.molecules WHAT [--out FILE]`, one table each.

The real spectra are those under XP_REAL_DATA (`molecules/`); nothing is ever trained on them.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from core.molecules.catalogue import load_catalogue
from core.molecules.detector import DETECTED, detect
from core.molecules.examples import Examples, RowPlan, final_rows
from core.molecules.explanation import deletion_test, line_shares
from core.molecules.network import NETWORK_DIR, MoleculeNetwork, load_network
from core.molecules.scores import STRENGTHS, recall_by_strength, roc_auc, wilson
from core.molecules.simulator import RICH_PLAN, SimulatedSpectrum, simulate, with_lines
from core.molecules.store import draw_to, read_examples
from core.molecules.training import figures_of, platt_scaled
from validation.molecules_networks import NETWORKS_NOTE, compare
from validation.molecules_real import gotham, iras, iras_injections, speed, tested_species

RESULTS = Path(__file__).parent / "results"
RICH_SHARE = 0.20
UNSEEN_SEED = 77
DATA = Path("runs") / "molecules_unseen"
FEWEST_LINES = 3
"""Fewer matched lines name no molecule (`core.molecules.detector.FEWEST_MATCHED`)."""


def draw_unseen(folder: Path, n_spectra: int) -> Examples:
    """Unseen line forests judged at the end of explaining away, 60 complex organic species; what is there is kept."""
    species = load_catalogue().species
    wanted = final_rows(RowPlan(16, 14, 2, fewest_share=RICH_SHARE), tested_species(species))
    draw_to(folder, species, n_spectra, UNSEEN_SEED, (RICH_PLAN,), wanted)
    return read_examples(folder)


def simulated(network: MoleculeNetwork, examples: Examples) -> pd.DataFrame:
    """Verdicts on unseen simulated line forests: recall, AUC, calibration, twins."""
    table = examples.table
    logit = network.logits(examples.values, examples.context)
    kept = (table["line_share"] >= RICH_SHARE).to_numpy()
    enough = kept & (table["n_lines"] >= FEWEST_LINES).to_numpy()
    rows = {
        "all rows": kept,
        f"{FEWEST_LINES} lines or more": enough,
        "10 lines or more": kept & (table["n_lines"] >= 10).to_numpy(),
        "a twin is bright": enough & table["twin"].to_numpy(bool),
        "decoys alone as absent": enough & (table["kind"] != "absent").to_numpy(),
    }
    return pd.DataFrame({name: verdict_figures(table[chosen], logit[chosen], network) for name, chosen in rows.items()})


def verdict_figures(table: pd.DataFrame, logit: np.ndarray, network: MoleculeNetwork) -> dict[str, float]:
    """`figures_of` with the run's own calibration, and the rate of false ones at the run's own threshold."""
    scaling = {"slope": network.run.calibration.slope, "intercept": network.run.calibration.intercept}
    figures = figures_of(table, logit, scaling)
    label = table["label"].to_numpy(bool)
    detected = platt_scaled(logit, scaling) >= network.threshold
    own = {f"recall {low:g}-{high:g} at the run's threshold": float(detected[rows].mean()) if rows.any() else np.nan
           for low, high in STRENGTHS[:2]
           for rows in [label & table["strongest_sigma"].between(low, high).to_numpy()]}  # fmt: skip
    counts = {"spectra": table["spectrum"].nunique(), "present": int(label.sum()), "absent": int((~label).sum())}
    return {**counts, **figures, **own, "false at the run's threshold": float(detected[~label].mean())}


def pipeline(network: MoleculeNetwork, n_spectra: int) -> pd.DataFrame:
    """The whole detector on unseen line forests, whole catalogue in the gas and judged: nothing is known beforehand."""
    catalogue = load_catalogue()
    tested = tested_species(catalogue.species)
    rows = []
    for number, drawn in _forests(UNSEEN_SEED + 2, n_spectra):
        report = detect(drawn.spectrum, catalogue, network,
                        velocity_kms=drawn.velocity_kms, fwhm_kms=drawn.fwhm_kms, n_decoys=1)  # fmt: skip
        for i, item in enumerate(report.findings):
            strongest = drawn.present.get(i, 0.0)
            if item.judged is not None and i in tested and (strongest == 0.0 or strongest >= 3.0):
                rows.append({"spectrum": number, "label": int(strongest > 0), "strongest_sigma": strongest,
                             "n_lines": len(item.judged.line), "p": item.probability,
                             "detected": item.label == DETECTED})  # fmt: skip
    table = pd.DataFrame(rows)
    result = {}
    for name, fewest in (("all rows", 1), (f"{FEWEST_LINES} lines or more", FEWEST_LINES), ("10 lines or more", 10)):
        own = table[table["n_lines"] >= fewest]
        label = own["label"].to_numpy(bool)
        result[name] = {
            "spectra": own["spectrum"].nunique(), "present": int(label.sum()), "absent": int((~label).sum()),
            "ROC-AUC": roc_auc(label, own["p"].to_numpy()), "absent detected": own["detected"][~label].mean(),
            **{f"detected {low:g}-{high:g}": own["detected"][label & own["strongest_sigma"].between(low, high)].mean()
               for low, high in STRENGTHS},
            **{f"{k} at {share}": v for share, rate in (("0.3 %", 0.003), ("1 %", 0.01))
               for k, v in recall_by_strength(own, own["p"].to_numpy(), rate).items() if k.startswith("recall")},
        }  # fmt: skip
    return pd.DataFrame(result)


def _forests(seed: int, n_spectra: int) -> Iterator[tuple[int, SimulatedSpectrum]]:
    """The first simulated spectra of a seed that have a fifth of their channels above 5 sigma."""
    species, number, found = load_catalogue().species, 0, 0
    while found < n_spectra:
        drawn = simulate(species, np.random.default_rng([seed, number]), RICH_PLAN)
        if drawn.spectrum.line_share >= RICH_SHARE:
            found += 1
            yield number, drawn
        number += 1


def injections(network: MoleculeNetwork, n_spectra: int, n_lines: int = 200) -> pd.DataFrame:
    """Unassigned lines put into simulated line forests: how many absent species are detected, with and without them."""
    catalogue = load_catalogue()
    rows = []
    for injected in (0, n_lines):
        tested = false = 0
        for number, drawn in _forests(UNSEEN_SEED + 1, n_spectra):
            rng = np.random.default_rng([UNSEEN_SEED + 1, number, 1])
            report = detect(with_lines(drawn.spectrum, rng, drawn.fwhm_kms, injected), catalogue, network,
                            velocity_kms=drawn.velocity_kms, fwhm_kms=drawn.fwhm_kms, n_decoys=1)  # fmt: skip
            absent = [item for i, item in enumerate(report.findings) if i not in drawn.present and item.judged]
            tested, false = tested + len(absent), false + sum(item.label == DETECTED for item in absent)
        low, high = wilson(false, tested)
        rows.append({"lines injected": injected, "spectra": n_spectra, "absent species": tested, "detected": false,
                     "rate": false / max(tested, 1), "low": low, "high": high})  # fmt: skip
    return pd.DataFrame(rows)


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


def markdown(table: pd.DataFrame) -> str:
    """The table in Markdown, numbers with four figures; an index that has a name or words comes first."""
    if not isinstance(table.index, pd.RangeIndex):
        table = table.reset_index()
    rows = [[f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row] for row in table.to_numpy(object)]
    head = [str(name) for name in table.columns]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))


def measure(arguments: argparse.Namespace) -> tuple[pd.DataFrame, str]:
    """The table asked for, and a sentence on it."""
    if arguments.what == "gotham":
        return gotham(), ""
    if arguments.what == "networks":
        return compare(arguments.data or DATA.parent / "molecules_examples", arguments.runs), NETWORKS_NOTE
    network = load_network(arguments.run, threads=1)
    if arguments.what in ("iras", "iras_injections"):
        judge = iras if arguments.what == "iras" else iras_injections
        table = judge(network, load_catalogue(arguments.catalogue))
        return table, table.attrs.get("summary", "")
    if arguments.what == "simulated":
        note = f"{arguments.spectra} spectra drawn, those with {RICH_SHARE:.0%} of the channels above 5 sigma judged."
        return simulated(network, draw_unseen(arguments.data or DATA, arguments.spectra)), note
    if arguments.what == "pipeline":
        return pipeline(network, arguments.spectra), ""
    if arguments.what == "injections":
        return injections(network, arguments.spectra), ""
    return (speed(network) if arguments.what == "speed" else explanation(network)), ""


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=(
        "simulated", "pipeline", "iras", "iras_injections", "gotham", "explanation", "injections", "networks", "speed"
    ))  # fmt: skip
    parser.add_argument("--spectra", type=int, default=2000, help="simulated: drawn; pipeline, injections: judged")
    parser.add_argument("--data", type=Path, default=None, help="simulated, networks: folder of examples, kept")
    parser.add_argument("--catalogue", type=Path, default=None, help="for iras: a catalogue made with --with-slaim")
    parser.add_argument("--runs", type=Path, default=Path("runs/molecules"), help="for networks: folder of the runs")
    parser.add_argument("--run", type=Path, default=NETWORK_DIR, help="the judging run; default: the shipped one")
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    table, summary = measure(arguments)
    out = arguments.out or RESULTS / f"molecules_{arguments.what}.md"
    out.parent.mkdir(parents=True, exist_ok=True)
    text = markdown(table)
    command = f"python -m validation.molecules {arguments.what}"
    out.write_text(f"# molecules, {arguments.what}\n\n`{command}`. {summary}\n\n{text}\n")
    print(summary, text, sep="\n")


if __name__ == "__main__":
    main()
