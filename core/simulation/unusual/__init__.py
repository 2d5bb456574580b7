"""What Gaia also takes spectra of: quasars, galaxies, cataclysmic variables, nebulae, damage; and peculiar stars."""
