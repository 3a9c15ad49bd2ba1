"""Where a session runs: facts about this machine."""
