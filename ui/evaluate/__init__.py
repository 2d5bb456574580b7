"""The page Evaluate: choices, kept results, views."""
