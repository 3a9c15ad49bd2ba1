"""What a search finds beside what was made by hand, and beside a rule that reads bare figures.

    python -m bench.searches FOLDER [NAME …]     about 12 minutes each; what is done is kept

Each search of `SEARCHES` (or those named) runs for ten minutes and becomes `FOLDER/NAME.json`; one
that was killed goes on. Its finds' records are `FOLDER/NAME.records.json`, and those of what a rule
of bare figures takes, as litert-quantizer leaves it to its user, `FOLDER/NAME.rule.json`: the
smallest of its recipes whose figure lies within the margin on the same validation part, held to the
same test part. Then the table that `weighin publish` makes of these records, as `searches.md`.

The published .tflite files are two of MLPerf Tiny, looked for in the folder `WEIGHIN_TINY`; their
data in `WEIGHIN_DATA_DIR`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.pages import searches as page
from weighin import grammar
from weighin.core import WeighinError
from weighin.publish import markdown
from weighin.records import store
from weighin.searches.space import trains

ROOT = Path(__file__).resolve().parent.parent
TINY = Path(os.environ.get("WEIGHIN_TINY", "tiny"))
DATA = Path(os.environ.get("WEIGHIN_DATA_DIR", "data"))
CIFAR = "cifar10_train50k_test1k.npz"
MINUTES = 10


@dataclass(frozen=True)
class Asked:
    """One search.

    Attributes:
        model: as `weighin search` takes it.
        within: points.
        options: further ones.
        published: what rows of the same model are called in results.
    """

    model: str
    within: float
    options: tuple[str, ...]
    published: str


def _searches():
    return {
        "lenet5": Asked("lenet5", 1, ("--profile", "quick"), "lenet5"),
        "lenet5_record": Asked("lenet5", 0.5, ("--profile", "record"), "lenet5"),
        "resnet8": Asked("resnet8", 2, ("--profile", "test1k"), "resnet8"),
        # Another division of the test part than those of earlier searches, of seeds 0 and 1, which
        # looked at nothing but the smallest, none of which held. It is no fresh evidence: three of
        # four of these images were shown before.
        "ds_cnn": Asked("ds_cnn", 5, ("--profile", "full", "--seed", "2"), "ds_cnn"),
        "tiny_resnet": Asked(
            str(TINY / "pretrainedResnet.tflite"),
            2,
            ("--data", str(DATA / CIFAR)),
            "pretrainedResnet",
        ),
        "tiny_resnet_large": Asked(
            str(TINY / "pretrainedResnet_large_float.tflite"),
            2,
            ("--data", str(DATA / CIFAR)),
            "pretrainedResnet_large_float",
        ),
    }


def _search(asked, path, minutes):
    """Search, unless that is done; exit code 1 is an answer, too."""
    if path.exists():
        return
    with tempfile.TemporaryDirectory() as aside:
        words = [sys.executable, "-m", "weighin", "search", asked.model, *asked.options]
        words += ["--within", str(asked.within), "--minutes", str(minutes), "--json"]
        words += ["--results-dir", aside]
        done = subprocess.run(words, stdout=subprocess.PIPE, cwd=ROOT, text=True, check=False)
        if done.returncode not in (0, 1) or not done.stdout.strip():
            raise WeighinError(f"weighin search ended with {done.returncode}; see above.")
        for records in Path(aside).glob("*.json"):
            path.with_suffix(".records.json").write_bytes(records.read_bytes())
        path.write_text(done.stdout, "utf-8")  # last: it says that all is there


def _by_bare_figures(found, within):
    """The smallest recipe whose bare figure is within the margin; empty if there is none.

    It was asked in the search, for all that is smaller than what holds was.
    """
    tried = [
        entry
        for entry in found["candidates"]
        if entry["difference"]
        and not trains(entry["variant"])
        and "except=" not in entry["variant"]
        and grammar.parse(entry["variant"]).export.name == "litert"
        and entry["difference"][0] >= -within / 100
    ]
    best = min(tried, key=lambda entry: entry["values"]["gzip_bytes"], default=None)
    return best["variant"] if best else ""


def _weigh_rule(found, model, within, path):
    """Weigh what the rule takes on the search's test part, unless that is done."""
    variant = _by_bare_figures(found, within)
    if path.exists() or not variant:
        return
    files = found["files"]
    with tempfile.TemporaryDirectory() as aside:
        baseline = Path(aside, f"{model}.tflite")
        shutil.copyfile(files["baseline"], baseline)
        data = Path(aside, f"{model} (test)")  # whose own name is a key
        data.symlink_to(files["test"], target_is_directory=True)
        words = [sys.executable, "-m", "weighin", "weigh", str(baseline), "-o", aside]
        words += ["--data", str(data), "--variants", variant, "--pair-seconds", "0.1"]
        words += ["--runtimes", "litert"]
        if float(files["scale"]) != 1:
            words += ["--scale", files["scale"]]
        subprocess.run(words, stdout=subprocess.DEVNULL, check=False)
        for records in Path(aside).glob("*.json"):
            shutil.copyfile(records, path)


def table(folder, names):
    """What lies in a folder, as Markdown."""
    found = [path for name in names if (path := folder / f"{name}.records.json").exists()]
    rules = [path for name in names if (path := folder / f"{name}.rule.json").exists()]
    published = sorted((ROOT / "results").glob("*/*/*.json"))
    rows = page.rows_of(
        *([store.load(path) for path in each] for each in (found, rules, published))
    )
    return markdown.table(page.HEADERS, rows) + "\n"


def main(folder, names, minutes):
    """Search what is not done yet, and write the table; whether all of it is done then."""
    folder.mkdir(parents=True, exist_ok=True)
    searches, whole = _searches(), True
    for name in names or searches:
        if name not in searches:
            raise SystemExit(f"{name}: wanted some of {', '.join(searches)}")
        asked, path = searches[name], folder / f"{name}.json"
        try:
            _search(asked, path, minutes)
            found = json.loads(path.read_text("utf-8"))
            _weigh_rule(found, asked.published, asked.within, path.with_suffix(".rule.json"))
        except WeighinError as error:
            print(f"{name}: {error}", file=sys.stderr)
            whole = False
    text = table(folder, searches)
    (folder / "searches.md").write_text(text, "utf-8")
    print(text)
    return whole


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of each search")
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(_searches()))
    asked = parser.parse_args()
    sys.exit(0 if main(asked.folder.resolve(), asked.names, asked.minutes) else 1)
