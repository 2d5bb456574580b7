"""What the product claims, measured: each module writes a committed table under `validation/results`."""
