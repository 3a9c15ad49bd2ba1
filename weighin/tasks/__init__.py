"""Tasks: what an answer is and how good it is; one small file each."""
