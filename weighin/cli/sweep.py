"""`weighin sweep`: the variants that templates name, weighed by the main job."""

from __future__ import annotations

import itertools
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from weighin import grammar
from weighin.cli.run import main_job, shipped
from weighin.core import WeighinError
from weighin.files import moved
from weighin.grammar import VALUE, ArgumentError

Values = Mapping[str, Sequence[str]]


def variants_of(templates: Sequence[str], values: Values) -> list[str]:
    """The names of all variants that templates stand for, each once.

    Args:
        templates: variants with a name for an argument that varies, as `prune(s)+int8`.
        values: of each such name; one that stands in several templates varies in all of them.

    Raises:
        WeighinError: if a name has no values, values have no name, or no such variant exists;
            if nothing varies.
    """
    texts = {template: re.sub(r"\s+", "", template) for template in templates}
    for template, text in texts.items():
        if text.count("(") != text.count(")"):
            raise WeighinError(f"--over {template!r}: a parenthesis is missing.")
    words = dict.fromkeys(word for text in texts.values() for word in VALUE.findall(text))
    for name, given in values.items():
        if name not in words:
            raise WeighinError(
                f"--{name} names nothing: no --over has {name!r} for an argument. "
                f"Their arguments are: {', '.join(words) or 'none'}."
            )
        if not given:
            raise WeighinError(f"--{name} has no values: write them as --{name} 0.5,0.75.")
    filled = [name for template, text in texts.items() for name in _fill(template, text, values)]
    names = list(dict.fromkeys(filled))
    if len(names) == 1 and not values:
        raise WeighinError(
            f"--over {templates[0]!r} is one variant, which makes no curve: write a name for an "
            f"argument and its values, as --over 'prune(s)' --s 0.5,0.75."
        )
    return names


def _fill(template: str, text: str, values: Values) -> list[str]:
    varying = [word for word in dict.fromkeys(VALUE.findall(text)) if word in values]
    names = []
    for chosen in itertools.product(*(values[word] for word in varying)):
        name = _replaced(text, dict(zip(varying, chosen, strict=True)))
        try:
            names.append(grammar.parse(name).name)
        except ArgumentError as error:
            if not error.value.isidentifier() or error.value not in VALUE.findall(text):
                raise
            raise WeighinError(
                f"{error.value!r} in --over {template!r} has no values: give them as "
                f"--{error.value} 0.5,0.75. If it is none that varies: {error.problem}."
            ) from None
    return names


def _replaced(text: str, values: Mapping[str, str]) -> str:
    return VALUE.sub(lambda match: values.get(match[0], match[0]), text)


def weigh(options: Sequence[str], folder: Path) -> tuple[Path, int]:
    """Run the main job in a process of its own: the functions in bench/, or weighin's own.

    Args:
        options: of pytest.
        folder: where the records go.

    Returns:
        The results file that the run wrote, and pytest's exit code.

    Raises:
        WeighinError: if it wrote no records.
    """
    functions = ["bench/"] if any(Path("bench").glob("bench_*.py")) else shipped()
    folder.mkdir(parents=True, exist_ok=True)
    # a folder of its own: another run may write its records beside these meanwhile
    scratch = Path(tempfile.mkdtemp(prefix="sweep-", dir=folder))
    code = main_job(functions, [f"--weighin-results-dir={scratch}", *options])
    written = sorted(scratch.glob("*.json"))
    if not written:
        scratch.rmdir()
        raise WeighinError(f"The main job wrote no records; pytest, which says why, exited {code}.")
    kept = moved(written[-1], folder)
    scratch.rmdir()
    return kept, code
