"""The command, run in the test's own process."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from helpers.tiny import registrations_undone

from weighin.cli import main


@pytest.fixture
def weigh(shop, monkeypatch):
    """Run the command in this process and the tiny project; afterwards all is as it was."""
    monkeypatch.chdir(shop.project)
    monkeypatch.setenv("WEIGHIN_CACHE_DIR", str(shop.cache.folder))
    try:
        runner = CliRunner(mix_stderr=False)  # click before 8.2
    except TypeError:
        runner = CliRunner()

    def run(*words):
        return runner.invoke(main, [str(word) for word in words])

    with registrations_undone():
        yield run
