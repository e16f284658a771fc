"""Studies: arms over seeds and settings, planned as the jobs of one sweep, and what the runs have shown so far."""
