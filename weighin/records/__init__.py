"""Records ⇄ files, and whether their account of themselves holds."""
