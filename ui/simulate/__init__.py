"""The page Simulate: one star under sliders, new samples."""
