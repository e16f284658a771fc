"""Figures of a comparison; each returns a matplotlib Figure, for a page as for a notebook."""
