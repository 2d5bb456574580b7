"""The page Survey: choices, kept results, progress, views."""
