"""The page Associations: choices, map, film, views, jobs."""
