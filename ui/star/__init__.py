"""The page Star: look a star up, show its verdict and what is known of it."""
