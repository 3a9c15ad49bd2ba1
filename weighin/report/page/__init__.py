"""Records → one page for a browser: tables to sort and filter, plots to point at, nothing to load.

The page holds its own styles and scripts, Plotly.js among them, and the figures as one block of
JSON. A content security policy lets these scripts run and no other, whatever a name in the
results may hold.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from importlib import resources, util
from pathlib import Path

from weighin.core import Results, WeighinError
from weighin.files import replacing
from weighin.report.page.contents import contents

NAME = "index.html"
_HOLE = re.compile(r"\{\{(\w+)\}\}")


def write(runs: Sequence[tuple[str, Results]], folder: Path) -> Path:
    """Write the page of one or more runs into a folder; the page's path.

    Args:
        runs: a name for each, and its results.
        folder: made if it is not there.

    Raises:
        WeighinError: if there are no records, Plotly is not installed or the page cannot be
            written.
    """
    if not any(results.records for _, results in runs):
        raise WeighinError("These results hold no records, so there is nothing to report.")
    text = render(runs)
    path = folder / NAME
    with replacing(path) as partial:
        partial.write_text(text, "utf-8")
    return path


def render(runs: Sequence[tuple[str, Results]]) -> str:
    """The page's HTML.

    Raises:
        WeighinError: if Plotly is not installed.
    """
    scripts = {"tables": _own("tables.js"), "plots": _own("plots.js"), "plotly": _plotly()}
    # nothing ends the block but its own end tag; not even a lone surrogate breaks the file
    data = json.dumps(contents(runs), allow_nan=False, separators=(",", ":"))
    parts = {
        **scripts,
        "style": _own("page.css"),
        "data": data.replace("<", "\\u003c"),
        "hashes": " ".join(map(_hash, scripts.values())),
    }
    # in one pass, so that no part is searched for holes
    return _HOLE.sub(lambda hole: parts[hole[1]], _own("page.html"))


def _own(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text("utf-8")


def _plotly() -> str:
    """Plotly.js, as the package `plotly` brings it; found without importing that package."""
    found = util.find_spec("plotly")
    for folder in (found and found.submodule_search_locations) or ():
        path = Path(folder, "package_data", "plotly.min.js")
        if path.is_file():
            return path.read_text("utf-8").replace("</script", r"<\/script")
    raise WeighinError("The report page needs plotly, which is not installed: pip install plotly.")


def _hash(script: str) -> str:
    """What a content security policy knows a script by."""
    # a browser reads every line's end as \n
    digest = hashlib.sha256(re.sub("\r\n?", "\n", script).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
