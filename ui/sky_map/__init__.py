"""The page Sky map, and the tables of stars that the other pages of the sky read too."""
