"""Networks that obey the equations of the atmosphere: the emergent flux and the structure, trained on tight models."""
