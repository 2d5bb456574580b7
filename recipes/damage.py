"""Make `core/spectra/damage.npz`, the detector of damaged spectra, and measure it.

    XP_REAL_DATA=... python -m recipes.damage [--test]

Teaches a small network with the labelled real stars (those marked as damaged and all others), simulated stars of every
kind, the same with emission lines and carbon bands put in, smooth continua, and all of them with steps and dips of
5-25 %. `--test` repeats it twice without half of the stars, on which it is then measured; steps and dips of
5-20 %.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.settings import current_settings
from core.simulation.draw import simulate
from core.simulation.population.draws import CURRENT
from core.spectra.damage import DAMAGE_PATH, DamageNetwork, damage_inputs, typical_error
from core.spectra.grid import WAVELENGTH_NM
from recipes.shipped_real_stars import FILES

N_SIMULATED, SIMULATION_SEED = 40_000, 77
MIX = {"M": 0.25, "K": 0.1}
UNDAMAGED = replace(CURRENT, damaged_share=0.0)
LAYERS = (32, 16)
N_PARTS, N_SMOOTH, N_CARBON = 2, 4000, 3
MOST_FALSE = 0.0025
"""Of the undamaged spectra of each group (real, simulated, with lines, carbon) at most this share gets the note."""
_MARKED_COPIES = 25
_EMISSION_NM = (501.6, 541.2, 569.6, 580.8, 587.6, 656.3, 667.8, 706.5, 723.6)
_SEAM_NM, _WIDTH_BP_NM, _WIDTH_RP_NM = 640.0, 8.0, 4.0
"""Standard deviation of a narrow line near 640 nm in either photometer (Carrasco et al. 2021, A&A 652, A86, figure 1:
resolving power about 30 in BP, 70 in RP)."""
_SWAN_HEADS_NM = (473.7, 516.5, 563.5, 619.1)
_CYANOGEN_HEADS_NM = (647.8, 692.5)


@dataclass(frozen=True)
class Spectra:
    """Flux and error (n, 343), whether each is damaged, its group for the counts, and who drew it."""

    flux: np.ndarray
    error: np.ndarray
    damaged: np.ndarray
    group: np.ndarray

    def take(self, rows: np.ndarray) -> "Spectra":
        """The chosen rows."""
        return Spectra(self.flux[rows], self.error[rows], self.damaged[rows], self.group[rows])


def real_spectra() -> Spectra:
    """The labelled real stars; marked ones are damaged."""
    folder = current_settings().real_data_dir / "labelled"
    stars = pd.concat([pd.read_parquet(folder / f"{name}.parquet") for name in FILES], ignore_index=True)
    flux, error = (np.stack(list(stars[name])).astype(float) for name in ("flux", "flux_error"))
    return Spectra(flux, error, stars["xp_broken"].to_numpy(), np.full(len(stars), "real", dtype=object))


def simulated_spectra(folder: Path, seed: int = SIMULATION_SEED) -> Spectra:
    """Simulated stars of the training population with more M and K stars; the group is the kind."""
    path = folder / f"damage-{seed}.parquet"
    if not path.exists():
        simulate("training", N_SIMULATED, seed, path, workers=1, negative_mix=MIX, draw=UNDAMAGED)
    stars = pd.read_parquet(path, columns=["category", "flux", "flux_error"])
    flux, error = (np.stack(list(stars[name])).astype(float) for name in ("flux", "flux_error"))
    return Spectra(flux, error, np.zeros(len(stars), dtype=bool), stars["category"].to_numpy(dtype=object))


def smooth_spectra(n: int, rng: np.random.Generator) -> Spectra:
    """Continua without a line (black bodies, power laws: some white dwarfs and quasars), with noise as XP has it."""
    from scipy.ndimage import gaussian_filter1d

    teff = np.geomspace(2_500.0, 60_000.0, n)[:, None]
    flux = WAVELENGTH_NM**-5.0 / np.expm1(1.4387769e7 / (WAVELENGTH_NM * teff))
    flux *= (WAVELENGTH_NM / 640.0) ** rng.uniform(-3.0, 3.0, (n, 1))
    flux *= 10 ** rng.uniform(-16.5, -13.0, (n, 1)) / flux[:, [WAVELENGTH_NM.searchsorted(640)]]
    error = flux * typical_error(flux[:, [WAVELENGTH_NM.searchsorted(640)]])
    noise = gaussian_filter1d(rng.standard_normal(flux.shape), 3.0, axis=1) * 3.0  # as smooth as XP's bases
    flux = flux + error * noise * rng.uniform(0.0, 1.0, (n, 1))
    return Spectra(flux, error, np.zeros(n, dtype=bool), np.full(n, "smooth continua", dtype=object))


def with_emission(spectra: Spectra, rng: np.random.Generator) -> Spectra:
    """Emission lines of Be, Of and Wolf-Rayet stars and nebulae, as wide as BP or RP shows them, up to 80 % high."""
    height = rng.exponential(0.15, (len(spectra.flux), len(_EMISSION_NM))) * (rng.random((len(spectra.flux), 1)) ** 2)
    in_bp = np.array(_EMISSION_NM) < _SEAM_NM
    width = np.where(in_bp, _WIDTH_BP_NM, _WIDTH_RP_NM) * rng.uniform(0.85, 1.3, (len(spectra.flux), len(_EMISSION_NM)))
    gain = 1.0 + sum(
        np.minimum(height[:, [i]], 0.8) * np.exp(-0.5 * ((WAVELENGTH_NM - line) / width[:, [i]]) ** 2)
        for i, line in enumerate(_EMISSION_NM)
    )
    return _changed(spectra, gain, "emission lines")


def with_carbon(spectra: Spectra, rng: np.random.Generator) -> Spectra:
    """Bands of C2 (degraded to the blue of their heads) and CN (to the red), smoothed as XP shows them."""
    n = len(spectra.flux)
    gain = np.ones((n, len(WAVELENGTH_NM)))
    depth, width = rng.uniform(0.03, 0.6, (n, 1)), _WIDTH_BP_NM * rng.uniform(1.1, 1.6, (n, 1))
    for heads, side in ((_SWAN_HEADS_NM, -1.0), (_CYANOGEN_HEADS_NM, 1.0)):
        for head in heads:
            inside = side * (WAVELENGTH_NM - head)  # (343,)
            edge = 0.5 * (1 + np.tanh(inside / width))
            strength = depth * rng.uniform(0.3, 1.0, (n, 1))
            gain *= 1.0 - strength * edge * np.exp(-np.maximum(inside, 0.0) / rng.uniform(12.0, 30.0, (n, 1)))
    return _changed(spectra, gain, "carbon bands")


def _changed(spectra: Spectra, gain: np.ndarray, group: str) -> Spectra:
    n = len(spectra.flux)
    return Spectra(spectra.flux * gain, spectra.error, np.zeros(n, dtype=bool), np.full(n, group, dtype=object))


def with_damage(spectra: Spectra, rng: np.random.Generator, depth: tuple[float, float]) -> Spectra:
    """A step (one side lower) or a dip, sharp or smooth, somewhere between 600 and 640 nm."""
    n = len(spectra.flux)
    kind = rng.integers(0, 4, (n, 1))
    amount, centre = rng.uniform(*depth, (n, 1)), rng.uniform(600.0, 640.0, (n, 1))
    smooth, width = rng.choice([0.05, 3.0, 6.0], (n, 1)), rng.uniform(5.0, 15.0, (n, 1))
    distance = WAVELENGTH_NM - centre  # (n, 343)
    lower_side = 0.5 * (1 - np.tanh(np.where(kind == 0, distance, -distance) / smooth))
    dip = np.where(kind == 2, np.exp(-0.5 * (distance / width) ** 2), np.abs(distance) <= width)
    gain = 1.0 - amount * np.where(kind < 2, lower_side, dip)
    names = np.array(["step", "step", "smooth dip", "sharp dip"], dtype=object)[kind[:, 0]]
    return Spectra(spectra.flux * gain, spectra.error, np.ones(n, dtype=bool), names)


def teach(spectra: Spectra, seed: int) -> DamageNetwork:
    """Fit the network and choose its threshold."""
    from sklearn.neural_network import MLPClassifier

    rng = np.random.default_rng(seed)
    good = spectra.take(np.flatnonzero(~spectra.damaged))
    marked = spectra.take(np.flatnonzero(spectra.damaged))
    hot = good.take(rng.permutation(np.flatnonzero(np.isin(good.group, ["O", "B0-B2", "Be", "OB supergiant"])))[:9000])
    cool = good.take(rng.permutation(np.flatnonzero(np.isin(good.group, ["M", "K", "G"])))[:9000])
    negatives = [good, with_emission(hot, rng), *(with_carbon(cool, rng) for _ in range(N_CARBON))]
    negatives.append(smooth_spectra(N_SMOOTH, rng))
    positives = [with_damage(part, rng, (0.05, 0.25)) for part in negatives] + [marked] * _MARKED_COPIES
    inputs = np.vstack([_inputs(part, rng) for part in (*negatives, *positives)])
    damaged = np.concatenate([part.damaged for part in (*negatives, *positives)])
    known = np.isfinite(inputs).all(axis=1)
    network = MLPClassifier(LAYERS, alpha=1e-3, batch_size=500, max_iter=60, random_state=seed, early_stopping=True)
    network.fit(np.clip(inputs[known], -20, 20), damaged[known])
    raw = DamageNetwork(tuple(network.coefs_), tuple(network.intercepts_), 0.0)
    groups = [part.take(np.flatnonzero(part.group == name)) for part in negatives for name in np.unique(part.group)]
    limits = [_quantile(raw.score(damage_inputs(part.flux, part.error)), part) for part in groups]
    return DamageNetwork(raw.weights, raw.biases, max(0.0, *limits))


def _quantile(score: np.ndarray, part: Spectra) -> float:
    """The score that at most `MOST_FALSE` of a group exceeds; of small groups the second largest."""
    known = score[np.isfinite(score)]
    return float(np.quantile(known, 1 - MOST_FALSE)) if len(known) > 300 else -np.inf


def _inputs(part: Spectra, rng: np.random.Generator) -> np.ndarray:
    """Half of the spectra with their own errors, half with the typical ones, as files without errors have them."""
    blind = rng.random(len(part.flux)) < 0.5
    return np.where(blind[:, None], damage_inputs(part.flux), damage_inputs(part.flux, part.error))


def test(real: Spectra, simulated: Spectra) -> pd.DataFrame:
    """Share with the note in each group, of stars that did not teach the network."""
    rng = np.random.default_rng(5)
    parts = [rng.integers(0, N_PARTS, len(spectra.flux)) for spectra in (real, simulated)]
    rows = []
    for k in range(N_PARTS):
        taught = joined([s.take(np.flatnonzero(p != k)) for s, p in zip((real, simulated), parts, strict=True)])
        asked = joined([s.take(np.flatnonzero(p == k)) for s, p in zip((real, simulated), parts, strict=True)])
        network = teach(taught, k)
        good = asked.take(np.flatnonzero(~asked.damaged))
        marked = asked.take(np.flatnonzero(asked.damaged))
        hurt = with_damage(good.take(np.flatnonzero(good.group == "real")), rng, (0.05, 0.20))
        hot = good.take(np.flatnonzero(np.isin(good.group, ["O", "B0-B2", "Be", "OB supergiant"])))
        cool = good.take(np.flatnonzero(np.isin(good.group, ["M", "K", "G"])))
        marked = Spectra(marked.flux, marked.error, marked.damaged, np.full(len(marked.flux), "marked", dtype=object))
        for part in (
            good,
            marked,
            hurt,
            with_emission(hot, rng),
            with_carbon(cool, rng),
            smooth_spectra(N_SMOOTH, rng),
        ):
            for blind in (False, True):
                score = network.score(damage_inputs(part.flux, None if blind else part.error)) - network.threshold
                rows.append(pd.DataFrame({"group": part.group, "errors": not blind, "found": score > 0}))
    return pd.concat(rows).groupby(["group", "errors"])["found"].agg(["size", "sum", "mean"])


def joined(parts: list[Spectra]) -> Spectra:
    """One set from several."""
    return Spectra(*(np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])))


def main(with_test: bool) -> None:
    """Measure, if wanted, then teach with everything and write."""
    real, simulated = real_spectra(), simulated_spectra(current_settings().cache_dir)
    if with_test:
        print(test(real, simulated).to_string())
    network = teach(joined([real, simulated]), 0)
    arrays = {f"weight_{i}": value.astype(np.float32) for i, value in enumerate(network.weights)}
    arrays |= {f"bias_{i}": value.astype(np.float32) for i, value in enumerate(network.biases)}
    with atomic_path(DAMAGE_PATH) as beside:
        np.savez_compressed(beside, threshold=network.threshold, **arrays)
    print(f"{DAMAGE_PATH}: threshold {network.threshold:.3f}")


if __name__ == "__main__":
    main("--test" in sys.argv[1:])
