"""Figures of merit as pure functions of labels and probabilities: metrics, intervals, prevalence, paired tests."""
