"""From finished runs to a verdict against the baseline."""
