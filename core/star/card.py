"""The verdict card: what the networks say of a star, beside everything that speaks for or against trusting it."""

from dataclasses import asdict, dataclass, field

import numpy as np

from core.archive.cache import json_value
from core.datasets.real_stars import real_star_facts
from core.gaia.absolute_magnitude import EPOCH_COLUMN, AbsoluteMagnitude, absolute_magnitude, parallax_zero_point
from core.gaia.columns import is_missing
from core.gaia.labels import MASSIVE
from core.gaia.quality import Advice, quality_advice
from core.gaia.releases import DEFAULT, find_release
from core.star.dust_free import a_g_of
from core.star.record import StarRecord
from core.statistics.prevalence import GAIA_PREVALENCE
from core.verdict.companions import NO_COMPANIONS, Companions
from core.verdict.facts import facts_of_star, to_number
from core.verdict.star_verdict import StarVerdict
from core.verdict.verdict import Predictor, judge, no_verdict


@dataclass(frozen=True)
class VerdictCard:
    """A star's verdict beside what else is known of it; every part may be missing and then says why.

    Attributes
    ----------
    verdict : StarVerdict
        Not classified without a spectrum or networks: its note says so.
    advice : list of Advice
    absolute_magnitude : AbsoluteMagnitude or None
        From the parallax alone: dust makes the star look fainter than it is.
    absolute_magnitude_corrected : AbsoluteMagnitude or None
        With an A_G taken off, whose origin `a_g_source` names: ESP-HS, GSP-Phot, a paper, or the colour of a hot star.
    gaia_opinions : list of (classifier, sentence)
        What Gaia's own classifiers say.
    known : dict
        What the shipped sample of real stars knows of the star: spectral_type, reference and so on; empty for others.
    parallax : float
        Less its zero point, mas; NaN where unknown.
    """

    record: StarRecord
    verdict: StarVerdict
    advice: list[Advice]
    absolute_magnitude: AbsoluteMagnitude | None
    absolute_magnitude_corrected: AbsoluteMagnitude | None
    a_g_source: str
    gaia_opinions: list[tuple[str, str]]
    known: dict[str, object] = field(default_factory=dict)
    parallax: float = float("nan")

    def to_dict(self, prevalence: float = GAIA_PREVALENCE) -> dict[str, object]:
        """A mapping for JSON: the card without spectra; `prevalence` is that of the ladder's last rung."""
        record, verdict = self.record, self.verdict
        return {
            "query": record.query,
            "source_id": record.source_id,
            "designation": record.designation,
            "simulated": record.simulated,
            "origin": record.origin,
            "product": record.product,
            "release": record.release,
            "retrieved": record.retrieved,
            "separation_arcsec": record.separation_arcsec,
            "n_others": record.n_others,
            "simbad": record.simbad,
            "probability": verdict.probability,
            "probability_std": verdict.probability_std,
            "label": verdict.label,
            "note": verdict.note,
            "unseen": verdict.unseen,
            "spectral_type": json_value(self.known.get("spectral_type")),
            "reference": json_value(self.known.get("reference")),
            "instrument": verdict.of.instrument,
            "sky_probability": verdict.sky_probability,
            "prevalence": prevalence,
            "posterior": verdict.posterior(prevalence),
            "posterior_is_lower_limit": any(rung.at_least for rung in verdict.ladder(prevalence)),
            "ladder": [asdict(rung) for rung in verdict.ladder(prevalence)],
            "ood_score": verdict.ood_score,
            "out_of_distribution": verdict.out_of_distribution,
            "conformal_label": verdict.conformal_label(),
            "trust": verdict.trust,
            "doubts": [asdict(doubt) for doubt in verdict.doubts],
            "absolute_magnitude": _as_dict(self.absolute_magnitude),
            "absolute_magnitude_corrected": _as_dict(self.absolute_magnitude_corrected),
            "a_g_source": self.a_g_source,
            "impostor": verdict.contaminant,
            "impostor_reason": verdict.contaminant_reason,
            "advice": [asdict(item) for item in self.advice],
            "gaia_opinions": [{"classifier": name, "text": text} for name, text in self.gaia_opinions],
            "gaia": {name: json_value(value) for name, value in record.gaia.items()},
            "messages": list(record.messages),
        }


def verdict_card(
    record: StarRecord, ensemble: Predictor | None = None, companions: Companions = NO_COMPANIONS
) -> VerdictCard:
    """Build the card of a star; without an `ensemble` (of `core.verdict.ensemble`) nothing is classified.

    `companions` are those that lie beside the ensemble's run (`core.verdict.companions.load_companions`).
    """
    columns = dict(facts_of_star(record.gaia))
    if not np.isfinite(columns[EPOCH_COLUMN][0]):
        columns[EPOCH_COLUMN] = np.array([find_release(record.of).reference_epoch])
    if record.spectra is None or ensemble is None:
        why = "no XP spectrum" if record.spectra is None else "no trained ensemble at hand"
        verdict = no_verdict(record.source_id, why, columns)
    else:
        verdict = judge(record.spectra, ensemble, companions, columns)
    g, parallax, error = (float(columns[name][0]) for name in ("phot_g_mean_mag", "parallax", "parallax_error"))
    corrected_parallax = parallax - float(parallax_zero_point(columns)[0])
    known = _known(record)
    star = verdict.star()
    flux = None if record.spectra is None else record.spectra.flux[0]
    a_g, source = a_g_of(flux, record.gaia, known, star.label == MASSIVE)
    return VerdictCard(
        record=record,
        verdict=star,
        advice=quality_advice(record.gaia, record.of),
        absolute_magnitude=absolute_magnitude(g, corrected_parallax, error),
        absolute_magnitude_corrected=(None if a_g is None else absolute_magnitude(g, corrected_parallax, error, a_g)),
        a_g_source=source,
        gaia_opinions=gaia_opinions(record.gaia),
        known=known,
        parallax=corrected_parallax,
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
        epoch = "2MASS, about J2000" if record.origin == "real" else f"J{find_release(record.of).reference_epoch:.1f}"
        facts.append(("position", f"ra {ra:.6f}  dec {dec:+.6f} deg ({epoch})"))
    if np.isfinite(g):
        facts.append(("magnitude", f"G {g:.3f}{f', BP-RP {bp_rp:.3f}' if np.isfinite(bp_rp) else ''}"))
    if np.isfinite(parallax):
        facts.append(("parallax", f"{parallax:.3f} ± {error:.3f} mas"))
    for magnitude, name in (
        (card.absolute_magnitude_corrected, _dust_name(card)),
        (card.absolute_magnitude, "M_G, dust ignored"),
    ):
        if magnitude is not None:
            low, high = f"{magnitude.brighter:+.2f}", f"{magnitude.fainter:+.2f}"
            span = "± less than 0.01" if low == high else f"68 %: {low} to {high}"
            facts.append((name, f"{magnitude.value:+.2f} mag ({span})"))
    return facts + [(f"Gaia {name}", text) for name, text in card.gaia_opinions]


def _dust_name(card: VerdictCard) -> str:
    magnitude = card.absolute_magnitude_corrected
    return "" if magnitude is None else f"M_G without dust (A_G {magnitude.a_g:.2f}: {card.a_g_source})"


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
    """A simulated star, or one of another release, may share its id with a real one: only real records are asked."""
    if record.simulated or record.of != DEFAULT.key:
        return {}
    facts = real_star_facts(record.source_id) or {}
    return {name: None if is_missing(value) else value for name, value in facts.items()}


def _as_dict(magnitude: AbsoluteMagnitude | None) -> dict[str, object] | None:
    return None if magnitude is None else asdict(magnitude) | {"error": magnitude.error}
