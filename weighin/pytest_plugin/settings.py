"""Settings of a run from pytest's options and the definitions that they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from weighin import registry
from weighin.core import Suite, WeighinError
from weighin.definitions import default_definitions, load_definitions, provide_suite
from weighin.job import plan
from weighin.job.settings import Options, Settings, devices_file, parsed_gates, runtimes, split
from weighin.records import store
from weighin.report import gates

_OPTIONS = Options()


def read(config: pytest.Config) -> Settings:
    """Read pytest's options and load the definitions that they name.

    Raises:
        WeighinError: if an option makes no sense, or names what is not known.
    """
    option = config.getoption
    definitions = _definitions(config)
    load_definitions(definitions)
    provide_suite()
    named_dir = option("--weighin-results-dir")
    suite = _suite(config)
    _OPTIONS.checked_numbers(
        option("--weighin-pair-seconds"),
        option("--weighin-margin"),
        option("--weighin-workers"),
        suite.seeds,
    )
    chosen = split(option("--weighin-runtimes") or "")
    named_devices = option("--weighin-devices")
    devices = devices_file(chosen, Path(named_devices) if named_devices else None)
    return Settings(
        suite=suite,
        definitions=definitions,
        runtimes=runtimes(chosen, devices, plan.formats_named(suite)),
        threads=_OPTIONS.threads(option("--weighin-threads")),
        gates=parsed_gates(option("--weighin-gate")),
        mode=gates.mode(option("--weighin-strict"), option("--weighin-proven")),
        pair_seconds=option("--weighin-pair-seconds"),
        margin=option("--weighin-margin") / 100,
        workers=option("--weighin-workers"),
        cluster=_OPTIONS.cluster(option("--weighin-cluster")),
        results_dir=Path(named_dir) if named_dir else config.rootpath / store.LOCAL,
        cache_dir=option("--weighin-cache-dir"),
        data_dir=option("--weighin-data-dir"),
        devices=devices,
        is_choice=bool(chosen),
        resume=Path(resume) if (resume := option("--weighin-resume")) else None,
    )


def _definitions(config: pytest.Config) -> tuple[Path, ...]:
    named: list[Path] = config.getini("weighin_definitions")
    return tuple(named or default_definitions(config.rootpath))


def _suite(config: pytest.Config) -> Suite:
    option = config.getoption
    named = registry.suites[option("--weighin-suite") or _first_suite()]
    models, variants = option("--weighin-models"), option("--weighin-variants")
    seeds = option("--weighin-seeds")
    return Suite(
        named.name,
        option("--weighin-profile") or named.profile,
        tuple(split(models)) if models else named.models,
        tuple(split(variants)) if variants else named.variants,
        named.seeds if seeds is None else seeds,
        named.optional,
    )


def _first_suite() -> str:
    name = next(iter(registry.suites), None)
    if name is None:
        raise WeighinError(
            "No suite and no model is defined, so there is nothing to weigh: define a model in a "
            "file in models/ (see README, 'A model as a function'), or name the file that does by "
            "weighin_definitions in pytest's settings."
        )
    return name
