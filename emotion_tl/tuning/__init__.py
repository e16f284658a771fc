"""The search for good settings: what is tried, how it is checked before the first trial, and what it showed."""
