"""How far a verdict can be trusted: metrics, calibration, prevalence, external validation on real spectra."""
