"""Quality advice: what Gaia's own numbers say about how far a star's data can be trusted. Advice, never a refusal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.gaia.counts import G_LIMIT_MAG
from core.gaia.releases import DEFAULT, Release, find_release

Level = Literal["good", "caution", "warning"]


@dataclass(frozen=True)
class Advice:
    """One finding: `value` against `threshold`, with a sentence and its reference."""

    topic: str
    level: Level
    text: str
    value: float | str
    threshold: float | str
    reference: str


def corrected_excess_factor(bp_rp, phot_bp_rp_excess_factor):
    """C*: the BP/RP flux excess less its mean for the colour (Riello et al. 2021, A&A 649, A3, eq. 6)."""
    x = np.asarray(bp_rp, dtype=np.float64)
    blue = 1.154360 + 0.033772 * x + 0.032277 * x**2
    middle = 1.162004 + 0.011464 * x + 0.049255 * x**2 - 0.005879 * x**3
    red = 1.057572 + 0.140537 * x
    mean = np.where(x < 0.5, blue, np.where(x < 4.0, middle, red))
    return np.asarray(phot_bp_rp_excess_factor, dtype=np.float64) - mean


def excess_factor_scatter(phot_g_mean_mag):
    """One sigma of C* for well-behaved stars at this magnitude (Riello et al. 2021, eq. 18)."""
    return 0.0059898 + 8.817481e-12 * np.asarray(phot_g_mean_mag, dtype=np.float64) ** 7.618399


def quality_advice(columns: Mapping[str, object], release: str = DEFAULT.key) -> list[Advice]:
    """Every finding that the star's Gaia columns allow, in a fixed order; unknown columns give no finding.

    Parameters
    ----------
    columns : mapping
        One star's values under Gaia's names; None and NaN mean unknown.
    release : str
        Key of the data release they are of; what it does not publish is said.
    """
    found = [rule(columns) for rule in _RULES] + _missing(find_release(release))
    return [advice for advice in found if advice is not None]


def _missing(release: Release) -> list[Advice | None]:
    """What cannot be told because the release has removed a column or publishes no law."""
    advice: list[Advice | None] = []
    if "phot_bp_rp_excess_factor" in release.removed:
        text = f"{release.name} has no phot_bp_rp_excess_factor: {release.removed['phot_bp_rp_excess_factor']}"
        advice.append(Advice("BP/RP excess", "caution", text, "", "", release.reference))
    if not release.zero_point_law:
        text = f"No parallax zero point is published for {release.name}: parallaxes are used as they are"
        advice.append(Advice("parallax zero point", "caution", text, "", "", release.reference))
    return advice


def _value(columns: Mapping[str, object], name: str) -> float | None:
    try:
        value = float(columns.get(name))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return value if np.isfinite(value) else None


def _ruwe(columns: Mapping[str, object]) -> Advice | None:
    ruwe = _value(columns, "ruwe")
    if ruwe is None:
        return None
    text = (
        f"RUWE {ruwe:.2f} is above 1.4: the star may be double or its astrometry disturbed, so distrust the parallax"
        if ruwe > 1.4
        else f"RUWE {ruwe:.2f}: a single star fits the astrometry"
    )
    return Advice("RUWE", "caution" if ruwe > 1.4 else "good", text, ruwe, 1.4, "Lindegren 2018, GAIA-C3-TN-LU-LL-124")


def _parallax(columns: Mapping[str, object]) -> Advice | None:
    parallax, error = _value(columns, "parallax"), _value(columns, "parallax_error")
    reference = "Bailer-Jones 2015, PASP 127, 994"
    if parallax is None or error is None or error <= 0:
        return Advice("parallax", "warning", "No parallax: neither distance nor absolute magnitude", "", 3.0, reference)
    ratio = parallax / error
    if parallax <= 0:
        text = f"The parallax is not above zero ({parallax:.3f} ± {error:.3f} mas): it gives no distance"
        return Advice("parallax", "warning", text, ratio, 3.0, reference)
    if ratio < 3:
        text = f"Parallax over error is {ratio:.1f}, below the study's cut of 3: the distance rests on the prior"
        return Advice("parallax", "warning", text, ratio, 3.0, reference)
    if ratio < 10:
        text = f"Parallax over error is {ratio:.1f}: the distance is good to about {100 / ratio:.0f} %"
        return Advice("parallax", "caution", text, ratio, 10.0, reference)
    return Advice("parallax", "good", f"Parallax over error is {ratio:.0f}", ratio, 10.0, reference)


def _excess(columns: Mapping[str, object]) -> Advice | None:
    names = ("bp_rp", "phot_bp_rp_excess_factor", "phot_g_mean_mag")
    bp_rp, excess, g = (_value(columns, name) for name in names)
    if bp_rp is None or excess is None or g is None:
        return None
    corrected, sigma = float(corrected_excess_factor(bp_rp, excess)), float(excess_factor_scatter(g))
    ratio = abs(corrected) / sigma
    level: Level = "good" if ratio < 3 else "caution" if ratio < 5 else "warning"
    verdict = (
        "BP and RP agree with G"
        if ratio < 3
        else "BP and RP do not add up to G: blend, nebula, strong emission or a poor background"
    )
    text = f"Corrected BP/RP excess {corrected:+.3f} ({ratio:.1f} sigma at this magnitude): {verdict}"
    return Advice("BP/RP excess", level, text, corrected, 3 * sigma, "Riello et al. 2021, A&A 649, A3")


def _blends(columns: Mapping[str, object]) -> Advice | None:
    counts = [_value(columns, f"phot_{band}_n_{what}") for band in ("bp", "rp") for what in ("blended_transits", "obs")]
    if any(count is None for count in counts) or not counts[1] or not counts[3]:
        return None
    fraction = (counts[0] + counts[2]) / (counts[1] + counts[3])  # type: ignore[operator]
    level: Level = "good" if fraction < 0.1 else "caution" if fraction < 0.5 else "warning"
    text = (
        f"{fraction:.0%} of the BP and RP transits are blended with another source: "
        f"{'the spectrum is its own' if level == 'good' else 'light of a neighbour may be in the spectrum'}"
    )
    return Advice("blended transits", level, text, fraction, 0.1, "Riello et al. 2021, A&A 649, A3, section 9.3")


def _not_a_star(columns: Mapping[str, object]) -> Advice | None:
    values = {kind: _value(columns, f"classprob_dsc_combmod_{kind}") for kind in ("quasar", "galaxy")}
    known = {kind: value for kind, value in values.items() if value is not None}
    if not known:
        return None
    kind, value = max(known.items(), key=lambda item: item[1])
    reference = "Delchambre et al. 2023, A&A 674, A31"
    if value > 0.5:
        text = f"Gaia's DSC calls it a {kind} with probability {value:.2f}: probably not a star"
        return Advice("DSC", "warning", text, value, 0.5, reference)
    return Advice("DSC", "good", f"Gaia's DSC sees no galaxy or quasar (at most {value:.2f})", value, 0.5, reference)


def _variability(columns: Mapping[str, object]) -> Advice | None:
    flag = str(columns.get("phot_variable_flag") or "")
    if flag != "VARIABLE":
        return None
    text = "Variable in Gaia's photometry: the mean spectrum averages over phases (eclipses, pulsation, Be outbursts)"
    return Advice("variability", "caution", text, flag, "VARIABLE", "Eyer et al. 2023, A&A 674, A13")


def _brightness(columns: Mapping[str, object]) -> Advice | None:
    g = _value(columns, "phot_g_mean_mag")
    if g is None:
        return None
    reference = "Montegriffo et al. 2023, A&A 674, A3"
    if g < 5:
        text = f"G = {g:.2f}: so bright that parts of the XP spectrum may be saturated"
        return Advice("brightness", "caution", text, g, 5.0, reference)
    if g > G_LIMIT_MAG:
        text = f"G = {g:.2f} is fainter than {G_LIMIT_MAG}, the limit for most XP spectra: the spectrum is noisy"
        return Advice("brightness", "caution", text, g, G_LIMIT_MAG, reference)
    return None


_RULES: tuple[Callable[[Mapping[str, object]], Advice | None], ...] = (
    _ruwe, _parallax, _excess, _blends, _not_a_star, _variability, _brightness,
)  # fmt: skip
