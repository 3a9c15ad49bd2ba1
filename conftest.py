"""Loads the plugin for a clone that is not installed; an installed one is loaded already."""

pytest_plugins = ["weighin.pytest_plugin"]
