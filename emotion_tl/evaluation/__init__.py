"""Metrics with their intervals, calibration and figures, from labels and probabilities."""
