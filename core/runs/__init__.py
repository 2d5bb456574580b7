"""What a trained run is: its settings, its folder, its results; the store and the catalogue of runs."""
