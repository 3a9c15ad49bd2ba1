"""What a run was asked to do: its options, read once and checked, and the suite that they name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from weighin import registry
from weighin.core import Suite, WeighinError
from weighin.definitions import default_definitions, load_definitions, provide_suite
from weighin.records import store
from weighin.report import gates
from weighin.report.gates import Gate


@dataclass(frozen=True)
class Settings:
    """The options of one run.

    Attributes:
        suite: what is weighed, with what the options put in place of the suite's own.
        definitions: files and folders that register models and suites.
        runtimes: names of the runtimes to run on.
        threads: numbers of threads of a session.
        gates: bounds that figures must keep.
        strict: whether gates judge the bare figure.
        pair_seconds: that a pair may take.
        margin: difference of two shares that does not matter.
        workers: build processes, 0 for one per core.
        results_dir: where records are written.
        cache_dir: where artifacts are kept, if not in the usual place.
        data_dir: where data are looked for first, if anywhere.
    """

    suite: Suite
    definitions: tuple[Path, ...]
    runtimes: tuple[str, ...]
    threads: tuple[int, ...]
    gates: tuple[Gate, ...]
    strict: bool
    pair_seconds: float
    margin: float
    workers: int
    results_dir: Path
    cache_dir: str | None
    data_dir: str | None

    @classmethod
    def read(cls, config: pytest.Config) -> Settings:
        """Read pytest's options and load the definitions that they name.

        Raises:
            WeighinError: if an option makes no sense, or names what is not known.
        """
        option = config.getoption
        definitions = _definitions(config)
        load_definitions(definitions)
        provide_suite()
        _check_numbers(config)
        named_dir = option("--weighin-results-dir")
        parsed = tuple(gates.parse(text) for text in option("--weighin-gate"))
        gates.check(parsed, registry.catalogue())
        return cls(
            suite=_suite(config),
            definitions=definitions,
            runtimes=_runtimes(option("--weighin-runtimes")),
            threads=_threads(option("--weighin-threads")),
            gates=parsed,
            strict=option("--weighin-strict"),
            pair_seconds=option("--weighin-pair-seconds"),
            margin=option("--weighin-margin") / 100,
            workers=option("--weighin-workers"),
            results_dir=Path(named_dir) if named_dir else config.rootpath / store.LOCAL,
            cache_dir=option("--weighin-cache-dir"),
            data_dir=option("--weighin-data-dir"),
        )


def _definitions(config: pytest.Config) -> tuple[Path, ...]:
    named: list[Path] = config.getini("weighin_definitions")
    return tuple(named or default_definitions(config.rootpath))


def _suite(config: pytest.Config) -> Suite:
    option = config.getoption
    named = registry.suites[option("--weighin-suite") or _first_suite()]
    models, variants = option("--weighin-models"), option("--weighin-variants")
    seeds = option("--weighin-seeds")
    suite = Suite(
        named.name,
        option("--weighin-profile") or named.profile,
        tuple(_split(models)) if models else named.models,
        tuple(_split(variants)) if variants else named.variants,
        named.seeds if seeds is None else seeds,
        named.optional,
    )
    if suite.seeds < 1:
        raise WeighinError(f"--weighin-seeds {suite.seeds}: wanted a number from 1.")
    return suite


def _first_suite() -> str:
    name = next(iter(registry.suites), None)
    if name is None:
        raise WeighinError(
            "No suite and no model is defined, so there is nothing to weigh: define a model in a "
            "file in models/ (see README, 'Your own model'), or name the file that does by "
            "weighin_definitions in pytest's settings."
        )
    return name


def _check_numbers(config: pytest.Config) -> None:
    option = config.getoption
    if not option("--weighin-pair-seconds") > 0 or not option("--weighin-margin") >= 0:
        raise WeighinError("--weighin-pair-seconds, --weighin-margin: wanted numbers above 0.")
    if option("--weighin-workers") < 0:
        raise WeighinError(
            f"--weighin-workers {option('--weighin-workers')}: wanted a number from 1, "
            f"or 0 for one per core."
        )


def _runtimes(chosen: str | None) -> tuple[str, ...]:
    usual = [runtime.name for runtime in registry.runtimes.values() if not runtime.on_request]
    names: Sequence[str] = _split(chosen) if chosen else usual
    return tuple(registry.runtimes[name].name for name in names)


def _threads(text: str) -> tuple[int, ...]:
    words = _split(text)
    if not words or not all(word.isdecimal() and int(word) for word in words):
        raise WeighinError(f"--weighin-threads {text}: wanted numbers from 1, as 1,2.")
    return tuple(dict.fromkeys(map(int, words)))


def _split(text: str) -> list[str]:
    """Split at commas outside parentheses; each word once."""
    words = (word.strip() for word in re.split(r",(?![^()]*\))", text))
    return list(dict.fromkeys(word for word in words if word))
