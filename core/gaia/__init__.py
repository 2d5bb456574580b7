"""What Gaia is: releases, ids, names and units of columns, quality, labels, zero point, distances and frames."""
