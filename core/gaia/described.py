"""Units, UCDs and descriptions of columns, as exported tables carry them.

UCDs are words of UCD1+ (IVOA recommendation 1.5); those of Gaia's columns are the archive's own.
"""

from dataclasses import dataclass

from core.gaia.columns import STAR_COLUMNS
from core.gaia.vocabulary import FLUX_DENSITY, UNITS


@dataclass(frozen=True)
class Described:
    """`unit` (VOUnit, '' for none), `ucd` and `text` of a column."""

    unit: str = ""
    ucd: str = ""
    text: str = ""


_TABLE: dict[str, tuple[str, str, str]] = {
    "source_id": ("", "meta.id;meta.main", "Source identifier, unique within a data release"),
    "name": ("", "meta.id", "Name in the user's list"),
    "known_as": ("", "meta.id;src.class", "Listed as massive or as of type O, B or A"),
    "simulated": ("", "meta.code.status", "Whether the star is simulated and does not exist"),
    "ra": ("deg", "pos.eq.ra;meta.main", "Right ascension, ICRS"),
    "dec": ("deg", "pos.eq.dec;meta.main", "Declination, ICRS"),
    "ra_error": ("mas", "stat.error;pos.eq.ra", "Standard error of ra cos(dec)"),
    "dec_error": ("mas", "stat.error;pos.eq.dec", "Standard error of dec"),
    "l": ("deg", "pos.galactic.lon", "Galactic longitude"),
    "b": ("deg", "pos.galactic.lat", "Galactic latitude"),
    "l_deg": ("deg", "pos.galactic.lon", "Galactic longitude"),
    "b_deg": ("deg", "pos.galactic.lat", "Galactic latitude"),
    "position": ("", "meta.note", "Where ra and dec come from"),
    "parallax": ("mas", "pos.parallax.trig", "Parallax"),
    "parallax_error": ("mas", "stat.error;pos.parallax.trig", "Standard error of the parallax"),
    "pmra": ("mas yr-1", "pos.pm;pos.eq.ra", "Proper motion in right ascension, times cos(dec)"),
    "pmdec": ("mas yr-1", "pos.pm;pos.eq.dec", "Proper motion in declination"),
    "pmra_error": ("mas yr-1", "stat.error;pos.pm;pos.eq.ra", "Standard error of pmra"),
    "pmdec_error": ("mas yr-1", "stat.error;pos.pm;pos.eq.dec", "Standard error of pmdec"),
    "ruwe": ("", "stat.error", "Renormalised unit weight error"),
    "phot_g_mean_mag": ("mag", "phot.mag;em.opt", "Mean magnitude in G, Vega"),
    "phot_bp_mean_mag": ("mag", "phot.mag;em.opt.B", "Mean magnitude in BP, Vega"),
    "phot_rp_mean_mag": ("mag", "phot.mag;em.opt.R", "Mean magnitude in RP, Vega"),
    "bp_rp": ("mag", "phot.color;em.opt.B;em.opt.R", "Colour BP - RP"),
    "photometry": ("", "meta.note", "Where magnitude and colour come from"),
    "distance_pc": ("pc", "pos.distance", "Distance from the parallax, with a prior"),
    "distance_near_pc": ("pc", "pos.distance;stat.min", "Near end of the 68 % interval of the distance"),
    "distance_far_pc": ("pc", "pos.distance;stat.max", "Far end of the 68 % interval of the distance"),
    "absolute_g_mag": ("mag", "phys.magAbs;em.opt", "Absolute magnitude in G, extinction not taken off"),
    "x_pc": ("pc", "pos.cartesian.x", "Heliocentric Galactic x, towards the centre"),
    "y_pc": ("pc", "pos.cartesian.y", "Heliocentric Galactic y, along rotation"),
    "z_pc": ("pc", "pos.cartesian.z", "Heliocentric Galactic z, towards the north"),
    "group": ("", "meta.id;meta.dataset", "Number of the group, -1 for none"),
    "probability": ("", "stat.probability", "Of massive by the spectrum alone, calibrated at equal priors"),
    "probability_std": ("", "stat.stdev;stat.probability", "Standard deviation of the probability over the members"),
    "sky_probability": ("", "stat.probability", "Of massive by spectrum, brightness and parallax, at equal priors"),
    "posterior": ("", "stat.probability", "Of massive by spectrum, brightness and parallax, at the stated prevalence"),
    "prevalence": ("", "stat.probability", "Fraction of massive stars that the posterior takes as its prior"),
    "label": ("", "src.class", "massive (probability of at least 0.5 at equal priors) or low-mass"),
    "true_label": ("", "src.class", "What the star is known to be: massive or low-mass"),
    "file_label": ("", "src.class", "What the user's file says of the star"),
    "file": ("", "meta.id;meta.dataset", "File or list that the star comes from"),
    "category": ("", "src.class", "Kind of star"),
    "spectral_type": ("", "src.spType", "Published spectral type"),
    "contaminant": ("", "meta.code.qual", "Looks massive and is too faint to be"),
    "impostor": ("", "meta.code.qual", "Looks massive and is too faint to be"),
    "out_of_distribution": ("", "meta.code.qual", "The spectrum is unlike those of the training"),
    "ood_score": ("", "stat.value", "0 like the median training star, above 1 beyond 99 % of them"),
    "good_astrometry": ("", "meta.code.qual", "RUWE below 1.4 and a parallax above five times its error"),
    "trust": ("", "meta.code.qual", "trusted, or doubted for one of the reasons of the note"),
    "n_members": ("", "meta.number", "Members of the ensemble that were asked"),
    "run": ("", "meta.id;meta.software", "Trained run that classified"),
    "note": ("", "meta.note", "What to know of the star's spectrum and verdict"),
    "wavelength": ("nm", "em.wl", "Wavelength in vacuum"),
    "flux": (FLUX_DENSITY, "phot.flux.density;em.wl", "Flux density, externally calibrated"),
    "flux_error": (FLUX_DENSITY, "stat.error;phot.flux.density;em.wl", "Standard error of the flux density"),
    "true_teff": ("K", "phys.temperature.effective", "True effective temperature of a simulated star"),
    "true_logg": ("log(cm s-2)", "phys.gravity", "True surface gravity of a simulated star"),
    "true_mh": ("", "phys.abund.Z", "True metallicity of a simulated star, dex"),
    "true_mass": ("solMass", "phys.mass", "True initial mass of a simulated star"),
    "true_a_v": ("mag", "phys.absorption;em.opt.V", "True extinction in V of a simulated star"),
    "true_distance_pc": ("pc", "pos.distance", "True distance of a simulated star"),
    "true_group": ("", "meta.id", "True association of a simulated star, -1 for none"),
}
_ENDINGS = (("_error", "stat.error"), ("_mag", "phot.mag"), ("_pc", "pos.distance"))


def described(name: str) -> Described:
    """What is known of a column by its name; empty texts for an unknown one.

    >>> described("parallax").unit, described("my_column").ucd
    ('mas', '')
    """
    if name in _TABLE:
        unit, ucd, text = _TABLE[name]
        return Described("" if "(" in unit else unit, ucd, text)
    if name in UNITS or name in STAR_COLUMNS:
        ucd = next((ucd for ending, ucd in _ENDINGS if name.endswith(ending)), "")
        return Described(UNITS.get(name, ""), ucd, "Column of the Gaia archive" if name in STAR_COLUMNS else "")
    return Described()
