"""Sweepers of Hydra. Hydra looks for plugins in packages below `hydra_plugins`, and nowhere else."""
