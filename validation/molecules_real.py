"""The detector on real spectra: IRAS 16293-2422 B and benzonitrile in GOTHAM; nothing is ever trained on them.

The spectra are those under XP_REAL_DATA (`molecules/`).
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from core.molecules.catalogue import Catalogue, Species, load_catalogue, species_of_cat_file
from core.molecules.detector import DETECTED, Report, detect, matched_lines
from core.molecules.kinematics import line_width_kms
from core.molecules.network import MoleculeNetwork
from core.molecules.observed import ObservedSpectrum
from core.molecules.radiation import LIGHT_KMS, integrated_opacity
from core.molecules.read_spectrum import read_spectrum
from core.molecules.scores import wilson
from core.molecules.simulator import with_lines

N_SPECIES = 60
IRAS_VELOCITY_KMS, IRAS_BEAM_ARCSEC, IRAS_BACKGROUND_K = 2.7, 0.486, 5.0
NAMES = {"C2H5CN": "CH3CH2CN", "CH3OCHO;v18=1": "CH3OCHO;v=1"}
STATES = {"CH3OH": "vt", "CH3CHO": "vt", "C-13-H3OH": "vt"}


def real_folder() -> Path:
    """Where the real spectra are; an error that says how to name it otherwise."""
    folder = Path(os.environ.get("XP_REAL_DATA", "")) / "molecules"
    if not folder.is_dir():
        raise SystemExit(f"{folder} does not exist: set XP_REAL_DATA to the folder of the real data")
    return folder


def iras_spectrum() -> ObservedSpectrum:
    """The 20 windows of IRAS 16293-2422 B."""
    files = sorted((real_folder() / "iras16293b").glob("spw*.dat"))
    return read_spectrum(files, beam_arcsec=IRAS_BEAM_ARCSEC, background_k=IRAS_BACKGROUND_K)


def iras(network: MoleculeNetwork, catalogue: Catalogue) -> pd.DataFrame:
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
                "label": item.label if item else "not in this catalogue",
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
    return table


def iras_injections(
    network: MoleculeNetwork, catalogue: Catalogue, n_lines: int = 200, repeats: int = 3
) -> pd.DataFrame:
    """Unassigned lines put into the real spectrum: which species are detected that were not detected before."""
    spectrum = iras_spectrum()

    def detected(judged: ObservedSpectrum) -> tuple[set[str], int]:
        report = detect(judged, catalogue, network, velocity_kms=IRAS_VELOCITY_KMS, fwhm_kms=width, n_decoys=0)
        covered = sum(item.judged is not None for item in report.findings)
        return {item.species.key for item in report.findings if item.label == DETECTED}, covered

    width = line_width_kms(spectrum)
    assert width is not None
    before, covered = detected(spectrum)
    rows = []
    for number in range(repeats):
        after, _ = detected(with_lines(spectrum, np.random.default_rng([77, number]), width, n_lines))
        new, absent = sorted(after - before), covered - len(before)
        low, high = wilson(len(new), absent)
        rows.append({"lines injected": n_lines, "detected before": len(before), "still detected": len(after & before),
                     "not detected before": absent, "detected because of them": len(new), "rate": len(new) / absent,
                     "low": low, "high": high, "which": ", ".join(new)})  # fmt: skip
    return pd.DataFrame(rows)


def tested_species(species: Sequence[Species]) -> frozenset[int]:
    """Numbers of the 60 complex organic species and states with the most lines."""
    organic = [i for i, item in enumerate(species) if item.complex_organic]
    return frozenset(sorted(organic, key=lambda i: -len(species[i]))[:N_SPECIES])


def speed(network: MoleculeNetwork) -> pd.DataFrame:
    """Processor seconds for the real spectrum with 60 complex organic states: reading, judging with decoys, in all."""
    started = time.process_time()
    spectrum = iras_spectrum()
    read = time.process_time() - started
    species = load_catalogue().species
    organic = [species[i] for i in sorted(tested_species(species))]
    started = time.process_time()
    report = detect(spectrum, Catalogue(tuple(organic)), network, velocity_kms=IRAS_VELOCITY_KMS)
    judged = time.process_time() - started
    row = {
        "channels": len(spectrum),
        "species and states": len(report.findings),
        "reading (s)": read,
        "judging (s)": judged,
    }
    return pd.DataFrame([row])


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
