"""Make `core/spectra/non_stars.npz`, the detector of what is no star.

    XP_REAL_DATA=... python -m recipes.non_stars

Teaches a small network with simulated quasars, galaxies, cataclysmic variables, planetary nebulae, faults and noise
against simulated stars of every kind (Be, Of, Wolf-Rayet, B[e], T Tauri, carbon and flare stars among them) and the
labelled real stars with fainter copies of them. `validation/non_stars.py` measures it with parts left out.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.atomic import atomic_path
from core.simulation.dust_curves import transmission
from core.simulation.dust_draw import draw_dust
from core.simulation.instrument import to_coefficients
from core.simulation.noise import add_noise, sampled_errors
from core.simulation.unusual.draw import NON_STARS, PECULIAR_STARS, draw_kind, draw_stars
from core.simulation.unusual.faults import damage, draw_noise
from core.simulation.unusual.observed import Observed, join
from core.spectra.calibration import design_matrix
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.non_stars import KINDS, NETWORK_PATH, STAR, NonStarNetwork, NonStarScores, detector_inputs
from recipes.real_stars import labelled_folder, read_real_stars

SEED = 26
MIX = {"M": 0.12, "K": 0.12, "G": 0.10, "F": 0.12, "A": 0.08, "late B": 0.05, "B near the limit": 0.04,
       "hot subdwarf": 0.12, "white dwarf": 0.06, "blue horizontal branch": 0.03, "Be": 0.03, "Herbig": 0.03,
       "composite": 0.06, "giants": 0.10}  # fmt: skip
N_TRAINING, N_SURVEY, N_PECULIAR, N_KIND, N_DAMAGED, N_NOISE = 26_000, 8_000, 3_000, 9_000, 10_000, 2_500
N_COPIES, MOST_DIMMING_MAG, FAINTEST_MAG, MOST_EXTRA_A_V = 2, 4.5, 17.6, 2.0
LAYERS, EPOCHS, BATCH = (80, 40), 16, 768
THRESHOLDS = (1.0, 1.5)
"""Log odds against a star, of objects and of damage: chosen on an eighth of the lesson that a first network missed,
where they flag less than 0.5 % of the real stars."""
RARE = ("O", "OB supergiant", "B0-B2", "Be", "Wolf-Rayet", "Herbig", "composite")
RARE_TIMES = 2
"""Kinds that lines make look like no star, learnt this often again."""
SMOOTH_CHANGE, SMOOTH_NM = 0.012, 40.0
"""Errors of calibration and models that differ from star to star."""
WHITE_NOISE, WHITE_SHARE = 0.03, 0.15
"""Spectra from other pipelines carry noise that is white in the samples."""
_BLOCK = 4096


@dataclass(frozen=True)
class Lesson:
    """n spectra as the detector sees them.

    `inputs` float32 (n, N_INPUTS), `kind` (n,) index in `KINDS`, `group` (n,) for the counts, `star` (n,) the row of
    the real star that it is a copy of, -1 for a simulated one.
    """

    inputs: np.ndarray
    kind: np.ndarray
    group: np.ndarray
    star: np.ndarray

    def take(self, rows: np.ndarray) -> "Lesson":
        """The chosen rows."""
        return Lesson(*(getattr(self, name)[rows] for name in vars(self)))


def joined(parts: list[Lesson]) -> Lesson:
    """One lesson from several."""
    return Lesson(*(np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])))


def lesson_of(
    spectra: Observed, kind: str, rng: np.random.Generator, star: np.ndarray | None = None, group: str | None = None
) -> Lesson:
    """Spectra as a lesson: changed a little, half of them without their own errors."""
    parts = []
    for start in range(0, len(spectra), _BLOCK):
        rows = slice(start, start + _BLOCK)
        flux = spectra.flux[rows] * (1.0 + SMOOTH_CHANGE * _smooth_noise(len(spectra.flux[rows]), rng))
        white = (rng.random((len(flux), 1)) < WHITE_SHARE) * rng.uniform(0.0, WHITE_NOISE, (len(flux), 1))
        flux *= 1.0 + white * rng.standard_normal(flux.shape)
        with_errors = rng.random((len(flux), 1)) < 0.5
        parts.append(np.where(with_errors, detector_inputs(flux, spectra.flux_error[rows]), detector_inputs(flux)))
    inputs = np.concatenate(parts)
    known = np.flatnonzero(np.isfinite(inputs).all(axis=1))
    groups = np.full(len(inputs), group, dtype=object) if group else spectra.about["kind"].to_numpy(dtype=object)
    of_star = np.full(len(inputs), -1) if star is None else star
    return Lesson(inputs, np.full(len(inputs), KINDS.index(kind)), groups, of_star).take(known)


def _smooth_noise(n: int, rng: np.random.Generator) -> np.ndarray:
    """Unit variance, correlated over SMOOTH_NM: (n, 343)."""
    centres = np.arange(WAVELENGTH_NM[0] - 2 * SMOOTH_NM, WAVELENGTH_NM[-1] + 2 * SMOOTH_NM, SMOOTH_NM)
    basis = np.exp(-(((WAVELENGTH_NM - centres[:, None]) / SMOOTH_NM) ** 2))
    return rng.standard_normal((n, len(centres))) @ (basis / np.sqrt((basis**2).sum(axis=0)))


def real_stars() -> tuple[Observed, np.ndarray, np.ndarray]:
    """The labelled real stars that are not marked as damaged, their folds and their groups."""
    import pandas as pd

    stars = read_real_stars()
    table = stars.table
    files = [labelled_folder() / f"{name}.parquet" for name in table["file"].unique()]
    errors = pd.concat([pd.read_parquet(file, columns=["source_id", "flux_error"]) for file in files])
    error = np.stack(errors.set_index("source_id")["flux_error"].loc[table["source_id"]].to_list()).astype(float)
    about = table.assign(kind=np.where(table["massive"] == 1, "real OB", "real " + table["role"]))
    good = np.flatnonzero(~table["xp_broken"])
    observed = Observed(stars.flux.astype(float), error, about).take(good)
    return observed, observed.about["fold"].to_numpy(), good


def fainter(stars: Observed, rng: np.random.Generator) -> Observed:
    """The same stars farther away, a third of them behind more dust, with the noise of their new brightness."""
    parts = []
    for start in range(0, len(stars), _BLOCK):
        part = stars.take(np.arange(start, min(start + _BLOCK, len(stars))))
        n = len(part)
        extra = np.where(rng.random(n) < 0.33, MOST_EXTRA_A_V * rng.random(n), 0.0)
        flux = part.flux * transmission(WAVELENGTH_NM, draw_dust(extra, rng))
        g = part.about["phot_g_mean_mag"].to_numpy(float)
        new_g = np.maximum(np.minimum(g + MOST_DIMMING_MAG * rng.random(n), FAINTEST_MAG), g)
        flux *= 10.0 ** (-0.4 * (new_g - g))[:, None]
        bp, rp = to_coefficients(WAVELENGTH_NM, flux)
        noisy = add_noise(bp, rp, new_g, rng, systematics=False)
        flux = flux + np.concatenate([noisy.bp - bp, noisy.rp - rp], axis=1) @ design_matrix()
        error = np.asarray(sampled_errors(noisy), dtype=np.float64)
        parts.append(Observed(flux, error, part.about.assign(phot_g_mean_mag=new_g)))
    return join(parts)


def real_lesson(stars: Observed, rng: np.random.Generator) -> Lesson:
    """Real stars and fainter copies; `star` is the row in `stars`."""
    rows = np.arange(len(stars))
    copies = [fainter(stars, rng) for _ in range(N_COPIES)]
    return joined([lesson_of(part, STAR, rng, star=rows) for part in (stars, *copies)])


def star_lesson(rng: np.random.Generator, scale: float = 1.0) -> tuple[Lesson, Observed]:
    """Simulated stars of every kind, and the ordinary ones among them, from which damaged spectra are made."""
    ordinary = join(
        [
            draw_stars(int(scale * N_TRAINING), rng, "training", MIX),
            draw_stars(int(scale * N_SURVEY), rng, "survey"),
        ]
    )
    peculiar = [draw_kind(kind, int(scale * N_PECULIAR), rng, (7.0, 17.6)) for kind in PECULIAR_STARS]
    rare = ordinary.take(np.flatnonzero(ordinary.about["kind"].isin(RARE)))
    return joined([lesson_of(part, STAR, rng) for part in (ordinary, *[rare] * RARE_TIMES, *peculiar)]), ordinary


def non_star_lesson(
    rng: np.random.Generator,
    of_stars: list[Observed],
    scale: float = 1.0,
    draws: dict[str, Callable[[int], Observed]] | None = None,
) -> Lesson:
    """Every kind that is no star; damage is put on some of the given stars. `draws` replaces how a kind is drawn."""
    parts = []
    for kind in NON_STARS:
        n = int(scale * N_KIND)
        own = (draws or {}).get(kind)
        parts.append(lesson_of(own(n) if own else draw_kind(kind, n, rng), kind, rng))
    for stars in of_stars:
        chosen = rng.choice(len(stars), int(scale * N_DAMAGED / len(of_stars)))
        parts.append(lesson_of(damage(stars.take(chosen), rng), "damaged", rng))
    parts.append(lesson_of(draw_noise(int(scale * N_NOISE), rng), "noise", rng))
    return joined(parts)


def teach(lesson: Lesson, seed: int = 0) -> NonStarNetwork:
    """Fit the network."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    centre, scale = lesson.inputs.mean(axis=0), np.maximum(lesson.inputs.std(axis=0), 1e-3)
    network = MLPClassifier(
        LAYERS, alpha=1e-4, batch_size=BATCH, learning_rate_init=1.5e-3, max_iter=EPOCHS, random_state=seed, tol=0.0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is the choice
        network.fit((lesson.inputs - centre) / scale, lesson.kind)
    weights = [weight.astype(np.float64) for weight in network.coefs_]
    biases = [bias.astype(np.float64) for bias in network.intercepts_]
    last = np.full((weights[-1].shape[0], len(KINDS)), 0.0)
    last_bias = np.full(len(KINDS), -30.0)  # a kind that the lesson lacks is never found
    last[:, network.classes_], last_bias[network.classes_] = weights[-1], biases[-1]
    share = np.mean(lesson.kind == 0)
    last_bias[0] += np.log((1.0 - share) / share)  # equal priors of star and non-star
    weights[-1], biases[-1] = last, last_bias
    biases[0] = biases[0] - (centre / scale) @ weights[0]
    weights[0] = weights[0] / scale[:, None]
    return NonStarNetwork(
        tuple(weight.astype(np.float32) for weight in weights),
        tuple(bias.astype(np.float32) for bias in biases),
        THRESHOLDS,
    )


def main() -> None:
    """Teach with everything and write."""
    rng = np.random.default_rng(SEED)
    real, _, _ = real_stars()
    simulated, ordinary = star_lesson(rng)
    lesson = joined([real_lesson(real, rng), simulated, non_star_lesson(rng, [ordinary, real])])
    print(f"{len(lesson.kind)} spectra: {dict(zip(KINDS, np.bincount(lesson.kind), strict=True))}")
    network = teach(lesson)
    arrays = {f"weight_{i}": value.astype(np.float32) for i, value in enumerate(network.weights)}
    arrays |= {f"bias_{i}": value.astype(np.float32) for i, value in enumerate(network.biases)}
    with atomic_path(NETWORK_PATH) as beside:
        np.savez_compressed(beside, thresholds=np.array(network.thresholds), **arrays)
    scores = NonStarScores(network.likelihoods(lesson.inputs), network.thresholds)
    for number, kind in enumerate(KINDS):
        own = scores.flagged[lesson.kind == number]
        print(f"{kind}: {np.mean(own):.4f} of {len(own)} flagged, those of the lesson")
    print(NETWORK_PATH)


if __name__ == "__main__":
    main()
