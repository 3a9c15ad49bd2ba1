"""The files of every export, built once by real TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from helpers.commands import answer
from helpers.exporting import BUILD, INT4, NAMES, Made

from weighin.core import Artifact

if TYPE_CHECKING:
    from conftest import Shop


@pytest.fixture(scope="module")
def reasons(shop: Shop, child_environment: Mapping[str, str]) -> dict[str, str]:
    """Every variant's key, or why it could not be built.

    Those of one model are built one after the other, so two processes share the work.
    """
    names = [*NAMES, *INT4]

    def build(part: list[str]) -> dict[str, str]:
        words = (str(shop.project), str(shop.cache.folder), *part)
        keys: dict[str, str] = answer(BUILD, *words, environment=child_environment)
        return keys

    with ThreadPoolExecutor() as pool:
        halves = list(pool.map(build, (names[::2], names[1::2])))
    return halves[0] | halves[1]


@pytest.fixture
def made(shop: Shop, reasons: dict[str, str]) -> Made:
    """The file of a variant of `tiny_cnn`."""

    def get(name: str) -> Artifact:
        found = shop.cache.get(reasons[name])
        assert found is not None, reasons[name]
        return found

    return get
