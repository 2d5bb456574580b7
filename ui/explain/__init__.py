"""The page Explain: choices, kept explanations, views."""
