"""(model, variant, seed) → artifact: jobs, their keys, the cache, the workers that build."""
