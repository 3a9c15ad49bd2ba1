"""What tests of whole runs share: pytest on the tiny project, or on a copy of it."""

import shutil
from pathlib import Path

import pytest
from helpers.runs import run_pytest


@pytest.fixture(scope="module")
def run(shop, child_environment, tmp_path_factory):
    """Run pytest on the project, or on a copy of it; the words are its options."""
    surroundings = {k: v for k, v in child_environment.items() if k != "WEIGHIN_CACHE_DIR"}

    def run_project(*words, project=shop.project, results=None, **environment):
        results = results or tmp_path_factory.mktemp("results")
        environment = {**surroundings, **environment}
        return run_pytest(project, shop.cache.folder, results, *words, environment=environment)

    return run_project


@pytest.fixture
def project_copy(shop, tmp_path):
    """A copy of the project, to be spoilt."""
    return Path(
        shutil.copytree(
            shop.project,
            tmp_path / "project",
            ignore=shutil.ignore_patterns("__pycache__", ".benchmarks"),
        )
    )
