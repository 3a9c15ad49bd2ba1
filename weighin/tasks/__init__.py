"""What a model's answers are, and how good they are."""
