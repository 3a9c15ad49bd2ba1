"""Writes the exact pins of every environment of `tox -m versions` anew: `tox -e pins`.

Each `versions/ENVIRONMENT.txt` is what uv finds to hold pyproject.toml's ranges and what is asked
for below, for Linux on x86-64. `tox -e pins -- tf219 lowest` writes these alone.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# uv passes over packages' upper bounds of Python, pip does not: 1.3 is for Python before 3.11
EVERYWHERE = ["backports-strenum>=1.2.8,<1.3"]
NEWEST = ["tensorflow==2.21.*", "tensorflow-model-optimization==0.8.1"]

# What an environment is about; tf-keras of the same version comes with the toolkit from 0.8 on.
# The last three cannot work, as weighin/frameworks/versions.py says: there the tests see them fail.
WANTED: dict[str, list[str]] = {
    "tf213": ["tensorflow==2.13.*", "tensorflow-model-optimization==0.8.1"],
    "tf215": ["tensorflow==2.15.*", "tensorflow-model-optimization==0.7.5"],
    "tf216": ["tensorflow==2.16.*", "tensorflow-model-optimization==0.8.1"],
    "tf217": ["tensorflow==2.17.*", "tensorflow-model-optimization==0.8.1"],
    "tf218": ["tensorflow==2.18.*", "tensorflow-model-optimization==0.8.1"],
    "tf219": ["tensorflow==2.19.*", "tensorflow-model-optimization==0.8.1"],
    "tf220": ["tensorflow==2.20.*", "tensorflow-model-optimization==0.8.1"],
    "tf221": NEWEST,
    "tf221-py312": NEWEST,
    "tf221-py313": NEWEST,
    "lowest": [],  # of every package that pyproject.toml names
    "tf215-mot081": ["tensorflow==2.15.*", "tensorflow-model-optimization==0.8.1"],
    "tf219-mot080": ["tensorflow==2.19.*", "tensorflow-model-optimization==0.8.0", "tf-keras>=2"],
    "tf216-py312": ["tensorflow==2.16.*", "tensorflow-model-optimization==0.8.1"],
}


def pin(environment: str) -> None:
    """Write one file of pins."""
    python = next((f"3.{part[3:]}" for part in environment.split("-") if part[:2] == "py"), "3.11")
    lowest = environment == "lowest"  # litert-quantizer asks for a newer ai-edge-litert than that
    chosen = ["--resolution=lowest-direct"] if lowest else ["--extra=quantizer", "--upgrade"]
    subprocess.run(
        [
            *("uv", "pip", "compile", "--quiet", "--no-annotate", "--no-emit-index-url"),
            *("--extra=keras", "--extra=test", *chosen, f"--python-version={python}"),
            *("--python-platform=x86_64-manylinux_2_28", "--custom-compile-command=tox -e pins"),
            *("pyproject.toml", "-", f"--output-file=versions/{environment}.txt"),
        ],
        input="\n".join(EVERYWHERE + WANTED[environment]),
        text=True,
        check=True,
        cwd=HERE.parent,
    )


if __name__ == "__main__":
    for name in sys.argv[1:] or WANTED:
        pin(name)
