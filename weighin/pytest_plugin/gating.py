"""What became of gates, told where pytest tells of tests: in its JUnit file, and at the end.

Gates are no tests of the session: they are not counted among those that passed or failed.
"""

from __future__ import annotations

import pytest

from weighin.report import gates

# Plugins that make more of a failed report than a line in a file: they count it, or run it again
_COUNTING = ("session", "terminalreporter", "lfplugin", "stepwiseplugin")


def report(config: pytest.Config, judged: gates.Judged) -> None:
    """Give pytest's JUnit file, where `--junitxml` asks for one, a test for each gate and row."""
    if not config.getoption("xmlpath", None):
        return
    plugins = config.pluginmanager
    hook = plugins.subset_hook_caller(
        "pytest_runtest_logreport",
        [plugin for plugin in map(plugins.getplugin, _COUNTING) if plugin],
    )
    for outcome in judged.outcomes:
        passes = judged.passes(outcome)
        name = f"{outcome.gate.text} ({gates.row_of(outcome.record) or 'no row'})"
        hook(
            report=pytest.TestReport(
                nodeid=f"gates::{name}",
                location=("gates", None, name),
                keywords={},
                outcome="passed" if passes else "failed",
                longrepr=None if passes else gates.message(judged, outcome),
                when="call",
            )
        )


def end(config: pytest.Config, judged: gates.Judged) -> None:
    """Say last, and in red, that gates are breached."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None and not judged.kept:
        reporter.write_sep("=", f"{gates.summary(judged)}, mode {judged.mode.name}", red=True)
