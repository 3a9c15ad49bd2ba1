"""A module in a process of its own: what it prints, or how it failed."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import contextlib
import os

import pytest

from weighin.subprocesses import (
    Started,
    SubprocessError,
    native_output,
    native_output_hidden,
    run_module,
)


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


def test_a_process_that_never_gets_ready_or_never_ends_is_given_up() -> None:
    """As one that loads a file by which native code runs in a circle."""
    with (
        Started("json.tool", b"[", seconds=0.5) as unready,  # it waits for more
        pytest.raises(SubprocessError, match=r"^did not end within 0\.5 s$"),
    ):
        unready.wait()
    endless = b"import time; print(1, flush=True); time.sleep(60)\n"
    with Started("code", endless, seconds=2) as ready:
        ready.wait()
        with pytest.raises(SubprocessError, match=r"^did not end within 2 s$"):
            ready.go()


def test_a_process_takes_no_more_memory_than_it_allows_itself() -> None:
    """What it has does not count; what is too much fails as if there were no more."""
    code = (
        "import numpy; from weighin.subprocesses import limit_memory; limit_memory(2**28);"
        "print(numpy.ones(2**27, 'u1').size); numpy.ones(2**29, 'u1')"
    )

    with pytest.raises(SubprocessError, match=r"Unable to allocate 512\.? MiB"):
        run_module("timeit", "-n", "1", "-r", "1", code)


def test_what_inspects_a_file_limits_itself() -> None:
    """Before it reads anything."""
    code = (
        "import runpy, sys, weighin.subprocesses as subprocesses; sys.argv[1:] = ['/dev/null'];"
        "subprocesses.limit_memory = lambda size: sys.exit(f'at most {size}');"
        "runpy.run_module('weighin.report.inspection', run_name='__main__')"
    )

    with pytest.raises(SubprocessError, match="at most 2147483648"):
        run_module("timeit", "-n", "1", "-r", "1", code)


def test_what_native_code_says_is_kept_off_the_screen_and_can_be_read(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """All that was said so far; then the screen is as it was."""
    with native_output() as said:
        os.write(2, b"one\n")
        first = said()
        os.write(2, b"two \xff\n")
        both = said()
    os.write(2, b"three\n")

    assert ("one\n", "one\ntwo \udcff\n") == (first, both)
    assert "three\n" == capfd.readouterr().err


def test_what_is_hidden_is_shown_where_it_fails(capfd: pytest.CaptureFixture[str]) -> None:
    """Unless it is said not to."""
    for shown in (True, False):
        with contextlib.suppress(ValueError), native_output_hidden(shown_on_failure=shown):
            os.write(2, b"why\n")
            raise ValueError
    with native_output_hidden():
        os.write(2, b"chatter\n")

    assert "why\n" == capfd.readouterr().err
