"""The sky: frames, distances, associations of stars and what can be said about them."""
