"""Predictions on new images with a trained model."""
