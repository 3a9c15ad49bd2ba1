"""Weigh all that is published, suite by suite and model by model; what is done already is kept.

    python -m bench.ladder FOLDER [SUITE | SUITE:MODEL …]   hours; killed, it goes on where it was
    python -m bench.ladder --build FOLDER        only what takes longest: the models, into the cache

Each model of each suite becomes `FOLDER/SUITE-MODEL.json`; then `weighin publish --folder
DATE-COMMIT FOLDER/*.json`, which lays the runs of several days together.
Measure on an idle machine; building beside other work is fine. Exits with 1 if a model could not be
weighed, and says which; the others are.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from weighin import registry
from weighin.cli import sweep
from weighin.core import WeighinError
from weighin.definitions import default_definitions, load_definitions

ROOT = Path(__file__).resolve().parent.parent
SUITES = (
    *("full", "article", "article_schedules", "curve", "record", "mobilenet"),
    *("keywords", "cifar10_test1k", "applications"),
    *("all_engines", "all_engines_test1k", "all_engines_full"),
)
ENGINES = "litert,litert-compiled,openvino,onnxruntime,tflite-micro,keras-cpu,keras-jit"
# Of suites that do not run on the usual ones: what Keras makes of a curve's weights adds no point
RUNTIMES = {
    "curve": "litert",
    **dict.fromkeys(("all_engines", "all_engines_test1k", "all_engines_full"), ENGINES),
}
MEASURED = (0, 1)  # pytest's exit codes where every row has a figure or a reason


def _weigh(suite, model, folder, build):
    """Weigh one model of a suite, unless that is done."""
    path = folder / f"{suite}-{model}.json"
    if path.exists():
        return
    options = ["-q", f"--weighin-suite={suite}", f"--weighin-models={model}"]
    runtimes = RUNTIMES.get(suite, "litert" if build else "")
    if runtimes:
        options.insert(0, f"--weighin-runtimes={runtimes}")
    if build:
        with tempfile.TemporaryDirectory() as aside:
            _whole(*sweep.weigh(["-k=compress", *options], Path(aside)))
        return
    _whole(*sweep.weigh(options, folder)).rename(path)


def _whole(written, code):
    """What a run wrote, unless it was broken off."""
    if code not in MEASURED:
        written.unlink()
        raise WeighinError(f"pytest ended with {code} before all was measured; see above.")
    return written


def main(folder, suites, build):
    """Weigh what is not done yet; whether all of it is done then."""
    whole = True
    for asked in suites:
        suite, _, only = asked.partition(":")
        for model in [only] if only else registry.suites[suite].models:
            try:
                _weigh(suite, model, folder, build)
            except WeighinError as error:
                print(f"{suite} {model}: {error}", file=sys.stderr)
                whole = False
    return whole


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", action="store_true", help="only build the models")
    parser.add_argument("folder", type=Path)
    parser.add_argument("suites", nargs="*", default=SUITES, metavar="suite[:model]")
    asked = parser.parse_args()
    load_definitions(default_definitions(ROOT))
    sys.exit(0 if main(asked.folder, asked.suites, asked.build) else 1)
