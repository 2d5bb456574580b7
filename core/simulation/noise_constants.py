"""Where the constants of the noise model and of the calibration's errors lie; `recipes.noise_law` makes the file."""

from pathlib import Path

NOISE_PATH = Path(__file__).with_name("xp_noise.npz")
