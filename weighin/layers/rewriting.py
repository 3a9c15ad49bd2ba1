"""Files made of other files' parts: what tells one layer's error from all others'.

Every file here is rewritten as a FlatBuffer, without a converter: constants and options of
operators are taken over as they are, so each does exactly what it did.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from weighin.core import WeighinError
from weighin.layers.converting import conversion
from weighin.layers.editable import Editable, numbers_of


def with_outputs(content: bytes, numbers: Iterable[int], called: str) -> bytes:
    """The same file, which gives more of its tensors as outputs, behind those that it gives.

    Whatever runs the file then has to keep them, a delegate too: that is no promise of settings for
    debugging. Whether it still answers the same is for the caller to see.
    """
    file = Editable(content, called)
    given = [int(number) for number in file.graph.outputs]
    file.graph.outputs = [*given, *(number for number in numbers if number not in given)]
    return file.packed()


def alone(file: Editable, place: int) -> tuple[bytes, list[int], list[int]]:
    """A file of one operator, with the constants that it uses; tensors keep their numbers.

    Returns:
        The file; and the numbers of the tensors that it is given and gives.
    """
    operator, chain = file.graph.operators[place], file.unpacking(place)
    made = {int(number) for each in chain for number in each.outputs}
    given = [
        number
        for number in dict.fromkeys(numbers_of(operator.inputs))
        if number not in made and not file.is_constant(number)
    ]
    outputs = numbers_of(operator.outputs)
    return file.part([*chain, operator], given, outputs), given, outputs


def prefix(file: Editable, count: int) -> bytes:
    """A file of the first so many operators; it gives what the others would take."""
    first, rest = file.graph.operators[:count], file.graph.operators[count:]
    wanted = {number for operator in rest for number in numbers_of(operator.inputs)}
    wanted |= set(numbers_of(file.graph.outputs))
    made = dict.fromkeys(n for operator in first for n in numbers_of(operator.outputs))
    inputs = numbers_of(file.graph.inputs)
    return file.part(first, inputs, [number for number in made if number in wanted])


def transplanted(host: Editable, at: int, donor: Editable, source: int) -> bytes:
    """A file in which one operator is another file's, and all others are as they were.

    Where one of the two computes with integers and the other with floats, values are converted by
    the scales that the files have themselves.

    Args:
        host: the file that is changed; it must not be used any more.
        at: the place of the operator that is replaced.
        donor: the file that the new one is taken from.
        source: its place there.

    Raises:
        WeighinError: if the two do not take and give the same, or cannot be converted.
    """
    old, new = host.graph.operators[at], donor.graph.operators[source]
    numbers: dict[int, int] = {}
    before: list[Any] = []
    for unpacking in donor.unpacking(source):
        before.append(_taken_over(host, donor, unpacking, numbers))
    data, wanted = _data(host, at), _data(donor, source)
    if len(data) != len(wanted) or len(old.outputs) != len(new.outputs):
        raise WeighinError("its twin takes or gives another number of tensors")
    for ours, theirs in zip(data, wanted, strict=True):
        if theirs not in numbers:
            numbers[theirs], added = conversion(host, ours, donor.graph.tensors[theirs])
            before += added
    after: list[Any] = []
    for ours, theirs in zip(map(int, old.outputs), map(int, new.outputs), strict=True):
        made = host.add_computed(donor.graph.tensors[theirs])
        _, added = conversion(host, made, host.graph.tensors[ours])
        numbers[theirs] = made
        if not added:  # alike: the operator gives the host's own tensor
            numbers[theirs] = ours
        else:
            added[-1].outputs = [ours]
            after += added
    moved = _taken_over(host, donor, new, numbers)
    host.graph.operators[at : at + 1] = [*before, moved, *after]
    return host.packed()


def _taken_over(host: Editable, donor: Editable, operator: Any, numbers: dict[int, int]) -> Any:
    """A donor's operator as one of the host: constants come with it."""
    for number in map(int, numbers_of(operator.inputs)):
        if number not in numbers:
            tensor = donor.graph.tensors[number]
            numbers[number] = host.add_constant(tensor, donor.model.buffers[tensor.buffer])
    for number in map(int, operator.outputs):
        if number not in numbers:
            numbers[number] = host.add_computed(donor.graph.tensors[number])
    moved = copy.copy(operator)
    moved.opcodeIndex = host.code(donor, operator)
    moved.inputs = [-1 if int(n) < 0 else numbers[int(n)] for n in operator.inputs]
    moved.outputs = [numbers[int(n)] for n in operator.outputs]
    moved.intermediates = None
    return moved


def _data(file: Editable, place: int) -> list[int]:
    """The tensors that an operator is given and that are no constants, in their order."""
    made = {int(number) for each in file.unpacking(place) for number in each.outputs}
    return [
        number
        for number in map(int, numbers_of(file.graph.operators[place].inputs))
        if number not in made and not file.is_constant(number)
    ]
