"""Which layers of a compressed file lose what its float model knows, and what each costs."""
