"""Training: protocol (labels, folds, seeds), one member's fit, run folders, whole runs."""
