"""Published cuts in colours and absolute magnitudes: a score is by how much (mag) a star fulfils its rule."""

import numpy as np

from core.gaia.absolute_magnitude import parallax_zero_point
from core.techniques.evidence import Evidence, facts
from core.techniques.vote import Scores, missing, scores

BLUE_BP_RP = -0.1
J_H_SLOPE = 1.70
Q_JHK_LIMIT = 0.10
Q_UGR_SLOPE, Q_UGR_LIMIT = 1.13, 0.42
"""E(u-g) / E(g-r) of Gordon et al. 2023 at R_V 3.1, and Q of 20,600 K in the program's atmospheres: ours."""
MASSIVE_M_KS = -1.2
"""B2 V, 7.3 suns: M_Ks -1.198 (Pecaut & Mamajek 2013, table of 2021)."""
HOT_G_KS, KS_PER_REDDENING, MOST_REDDENING = -0.6, 0.14, 8.0
"""G - Ks of B2 V, A_Ks / E(G - Ks) of Gordon et al. 2023 at R_V 3.1, and the largest E(G - Ks) believed, mag."""
ZARI_M_KS, ZARI_G = -0.61, 16.0
LEAST_SIGNIFICANCE = 3.0
EXCESS_W1_W2 = 0.25
_NO_PARALLAX = f"parallax below {LEAST_SIGNIFICANCE:g} times its error"


def blue(evidence: Evidence) -> Scores:
    """BP - RP below -0.1: hot and hardly reddened."""
    colour = evidence.numbers("bp_rp")
    return scores(BLUE_BP_RP - colour, (np.isnan(colour), "no bp_rp"))


def zari_margins(g: np.ndarray, j: np.ndarray, h: np.ndarray, ks: np.ndarray, parallax: np.ndarray) -> np.ndarray:
    """By how much each inequality of the strips holds, mag; (7, n_stars). All positive: selected.

    Zari et al. 2021, A&A 650, A112, in the form that SDSS-V selects with (carton mwm_ob_core): parallax (mas) below
    10^((10 - Ks - 0.61) / 5), that is M_Ks < -0.61 for a star at 1 / parallax, and strips in J - Ks, J - H against
    G - Ks that follow the reddening of hot stars.
    """
    gk = g - ks
    with np.errstate(invalid="ignore", divide="ignore"):
        faintest = 10.0 + ZARI_M_KS - ks - 5.0 * np.log10(np.maximum(parallax, 1e-4))
    return np.stack(
        [
            faintest,
            0.10 - (j - ks - 0.25 * gk),
            (j - ks - 0.25 * gk) + 0.30,
            0.15 * gk + 0.05 - (j - h),
            (j - h) - (0.15 * gk - 0.15),
            0.23 * gk + 0.03 - (j - ks),
            g - 2.0 * gk - 3.0,
        ]
    )


def zari_strips(evidence: Evidence) -> Scores:
    """The least margin of the seven inequalities; outside the selection's limit of G = 16 it abstains."""
    g, j, h, ks = (evidence.magnitude(name) for name in ("phot_g_mean_mag", "j", "h", "ks"))
    parallax = evidence.numbers("parallax")
    margins = zari_margins(g, j, h, ks, parallax)
    margins[[0, 6]] = np.clip(margins[[0, 6]] / 5.0, -1.0, 1.0)  # brightness is less certain than colour
    return scores(
        margins.min(axis=0),
        *missing(evidence, "phot_g_mean_mag", "j", "h", "ks"),
        *missing(evidence, "parallax", magnitudes=False),
        (g >= ZARI_G, "G is 16 or fainter: outside the selection"),
    )


def q_jhk(evidence: Evidence) -> Scores:
    """Q = (J - H) - 1.70 (H - Ks), free of reddening: near 0 for early types, 0.4 for cool dwarfs and giants."""
    j, h, ks = (evidence.magnitude(name) for name in ("j", "h", "ks"))
    return scores(Q_JHK_LIMIT - ((j - h) - J_H_SLOPE * (h - ks)), *missing(evidence, "j", "h", "ks"))


def q_ugr(evidence: Evidence) -> Scores:
    """Q = (u - g) - 1.13 (g - r) in AB magnitudes, nearly free of reddening: smallest for O stars."""
    u, g, r = (evidence.magnitude(name) for name in ("u", "g", "r"))
    return scores(Q_UGR_LIMIT - ((u - g) - Q_UGR_SLOPE * (g - r)), *missing(evidence, "u", "g", "r"))


def absolute_ks(evidence: Evidence) -> Scores:
    """M_Ks brighter than that of B2 V, from the parallax, with the dust that G - Ks of a hot star needs taken off.

    Without G there is no correction, which is a tenth of A_V.
    """
    g, ks = evidence.magnitude("phot_g_mean_mag"), evidence.magnitude("ks")
    parallax, error = evidence.numbers("parallax"), evidence.numbers("parallax_error")
    true = parallax - parallax_zero_point(facts(evidence))
    dust = KS_PER_REDDENING * np.clip(np.nan_to_num(g - ks - HOT_G_KS), 0.0, MOST_REDDENING)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = MASSIVE_M_KS - (ks - dust + 5.0 * np.log10(np.maximum(true, 1e-4)) - 10.0)
        poor = ~(true > LEAST_SIGNIFICANCE * error)
    return scores(
        value,
        *missing(evidence, "ks"),
        *missing(evidence, "parallax", "parallax_error", magnitudes=False),
        (poor, _NO_PARALLAX),
    )


def disc(evidence: Evidence) -> Scores:
    """Warm dust or gas about the star: W1 - W2 above 0.25 marks a young or Be star; abstains where there is no excess.

    The score is minus the excess over that limit: the warmer dust of Herbig stars speaks against a massive star.
    """
    w1, w2 = (evidence.magnitude(name) for name in ("w1", "w2"))
    colour = w1 - w2
    return scores(
        EXCESS_W1_W2 - colour,
        *missing(evidence, "ks", "w1", "w2"),
        (colour < EXCESS_W1_W2, "no excess in W1 - W2: nothing to say"),
    )
