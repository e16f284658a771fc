"""Sweeps: jobs that are run once, whatever happens to the sweep, and what became of each."""
