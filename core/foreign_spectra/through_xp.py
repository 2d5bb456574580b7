"""Other instruments' spectra as XP would have delivered them, and their verdict with the filling's uncertainty."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.foreign_spectra.library import GRID_NM, fill, on_grid
from core.foreign_spectra.one_spectrum import CALIBRATED, NARROW, OneSpectrum
from core.foreign_spectra.telluric import has_telluric, without_telluric
from core.gaia.labels import THRESHOLD
from core.gaia.releases import DEFAULT
from core.simulation.dust_curves import LAWS, law_curve
from core.simulation.instrument import to_coefficients
from core.simulation.model_errors import add_leak
from core.simulation.noise import add_noise
from core.spectra.calibration import calibrate
from core.spectra.grid import N_SAMPLES
from core.spectra.photometry import synthetic_photometry
from core.spectra.spectrum_set import Coefficients, SpectrumSet
from core.verdict.verdict import Verdict

N_DRAWS = 24
UNDECIDED_SHARE = 0.1
"""A verdict stands if fewer than this share of the draws contradict it."""
STANDARD_G = 10.0
FIRST_ID = 1_000_000_000_000_000
"""Ids of foreign spectra begin here: they are this program's, not Gaia's."""
_SEED = 7
_REMOVED_LAW, _REMOVED_R_V, _LAW_NM = LAWS.index("CCM89"), 3.1, (110.0, 3300.0)
"""The law by which extinction was taken off, as STELIB's time used it (Cardelli et al. 1989, ApJ 345, 245)."""


@dataclass(frozen=True, eq=False)
class SeenThroughXp:
    """n foreign spectra.

    Attributes
    ----------
    spectra : SpectrumSet of n rows
        As XP would deliver them, filled by the mean of the draws, scaled to G = 10; NaN flux and a note
        where it cannot be done. Ids are made of the names and none of Gaia's; metadata: name, instrument,
        spectral_type, filled_share.
    draws : float64 ndarray of shape (n, n_draws, 343)
    """

    spectra: SpectrumSet
    draws: np.ndarray

    def __len__(self) -> int:
        return len(self.spectra)


def see_through_xp(given: Sequence[OneSpectrum], n_draws: int = N_DRAWS, seed: int = _SEED) -> SeenThroughXp:
    """Bring spectra to XP's instrument by its forward matrix and its calibration."""
    n = len(given)
    flux, draws = np.full((n, N_SAMPLES), np.nan), np.full((n, n_draws, N_SAMPLES), np.nan)
    bp, rp = (np.full((n, size), np.nan) for size in DEFAULT.n_coefficients)
    note, share = np.full(n, "", dtype=object), np.full(n, np.nan)
    for row, spectrum in enumerate(given):
        reason = why_not(spectrum)
        if reason:
            note[row] = reason
            continue
        in_air = has_telluric(spectrum.wavelength_nm, spectrum.flux)
        own = _as_from_space(spectrum, in_air)
        share[row] = float(np.isnan(own).mean())
        rng = np.random.default_rng([seed, row])
        filled = fill(own / np.nanmedian(own), n_draws, rng)
        draws[row], coefficients = _as_xp(filled, rng)
        flux[row] = draws[row].mean(axis=0)
        bp[row], rp[row] = coefficients.bp.mean(axis=0), coefficients.rp.mean(axis=0)
        note[row] = _about(spectrum, share[row], in_air)
    metadata = pd.DataFrame(
        {
            "name": [item.name for item in given],
            "instrument": [item.instrument for item in given],
            "spectral_type": [item.spectral_type for item in given],
            "filled_share": share,
        }
    )
    spectra = SpectrumSet(
        _ids([item.name for item in given]), flux, coefficients=Coefficients(bp, rp), metadata=metadata, note=note
    )
    return SeenThroughXp(spectra, draws)


def _ids(names: Sequence[str]) -> np.ndarray:
    """A number for each name, the same at every reading; a repeated name gets the next free one."""
    found: list[int] = []
    for name in names:
        number = FIRST_ID + zlib.crc32(name.encode())
        while number in found:
            number += 1
        found.append(number)
    return np.array(found, dtype=np.int64)


def why_not(spectrum: OneSpectrum) -> str:
    """Why a spectrum cannot be seen through XP's instrument; '' where it can."""
    low, high = spectrum.range_nm
    if spectrum.kind == NARROW:
        return f"{spectrum.name}: {low:.0f}-{high:.0f} nm are too narrow a range for its shape: its lines alone speak"
    if spectrum.kind != CALIBRATED:
        return f"{spectrum.name}: {spectrum.instrument}'s fluxes are relative over short ranges: its lines alone speak"
    return ""


def _as_from_space(spectrum: OneSpectrum, in_air: bool) -> np.ndarray:
    """The flux on `GRID_NM` as XP meets the star, without the Earth's air and behind the dust that was taken off."""
    flux = without_telluric(spectrum.wavelength_nm, spectrum.flux) if in_air else spectrum.flux
    if spectrum.removed_a_v_mag:
        law = law_curve(_REMOVED_LAW, _REMOVED_R_V, np.clip(spectrum.wavelength_nm, *_LAW_NM))
        flux = flux * 10.0 ** (-0.4 * spectrum.removed_a_v_mag * law)
    return on_grid(spectrum.wavelength_nm, flux)


def _about(spectrum: OneSpectrum, share: float, in_air: bool) -> str:
    low, high = spectrum.range_nm
    text = f"{spectrum.name} by {spectrum.instrument}, {low:.0f}-{high:.0f} nm, through XP's instrument"
    if in_air:
        text += "; bands of the Earth's air taken out"
    if spectrum.removed_a_v_mag:
        text += f"; behind its A_V of {spectrum.removed_a_v_mag:.2f} mag again, which the file's flux is without"
    return f"{text}; {100 * share:.0f} % of the wavelengths filled in" if share > 0.005 else text


def _as_xp(flux: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, Coefficients]:
    """Sampled XP flux (n, 343) of spectra on `GRID_NM` at G = 10, and their coefficients."""
    scale = 1e-13 * np.ones((len(flux), 1))
    bp, rp = add_leak(*to_coefficients(GRID_NM, flux * scale), rng)
    clean, _ = calibrate(Coefficients(bp, rp), with_errors=False)
    g_mag = synthetic_photometry(clean)[0]
    change = 10 ** (0.4 * (g_mag - STANDARD_G))[:, None]
    # XP's calibration law and its wiggles, which the networks have learnt to expect, come with the noise.
    measured = add_noise(bp * change, rp * change, np.full(len(flux), STANDARD_G), rng)
    sampled, _ = calibrate(measured, with_errors=False)
    return sampled, Coefficients(measured.bp, measured.rp)


def judge_through_xp(seen: SeenThroughXp, judge: Callable[[SpectrumSet], Verdict]) -> Verdict:
    """The verdict on foreign spectra: members' mean over the draws; refused where the filling decides.

    The spread over draws is in the members' numbers: each member says what it says on the average of the draws.
    """
    n, n_draws = len(seen), seen.draws.shape[1]
    first = judge(seen.spectra)
    whole = np.flatnonzero(np.isfinite(seen.draws).all(axis=(1, 2)))
    members, note = first.members.copy(), seen.spectra.note.copy()
    if len(whole):
        ids = np.arange(1, len(whole) * n_draws + 1, dtype=np.int64)
        verdict = judge(SpectrumSet(ids, seen.draws[whole].reshape(-1, N_SAMPLES)))
        each = verdict.members.reshape(len(verdict.members), len(whole), n_draws)
        with np.errstate(invalid="ignore"):
            mean = np.nanmean(each, axis=0)  # (n_whole, n_draws)
            massive = (mean >= THRESHOLD).mean(axis=1)
        members[:, whole] = each.mean(axis=2)
        for place, row in enumerate(whole):
            share = massive[place]
            if min(share, 1 - share) > UNDECIDED_SHARE:
                members[:, row] = np.nan
                note[row] = (
                    f"{note[row]}; refused: {100 * share:.0f} % of the ways to fill in what is missing make it massive"
                )
    assert len(members.T) == n
    return replace(first, members=members, note=note)
