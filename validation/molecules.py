"""Molecules measured: `python -m validation.molecules WHAT [--out FILE]`, one table each.

The real spectra are those under XP_REAL_DATA (`molecules/`); nothing is ever trained on them.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd

from core.molecules.catalogue import Catalogue, load_catalogue, species_of_cat_file
from core.molecules.detector import DETECTED, Report, detect, matched_lines
from core.molecules.examples import Examples, draw_examples
from core.molecules.explanation import deletion_test, line_shares
from core.molecules.network import MoleculeNetwork, load_network
from core.molecules.observed import ObservedSpectrum
from core.molecules.radiation import LIGHT_KMS, integrated_opacity
from core.molecules.read_spectrum import read_spectrum
from core.molecules.scores import calibration_error, recall_by_strength, roc_auc, wilson
from core.molecules.simulator import SpectrumPlan, lines_at_random, simulate

RESULTS = Path(__file__).parent / "results"
RICH_SHARE = 0.20
N_SPECIES = 60
UNSEEN_SEED = 77
IRAS_VELOCITY_KMS, IRAS_BEAM_ARCSEC, IRAS_BACKGROUND_K = 2.7, 0.486, 5.0
NAMES = {"C2H5CN": "CH3CH2CN", "CH3OCHO;v18=1": "CH3OCHO;v=1"}
STATES = {"CH3OH": "vt", "CH3CHO": "vt", "C-13-H3OH": "vt"}


def real_folder() -> Path:
    """Where the real spectra are; an error that says how to name it otherwise."""
    folder = Path(os.environ.get("XP_REAL_DATA", "")) / "molecules"
    if not folder.is_dir():
        raise SystemExit(f"{folder} does not exist: set XP_REAL_DATA to the folder of the real data")
    return folder


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


def iras_spectrum() -> ObservedSpectrum:
    """The 20 windows of IRAS 16293-2422 B."""
    files = sorted((real_folder() / "iras16293b").glob("spw*.dat"))
    return read_spectrum(files, beam_arcsec=IRAS_BEAM_ARCSEC, background_k=IRAS_BACKGROUND_K)


def iras(network: MoleculeNetwork, catalogue: Catalogue) -> tuple[pd.DataFrame, Report]:
    """The 32 states of the published fit one by one, then the decoys and the brightness of unblended lines."""
    spectrum = iras_spectrum()
    started = time.perf_counter()
    report = detect(spectrum, catalogue, network, velocity_kms=IRAS_VELOCITY_KMS)
    seconds = time.perf_counter() - started
    reference = pd.read_csv(real_folder() / "iras16293b/spectuner_reference_identifications.csv")
    found = {item.species.key: item for item in report.findings}
    rows = []
    for row in reference.itertuples(index=False):
        key = _our_key(row.species)
        item = found.get(key)
        rows.append(
            {
                "published": row.species,
                "published status": row.status,
                "ours": key,
                "in the catalogue": item is not None,
                "label": item.label if item else "no lines in any package",
                "probability": item.probability if item else np.nan,
                "lines": f"{item.n_lines_matched} of {item.n_lines}" if item else "",
                "T_ex (K)": item.excitation_temperature_k if item else np.nan,
                "N (cm-2)": item.column_density_cm2 if item else np.nan,
                "published N": row.N_tot_cm2,
                "false discovery rate": item.false_discovery_rate if item else np.nan,
            }
        )
    table = pd.DataFrame(rows)
    n_decoys = len(report.decoy_probability)
    n_false = round(report.decoy_rate * n_decoys)
    low, high = wilson(n_false, n_decoys)
    ratio = unblended_ratios(report)
    detected = sum(item.label == DETECTED for item in report.findings)
    table.attrs["summary"] = (
        f"{len(spectrum)} channels, {len(catalogue)} species and states, {seconds:.1f} s; line width "
        f"{report.fwhm_kms:.2f} km/s; {detected} detected; decoys detected {n_false} of {n_decoys} "
        f"({100 * low:.2f} to {100 * high:.2f} %, 95 %); modelled / observed brightness of {len(ratio)} unblended "
        f"lines: median {np.median(ratio) if len(ratio) else np.nan:.2f}, within 30 %: "
        f"{np.mean(np.abs(ratio - 1) < 0.3) if len(ratio) else np.nan:.2f}"
    )
    return table, report


def _our_key(published: str) -> str:
    """'CH3OH;v12=1' of the published table as this catalogue calls it."""
    species, state = published.split(";")
    if published in NAMES:
        return NAMES[published]
    if species in STATES:
        return f"{species};{STATES[species]}={state[-1]}" if state != "v=0" else f"{species};{STATES[species]}=0"
    return f"{NAMES.get(species, species)};{state}"


def unblended_ratios(report: Report) -> np.ndarray:
    """Model / observed of lines above 10 sigma where one detected species makes 90 % of the model."""
    ratios = []
    total = report.model_k
    for part in report.mixture.parts.values():
        for i in np.flatnonzero(matched_lines(part.judged)[1] & (part.judged.predicted > 10 * part.judged.noise)):
            at = int(np.argmin(np.abs(report.spectrum.frequency_mhz - part.judged.frequency_mhz[i])))
            near = slice(max(at - 3, 0), at + 4)
            if part.model[at] > 0.9 * total[at]:
                ratios.append(float(total[near].max() / np.nanmax(report.spectrum.value_k[near])))
    return np.array(ratios)


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


def gotham() -> pd.DataFrame:
    """Benzonitrile by stacking: the noise-weighted mean of all its lines, against the same at other velocities."""
    folder = real_folder() / "gotham"
    species, _ = species_of_cat_file(folder / "benzonitrile.cat")
    data = pd.read_csv(folder / "benzonitrile_chunks.csv")
    return stack(
        species, data["frequency_mhz"].to_numpy(), data["temperature_k"].to_numpy(), data["noise_k"].to_numpy()
    )


def stack(
    species, frequency: np.ndarray, value: np.ndarray, noise: np.ndarray, velocity_kms: float = 5.8
) -> pd.DataFrame:
    """Velocity stack of a species' lines weighted by strength over noise (Loomis et al. 2021, Nat. Astron. 5, 188)."""
    temperature = 8.0
    strength = integrated_opacity(
        species.a_gu, species.frequency_mhz, species.e_low_k, species.partition_function(temperature), temperature
    )
    velocities = np.arange(-40.0, 40.0, 0.05)
    weighted, weights = np.zeros(len(velocities)), np.zeros(len(velocities))
    for rest, line in zip(species.frequency_mhz, strength / strength.max(), strict=True):
        at = rest * (1.0 - (velocity_kms + velocities) / LIGHT_KMS)
        place = np.searchsorted(frequency, at).clip(1, len(frequency) - 1)
        nearest = np.where(np.abs(frequency[place] - at) < np.abs(frequency[place - 1] - at), place, place - 1)
        near = np.abs(frequency[nearest] - at) < 0.003
        weight = np.where(near, line / np.maximum(noise[nearest], 1e-9) ** 2, 0.0)
        weighted += weight * value[nearest]
        weights += weight * line
    good = weights > 0.05 * weights.max()
    profile = np.where(good, weighted / np.maximum(weights, 1e-30), np.nan)
    sigma = 1.0 / np.sqrt(np.maximum(weights, 1e-30))
    centre = np.abs(velocities) < 0.25
    best = int(np.nanargmax(np.where(centre, profile / sigma, np.nan)))
    away = good & (np.abs(velocities) > 1.0)
    scatter = float(np.nanstd((profile / sigma)[away])) if away.sum() > 10 else 1.0
    return pd.DataFrame([{"lines": len(species), "velocity (km/s)": velocity_kms + velocities[best],
                          "peak (sigma of the noise)": float(profile[best] / sigma[best]),
                          "scatter elsewhere (sigma)": scatter,
                          "significance": float(profile[best] / sigma[best] / max(scatter, 1.0))}])  # fmt: skip


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


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("simulated", "iras", "gotham", "explanation", "injections", "networks"))
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
        elif arguments.what == "injections":
            table = injections(network, n_spectra=min(arguments.spectra, 40))
        else:
            table = explanation(network)
    out = arguments.out or RESULTS / f"molecules_{arguments.what}.md"
    out.parent.mkdir(parents=True, exist_ok=True)
    text = table.to_markdown(floatfmt=".4g") if hasattr(table, "to_markdown") else table.to_string()
    out.write_text(f"# molecules, {arguments.what}\n\n{summary}\n\n{text}\n")
    print(summary, text, sep="\n")


if __name__ == "__main__":
    main()
