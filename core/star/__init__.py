"""One star: what a person typed is found on this machine or in the archives, and becomes a card."""
