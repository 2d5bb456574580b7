"""What a star is by physics: temperature, gravity, metallicity and dust with errors, fitted to its XP spectrum."""
