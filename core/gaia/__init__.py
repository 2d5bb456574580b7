"""What Gaia is: ids, columns, units, quality, labels, zero point, distances and frames."""
