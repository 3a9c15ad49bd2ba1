"""A module in a process of its own: what it prints, or how it failed."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import pytest

from weighin.subprocesses import SubprocessError, run_module


def test_what_the_module_prints_comes_back() -> None:
    """Its standard input is what was given, its standard output the answer."""
    assert b"[1]\n" == run_module("json.tool", "--compact", given=b"[ 1 ]")


@pytest.mark.parametrize(
    ("words", "message", "of_itself"),
    [
        (["import nowhere"], r"^ModuleNotFoundError: No module named 'nowhere'$", True),
        (["import os; os.abort()"], r"^crashed: SIGABRT$", False),
        (["import time; time.sleep(60)"], r"^did not end within 0\.5 s$", False),
    ],
)
def test_a_failure_says_how_it_ended(words: list[str], message: str, of_itself: bool) -> None:
    """By the last line of an error, by the name of a signal, or by the time that was up."""
    with pytest.raises(SubprocessError, match=message) as caught:
        run_module(
            "timeit", "-n", "1", "-r", "1", *words, seconds=0.5 if "sleep" in words[0] else None
        )

    assert of_itself == caught.value.of_itself
