"""What README says of what is published: each part between marks of its own."""

from __future__ import annotations

from collections.abc import Sequence

from weighin.publish.folders import Folder
from weighin.publish.pages import parts


def marks(part: str) -> tuple[str, str]:
    """The lines between which a part stands."""
    return f"<!-- {part}: made by weighin publish -->", f"<!-- {part}: end -->"


def insert(readme: str, folders: Sequence[Folder]) -> str | None:
    """README's text with every part anew that it has a place for; None if it has none.

    A part that nothing published has anything for stays as it is.
    """
    places = [part for part in parts if marks(part)[0] in readme]
    for part in places:
        begin, end = marks(part)
        before, _, rest = readme.partition(begin)
        _, ending, after = rest.partition(end)
        text = parts[part](folders)
        if text and ending:
            readme = f"{before}{begin}\n\n{text}\n\n{end}{after}"
    return readme if places else None
