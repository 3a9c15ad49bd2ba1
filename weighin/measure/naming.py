"""Sessions give outputs by name; what one gives that was written for bare arrays is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def refuse_unnamed(outputs: Any) -> None:
    """Refuse what a session gives if it is not arrays by name.

    It imports what it needs where it needs it, for fresh processes that are measured use it.

    Raises:
        WeighinError: saying what it gave, and what is wanted.
    """
    if isinstance(outputs, Mapping) and outputs:
        return
    from weighin.core import WeighinError

    shape = getattr(outputs, "shape", None)
    given = type(outputs).__name__ + ("" if shape is None else f" {list(shape)}")
    raise WeighinError(
        f"the session answers a bare {given}: predict() and answer() of a runtime's sessions give "
        f"outputs by name, such as {{'scores': array}}, and are given inputs likewise"
    )
