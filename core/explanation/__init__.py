"""Why a network says what it says: attributions per wavelength, per band, checked, and kept."""
