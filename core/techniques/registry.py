"""The techniques: one literal table, and how one is asked for its votes."""

from dataclasses import dataclass
from importlib import import_module

from core.errors import UsageError
from core.techniques.evidence import Evidence
from core.techniques.vote import Scores, Votes, from_log_odds


@dataclass(frozen=True)
class Technique:
    """One way to judge a star.

    Attributes
    ----------
    key, title : str
        The key names its columns p_<key> and why_<key>.
    needs : tuple of str
        Surveys and products (`SOURCES`) without which it abstains.
    inputs : str
        What it looks at.
    massive : str
        What it calls massive.
    validity : str
        Where its rule holds; it abstains elsewhere where it can tell.
    reference : str
    function : str
        'module:function' that measures its `Scores` on an `Evidence`.
    verified : bool
        Whether a case that the source gives is reproduced by a test; False is said wherever it is shown.
    learns_labels : bool
        Whether it was fitted on labels of real stars, on which it may then not vote in a comparison.
    """

    key: str
    title: str
    needs: tuple[str, ...]
    inputs: str
    massive: str
    validity: str
    reference: str
    function: str
    verified: bool = True
    learns_labels: bool = False

    def measure(self, evidence: Evidence) -> Scores:
        """Its scores on some stars, before calibration."""
        module, function = self.function.split(":")
        return getattr(import_module(f"core.techniques.{module}"), function)(evidence)

    def vote(self, evidence: Evidence) -> Votes:
        """Calibrated probability of massive at equal priors for every star, or why it abstains.

        Raises
        ------
        RunError
            The shipped calibrations cannot be read.
        """
        from core.techniques.calibration import load_calibrations

        measured = self.measure(evidence)
        return from_log_odds(load_calibrations()[self.key].log_odds(measured.value), measured.why)


SOURCES: dict[str, str] = {
    "xp": "XP spectrum", "gaia": "G and BP - RP", "parallax": "parallax", "gaia_ap": "Gaia's astrophysical parameters",
    "2mass": "J, H, Ks", "wise": "W1, W2", "ugri": "u, g, r", "lines": "medium-resolution spectrum",
    "literature": "published type",
}  # fmt: skip
"""What a technique can need; a survey that is missing silences those that need it and no other."""
_MODEL = "this program; docs/decisions"
TECHNIQUES: tuple[Technique, ...] = (
    Technique(
        "xp", "XP ensemble", ("xp",), "the shape of the XP spectrum",
        "the ensemble's mean probability at equal priors from 0.5 on",
        "G 3 to 17.65, A_V to 10; spectra with gaps are refused",
        f"{_MODEL}/training.md; Monsalves et al. 2025", "by_spectrum:ensemble", learns_labels=True,
    ),
    Technique(
        "xp_sky", "Spectrum, brightness and parallax", ("xp", "gaia", "parallax"),
        "the ensemble's probability and spread, G, BP - RP, parallax with its error",
        "the photometric and astrometric classifier's probability at equal priors from 0.5 on",
        "stars of a sample that is complete to G 17.65", f"{_MODEL}/survey.md",
        "by_spectrum:with_brightness_and_parallax", learns_labels=True,
    ),
    Technique(
        "bright_enough", "Contaminant rule", ("gaia", "parallax"), "G, BP - RP, parallax with its error",
        "nothing: it calls stars too faint to be massive, M_G > 0 behind any dust",
        "parallax above zero", "Geier 2020, A&A 635, A193; Bailer-Jones 2015, PASP 127, 994",
        "by_spectrum:not_too_faint",
    ),
    Technique(
        "physics", "Parameters by physics", ("xp",), "the XP spectrum, fitted with model atmospheres and dust",
        "probability_physics from 0.5 on", "stars that the ensemble does not dismiss; fits that describe the spectrum",
        f"{_MODEL}/parameters.md", "by_physics:by_parameters",
    ),
    Technique(
        "physics_track", "Above the track of 8 suns", ("xp", "parallax"),
        "fitted Teff and A_V, luminosity by parallax", "mass at birth above 8 suns on the evolution's tracks",
        "parallax above 4 times its error; stars that were fitted",
        f"{_MODEL}/parameters.md; Ekstroem et al. 2012, A&A 537, A146", "by_physics:above_track",
    ),
    Technique(
        "esp_hs", "Gaia ESP-HS and ESP-ELS", ("gaia_ap",), "teff_esphs, spectraltype_esphs",
        "hotter than B2 V, 20,600 K", "O, B and A stars that ESP-HS processed",
        "Fouesneau et al. 2023, A&A 674, A28; Pecaut & Mamajek 2013, ApJS 208, 9", "by_gaia:by_esp_hs",
    ),
    Technique(
        "gsp_phot", "Gaia GSP-Phot and FLAME", ("gaia_ap",), "teff_gspphot, lum_flame, mass_flame",
        "hotter and more luminous than B2 V, or above 8 suns",
        "Teff and A_0 trade in reddened hot stars; FLAME ends at 10 suns",
        "Andrae et al. 2023, A&A 674, A27; Fouesneau et al. 2023, A&A 674, A28", "by_gaia:by_gsp_phot",
    ),
    Technique(
        "bp_rp", "Blue BP - RP", ("gaia",), "BP - RP", "BP - RP below -0.1", "A_V below about 0.5",
        "a common first cut; no paper gives this limit", "by_photometry:blue", verified=False,
    ),
    Technique(
        "zari", "Zari et al. strips", ("gaia", "2mass", "parallax"), "G, J, H, Ks, parallax",
        "all inequalities: OBA stars with M_Ks < -0.61", "G < 16; complete rather than pure",
        "Zari et al. 2021, A&A 650, A112; SDSS-V carton mwm_ob_core", "by_photometry:zari_strips",
    ),
    Technique(
        "q_jhk", "Q of J, H, Ks", ("2mass",), "(J - H) - 1.70 (H - Ks)", "Q below 0.1: early types",
        "errors of J, H, Ks below 0.05; A_V above 2, where colours part",
        "Negueruela & Schurch 2007, A&A 461, 631 (the limit of 0.1 is ours)", "by_photometry:q_jhk", verified=False,
    ),
    Technique(
        "q_ugr", "Q of u, g, r", ("ugri",), "(u - g) - 1.13 (g - r), AB", "Q below 0.42",
        "VPHAS+, SDSS and alike; R_V near 3.1",
        "Johnson & Morgan 1953, ApJ 117, 313; Mohr-Smith et al. 2015, MNRAS 450, 3855 (slope and limit are ours)",
        "by_photometry:q_ugr", verified=False,
    ),
    Technique(
        "absolute_ks", "Absolute Ks", ("2mass", "parallax"), "Ks, parallax", "M_Ks brighter than B2 V, -1.2",
        "parallax above 3 times its error; giants are as bright", "Pecaut & Mamajek 2013, ApJS 208, 9 (table of 2021)",
        "by_photometry:absolute_ks",
    ),
    Technique(
        "disc", "Infrared excess", ("2mass", "wise"), "Ks, W1, W2",
        "nothing: a warm disc (W1 - W2 > 0.25) means a young or Be star", "stars with an excess; it abstains on others",
        "Koenig & Leisawitz 2014, ApJ 791, 131 (their limit in W1 - W2 alone)", "by_photometry:disc", verified=False,
    ),
    Technique(
        "lines", "Lines of helium, silicon, magnesium", ("lines",),
        "equivalent widths of He I 4471, He II 4542 and 4686, Si III 4552, Mg II 4481, H gamma",
        "He II 4542 or 4686, or He I strong against Mg II and H gamma: O to B2", "R of 800 or more, S/N of 30 or more",
        "Conti & Alschuler 1971, ApJ 170, 325; Walborn & Fitzpatrick 1990, PASP 102, 379; Gray & Corbally 2009",
        "by_lines:by_lines",
    ),
    Technique(
        "literature", "Published type", ("literature",), "an MK type of ALS, Skiff, Simbad or a paper",
        "O to B1.5, B2.5 of class III and II, B5 of class I, Wolf-Rayet",
        "types that can be read; of binaries the primary",
        f"{_MODEL}/evaluation.md; Liu et al. 2019, ApJS 241, 32", "by_literature:by_type", learns_labels=True,
    ),
)  # fmt: skip
KEYS = tuple(technique.key for technique in TECHNIQUES)


def find_technique(key: str) -> Technique:
    """The technique of a key.

    Raises
    ------
    UsageError
        There is none.
    """
    for technique in TECHNIQUES:
        if technique.key == key:
            return technique
    raise UsageError(f"there is no technique {key!r}; expected one of {', '.join(KEYS)}")
