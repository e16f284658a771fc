"""Launchers of Hydra sweeps. Hydra looks for plugins in packages below `hydra_plugins`, and nowhere else."""
