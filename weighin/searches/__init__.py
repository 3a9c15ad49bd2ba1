"""The smallest or fastest variant that is not worse by more than a margin: searched, then shown."""
