"""Backbones, heads and the one graph from raw uint8 images to logits."""
