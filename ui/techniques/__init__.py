"""What the page Techniques shows."""
