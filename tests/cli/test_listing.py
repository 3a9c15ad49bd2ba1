"""What `weighin list` prints: everything registered, and why some of it cannot be used here."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import importlib.util

import pytest
from helpers import needing
from helpers.commands import by_name
from helpers.support import isolate_registries

from weighin import registry
from weighin.cli import listing
from weighin.core import WeighinError
from weighin.datasets.loading import NotPreparedError
from weighin.datasets.search import SearchPaths
from weighin.frameworks import versions

DEFINITIONS = """
from weighin import runtime

@runtime
class Nowhere:
    '''Runs on a chip that is not built yet.'''

    name, formats, needs_tensorflow = "nowhere", ("tflite",), False

    def available(self):
        return "no such chip here"
"""


def test_list_names_everything_that_is_registered(weigh):
    """Every kind has its heading, and every object a line of its own."""
    result = weigh("list")
    headings = [
        line for line in result.stdout.splitlines() if line.endswith(":") and line[0] != " "
    ]
    written = [line.split("  ")[1] for line in result.stdout.splitlines() if line.startswith("  ")]

    assert 0 == result.exit_code
    assert [f"{kind}:" for kind in registry.kinds()] == headings
    for kind, held in registry.kinds().items():
        for name in held:
            assert [line for line in written if line.split("(")[0].strip() == name], (
                f"{kind} {name}"
            )


def test_list_says_where_models_would_come_from(weigh, tmp_path, monkeypatch):
    """In a folder that is no project there are none."""
    monkeypatch.chdir(tmp_path)

    said = weigh("list").stdout

    assert "models:\n  none: they are read from the files in models/ that import weighin" in said


def test_list_says_what_things_are(weigh):
    """Summaries, units and directions, recipes, and how steps are written."""
    result = weigh("list")

    assert "Two dense layers on 6×6 images (quick: tiny)" in result.stdout
    assert "prune(sparsity, schedule=polynomial" in result.stdout
    assert "[s]; lower is better" in by_name(result.stdout)["latency"]
    assert "higher is better" in by_name(result.stdout)["top1"]
    assert "(mae, rmse, r2)" in by_name(result.stdout)["regression"]
    assert "lower is better" in by_name(result.stdout)["mae_delta"]
    assert "baseline, prune(0.5), dynamic" in by_name(result.stdout)["quick"]
    assert "unavailable" not in by_name(result.stdout)["tiny"]
    assert "seeds" not in by_name(result.stdout)["quick"]
    assert "unavailable" not in by_name(result.stdout)["litert"]
    assert "only if it is named" in by_name(result.stdout)["litert-builtin"]
    assert "only if" not in by_name(result.stdout)["litert"]


@pytest.mark.parametrize("reason", [None, "no chisel: pip install chisel"])
def test_list_says_why_an_export_cannot_be_used(weigh, monkeypatch, reason):
    """An export that needs a package of its own is listed with the command that installs it."""
    monkeypatch.setitem(vars(registry.exports["int4"]), "available", lambda: reason)

    row = by_name(weigh("list").stdout)["int4(compute=integer,"]

    assert (reason is not None) == row.endswith(f"unavailable: {reason}")


def test_list_shows_what_each_model_of_a_suite_is_weighed_in(weigh, tmp_path):
    """Models of the same variants stand together; seeds are named if there are several."""
    (tmp_path / "mixed.py").write_text(
        "from weighin import suite\n"
        "suite('mixed', profile='quick', models=('a', 'b', 'c'), seeds=3,\n"
        "      variants={'a': ('int8',), 'b': ('baseline', 'dynamic'), 'c': ('int8',)})\n"
    )
    rows = by_name(weigh("list", "--definitions", tmp_path).stdout)

    assert rows["mixed"].endswith("a, c: int8; b: baseline, dynamic; profile quick; 3 seeds")


def test_list_gives_the_reason_why_something_cannot_be_used(weigh, tmp_path):
    """A runtime that is not to be had and data that are missing are listed with the reason."""
    (tmp_path / "nowhere.py").write_text(DEFINITIONS)
    (tmp_path / "lost.py").write_text(
        "from weighin import npz_dataset\nnpz_dataset('lost', 'nowhere/lost.npz', classes=2)\n"
    )
    result = weigh("list", "--definitions", tmp_path / "nowhere.py", "--definitions", tmp_path)
    rows = by_name(result.stdout)

    assert 0 == result.exit_code
    assert rows["nowhere"].endswith("unavailable: no such chip here")
    assert "unavailable: not found" in rows["lost"]


# -- why something cannot be used ---------------------------------------------------------------


@pytest.fixture
def listed(monkeypatch, tmp_path):
    """A function that gives the lines by name; what a test registers is forgotten."""
    isolate_registries(monkeypatch)
    return lambda: by_name(listing.render(SearchPaths(None, tmp_path, offline=True)))


def built(lines):
    """The lines of steps and exports, but for those that finished files are made by, too."""
    exports = registry.exports
    names = {*registry.steps, *exports} - {
        name for name in exports if vars(exports[name])["of_file"]
    }
    found = {name: line for name, line in lines.items() if name.split("(")[0] in names}
    assert len(names) == len(found)
    return found.values()


@pytest.mark.parametrize(
    "package",
    ["tensorflow", pytest.param("tensorflow-model-optimization", marks=needing.tensorflow)],
)
def test_without_tensorflow_nothing_can_be_built(listed, monkeypatch, package):
    """Steps and exports name the package; runtimes that do without it stay."""
    module, really = package.replace("-", "_"), importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == module else really(name)
    )
    told = f"{package} is not installed: pip install 'weighin[keras]'"

    lines = listed()

    for line in built(lines):
        assert line.endswith(f"unavailable: {told}")
    assert "unavailable" not in lines["litert"]
    assert told not in lines["int4(compute=integer,"]
    assert told not in lines["litert(recipe,"]


@needing.tensorflow
def test_versions_that_do_not_go_together_are_a_reason(listed, monkeypatch):
    """Of everything that is built with them."""
    monkeypatch.setattr(versions, "conflict_here", lambda: "keras 9 is too new")

    lines = listed()

    for line in built(lines):
        assert line.endswith("unavailable: keras 9 is too new")
    assert "keras 9" not in lines["top1"]


def test_data_that_remain_to_be_prepared_can_be_used(listed):
    """Other than data that are not found."""

    def prepared(search):
        """Spoken digits."""
        raise NotPreparedError("found in /data, to be prepared")

    def lost(search):
        """Written digits."""
        raise WeighinError("nowhere")

    registry.datasets.add("spoken", prepared)
    registry.datasets.add("written", lost)

    lines = listed()

    assert "unavailable" not in lines["spoken"]
    assert lines["written"].endswith("unavailable: not found")


# -- some kinds, and narrow terminals -----------------------------------------------------------


@pytest.mark.parametrize("word", ["data sets", "data-sets", "datasets", "Datasets"])
def test_a_word_lists_one_kind(weigh, word):
    """However it is written; several words list several kinds."""
    result = weigh("list", word)
    both = weigh("list", "exports", word)

    assert 0 == result.exit_code
    assert result.stdout.startswith("data sets:\n")
    assert ["data sets:"] == [line for line in result.stdout.splitlines() if line[-1:] == ":"]
    assert both.stdout.startswith("exports:\n")
    assert "data sets:\n" in both.stdout


def test_an_unknown_kind_is_told_the_nearest(weigh):
    """And all that there are."""
    result = weigh("list", "modells")

    assert 2 == result.exit_code
    assert "Did you mean 'models'?" in result.stderr
    assert "runtimes" in result.stderr


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_list_fits_its_terminal(monkeypatch, tmp_path, width):
    """With all the words that it has elsewhere."""
    isolate_registries(monkeypatch)
    search = SearchPaths(None, tmp_path, offline=True)
    wide, narrow = listing.render(search), listing.render(search, width=width)

    assert wide.split() == narrow.split()
    longest = max(wide.split(), key=len)
    assert max(map(len, narrow.splitlines())) <= max(width, len(longest) + 6)
