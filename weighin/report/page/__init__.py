"""Records → one page for a browser, complete in one file: tables to sort, plots to point at.

The page holds its own styles and scripts, Plotly.js among them, and the figures as one block of
JSON. A content security policy lets only these scripts run, whatever a name in the results
may hold.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from importlib import resources, util
from pathlib import Path
from typing import Any

from weighin.core import Results, WeighinError
from weighin.files import replacing
from weighin.report.layout import visible
from weighin.report.page.contents import contents
from weighin.report.page.layers import Kept

NAME = "index.html"
_HOLE = re.compile(r"\{\{(\w+)\}\}")


def write(runs: Sequence[tuple[str, Results]], folder: Path, kept: Kept | None = None) -> Path:
    """Write the page of one or more runs into a folder, and return the page's path.

    Args:
        runs: a name for each, and its results.
        folder: where the page goes; created if it is missing.
        kept: what is known of the layers of their files.

    Raises:
        WeighinError: if there are no records, Plotly is not installed or the page cannot be
            written.
    """
    if not any(results.records for _, results in runs):
        raise WeighinError("These results hold no records, so there is nothing to report.")
    text = render(runs, kept)
    path = folder / NAME
    with replacing(path) as partial:
        partial.write_text(text, "utf-8")
    return path


def render(runs: Sequence[tuple[str, Results]], kept: Kept | None = None) -> str:
    """The page's HTML.

    Raises:
        WeighinError: if Plotly is not installed.
    """
    scripts = {
        "layers": _resource("layers.js"),
        "tables": _resource("tables.js"),
        "plots": _resource("plots.js"),
        "plotly": _plotly(),
    }
    # ASCII, so that a lone surrogate does not break the file; below, no text may end the block
    data = json.dumps(_shown(contents(runs, kept)), allow_nan=False, separators=(",", ":"))
    parts = {
        **scripts,
        "style": _resource("page.css"),
        "data": data.replace("<", "\\u003c"),
        "hashes": " ".join(map(_hash, scripts.values())),
    }
    # in one pass, so that no part is searched for holes
    return _HOLE.sub(lambda hole: parts[hole[1]], _resource("page.html"))


def _shown(part: Any) -> Any:
    """The same with control characters made visible in all texts: some turn a line around."""
    if isinstance(part, str):
        return visible(part)
    if isinstance(part, Mapping):
        return {key: _shown(value) for key, value in part.items()}
    return [_shown(each) for each in part] if isinstance(part, list | tuple) else part


def _resource(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text("utf-8")


def _plotly() -> str:
    """Plotly.js as the package `plotly` brings it, read without importing that package."""
    spec = util.find_spec("plotly")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder, "package_data", "plotly.min.js")
        if path.is_file():
            return path.read_text("utf-8").replace("</script", r"<\/script")
    raise WeighinError("The report page needs plotly, which is not installed: pip install plotly.")


def _hash(script: str) -> str:
    """The hash by which a content security policy names a script."""
    # browsers hash a script with every line's end as \n
    digest = hashlib.sha256(re.sub("\r\n?", "\n", script).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
