"""Which versions of TensorFlow, Keras 2, the toolkit and Python cannot work together.

Found by experiment: tests/frameworks/test_versions.py holds each rule against the packages that
are installed, and `tox -m versions` has environments of pairs that fail as is said here.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping

from weighin.packages import missing, version

KERAS_3 = "keras"
TENSORFLOW, KERAS, TOOLKIT = "tensorflow", "tf-keras", "tensorflow-model-optimization"


def release(text: str) -> tuple[int, ...]:
    """The numbers that a version begins with: `(2, 16, 0)` of "2.16.0rc1"."""
    begin = re.match(r"[0-9]+(\.[0-9]+)*", text)
    return tuple(map(int, begin.group().split("."))) if begin else ()


def conflict(installed: Mapping[str, str | None], python: str) -> str | None:
    """Why these versions cannot work together, and the way out; None where they can.

    A package that is missing altogether is no conflict, but for tf-keras beside Keras 3.

    Args:
        installed: versions of `tensorflow`, `tf-keras` and `tensorflow-model-optimization`.
        python: its version.
    """
    tensorflow, keras, toolkit = (installed.get(name) for name in (TENSORFLOW, KERAS, TOOLKIT))
    if tensorflow is None:
        return None
    minor = release(tensorflow)[:2]
    if minor < (2, 15):
        return None  # their Keras is Keras 2, and every toolkit works on it
    if minor == (2, 15):
        if toolkit is None or release(toolkit) < (0, 8):
            return None
        return (
            f"TensorFlow {tensorflow} and {TOOLKIT} {toolkit} do not agree on which Keras to use: "
            f"quantization-aware training fails and a model read from a .keras file answers "
            f"otherwise. {_pip(TOOLKIT, '0.7.5')}"
        )
    wanted = f"{minor[0]}.{minor[1]}.*"
    if keras is None:
        return (
            f"TensorFlow {tensorflow} brings Keras 3, on which {TOOLKIT} does not work, and "
            f"tf-keras is not installed. {_pip(KERAS, wanted)}"
        )
    if release(keras)[:2] != minor:
        return (
            f"tf-keras {keras} is not made for TensorFlow {tensorflow}, but for that of its own "
            f"number. {_pip(KERAS, wanted)}"
        )
    if minor < (2, 19) and release(python) >= (3, 12):
        return (
            f"tf-keras {keras} cannot be seeded on Python {python} ('float' object cannot be "
            f"interpreted as an integer). Take Python 3.11, or both from 2.19 on."
        )
    if toolkit is not None and release(toolkit) < (0, 8):
        return (
            f"{TOOLKIT} {toolkit} works on tf.keras, which is Keras 3 in TensorFlow {tensorflow}. "
            f"{_pip(TOOLKIT, '0.8.1')}"
        )
    if toolkit is not None and release(toolkit) == (0, 8, 0):
        return (
            f"{TOOLKIT} {toolkit} fails to prune models of mixed precision with tf-keras {keras}. "
            f"{_pip(TOOLKIT, '0.8.1')}"
        )
    return None


def why_not_here() -> str | None:
    """Why no model can be built here: TensorFlow is missing, or versions conflict; else None."""
    return missing(TENSORFLOW) or conflict_here()


def no_keras_3(installed: Mapping[str, str | None]) -> str | None:
    """Why files of Keras 3 cannot be read beside these versions, and the way out; or None.

    Args:
        installed: versions of `tensorflow` and `keras`.
    """
    tensorflow, keras = installed.get(TENSORFLOW), installed.get(KERAS_3)
    if tensorflow is None:
        return None  # nothing can be built at all, which is said elsewhere
    instead = "or export it to .tflite by Keras 3 and weigh that file"
    if release(tensorflow)[:2] < (2, 16):
        return (
            f"TensorFlow {tensorflow} brings Keras 2: take TensorFlow 2.16 or later (pip install "
            f"'weighin[keras]' 'tensorflow>=2.16'), {instead}."
        )
    if keras is None or release(keras) < (3,):
        return f"It is not installed ({keras or 'none'}). {_pip(KERAS_3, '3.*')}, {instead}."
    return None


def newer_keras(written: str, here: str) -> str:
    """Which packages read what a newer Keras has written, as a sentence; empty if it is not newer.

    Args:
        written: version of the Keras that wrote a file; empty where it does not say.
        here: version of the Keras that is to read it.
    """
    wanted = release(written)[:2]
    if len(wanted) < 2 or wanted <= release(here)[:2]:
        return ""
    minor = f"{wanted[0]}.{wanted[1]}"
    if wanted >= (3,):
        return f"pip install '{KERAS_3}>={minor}' reads it."
    packages = [f"'{TENSORFLOW}=={minor}.*'"]
    packages += [f"'{KERAS}=={minor}.*'"] if wanted >= (2, 16) else []
    return f"pip install {' '.join(packages)} reads it."


def why_no_keras_3() -> str | None:
    """What `no_keras_3` says of the installed versions."""
    return no_keras_3({name: version(name) for name in (TENSORFLOW, KERAS_3)})


def conflict_here() -> str | None:
    """What `conflict` says of the installed versions."""
    installed = {name: version(name) for name in (TENSORFLOW, KERAS, TOOLKIT)}
    return conflict(installed, platform.python_version())


def _pip(package: str, wanted: str) -> str:
    return f"pip install '{package}=={wanted}'"
