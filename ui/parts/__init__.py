"""What several pages use: choices, figures, tables, downloads, jobs, access."""
