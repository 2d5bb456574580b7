"""Classification of any number of stars: partitions in, partitions out, resumable, on one machine or a cluster."""
