"""Devices: machines where an agent opens files and measures, reached over any pipe."""
