"""Published weights: where they are looked for, how they are checked.

A recipe may name a file of weights that its model's dense start is made of where it is at hand.
It is looked for in the user's data folder and in weighin's cache; those of `keras.applications`
are downloaded by Keras unless `WEIGHIN_OFFLINE=1`. What is found goes by its sha256 into the
provenance of the dense start. Nothing of a file but its arrays is ever used.
"""

from __future__ import annotations

import functools
import shutil
import tempfile
from pathlib import Path

from weighin.core import Dataset, Recipe, WeighinError, Weights
from weighin.datasets.search import SearchPaths
from weighin.files import replacing, state
from weighin.files import sha256 as sha256_of
from weighin.subprocesses import SubprocessError, run_module


def find(wanted: Weights | None, search: SearchPaths) -> tuple[Path, str] | None:
    """The file of a recipe's weights and its sha256; None if there is none, or none is wanted.

    Raises:
        WeighinError: if a file of that name holds something else; it names the file.
    """
    if wanted is None:
        return None
    for path in _candidates(wanted, search):
        if path.is_file():
            sha256 = _sha256(path, state(path))
            if wanted.sha256 and sha256 != wanted.sha256:
                raise WeighinError(
                    f"{path} is not the file of weights that the recipe names: its sha256 begins "
                    f"{sha256[:12]}, not {wanted.sha256[:12]}. Replace it, or remove it."
                )
            return path, sha256
    return None


def provide(recipe: Recipe, dataset: Dataset, search: SearchPaths) -> None:
    """Download what weights a recipe wants and Keras has, before anything is built of them.

    Where they are not to be had, the model is trained, or stays as it is initialised if the recipe
    trains nothing and its data set has no labels that would show it.

    Raises:
        WeighinError: if there are no weights and nothing else would teach the model anything; it
            names the file and where to put it.
    """
    wanted = recipe.weights
    if wanted is None or find(wanted, search):
        return
    if wanted.application and not search.offline and _download(wanted, search):
        return
    if not recipe.epochs and not (dataset.unlabelled and dataset.test.targets):
        if Path(wanted.file).is_absolute():
            raise WeighinError(
                f"The weights {wanted.file} were not found, and the recipe trains none: correct "
                f"the path in Weights(…)."
            )
        folder = search.data_dir or "now: not set"
        raise WeighinError(
            f"The weights {wanted.file} were not found, and the recipe trains none: put the file "
            f"into the data folder ({folder}; --weighin-data-dir, WEIGHIN_DATA_DIR)."
        )


def _candidates(wanted: Weights, search: SearchPaths) -> list[Path]:
    folders = [search.data_dir, search.cache_dir / "weights"]
    return [folder / wanted.file for folder in folders if folder is not None]


@functools.lru_cache(maxsize=256)
def _sha256(path: Path, unchanged: tuple[int, ...]) -> str:
    """Of a file, remembered as long as the system says that it has not changed."""
    return sha256_of(path)


@functools.cache  # one try in a run
def _download(wanted: Weights, search: SearchPaths) -> bool:
    """Let Keras download ImageNet weights, in a process of its own; whether they came."""
    target = search.cache_dir / "weights" / wanted.file
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / target.name
        try:
            run_module("weighin.frameworks.downloads", "weights", wanted.application, str(path))
        except SubprocessError:
            return False
        with replacing(target) as partial:
            shutil.copyfile(path, partial)
    return True
