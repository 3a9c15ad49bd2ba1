"""Records → the published folder: pages, figures, bare numbers, the index, parts of README."""
