"""Records → the published folder: pages, figures, bare numbers, the index, README's headline."""
