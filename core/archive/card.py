"""The verdict card: what the networks say of a star, beside everything that speaks for or against trusting it."""

from dataclasses import asdict, dataclass, field

import numpy as np

from core.archive.absolute_magnitude import AbsoluteMagnitude, absolute_magnitude, parallax_zero_point
from core.archive.cache import json_value
from core.archive.columns import is_missing
from core.archive.lookup import TRUE_PREFIX, StarRecord
from core.archive.quality import Advice, quality_advice
from core.datasets.real_stars import real_star_facts
from core.evaluation.impostor import impostor


@dataclass(frozen=True)
class VerdictCard:
    """A star's verdict; every part may be missing and then says why.

    Attributes
    ----------
    probability, probability_std : float or None
        Of massive, calibrated, at equal priors; standard deviation over the members. None: not classified, see `note`.
    label : 'massive', 'low-mass' or None
    advice : list of Advice
    absolute_magnitude : AbsoluteMagnitude or None
        From the parallax alone: dust makes the star look fainter than it is.
    absolute_magnitude_corrected : AbsoluteMagnitude or None
        With Gaia's A_G taken off (`a_g_source`: ESP-HS for hot stars, else GSP-Phot).
    impostor : bool or None
        None: no verdict; `impostor_reason` says why.
    gaia_opinions : list of (classifier, sentence)
        What Gaia's own classifiers say.
    unseen : bool
        The run has learnt from this real star, and the verdict is that of the members that never saw it.
    known : dict
        What the shipped sample of real stars knows of the star: spectral_type, reference and so on; empty for others.
    """

    record: StarRecord
    probability: float | None
    probability_std: float | None
    label: str | None
    note: str
    advice: list[Advice]
    absolute_magnitude: AbsoluteMagnitude | None
    absolute_magnitude_corrected: AbsoluteMagnitude | None
    a_g_source: str
    impostor: bool | None
    impostor_reason: str
    gaia_opinions: list[tuple[str, str]]
    unseen: bool = False
    known: dict[str, object] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """A mapping for JSON: the card without spectra."""
        record = self.record
        return {
            "query": record.query,
            "source_id": record.source_id,
            "origin": record.origin,
            "product": record.product,
            "release": record.release,
            "retrieved": record.retrieved,
            "separation_arcsec": record.separation_arcsec,
            "n_others": record.n_others,
            "simbad": record.simbad,
            "probability": self.probability,
            "probability_std": self.probability_std,
            "label": self.label,
            "note": self.note,
            "unseen": self.unseen,
            "spectral_type": json_value(self.known.get("spectral_type")),
            "reference": json_value(self.known.get("reference")),
            "absolute_magnitude": _as_dict(self.absolute_magnitude),
            "absolute_magnitude_corrected": _as_dict(self.absolute_magnitude_corrected),
            "a_g_source": self.a_g_source,
            "impostor": self.impostor,
            "impostor_reason": self.impostor_reason,
            "advice": [asdict(item) for item in self.advice],
            "gaia_opinions": [{"classifier": name, "text": text} for name, text in self.gaia_opinions],
            "gaia": {name: json_value(value) for name, value in record.gaia.items()},
            "messages": list(record.messages),
        }


def verdict_card(record: StarRecord, ensemble=None) -> VerdictCard:
    """Build the card of a star; without an `ensemble` (of `core.classification.ensemble`) nothing is classified."""
    probability, std, label, note, unseen = _classified(record, ensemble)
    columns = {name: np.array([to_number(record.gaia.get(name))]) for name in _NUMERIC}
    g, parallax, error = (float(columns[name][0]) for name in ("phot_g_mean_mag", "parallax", "parallax_error"))
    corrected_parallax = parallax - float(parallax_zero_point(columns)[0])
    a_g, source = _extinction(record.gaia)
    flag, reason = impostor(np.array([np.nan if probability is None else probability]), columns)
    return VerdictCard(
        record=record,
        probability=probability,
        probability_std=std,
        label=label,
        note=note,
        advice=quality_advice(record.gaia),
        absolute_magnitude=absolute_magnitude(g, corrected_parallax, error),
        absolute_magnitude_corrected=(None if a_g is None else absolute_magnitude(g, corrected_parallax, error, a_g)),
        a_g_source=source,
        impostor=None if probability is None or not isinstance(flag[0], (bool, np.bool_)) else bool(flag[0]),
        impostor_reason=str(reason[0]),
        gaia_opinions=gaia_opinions(record.gaia),
        unseen=unseen,
        known=_known(record),
    )


def card_facts(card: VerdictCard) -> list[tuple[str, str]]:
    """The card's facts as (name, text) rows."""
    record, gaia = card.record, card.record.gaia
    date = f", {record.retrieved[:10]}" if record.retrieved else ""
    facts = [("origin", f"{record.origin}{f' ({record.product})' if record.product else ''}{date}")]
    facts += known_facts(card.known)
    if record.simbad:
        facts.append(("Simbad", " · ".join(str(text) for text in record.simbad.values() if text)))
    if record.separation_arcsec is not None:
        facts.append(("separation", f"{record.separation_arcsec:.2f} arcsec; {record.n_others} more within the radius"))
    ra, dec, g, bp_rp, parallax, error = (
        to_number(gaia.get(name)) for name in ("ra", "dec", "phot_g_mean_mag", "bp_rp", "parallax", "parallax_error")
    )
    if np.isfinite(ra):
        epoch = "2MASS, about J2000" if record.origin == "real" else "J2016.0"
        facts.append(("position", f"ra {ra:.6f}  dec {dec:+.6f} deg ({epoch})"))
    if np.isfinite(g):
        facts.append(("magnitude", f"G {g:.3f}{f', BP-RP {bp_rp:.3f}' if np.isfinite(bp_rp) else ''}"))
    if np.isfinite(parallax):
        facts.append(("parallax", f"{parallax:.3f} ± {error:.3f} mas"))
    for magnitude, name in (
        (card.absolute_magnitude, "M_G, dust ignored"),
        (card.absolute_magnitude_corrected, f"M_G, A_G of {card.a_g_source} taken off"),
    ):
        if magnitude is not None:
            low, high = f"{magnitude.brighter:+.2f}", f"{magnitude.fainter:+.2f}"
            span = "± less than 0.01" if low == high else f"68 %: {low} to {high}"
            facts.append((name, f"{magnitude.value:+.2f} mag ({span})"))
    return facts + [(f"Gaia {name}", text) for name, text in card.gaia_opinions]


def gaia_opinions(gaia: dict[str, object]) -> list[tuple[str, str]]:
    """What GSP-Phot, ESP-ELS, ESP-HS, FLAME and DSC say of the star, one sentence each; unknown ones are left out."""
    opinions = []
    teff, logg = to_number(gaia.get("teff_gspphot")), to_number(gaia.get("logg_gspphot"))
    if np.isfinite(teff):
        library = f", library {gaia['libname_gspphot']}" if gaia.get("libname_gspphot") else ""
        opinions.append(("GSP-Phot", f"effective temperature {teff:.0f} K, log g {logg:.2f}{library}"))
    if kind := gaia.get("spectraltype_esphs"):  # in spite of its name
        opinions.append(("ESP-ELS", f"spectral type {kind}"))
    hot, logg = to_number(gaia.get("teff_esphs")), to_number(gaia.get("logg_esphs"))
    if np.isfinite(hot):
        opinions.append(("ESP-HS", f"effective temperature {hot:.0f} K, log g {logg:.2f}"))
    mass, luminosity = to_number(gaia.get("mass_flame")), to_number(gaia.get("lum_flame"))
    if np.isfinite(mass) or np.isfinite(luminosity):
        parts = [f"mass {mass:.2f} Msun"] if np.isfinite(mass) else []
        parts += [f"luminosity {luminosity:.4g} Lsun"] if np.isfinite(luminosity) else []
        opinions.append(("FLAME", ", ".join(parts)))
    classes = ("star", "whitedwarf", "binarystar", "galaxy", "quasar")
    known = {name: to_number(gaia.get(f"classprob_dsc_combmod_{name}")) for name in classes}
    known = {name: value for name, value in known.items() if np.isfinite(value)}
    if known:
        best = max(known, key=lambda name: known[name])
        opinions.append(("DSC", f"{best} with probability {known[best]:.3f}"))
    return opinions


_NUMERIC = (
    "phot_g_mean_mag", "bp_rp", "parallax", "parallax_error", "nu_eff_used_in_astrometry", "pseudocolour", "ecl_lat",
    "astrometric_params_solved",
)  # fmt: skip


def known_facts(known: dict[str, object]) -> list[tuple[str, str]]:
    """Published type and extinction of a real star of the shipped sample, each with its paper, and APOGEE's fit."""
    facts = []
    text, paper = known.get("spectral_type"), known.get("reference")
    if text:
        by = "by its energy distribution" if known.get("spectral_type_method") == "SED" else ""
        facts.append(("spectral type", f"{text}{f' {by}' if by else ''} ({paper})"))
    a_v, rough = to_number(known.get("a_v_mag")), to_number(known.get("a_v_rough_mag"))
    if np.isfinite(a_v):
        facts.append(("extinction", f"A_V {a_v:.2f} mag ({paper})"))
    elif np.isfinite(rough):
        facts.append(("extinction", f"A_V about {rough:.1f} mag (from APOGEE's A_K)"))
    teff, logg = to_number(known.get("teff_apogee")), to_number(known.get("logg_apogee"))
    if not text and np.isfinite(teff):
        gravity = f", log g {logg:.2f}" if np.isfinite(logg) else ""
        facts.append(("APOGEE DR17", f"effective temperature {teff:.0f} K{gravity}"))
    return facts


def _known(record: StarRecord) -> dict[str, object]:
    """A simulated star can share no id with a real one that it would be taken for: only real records are looked up."""
    if record.origin == "embedded" or any(str(name).startswith(TRUE_PREFIX) for name in record.gaia):
        return {}
    facts = real_star_facts(record.source_id) or {}
    return {name: None if is_missing(value) else value for name, value in facts.items()}


def _classified(record: StarRecord, ensemble) -> tuple[float | None, float | None, str | None, str, bool]:
    """(probability, spread, label, note, whether by members that never saw the star)."""
    if record.spectra is None:
        return None, None, None, "no XP spectrum", False
    if ensemble is None:
        return None, None, None, "no trained ensemble at hand", False
    from core.classification.unseen import classify_unseen

    row = classify_unseen(record.spectra, ensemble).iloc[0]
    probability, std = to_number(row["probability"]), to_number(row["probability_std"])
    if not np.isfinite(probability):
        return None, None, None, str(row["note"]), False
    spread = std if np.isfinite(std) else None
    return probability, spread, str(row["label"]), str(row["note"]), bool(row["unseen"])


def _extinction(gaia: dict[str, object]) -> tuple[float | None, str]:
    for name, source in (("ag_esphs", "ESP-HS"), ("ag_gspphot", "GSP-Phot")):
        value = to_number(gaia.get(name))
        if np.isfinite(value):
            return value, source
    return None, ""


def to_number(value: object) -> float:
    """A column's value as a float; NaN for whatever is none."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")


def _as_dict(magnitude: AbsoluteMagnitude | None) -> dict[str, object] | None:
    return None if magnitude is None else asdict(magnitude) | {"error": magnitude.error}
