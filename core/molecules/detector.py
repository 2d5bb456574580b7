"""Which molecules a spectrum holds: verdicts of a network, blends explained away, false discoveries from decoys."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.molecules.catalogue import Catalogue, Species
from core.molecules.features import Judged, prepare
from core.molecules.kinematics import line_width_kms, systemic_velocity_kms
from core.molecules.mixture import Mixture, MixturePart
from core.molecules.network import MoleculeNetwork
from core.molecules.observed import ObservedSpectrum
from core.molecules.radiation import brightness_k, integrated_opacity, peak_opacity

CANDIDATE = 0.5
FEWEST_MATCHED = 3
"""Fewer matched lines name no molecule, whatever the network says (Snyder et al. 2005, ApJ 619, 914)."""
VISIBLE_SIGMA = 3.0
DECOY_KMS = (30.0, 200.0)
N_DECOYS = 6
ROUNDS = 3
MOST_FALSE = 0.05
MOST_LG_ERROR = 0.5
USUAL_TEMPERATURE_K = 100.0
DETECTED, NOT_DETECTED, NOT_COVERED = "detected", "not detected", "not covered"


@dataclass(frozen=True, eq=False)
class SpeciesVerdict:
    """The verdict on one species and state.

    Attributes
    ----------
    probability : float
        Calibrated, at equal odds before looking; NaN where nothing is covered.
    column_density_cm2 : float
        Of a detection; of a species not detected an upper limit (three sigma on its strongest line).
    n_lines, n_lines_matched : int
        Lines that the fit predicts above three sigma, and those of them that are there.
    false_discovery_rate : float
        Of everything at this probability or above: the share that decoys reach by chance.
    judged : Judged or None
        The fit behind it; None where nothing is covered.
    """

    species: Species
    probability: float
    label: str
    column_density_cm2: float
    excitation_temperature_k: float
    n_lines: int
    n_lines_matched: int
    false_discovery_rate: float
    note: str
    judged: Judged | None


@dataclass(frozen=True, eq=False)
class Report:
    """All findings of a spectrum and the model that the detections make together.

    Attributes
    ----------
    model_k : ndarray of shape (n_channels,)
    decoy_probability : ndarray of shape (n_decoys,)
    velocity_kms, fwhm_kms : float
        Given or found.
    """

    spectrum: ObservedSpectrum
    findings: tuple[SpeciesVerdict, ...]
    mixture: Mixture
    model_k: np.ndarray
    decoy_probability: np.ndarray
    decoy_rate: float
    velocity_kms: float
    fwhm_kms: float
    notes: tuple[str, ...]

    def part_of(self, finding: SpeciesVerdict) -> MixturePart | None:
        """The species' part of the model; None where it is not in it."""
        for number, part in self.mixture.parts.items():
            if self.mixture.species[number] is finding.species:
                return part
        return None


def detect(
    spectrum: ObservedSpectrum,
    catalogue: Catalogue,
    network: MoleculeNetwork,
    *,
    velocity_kms: float | None = None,
    fwhm_kms: float | None = None,
    n_decoys: int = N_DECOYS,
    seed: int = 0,
    on_progress: Callable[[str], None] | None = None,
) -> Report:
    """Judge every species of the catalogue in a spectrum.

    Parameters
    ----------
    velocity_kms, fwhm_kms : float or None
        Systemic velocity and line width; None: found from the spectrum.
    n_decoys : int
        Shifted copies (30 to 200 km/s either way) of every species that are judged beside it.
    """
    report = on_progress or (lambda text: None)
    notes = list(spectrum.notes)
    if fwhm_kms is None:
        found = line_width_kms(spectrum)
        fwhm_kms = found or 4.0 * spectrum.channel_kms
        notes.append(
            f"line width {fwhm_kms:.2f} km/s, " + ("measured" if found else "assumed: no line stands above eight sigma")
        )
    if velocity_kms is None:
        report("finding the velocity")
        velocity_kms, significance = systemic_velocity_kms(spectrum, catalogue.species, fwhm_kms)
        notes.append(
            f"systemic velocity {velocity_kms:.2f} km/s, found ({significance:.0f} sigma above other velocities)"
            + ("" if significance > 8 else ": not trustworthy, give it if you know it")
        )
    if fwhm_kms < 1.5 * spectrum.channel_kms:
        notes.append(f"lines of {fwhm_kms:.2f} km/s are hardly wider than a channel ({spectrum.channel_kms:.2f} km/s)")
    binned = prepare(spectrum, velocity_kms, fwhm_kms)
    mixture = Mixture(binned, catalogue.species)
    report("judging the species")
    judged, probability = _explain_away(mixture, network)
    report("judging decoys")
    decoys = _decoys(mixture, network, n_decoys, np.random.default_rng(seed))
    findings = tuple(
        _finding(mixture, number, judged.get(number), probability.get(number, np.nan), decoys, network.threshold)
        for number in range(len(catalogue))
    )
    rates = [p for p, matched in decoys if p >= network.threshold and matched >= FEWEST_MATCHED]
    return Report(
        spectrum,
        findings,
        mixture,
        mixture.total,
        np.array([p for p, _ in decoys]),
        len(rates) / len(decoys) if decoys else float("nan"),
        velocity_kms,
        fwhm_kms,
        tuple(notes),
    )


def _explain_away(mixture: Mixture, network: MoleculeNetwork) -> tuple[dict[int, Judged], dict[int, float]]:
    """Find the mixture greedily; the verdict on each species once the others are explained."""
    everything = range(len(mixture.species))
    judged, probability = _verdicts(mixture, network, everything)
    for _ in range(ROUNDS):
        new = [
            i for i, p in probability.items() if p > CANDIDATE and i not in mixture.parts and judged[i].amplitude_k > 0
        ]
        for i in sorted(new, key=lambda i: -judged[i].score):
            again = mixture.judge(i) if mixture.parts else judged[i]
            if again is not None and again.score > 0 and again.amplitude_k > 0:
                mixture.put(i, again)
        mixture.sweep()
        mixture.balance()
        judged, probability = _verdicts(mixture, network, everything)
        gone = [i for i in mixture.parts if probability.get(i, 0.0) < CANDIDATE]
        for i in gone:
            mixture.drop(i)
        if gone:
            judged, probability = _verdicts(mixture, network, everything)
        if not gone and not any(p > CANDIDATE and i not in mixture.parts for i, p in probability.items()):
            break
    mixture.refine()
    mixture.refine()  # once more, now that the others fit better
    return _verdicts(mixture, network, everything)


def _verdicts(mixture: Mixture, network: MoleculeNetwork, numbers) -> tuple[dict[int, Judged], dict[int, float]]:
    judged = {i: found for i in numbers if (found := mixture.judge(i)) is not None}
    if not judged:
        return {}, {}
    values = np.stack([item.values for item in judged.values()])
    context = np.stack([item.context for item in judged.values()])
    return judged, dict(zip(judged, map(float, network.probabilities(values, context)), strict=True))


def _decoys(mixture: Mixture, network: MoleculeNetwork, n_decoys: int, rng) -> list[tuple[float, int]]:
    """(probability, matched lines) of shifted copies of all species, judged like a species that is not there."""
    found = []
    for entry in mixture.species:
        for shift in rng.uniform(*DECOY_KMS, n_decoys) * rng.choice([-1, 1], n_decoys):
            judged = mixture.judge(-1, entry.shifted(float(shift)))
            if judged is not None:
                found.append(judged)
    if not found:
        return []
    values, context = np.stack([item.values for item in found]), np.stack([item.context for item in found])
    matched = [int(matched_lines(item)[1].sum()) for item in found]
    return list(zip(map(float, network.probabilities(values, context)), matched, strict=True))


def matched_lines(judged: Judged) -> tuple[np.ndarray, np.ndarray]:
    """Which lines should be seen (predicted above three sigma), and which of them are: two boolean ndarrays."""
    visible = judged.predicted > VISIBLE_SIGMA * judged.noise
    there = (judged.observed > 0.5 * judged.predicted) & (judged.observed > VISIBLE_SIGMA * judged.noise)
    return visible, visible & there


def _finding(
    mixture: Mixture, number: int, judged: Judged | None, probability: float, decoys: list, threshold: float
) -> SpeciesVerdict:
    entry = mixture.species[number]
    if judged is None:
        note = "no line of it lies in the spectrum"
        return SpeciesVerdict(
            entry, float("nan"), NOT_COVERED, float("nan"), float("nan"), 0, 0, float("nan"), note, None
        )
    visible, matched = matched_lines(judged)
    n_matched, n_visible = int(matched.sum()), int(visible.sum())
    rate = _false_discovery_rate(probability, n_matched, decoys)
    notes = []
    label = NOT_DETECTED
    if probability >= threshold:
        label = DETECTED if n_matched >= FEWEST_MATCHED and rate <= MOST_FALSE else NOT_DETECTED
        if n_matched < FEWEST_MATCHED:
            notes.append(f"{n_matched} matched lines name no molecule ({len(judged.line)} of its lines are covered)")
        elif rate > MOST_FALSE:
            notes.append("decoys reach this probability too often")
    part = mixture.parts.get(number)
    if label == DETECTED and part is not None:
        column, temperature = part.column_density_cm2, part.temperature_k
        if part.lg_error < MOST_LG_ERROR:
            notes.append(f"lg N good to {part.lg_error:.2f}")
        else:
            notes.append("lines too opaque or too few to fix the column density")
        notes.append("mean over the beam" if part.filling > 0.95 else f"filling factor {part.filling:.2f}")
    else:
        temperature = typical_temperature_k(mixture)
        column = upper_limit_cm2(entry, judged, mixture, temperature)
        notes.append("column density: upper limit, 3 sigma")
    return SpeciesVerdict(
        entry, probability, label, column, temperature, n_visible, n_matched, rate, "; ".join(notes), judged
    )


def _false_discovery_rate(probability: float, n_matched: int, decoys: list[tuple[float, int]]) -> float:
    """Share of decoys with at least this probability and this many matched lines (at most three are asked for)."""
    if not decoys:
        return float("nan")
    asked = min(n_matched, FEWEST_MATCHED)
    return sum(p >= probability and matched >= asked for p, matched in decoys) / len(decoys)


def upper_limit_cm2(entry: Species, judged: Judged, mixture: Mixture, temperature_k: float) -> float:
    """Column density whose strongest line would stand three sigma high at a temperature, filling factor 1."""
    spectrum = mixture.binned.spectrum
    lines = judged.line
    unit = peak_opacity(
        integrated_opacity(
            entry.a_gu[lines],
            entry.frequency_mhz[lines],
            entry.e_low_k[lines],
            entry.partition_function(temperature_k),
            temperature_k,
        ),
        mixture.binned.fwhm_kms,
    )
    excess = brightness_k(temperature_k, judged.frequency_mhz) - brightness_k(
        spectrum.background_k, judged.frequency_mhz
    )
    share = np.minimum(VISIBLE_SIGMA * judged.noise / np.maximum(excess, 1e-9), 0.95)
    return float(np.min(-np.log1p(-share) / np.maximum(unit, 1e-300)))


def typical_temperature_k(mixture: Mixture) -> float:
    """Median excitation temperature of what was found; 100 K where nothing was."""
    found = [part.temperature_k for part in mixture.parts.values()]
    return float(np.median(found)) if found else USUAL_TEMPERATURE_K
