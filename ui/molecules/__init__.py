"""Parts of the page Molecules."""
