"""The page My stars: a user's own list, its verdicts, and the ways onward."""
