"""The report of a comparison: one file a chapter, each of which returns a `Section`."""
