"""The columns that are asked of the Gaia archive for every star, under the archive's own names."""

import pandas as pd

GAIA_SOURCE_COLUMNS: tuple[str, ...] = (
    "source_id", "random_index", "ref_epoch", "ra", "ra_error", "dec", "dec_error", "l", "b", "ecl_lat",
    "parallax", "parallax_error", "parallax_over_error", "pmra", "pmra_error", "pmdec", "pmdec_error",
    "ruwe", "astrometric_params_solved", "nu_eff_used_in_astrometry", "pseudocolour",
    "phot_g_mean_mag", "phot_bp_mean_mag", "phot_rp_mean_mag", "bp_rp", "phot_bp_rp_excess_factor",
    "phot_bp_n_obs", "phot_rp_n_obs", "phot_bp_n_blended_transits", "phot_rp_n_blended_transits",
    "phot_bp_n_contaminated_transits", "phot_rp_n_contaminated_transits", "phot_variable_flag",
    "radial_velocity", "radial_velocity_error", "non_single_star",
    "in_qso_candidates", "in_galaxy_candidates", "has_xp_continuous", "has_xp_sampled", "has_rvs",
)  # fmt: skip
"""gaia_source under DR3's names: astrometry, photometry and its quality, what products exist (Gaia DR3
documentation, 20.1.1)."""

ASTROPHYSICAL_COLUMNS: tuple[str, ...] = (
    "teff_gspphot", "logg_gspphot", "mh_gspphot", "azero_gspphot", "ag_gspphot", "ebpminrp_gspphot",
    "distance_gspphot", "mg_gspphot", "libname_gspphot",
    "spectraltype_esphs", "teff_esphs", "logg_esphs", "azero_esphs", "ag_esphs", "ebpminrp_esphs", "vsini_esphs",
    "flags_esphs",
    "classprob_dsc_combmod_quasar", "classprob_dsc_combmod_galaxy", "classprob_dsc_combmod_star",
    "classprob_dsc_combmod_whitedwarf", "classprob_dsc_combmod_binarystar",
    "lum_flame", "radius_flame", "mass_flame", "age_flame", "evolstage_flame", "flags_flame",
)  # fmt: skip
"""astrophysical_parameters: GSP-Phot, ESP-HS, DSC and FLAME (Gaia DR3 documentation, 20.2.1). In spite of its
name spectraltype_esphs comes from ESP-ELS."""

QUERIED_COLUMNS: tuple[str, ...] = ("pm",)
"""Further columns of gaia_source by which stars are chosen: fast ones come from a wider circle."""

STAR_COLUMNS = GAIA_SOURCE_COLUMNS + ASTROPHYSICAL_COLUMNS

TEXT_COLUMNS = ("phot_variable_flag", "libname_gspphot", "spectraltype_esphs", "flags_esphs", "flags_flame")
BOOLEAN_COLUMNS = ("in_qso_candidates", "in_galaxy_candidates", "has_xp_continuous", "has_xp_sampled", "has_rvs")
INTEGER_COLUMNS = (
    "source_id", "random_index", "astrometric_params_solved", "phot_bp_n_obs", "phot_rp_n_obs",
    "phot_bp_n_blended_transits", "phot_rp_n_blended_transits", "phot_bp_n_contaminated_transits",
    "phot_rp_n_contaminated_transits", "non_single_star", "evolstage_flame",
)  # fmt: skip


def with_fixed_types(table):
    """A DataFrame of star columns with one type per column whatever a reply held, so that parts fit together."""
    import pandas as pd

    fixed = {}
    for name in STAR_COLUMNS:
        if name not in table:
            continue
        column = table[name]
        kind = "string" if name in TEXT_COLUMNS else "boolean" if name in BOOLEAN_COLUMNS else "float64"
        if name in INTEGER_COLUMNS:
            kind = "int64" if name == "source_id" else "Int64"
        if column.dtype != kind:
            fixed[name] = (
                pd.to_numeric(column, errors="coerce").astype(kind) if kind == "float64" else column.astype(kind)
            )
    return table.assign(**fixed) if fixed else table


def complete(table):
    """A DataFrame with all star columns; those that did not come are empty."""
    missing = [name for name in STAR_COLUMNS if name not in table]
    return with_fixed_types(table.assign(**dict.fromkeys(missing))) if missing else table


def is_missing(value: object) -> bool:
    """Whether a column says nothing: None, NaN or pandas' NA."""
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)


def is_true(value: object) -> bool:
    """Whether a column says yes, in any spelling of the archive's formats."""
    return not is_missing(value) and str(value).lower() in ("true", "1", "t")
