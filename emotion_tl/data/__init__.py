"""From folders, archives and tables of faces to packed, split and fingerprinted data sets."""
