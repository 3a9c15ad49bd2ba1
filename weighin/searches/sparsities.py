"""Sparsities by layer: pruned more than holds, with as few layers as suffice left as they were.

The smallest layers are left first: that costs the fewest bytes. Han et al. 2015, "Learning both
Weights and Connections for Efficient Neural Networks", prune each layer to a share of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from weighin import grammar, registry
from weighin.core import Call, WeighinError
from weighin.formats.tflite import read_tflite
from weighin.formats.trained import trained_kernels
from weighin.searches import mixing, space
from weighin.searches.ledger import HOLDS, WORSE, Entry

_WITHIN = {  # words of a path that stand for what a layer is made of, not for a layer
    *("einsum", "tensordot", "query", "key", "value", "attention_output", "embedding_lookup"),
    *("while", "body", "cond", "lstm_cell", "gru_cell", "simple_rnn_cell"),
    *("forward_lstm", "backward_lstm", "forward_gru", "backward_gru"),
}
BASES = 2  # the smallest that hold, which are made bolder


@dataclass(frozen=True)
class Bolder:
    """A variant whose step has one value more than it.

    Attributes:
        variant: that holds.
        step: the place of the step among its steps.
        value: that the step has now.
        next: the one after it.
    """

    variant: str
    step: int
    value: float
    next: float

    def name(self, layers: Sequence[str]) -> str | None:
        """With the next value, but for layers that keep theirs; None if there is no such one."""
        variant = grammar.parse(self.variant)
        given = [str(self.next)]
        if layers:
            given.append(f"except={'|'.join(f'{layer}:{self.value}' for layer in layers)}")
        steps = [str(call) for call in variant.steps]
        steps[self.step] = f"{variant.steps[self.step].name}({','.join(given)})"
        try:
            return grammar.parse("+".join([*steps, str(variant.export)])).name
        except WeighinError:
            return None

    def tried(self, layers: Sequence[str], known: Mapping[str, Entry]) -> Iterator[str]:
        """The step bolder everywhere, then with as few layers left as they were as suffice."""
        whole = self.name(())
        if whole is None:
            return
        yield whole
        if whole in known and known[whole].outcome == WORSE:
            left = partial(_first, self, layers)
            for name, _ in mixing.fewest(len(layers) - 1, left, lambda: known):
                yield name


def proposed(entries: Sequence[Entry], layers: Sequence[str]) -> str | None:
    """What is tried next; None once there is nothing more.

    Args:
        entries: what was tried so far.
        layers: of the model, as `layers_by_size` gives them.
    """
    known = {entry.variant: entry for entry in entries}
    for bolder in _bolder(entries):
        for name in bolder.tried(layers, known):
            if name not in known:
                return name
    return None


def layers_by_size(path: Path) -> list[str]:
    """Layers of a float file as steps' `except=` takes them, the smallest kernels first.

    Raises:
        WeighinError: if it cannot be read.
    """
    kernels = sorted(trained_kernels(read_tflite(path)), key=lambda kernel: kernel.size)
    paths = (kernel.layer.split("/")[1:-1] for kernel in kernels)  # model and operation left out
    names = ([word for word in path if word.lower() not in _WITHIN] for path in paths)
    return list(dict.fromkeys(path[-1] for path in names if path))


def _bolder(entries: Sequence[Entry]) -> list[Bolder]:
    """The smallest that hold and can be bolder."""
    holding = [entry for entry in entries if entry.outcome == HOLDS and entry.values]
    holding.sort(key=lambda entry: (next(iter(entry.values.values())), entry.variant))
    found = (bolder for entry in holding if (bolder := _of(entry.variant)) is not None)
    return [bolder for _, bolder in zip(range(BASES), found, strict=False)]


def _of(variant: str) -> Bolder | None:
    """How a variant may be bolder; None if it has no step with a value alone and exceptions."""
    for at, call in enumerate(grammar.parse(variant).steps):
        values = _values(call)
        if len(call.arguments) != 1 or not values:
            continue
        value = call.arguments[0][1]
        more = [each for each in values if each > value]
        if more:
            return Bolder(variant, at, value, more[0])
    return None


def _values(call: Call) -> Sequence[float]:
    """What a search tries of a step that takes exceptions, from mild to bold."""
    step = registry.steps[call.name]
    searched = vars(step).get("searched")
    takes = {grammar.written(each) for each in grammar.parameters(step)}
    if searched is None or not searched.values or space.EXCEPT not in takes:
        return ()
    return next(iter(searched.values.values()))


def _first(bolder: Bolder, layers: Sequence[str], count: int) -> str | None:
    return bolder.name(layers[:count])
