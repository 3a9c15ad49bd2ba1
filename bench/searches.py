"""What a search finds beside what was made by hand, and beside a rule that reads bare figures.

    python -m bench.searches FOLDER [NAME …]     about 12 minutes each; what is done is kept

Each search of `SEARCHES` (or those named) runs for ten minutes and becomes `FOLDER/NAME.json`; one
that was killed goes on. Then the table, `FOLDER/searches.md`: the smallest file by gzip that is not
worse by more than the margin, by its interval,

- of all published rows of the model, made by hand (whole test part, by which they were chosen too);
- by a rule that reads bare figures, as litert-quantizer leaves it to its user: the smallest of its
  recipes whose figure lies within the margin on the same validation part, held to the same test
  part;
- by the search, on its test part.

The published .tflite files are two of MLPerf Tiny, looked for in the folder `WEIGHIN_TINY`; their
data in `WEIGHIN_DATA_DIR`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from weighin import grammar
from weighin.core import WeighinError
from weighin.records import store
from weighin.report import units
from weighin.searches.space import trains

ROOT = Path(__file__).resolve().parent.parent
TINY = Path(os.environ.get("WEIGHIN_TINY", "tiny"))
DATA = Path(os.environ.get("WEIGHIN_DATA_DIR", "data"))
CIFAR = "cifar10_train50k_test1k.npz"
MINUTES = 10
NONE = "none"


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
        "lenet5": Asked("lenet5", 0.5, ("--profile", "record"), "lenet5"),
        "resnet8": Asked("resnet8", 2, ("--profile", "test1k"), "resnet8"),
        "ds_cnn": Asked("ds_cnn", 5, ("--profile", "full"), "ds_cnn"),
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
        if done.returncode not in (0, 1):
            raise WeighinError(f"weighin search ended with {done.returncode}; see above.")
        path.write_text(done.stdout, "utf-8")
        for records in Path(aside).glob("*.json"):
            path.with_suffix(".records.json").write_bytes(records.read_bytes())


def by_hand(model, within):
    """The published row of a model that is smallest and holds, as cells of the table."""
    best = None
    for file in sorted((ROOT / "results").glob("*/*/*.json")):
        rows = {}
        for record in store.load(file).records:
            wanted = record.metric in ("gzip_bytes", "top1_delta")
            if record.model == model and record.value is not None and wanted:
                rows.setdefault((record.variant, record.seed), {})[record.metric] = record
        for (variant, _), row in rows.items():
            if len(row) < 2 or row["top1_delta"].low is None:
                continue
            size, delta = row["gzip_bytes"].value, row["top1_delta"]
            if delta.low > -within / 100 and (best is None or size < best[1]):
                best = (variant, size, (delta.value, delta.low, delta.high))
    return best


def by_bare_figures(found, within):
    """The smallest recipe whose bare figure is within the margin, and its difference on the test.

    It was asked in the search, for all that is smaller than what holds was.
    """
    tried = [
        entry
        for entry in found["candidates"]
        if entry["difference"]
        and not trains(entry["variant"])
        and grammar.parse(entry["variant"]).export.name == "litert"
        and entry["difference"][0] >= -within / 100
    ]
    if not tried:
        return None
    best = min(tried, key=lambda entry: entry["values"]["gzip_bytes"])
    return best["variant"], best["values"]["gzip_bytes"], _on_test(found["files"], best["variant"])


def _on_test(files, variant):
    """A variant's difference to the baseline on a search's test part; None if it has none there."""
    with tempfile.TemporaryDirectory() as aside:
        words = [sys.executable, "-m", "weighin", "weigh", files["baseline"], "-o", aside]
        words += ["--data", files["test"], "--variants", variant, "--pair-seconds", "0.1"]
        words += ["--runtimes", "litert"]
        if float(files["scale"]) != 1:
            words += ["--scale", files["scale"]]
        subprocess.run(words, stdout=subprocess.DEVNULL, check=False)
        for file in Path(aside).glob("*.json"):
            for record in store.load(file).records:
                if (record.variant, record.metric) == (variant, "top1_delta"):
                    return record.value, record.low, record.high
    return None


def _cells(found, base, best):
    """Variant, size, times smaller and difference of one way."""
    if best is None:
        return [NONE, "", "", ""]
    variant, size, delta = best
    told = "not measured" if delta is None or None in delta else units.points(*delta)
    holds = delta is not None and None not in delta and delta[1] > -found["within"] / 100
    return [variant, units.size(size), units.ratio(base / size), told + ("" if holds else " *")]


def table(folder, searches):
    """What lies in a folder, as Markdown."""
    lines = [
        "| model | within | by | variant | gzip | × smaller | Δ points, test | tried |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, asked in searches.items():
        path = folder / f"{name}.json"
        if not path.exists():
            continue
        found = json.loads(path.read_text("utf-8")) | {"within": asked.within}
        base = found["baseline"]["gzip_bytes"]
        chosen = next((each for each in found["members"] if each["holds"]), None)
        own = chosen and (
            chosen["told"],
            chosen["values"]["gzip_bytes"],
            tuple(chosen["test"][end] for end in ("value", "low", "high")),
        )
        for by, best, tried in (
            ("hand", by_hand(asked.published, asked.within), ""),
            ("bare figures", by_bare_figures(found, asked.within), ""),
            ("search", own, str(found["tried"])),
        ):
            cells = _cells(found, base, best)
            lines.append(f"| {name} | {asked.within:g} | {by} | {' | '.join(cells)} | {tried} |")
    lines += ["", "\\* not shown to be within the margin"]
    return "\n".join(lines) + "\n"


def main(folder, names, minutes):
    """Search what is not done yet, and write the table; whether all of it is done then."""
    folder.mkdir(parents=True, exist_ok=True)
    searches, whole = _searches(), True
    for name in names or searches:
        if name not in searches:
            raise SystemExit(f"{name}: wanted some of {', '.join(searches)}")
        try:
            _search(searches[name], folder / f"{name}.json", minutes)
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
