"""Published folders have this repository's own pages, as `weighin publish` loads them."""

import pytest
from helpers.pages import load_pages


@pytest.fixture(scope="session", autouse=True)
def _pages() -> None:
    load_pages()
