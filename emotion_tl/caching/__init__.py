"""Arrays that are expensive to compute, kept on disk and shared by processes."""
