"""The page Epochs."""
