"""How far a verdict can be trusted: metrics, calibration, prevalence, exams on real spectra."""
