"""Whatever arrays an .npz holds, it is a data set as it is stored or is refused."""

from __future__ import annotations

from helpers.random_data import tried


def test_random_data_are_loaded_as_they_are_or_refused() -> None:
    """Of 60 there are some of both; `python -m helpers.random_data` tries as many as it is told."""
    assert set(tried(60, seed=3)) == {"loaded", "refused"}
