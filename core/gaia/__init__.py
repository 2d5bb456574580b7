"""What Gaia is: the names and units of its columns, its releases, its ids."""
